"""Auditing: whether journal and ledger agree, and what there is to ask the vendors about."""

from collections import Counter, defaultdict
from dataclasses import dataclass

from one_mcp.answers import Answer
from one_mcp.dimensions.commerce import transactions
from one_mcp.dimensions.operations import operation
from one_mcp.dimensions.operations.operation import Operation, State
from one_mcp.store import dialect
from one_mcp.store.work import Work

AT_ONCE = 100
_ENDED = (State.DONE, State.UNDONE)


class Discrepancy(Answer):
    """What does not agree: `expected` is what journal and ledger say, `found` what there is."""

    where: str
    sentence: str
    operation: str | None = None
    token: str | None = None
    expected: str | None = None
    found: str | None = None


@dataclass(frozen=True, slots=True)
class SentStep:
    """What an operation that is done signed for a step: bytes of one nonce, one of which counts."""

    operation: str
    step: str
    hashes: tuple[str, ...]


def ledger(work: Work) -> list[Discrepancy]:
    """Compare the ledger with itself: every unit sums to zero, every balance is what was posted."""
    sums: Counter[tuple[str, int]] = Counter()
    kept: dict[tuple[str, str, str, int], int] = {}
    for row in work.each(
        """
        SELECT kind, holder, unit, simulated, balance
        FROM ledger_accounts
        WHERE organization_id = :organization
        ORDER BY unit, simulated, kind, holder
        """
    ):
        units = int(row["balance"])
        sums[row["unit"], row["simulated"]] += units
        kept[row["kind"], row["holder"], row["unit"], row["simulated"]] = units
    posted: dict[tuple[str, str, str, int], int] = defaultdict(int)
    for row in work.each(
        """
        SELECT kind, holder, unit, simulated, units
        FROM ledger_entries
        WHERE organization_id = :organization
        ORDER BY seq
        """
    ):
        posted[row["kind"], row["holder"], row["unit"], row["simulated"]] += int(row["units"])
    found = [
        Discrepancy(
            where="ledger",
            sentence=f"The accounts of {unit} do not sum to zero.",
            expected="0",
            found=str(units),
        )
        for (unit, _), units in sums.items()
        if units
    ]
    found += [
        Discrepancy(
            where="ledger",
            sentence=f"The account {kind} of {holder or 'the world'} in {unit} is not what was "
            "posted to it.",
            expected=str(posted.get((kind, holder, unit, simulated), 0)),
            found=str(kept.get((kind, holder, unit, simulated), 0)),
        )
        for kind, holder, unit, simulated in sorted(kept.keys() | posted.keys())
        if kept.get((kind, holder, unit, simulated), 0)
        != posted.get((kind, holder, unit, simulated), 0)
    ]
    return found


def waiting(work: Work) -> list[Discrepancy]:
    """List what waits for a person, and what was posted without an end that explains it."""
    rows = work.all(
        """
        SELECT id, state
        FROM operations
        WHERE organization_id = :organization
          AND state IN ('needs_review', 'held')
        ORDER BY created_at, id
        """
    )
    found = [
        Discrepancy(
            where="journal",
            sentence=f"It is {row['state']}: a person has to decide, by `one-mcp operations`.",
            operation=row["id"],
        )
        for row in rows
    ]
    strays = work.all(
        """
        SELECT DISTINCT operations.id, operations.state
        FROM ledger_entries
        JOIN operations
          ON operations.organization_id = :organization
         AND operations.id = ledger_entries.operation_id
        WHERE ledger_entries.organization_id = :organization
          AND ledger_entries.posting = 'record'
          AND operations.state <> 'done'
        ORDER BY operations.id
        """
    )
    return found + [
        Discrepancy(
            where="ledger",
            sentence=f"It was recorded in the ledger, and the journal says {row['state']}.",
            operation=row["id"],
        )
        for row in strays
    ]


def unposted(work: Work) -> list[Discrepancy]:
    """List purchases and bills that cost something, are done, and are not in the ledger."""
    rows = work.all(
        """
        SELECT id
        FROM operations
        WHERE organization_id = :organization
          AND kind IN ('purchase', 'subscription_bill')
          AND state = 'done'
          AND NOT EXISTS (
              SELECT 1
              FROM ledger_entries
              WHERE ledger_entries.organization_id = :organization
                AND ledger_entries.operation_id = operations.id
          )
          AND (body ->> 'minor' <> '0' OR body ->> 'contract' IS NOT NULL)
        ORDER BY id
        """
    )
    return [
        Discrepancy(
            where="ledger",
            sentence="It is done, and the ledger knows nothing of it.",
            operation=row["id"],
        )
        for row in rows
    ]


def sales(work: Work, after: str) -> list[Operation]:
    """List purchases that have ended, some at a time, by their ids."""
    rows = work.all(
        f"""
        SELECT id
        FROM operations
        WHERE organization_id = :organization
          AND kind = 'purchase'
          AND state {dialect.any_of("ended")}
          AND id > :after
        ORDER BY id
        {dialect.most("limit")}
        """,
        ended=[*_ENDED],
        after=after,
        limit=AT_ONCE,
    )
    return [operation.read(work, row["id"]) for row in rows]


def refunds(work: Work, purchase: str) -> int:
    """Add up what refunds that are done gave back of a purchase, in minor units."""
    rows = work.all(
        """
        SELECT body ->> 'minor' AS minor
        FROM operations
        WHERE organization_id = :organization
          AND kind = 'refund'
          AND body ->> 'purchase' = :purchase
          AND state = 'done'
        ORDER BY id
        """,
        purchase=purchase,
    )
    return sum(int(row["minor"]) for row in rows)


def sent(work: Work, chain_id: int, after: str) -> list[SentStep]:
    """List what operations that are done signed for a chain, some at a time, by their ids.

    What was replaced, or reverted and was tried anew, is not looked for.
    """
    rows = work.all(
        f"""
        SELECT DISTINCT operations.id
        FROM operations
        JOIN chain_transactions
          ON chain_transactions.organization_id = :organization
         AND chain_transactions.operation_id = operations.id
        WHERE operations.organization_id = :organization
          AND operations.state = 'done'
          AND operations.id > :after
          AND chain_transactions.chain_id = :chain
        ORDER BY operations.id
        {dialect.most("limit")}
        """,
        chain=chain_id,
        after=after,
        limit=AT_ONCE,
    )
    return [
        SentStep(row["id"], step, tuple(it.hash for it in signed))
        for row in rows
        for step, signed in transactions.of_operation(work, row["id"]).items()
    ]


def tokens(work: Work, *, simulated: bool) -> list[str]:
    """List the tokens that the ledger knows and no open operation is about."""
    rows = work.all(
        """
        SELECT DISTINCT ledger_accounts.unit
        FROM ledger_accounts
        JOIN entities
          ON entities.organization_id = :organization
         AND entities.id = ledger_accounts.unit
        WHERE ledger_accounts.organization_id = :organization
          AND ledger_accounts.simulated = :simulated
          AND entities.deleted_at IS NULL
          AND NOT EXISTS (
              SELECT 1
              FROM operation_subjects
              WHERE operation_subjects.organization_id = :organization
                AND operation_subjects.entity_id = ledger_accounts.unit
          )
        ORDER BY ledger_accounts.unit
        """,
        simulated=int(simulated),
    )
    return [row["unit"] for row in rows]
