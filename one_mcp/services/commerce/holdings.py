"""Holdings: who has how much of which token, by the ledger, and by the chain where it is asked."""

from collections.abc import Iterator
from dataclasses import dataclass

from one_mcp import jsons, money
from one_mcp.answers import Answer
from one_mcp.dimensions import lookup
from one_mcp.dimensions.commerce import editions, ledger
from one_mcp.dimensions.commerce.ledger import Account
from one_mcp.dimensions.commerce.quoting import ON_CHAIN
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import ProviderError
from one_mcp.ontology.names import a
from one_mcp.providers.ports.chain import Chain
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


class HeldToken(Answer):
    """`supply` was issued by operations, `simulated_supply` by simulated ones.

    `more` says how many accounts are not shown.
    """

    token: str
    name: str
    supply: str
    simulated_supply: str | None = None
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


async def token(one: Session, id: str) -> HeldToken:
    """Tell of a token what the ledger has; raises InvalidArgumentError for what is none."""
    issued = await one.read(_issued, id)
    found = await of(one, id)
    return issued.model_copy(update={"holdings": found.holdings, "more": found.more})


def _booked(work: Work, id: str) -> TokenHoldings:
    row = lookup.any_state(work, id, follow=True)
    id = row["id"]
    grouped: dict[tuple[str, str, bool], list[Row]] = {}
    for token, holder, it in _accounts(work, row):
        if it["kind"] in _KINDS and it["balance"] != "0":
            grouped.setdefault((token, holder, bool(it["simulated"])), []).append(it)
    shown = list(grouped.items())
    return TokenHoldings(
        id=id,
        holdings=[_holding(work, key, rows) for key, rows in shown[:SHOWN]],
        more=len(shown) - SHOWN if len(shown) > SHOWN else None,
    )


def _issued(work: Work, id: str) -> HeldToken:
    row = lookup.any_state(work, id, follow=True)
    if row["type"] not in ON_CHAIN:
        raise InvalidArgumentError(f"{row['id']} is {a(row['type'])}, not a token.", argument="id")
    decimals = ledger.decimals_of(work, row["id"])
    tokens = editions.of(work, row["id"]) if row["type"] == editions.NFT else [row["id"]]
    units = {
        simulated: -sum(
            ledger.balance(work, Account.ISSUED, "", it, simulated=simulated) for it in tokens
        )
        for simulated in (False, True)
    }
    return HeldToken(
        token=row["id"],
        name=row["name"],
        supply=money.decimal(units[False], decimals),
        simulated_supply=money.decimal(units[True], decimals) if units[True] else None,
        holdings=[],
    )


def _accounts(work: Work, row: Row) -> Iterator[tuple[str, str, Row]]:
    """List token, holder and account of a holder, of a token, or of each nft of a series."""
    id = row["id"]
    if row["type"] not in ON_CHAIN:
        yield from ((it["unit"], id, it) for it in ledger.accounts_of(work, id))
        return
    for token in editions.of(work, id) if row["type"] == editions.NFT else [id]:
        yield from ((token, it["holder"], it) for it in ledger.holders_of(work, token))


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


@dataclass(frozen=True, slots=True)
class _OnChain:
    """Where the chain can be asked for a holding; an NFT has a number there."""

    contract: str
    wallet: str
    decimals: int
    token_id: str | None


def _wallets(work: Work, found: TokenHoldings) -> dict[tuple[str, str], _OnChain]:
    """Find contract, wallet and decimals of holdings that the chain can be asked for."""
    known: dict[tuple[str, str], _OnChain] = {}
    for it in found.holdings:
        contract = _property(work, it.token, "contractAddress")
        wallet = _property(work, it.holder, "walletAddress") if it.holder else None
        if it.holder and contract and wallet:
            decimals, number = ledger.decimals_of(work, it.token), _number(work, it.token)
            known[it.token, it.holder] = _OnChain(contract, wallet, decimals, number)
    return known


def _number(work: Work, id: str) -> str | None:
    return _property(work, id, "tokenId")


def _property(work: Work, id: str, name: str) -> str | None:
    text = work.value(
        "SELECT properties FROM entities WHERE organization_id = :organization AND id = :id", id=id
    )
    properties: JsonObject = jsons.load_object(text) if text else {}
    value = properties.get(name)
    return str(value) if value else None


async def _compared(on: Rails, it: TokenHolding, known: _OnChain | None) -> TokenHolding:
    """Put what the chain says beside what the ledger has in the holder's own wallet."""
    if known is None or bool(it.simulated) is not rails.is_trial(on.chain):
        return it
    try:
        units = await _units(on.chain, known)
    except ProviderError as error:
        return it.model_copy(update={"differs": f"the chain does not say: {error}"})
    on_chain, booked = money.decimal(units, known.decimals), it.wallet or "0"
    said = f"the wallet has {on_chain}, and {booked} went there from here"
    differs = None if on_chain == booked else said
    return it.model_copy(update={"wallet_on_chain": on_chain, "differs": differs})


async def _units(chain: Chain, known: _OnChain) -> int:
    contract, wallet = chain.address(known.contract), chain.address(known.wallet)
    if known.token_id is None:
        return await chain.balance(contract, wallet)
    return int(await chain.owner(contract, int(known.token_id)) == wallet)
