"""Unfinished: the operations of all organizations that somebody has to look at now.

Open ones whose time has come are resumed, and ended ones whose transactions a chain may still take
back are watched, each in the name of whoever began it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from one_mcp.access import Principal, Role
from one_mcp.dimensions.operations.journal import LENGTH_MS
from one_mcp.store.ports import Raw
from one_mcp.store.work import Row

MOST = 100
MOST_WATCHED = 1_000
WATCHED_MS = 60 * 60_000  # since it was signed; far more than a chain ever took back


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An operation that nobody works on, and who began it."""

    id: str
    kind: str
    principal: Principal


def due(raw: Raw, clock: int) -> list[Unfinished]:
    """List what is to be resumed by a time of the process's clock, the oldest first."""
    rows = raw.execute(
        """
        SELECT id, kind, organization_id, person_id, role
        FROM operations
        WHERE state IN ('running', 'undoing')
          AND due_at <= :clock
          AND (leased_until <= :clock OR leased_until > :latest)
        ORDER BY due_at, id
        LIMIT :most
        """,
        {"clock": clock, "latest": clock + LENGTH_MS, "most": MOST},
    )
    return _unfinished(rows)


def watched(raw: Raw, since: int) -> list[Unfinished]:
    """List what has ended and signed something since a time, or misses what it had signed."""
    rows = raw.execute(
        """
        SELECT DISTINCT operations.id, operations.kind, operations.organization_id,
               operations.person_id, operations.role
        FROM chain_transactions
        JOIN operations
          ON operations.organization_id = chain_transactions.organization_id
         AND operations.id = chain_transactions.operation_id
        WHERE operations.state IN ('done', 'undone')
          AND (
              chain_transactions.created_at > :since
              OR chain_transactions.missing_since IS NOT NULL
          )
        ORDER BY operations.id
        LIMIT :most
        """,
        {"since": since, "most": MOST_WATCHED},
    )
    return _unfinished(rows)


def _unfinished(rows: Iterable[Row]) -> list[Unfinished]:
    return [Unfinished(row["id"], row["kind"], principal(row)) for row in rows]


def principal(row: Row) -> Principal:
    """Return whoever began it, in whose name it goes on by itself."""
    person = row["person_id"]
    return Principal(row["organization_id"], person, person, Role(row["role"]))
