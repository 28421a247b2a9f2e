"""Issuing: what will be done with a token on its chain, worked out from the token itself.

The same is worked out again when it begins; where a contract, a wallet or a symbol has changed
meanwhile, the plan is void.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from one_mcp import jsons, money
from one_mcp.dimensions import lookup
from one_mcp.dimensions.commerce import editions, ledger, quoting
from one_mcp.dimensions.commerce.ledger import Account, Pocket
from one_mcp.dimensions.commerce.quoting import ON_CHAIN, TOKENS
from one_mcp.dimensions.operations import operation
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import OperationOpenError
from one_mcp.ontology.names import a
from one_mcp.store.work import Row, Work

DEPLOY, MINT, BURN, TRANSFER = "deploy_token", "mint_tokens", "burn_tokens", "transfer_tokens"
ERC20 = "ERC20"
BASE = "base"  # the chain of a token that names none (D-34)
LONGEST_SYMBOL = 32
Source = Literal["custody", "treasury"]


@dataclass(frozen=True, slots=True)
class TokenOrder:
    """What somebody wants done; `amount` is decimal text, `holder` who a transfer is for."""

    token: str
    amount: str = ""
    holder: str = ""
    source: Source = "custody"


ANYTHING = TokenOrder("")


def require_same(body: JsonObject, given: TokenOrder) -> None:
    """Raise where what is said beside a plan is not what the plan says."""
    planned = order(body)
    if given.amount:
        given = replace(given, amount=_plain(given.amount, int(str(body["decimals"]))))
    for argument in ("token", "amount", "holder"):
        said, meant = getattr(given, argument), getattr(planned, argument)
        if said and said != meant:
            raise InvalidArgumentError(
                f"The plan is about the {argument} {meant}; ask for another plan, or send this one "
                "alone.",
                argument=argument,
            )


def order(body: JsonObject) -> TokenOrder:
    """Read again what a body was worked out from."""
    return TokenOrder(
        str(body["token"]),
        str(body.get("amount", "")),
        str(body.get("holder", "")),
        "treasury" if body.get("source") == "treasury" else "custody",
    )


def deployment(work: Work, given: TokenOrder, *, simulated: bool) -> JsonObject:
    """Work out what a contract for a token will be; raises where the token has one."""
    row, properties = _token(work, given.token, ON_CHAIN)
    if properties.get("contractAddress"):
        raise InvalidArgumentError(
            f"{row['id']} ({row['name'][:80]}) has a contract already, at "
            f"{properties['contractAddress']}; mint_tokens makes tokens of it.",
            argument="token",
        )
    under_way = operation.of_subject(work, DEPLOY, row["id"])
    if under_way is not None:
        raise OperationOpenError(
            f"{under_way} is deploying this token; get_operation shows how it goes.",
            operation=under_way,
        )
    is_nft = row["type"] == editions.NFT
    return {
        **_about(row, properties, simulated=simulated),
        "symbol": _symbol(row, properties),
        **({} if is_nft else {"decimals": money.token_decimals(properties.get("decimals"))}),
        "standard": editions.ERC721 if is_nft else ERC20,
    }


def minting(work: Work, given: TokenOrder, *, simulated: bool) -> JsonObject:
    """Work out what will be minted to the treasury."""
    return _of_contract(work, given, simulated=simulated)


def burning(work: Work, given: TokenOrder, *, simulated: bool) -> JsonObject:
    """Work out what the treasury will burn of its own: what it keeps for others is not that."""
    body = _of_contract(work, given, simulated=simulated)
    require_enough(work, body, ledger.OUR_OWN)
    return body


def transferring(work: Work, given: TokenOrder, *, simulated: bool) -> JsonObject:
    """Work out what goes from the treasury to a holder's own wallet, and whose it was there."""
    body = _transferable(work, given, simulated=simulated)
    to = lookup.live(work, given.holder, "holder", follow=True)
    wallet = jsons.load_object(to["properties"]).get("walletAddress")
    if not wallet:
        raise InvalidArgumentError(
            f"{to['id']} ({to['name'][:80]}) has no wallet; set its address first: "
            f'update_entity(id="{to["id"]}", properties={{"walletAddress": "0x…"}}).',
            argument="holder",
        )
    body |= {"holder": to["id"], "holderName": to["name"], "wallet": wallet}
    body["source"] = given.source
    require_enough(work, body, source_of(body))
    return body


BODIES: dict[str, Callable[..., JsonObject]] = {
    DEPLOY: deployment,
    MINT: minting,
    BURN: burning,
    TRANSFER: transferring,
}


def body(work: Work, kind: str, given: TokenOrder, *, simulated: bool) -> JsonObject:
    """Work out the body of an act of a kind."""
    return BODIES[kind](work, given, simulated=simulated)


def source_of(body: JsonObject) -> Pocket:
    """Return the account that a transfer takes from."""
    if body["source"] == "treasury":
        return ledger.OUR_OWN
    return Account.CUSTODY, str(body["holder"])


def deployed(
    work: Work, token: str, *, simulated: bool, types: frozenset[str] = TOKENS
) -> JsonObject:
    """Say where a token is; raises where it has no contract."""
    row, properties = _token(work, token, types)
    about = _about(row, properties, simulated=simulated)
    about["contract"] = quoting.contract_of(work, row, properties, "token")
    if row["type"] == editions.NFT:
        return {**about, "decimals": 0, "standard": editions.ERC721}
    return {**about, "decimals": money.token_decimals(properties.get("decimals"))}


def _of_contract(work: Work, given: TokenOrder, *, simulated: bool) -> JsonObject:
    return _so_many(deployed(work, given.token, simulated=simulated), given)


def _transferable(work: Work, given: TokenOrder, *, simulated: bool) -> JsonObject:
    """Work out so much of a token, or one nft, which is named by itself and not by its series."""
    about = deployed(work, given.token, simulated=simulated, types=ON_CHAIN)
    if about.get("standard") != editions.ERC721:
        return _so_many(about, given)
    properties = jsons.load_object(lookup.live(work, str(about["token"]))["properties"])
    if properties.get("tokenId") is None:
        raise InvalidArgumentError(
            f"{about['token']} is not minted itself; name an nft that has a tokenId: get_holdings "
            "lists those of a series.",
            argument="token",
        )
    body = _so_many(about, replace(given, amount=given.amount or "1"))
    if body["units"] != "1":
        raise InvalidArgumentError("There is one of each nft.", argument="amount")
    return {**body, "tokenId": properties["tokenId"]}


def _so_many(about: JsonObject, given: TokenOrder) -> JsonObject:
    decimals = int(str(about["decimals"]))
    units = money.units(given.amount, decimals)
    return {**about, "amount": money.decimal(units, decimals), "units": str(units)}


def _token(work: Work, token: str, types: frozenset[str]) -> tuple[Row, JsonObject]:
    row = lookup.live(work, token, "token", follow=True)
    if row["type"] == editions.NFT and row["type"] not in types:
        raise InvalidArgumentError(
            f"{row['id']} is an nft: purchase_tokens mints it as it is sold, refund_purchase burns "
            "it, and it is not divided or spent.",
            argument="token",
        )
    if row["type"] not in types:
        raise InvalidArgumentError(
            f"{row['id']} is {a(row['type'])}, and a token is wanted here; "
            'find_entities(type="token") lists them.',
            argument="token",
        )
    return row, jsons.load_object(row["properties"])


def _about(row: Row, properties: JsonObject, *, simulated: bool) -> JsonObject:
    return {
        "token": row["id"],
        "name": row["name"],
        "blockchain": properties.get("blockchain") or BASE,
        "simulated": simulated,
    }


def _symbol(row: Row, properties: JsonObject) -> str:
    symbol = properties.get("symbol")
    if not isinstance(symbol, str) or not 0 < len(symbol.strip()) <= LONGEST_SYMBOL:
        raise InvalidArgumentError(
            f"A contract needs the token's symbol, of 1 to {LONGEST_SYMBOL} characters; set it: "
            f'update_entity(id="{row["id"]}", properties={{"symbol": "JANE"}}).',
            argument="token",
        )
    return symbol.strip()


def _plain(amount: str, decimals: int) -> str:
    return money.decimal(money.units(amount, decimals), decimals)


def require_enough(work: Work, body: JsonObject, source: Pocket) -> None:
    """Raise InsufficientTokensError where an account has less than a body takes."""
    token, units = str(body["token"]), int(str(body["units"]))
    simulated = bool(body["simulated"])
    if ledger.balance(work, *source, token, simulated=simulated) < units:
        raise ledger.insufficient(work, source, token, units, simulated=simulated)
