"""What the vendors, the ledger and the graph say of all money and tokens, side by side."""

from dataclasses import dataclass

from one_mcp import jsons
from one_mcp.jsons import JsonObject
from one_mcp.services import rails
from one_mcp.session import Session
from one_mcp.store.work import Work


@dataclass(frozen=True)
class Books:
    """Amounts are units: minor units of money, base units of tokens."""

    charged: int
    held: int
    supply: int
    treasury: int
    wallet: int
    ledger: dict[str, int]
    events: list[str]
    payments: int


def _rows(work: Work, kind: str) -> list[JsonObject]:
    rows = work.all(
        "SELECT body FROM simulated_objects WHERE organization_id = :organization AND kind = :kind",
        kind=kind,
    )
    return [jsons.load_object(row["body"]) for row in rows]


def _ledger(work: Work) -> dict[str, int]:
    rows = work.all(
        "SELECT kind, balance FROM ledger_accounts WHERE organization_id = :organization"
    )
    sums: dict[str, int] = {}
    for row in rows:
        sums[row["kind"]] = sums.get(row["kind"], 0) + int(row["balance"])
    return {kind: units for kind, units in sums.items() if units}


def _conserved(work: Work) -> None:
    """Every unit's balances sum to zero, and are what was posted."""
    units: dict[tuple[str, int], int] = {}
    for row in work.all(
        "SELECT unit, simulated, balance FROM ledger_accounts WHERE organization_id = :organization"
    ):
        key = (row["unit"], row["simulated"])
        units[key] = units.get(key, 0) + int(row["balance"])
    assert not any(units.values()), units
    posted: dict[tuple[str, str, str], int] = {}
    for row in work.all(
        "SELECT kind, holder, unit, units FROM ledger_entries WHERE organization_id = :organization"
    ):
        account = (row["kind"], row["holder"], row["unit"])
        posted[account] = posted.get(account, 0) + int(row["units"])
    kept = {
        (row["kind"], row["holder"], row["unit"]): int(row["balance"])
        for row in work.all(
            "SELECT kind, holder, unit, balance FROM ledger_accounts"
            " WHERE organization_id = :organization"
        )
    }
    assert posted == kept


def _events(work: Work) -> list[str]:
    rows = work.all(
        "SELECT type FROM events WHERE organization_id = :organization"
        " AND type IN ('tokens_purchased', 'payment_processed', 'revenue_generated')"
        " ORDER BY type"
    )
    return [row["type"] for row in rows]


async def books(one: Session, contract: str, wallet: str | None = None) -> Books:
    """Read all of it, and check that nothing is made or lost on the way."""
    chain = rails.of(one).chain
    intents = await one.read(_rows, "stripe_payment_intent")
    refunds = await one.read(_rows, "stripe_refund")
    await one.read(_conserved)
    return Books(
        charged=sum(int(str(it["amount_received"])) for it in intents)
        - sum(int(str(it["amount"])) for it in refunds),
        held=sum(int(str(it["amount_capturable"])) for it in intents),
        supply=(await chain.token(contract)).supply,
        treasury=await chain.balance(contract, chain.sender),
        wallet=await chain.balance(contract, wallet) if wallet else 0,
        ledger=await one.read(_ledger),
        events=await one.read(_events),
        payments=len(intents),
    )
