"""Holdings: who has how much of which token, by the ledger, and by the chain where it is asked."""

from one_mcp import jsons, money
from one_mcp.answers import Answer
from one_mcp.dimensions import lookup
from one_mcp.dimensions.commerce import ledger
from one_mcp.dimensions.commerce.ledger import Account
from one_mcp.dimensions.commerce.quoting import TOKENS
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import ProviderError
from one_mcp.services import rails
from one_mcp.services.rails import Rails
from one_mcp.session import Session
from one_mcp.store.work import Row, Work

SHOWN = 100  # accounts; a token of more holders says so
_KINDS = {
    Account.CUSTODY: "kept",
    Account.WALLET: "wallet",
    Account.RESERVED: "reserved",
    Account.MANUAL: "manual",
    Account.TREASURY: "treasury",
}


class TokenHolding(Answer):
    """What one holder has of one token.

    `kept` is in the treasury for them, `wallet` in their own, `reserved` about to go, `manual` what
    was noted by hand before the ledger, which nobody can spend. A holder without an id is the
    business itself, whose own is `treasury`.
    """

    token: str
    token_name: str
    holder: str | None = None
    holder_name: str | None = None
    kept: str | None = None
    wallet: str | None = None
    reserved: str | None = None
    manual: str | None = None
    treasury: str | None = None
    wallet_on_chain: str | None = None
    differs: str | None = None
    simulated: bool | None = None


class TokenHoldings(Answer):
    """Live and simulated holdings apart. `more` says how many accounts are not shown."""

    id: str
    holdings: list[TokenHolding]
    more: int | None = None


async def of(one: Session, id: str, *, reconcile: bool = False) -> TokenHoldings:
    """Tell what a holder has, or who has a token; with what the chain says beside it."""
    found = await one.read(_booked, id)
    if not reconcile:
        return found
    on = rails.of(one)
    known = await one.read(_wallets, found)
    compared = [
        await _compared(on, it, known.get((it.token, it.holder or ""))) for it in found.holdings
    ]
    return found.model_copy(update={"holdings": compared})


def _booked(work: Work, id: str) -> TokenHoldings:
    row = lookup.any_state(work, id, follow=True)
    id = row["id"]
    is_token = row["type"] in TOKENS
    rows = ledger.holders_of(work, id) if is_token else ledger.accounts_of(work, id)
    grouped: dict[tuple[str, str, bool], list[Row]] = {}
    for it in rows:
        if it["kind"] in _KINDS and it["balance"] != "0":
            token, holder = (id, it["holder"]) if is_token else (it["unit"], id)
            grouped.setdefault((token, holder, bool(it["simulated"])), []).append(it)
    shown = list(grouped.items())
    return TokenHoldings(
        id=id,
        holdings=[_holding(work, key, rows) for key, rows in shown[:SHOWN]],
        more=len(shown) - SHOWN if len(shown) > SHOWN else None,
    )


def _holding(work: Work, key: tuple[str, str, bool], rows: list[Row]) -> TokenHolding:
    token, holder, simulated = key
    decimals = ledger.decimals_of(work, token)
    amounts = {_KINDS[it["kind"]]: money.decimal(int(it["balance"]), decimals) for it in rows}
    return TokenHolding(
        token=token,
        token_name=_name(work, token) or token,
        holder=holder or None,
        holder_name=_name(work, holder) if holder else None,
        simulated=simulated or None,
        **amounts,
    )


def _name(work: Work, id: str) -> str | None:
    return work.value(
        "SELECT name FROM entities WHERE organization_id = :organization AND id = :id", id=id
    )


def _wallets(work: Work, found: TokenHoldings) -> dict[tuple[str, str], tuple[str, str, int]]:
    """Find contract, wallet and decimals of holdings that the chain can be asked for."""
    known: dict[tuple[str, str], tuple[str, str, int]] = {}
    for it in found.holdings:
        contract = _property(work, it.token, "contractAddress")
        wallet = _property(work, it.holder, "walletAddress") if it.holder else None
        if it.holder and contract and wallet:
            known[it.token, it.holder] = contract, wallet, ledger.decimals_of(work, it.token)
    return known


def _property(work: Work, id: str, name: str) -> str | None:
    text = work.value(
        "SELECT properties FROM entities WHERE organization_id = :organization AND id = :id", id=id
    )
    properties: JsonObject = jsons.load_object(text) if text else {}
    value = properties.get(name)
    return str(value) if value else None


async def _compared(
    on: Rails, it: TokenHolding, known: tuple[str, str, int] | None
) -> TokenHolding:
    """Put what the chain says beside what the ledger has in the holder's own wallet."""
    if known is None or bool(it.simulated) is not on.chain.simulated:
        return it
    contract, wallet, decimals = known
    try:
        units = await on.chain.balance(on.chain.address(contract), on.chain.address(wallet))
    except ProviderError as error:
        return it.model_copy(update={"differs": f"the chain does not say: {error}"})
    on_chain, booked = money.decimal(units, decimals), it.wallet or "0"
    said = f"the wallet has {on_chain}, and {booked} went there from here"
    differs = None if on_chain == booked else said
    return it.model_copy(update={"wallet_on_chain": on_chain, "differs": differs})
