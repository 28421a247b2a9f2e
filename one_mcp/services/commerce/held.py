"""Held: how much of a token there is, and who has how much of it, as the ledger says."""

from one_mcp import money
from one_mcp.answers import Answer
from one_mcp.dimensions import lookup
from one_mcp.dimensions.commerce import editions, ledger
from one_mcp.dimensions.commerce.ledger import Account
from one_mcp.dimensions.commerce.quoting import ON_CHAIN
from one_mcp.errors import InvalidArgumentError
from one_mcp.ontology.names import a
from one_mcp.services.commerce import holdings
from one_mcp.services.commerce.holdings import TokenHolding
from one_mcp.session import Session
from one_mcp.store.work import Work


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


async def token(one: Session, id: str) -> HeldToken:
    """Tell of a token what the ledger has; raises InvalidArgumentError for what is none."""
    issued = await one.read(_issued, id)
    found = await holdings.of(one, id)
    return issued.model_copy(update={"holdings": found.holdings, "more": found.more})


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
