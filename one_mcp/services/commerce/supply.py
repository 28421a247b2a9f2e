"""The supply of a token: what its contract says, and what the ledger says of the same."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from one_mcp import money
from one_mcp.answers import Answer
from one_mcp.clock import DAY_MS
from one_mcp.dimensions.commerce import editions, issuing, ledger
from one_mcp.dimensions.commerce.ledger import Account
from one_mcp.dimensions.commerce.quoting import ON_CHAIN
from one_mcp.jsons import JsonObject
from one_mcp.providers.ports.chain import NOBODY, TokenTransfer
from one_mcp.services import rails
from one_mcp.session import Session
from one_mcp.store.work import Work


class TokenSupply(Answer):
    """Amounts of whole tokens. `circulating` is all but the treasury's own.

    `kept` is in the treasury for holders without a wallet. `differs` says where chain and ledger
    do not agree: somebody else mints, or something is on its way. `holders` are addresses beside
    the treasury; the figures of 24 hours are transfers, and what they moved.
    """

    model_config = ConfigDict(alias_generator=to_camel)

    token: str
    name: str
    symbol: str
    blockchain: str
    contract_address: str
    decimals: int
    supply: str
    circulating: str
    treasury: str
    kept: str
    wallets: str
    holders: int
    transactions_24h: int = Field(serialization_alias="transactions24h")
    volume_24h: str = Field(serialization_alias="volume24h")
    differs: str | None = None
    simulated: bool | None = None


async def of(one: Session, token: str) -> TokenSupply:
    """Ask the chain for a token's supply; raises ChainError where it has no such contract."""
    on = rails.of(one)
    chain, simulated = on.chain, rails.is_trial(on.chain)
    body, booked, now = await one.read(_booked, token, simulated=simulated)
    rails.require_chain(on, str(body["blockchain"]))
    contract = chain.address(str(body["contract"]))
    transfers = await chain.transfers(contract)
    if body.get("standard") == editions.ERC721:
        numbers = await one.read(editions.numbers, str(body["token"]), simulated=simulated)
        transfers = [it for it in transfers if it.token_id in numbers]
        found = replace(
            await chain.collection(contract), supply=-_balances(transfers).get(NOBODY, 0)
        )
        in_treasury = _balances(transfers).get(chain.sender, 0)
    else:
        found = await chain.token(contract)
        in_treasury = await chain.balance(contract, chain.sender)

    def whole(units: int) -> str:
        return money.decimal(units, found.decimals)

    since = await chain.block_at(now - DAY_MS)
    recent = [it for it in transfers if it.block >= since]
    kept, own = booked["kept"], in_treasury - booked["kept"]
    return TokenSupply(
        token=str(body["token"]),
        name=str(body["name"]),
        symbol=found.symbol,
        blockchain=str(body["blockchain"]),
        contract_address=contract,
        decimals=found.decimals,
        supply=whole(found.supply),
        circulating=whole(found.supply - own),
        treasury=whole(own),
        kept=whole(kept),
        wallets=whole(found.supply - in_treasury),
        holders=len(_balances(transfers).keys() - {chain.sender, NOBODY}),
        transactions_24h=len({it.hash for it in recent}),
        volume_24h=whole(sum(it.units for it in recent)),
        differs=_difference(found.supply, booked["issued"], found.decimals),
        simulated=simulated or None,
    )


def _booked(work: Work, token: str, *, simulated: bool) -> tuple[JsonObject, Counter[str], int]:
    """Say where a token is, what the ledger has of it (issued, kept for holders), and when."""
    body = issuing.deployed(work, token, simulated=simulated, types=ON_CHAIN)
    id = str(body["token"])
    tokens = editions.of(work, id) if body.get("standard") == editions.ERC721 else [id]
    sums: Counter[str] = Counter()
    for row in (row for it in tokens for row in ledger.holders_of(work, it)):
        if bool(row["simulated"]) is not simulated:
            continue
        units = int(row["balance"])
        if row["kind"] == Account.ISSUED:
            sums["issued"] -= units
        elif row["kind"] == Account.CUSTODY or (row["kind"] == Account.RESERVED and row["holder"]):
            sums["kept"] += units
    return body, sums, work.now


def _balances(transfers: Iterable[TokenTransfer]) -> dict[str, int]:
    """Say who holds how much; whoever holds nothing any more is none of them."""
    held: Counter[str] = Counter()
    for it in transfers:
        held[it.source] -= it.units
        held[it.target] += it.units
    return {address: units for address, units in held.items() if units}


def _difference(supply: int, issued: int, decimals: int) -> str | None:
    if supply == issued:
        return None
    return (
        f"the contract has issued {money.decimal(supply, decimals)}, and the ledger "
        f"{money.decimal(issued, decimals)}"
    )
