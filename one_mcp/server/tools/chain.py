"""Tools for tokens on their chain."""

from typing import Annotated

from pydantic import Field, StrictBool, StrictStr

from one_mcp.access import Permission
from one_mcp.dimensions.commerce import issuing
from one_mcp.dimensions.commerce.issuing import Source, TokenOrder
from one_mcp.errors import InvalidArgumentError
from one_mcp.server.arguments import fields
from one_mcp.server.toolbox import ToolSpec, toolset
from one_mcp.services.commerce import supply, tokens
from one_mcp.services.commerce.acted import TokenActed
from one_mcp.services.commerce.supply import TokenSupply
from one_mcp.session import Session

Amount = Annotated[StrictStr, Field(description='whole tokens, as text: "12.5"', max_length=160)]
PlanId = Annotated[
    StrictStr, Field(description="pln_… of the dry run", min_length=1, max_length=64)
]
Again = Annotated[StrictBool, Field(description="really once more")]


async def deploy_token(
    one: Session,
    token: fields.EntityId | None = None,
    plan: PlanId | None = None,
    *,
    dry_run: StrictBool = False,
    again: Again = False,
) -> TokenActed:
    """Put the contract of a token (ERC-20) or an nft (ERC-721) on its chain, by name and symbol.

    First dry_run, which answers a plan and its fee; then send the plan alone. A plan is done once,
    however often it is sent.
    """
    order = TokenOrder(token or "")
    return await _act(one, issuing.DEPLOY, order, plan, dry_run=dry_run, again=again)


async def mint_tokens(
    one: Session,
    token: fields.EntityId | None = None,
    amount: Amount | None = None,
    plan: PlanId | None = None,
    *,
    dry_run: StrictBool = False,
    again: Again = False,
) -> TokenActed:
    """Mint tokens to the treasury of the business.

    First dry_run, which answers a plan and its fee; then send the plan alone. A plan is done once,
    however often it is sent.
    """
    order = TokenOrder(token or "", amount or "")
    return await _act(one, issuing.MINT, order, plan, dry_run=dry_run, again=again)


async def burn_tokens(
    one: Session,
    token: fields.EntityId | None = None,
    amount: Amount | None = None,
    plan: PlanId | None = None,
    *,
    dry_run: StrictBool = False,
    again: Again = False,
) -> TokenActed:
    """Burn tokens of the treasury's own, never those that it keeps for holders.

    First dry_run, which answers a plan and its fee; then send the plan alone. A plan is done once,
    however often it is sent.
    """
    order = TokenOrder(token or "", amount or "")
    return await _act(one, issuing.BURN, order, plan, dry_run=dry_run, again=again)


async def transfer_tokens(
    one: Session,
    token: fields.EntityId | None = None,
    amount: Amount | None = None,
    holder: Annotated[fields.EntityId, Field(description="ent_… with a walletAddress")]
    | None = None,
    plan: PlanId | None = None,
    *,
    source: Annotated[
        Source, Field(description="whose tokens: the holder's or the business's")
    ] = "custody",
    dry_run: StrictBool = False,
    again: Again = False,
) -> TokenActed:
    """Send tokens to a holder's own wallet: those kept for the holder, or the treasury's own.

    First dry_run, which answers a plan and its fee; then send the plan alone. A plan is done once,
    however often it is sent.
    """
    order = TokenOrder(token or "", amount or "", holder or "", source)
    return await _act(one, issuing.TRANSFER, order, plan, dry_run=dry_run, again=again)


async def get_token_supply(one: Session, token: fields.EntityId) -> TokenSupply:
    """Tell how many tokens there are on the chain, and where: treasury, kept for holders, wallets.

    `differs` says where the chain and the ledger here do not agree.
    """
    return await supply.of(one, token)


async def _act(
    one: Session, kind: str, order: TokenOrder, plan: str | None, *, dry_run: bool, again: bool
) -> TokenActed:
    if dry_run and plan is None:
        return await tokens.plan(one, kind, order)
    if plan is not None and not dry_run:
        return tokens.told(await tokens.act(one, kind, plan, order, again=again))
    raise InvalidArgumentError(
        "Ask for a plan first, with dry_run: true and all that it is about; then send its plan "
        "(pln_…), without dry_run, to have it done.",
        argument="plan",
    )


WRITE = Permission.WRITE
TOOLS = toolset(
    "chain",
    ToolSpec(deploy_token, "Deploy a token", WRITE, destructive=True, by_default=False),
    ToolSpec(mint_tokens, "Mint tokens", WRITE, destructive=True, by_default=False),
    ToolSpec(burn_tokens, "Burn tokens", WRITE, destructive=True, by_default=False),
    ToolSpec(transfer_tokens, "Transfer tokens", WRITE, destructive=True, by_default=False),
    ToolSpec(get_token_supply, "Get a token's supply", by_default=False),
)
