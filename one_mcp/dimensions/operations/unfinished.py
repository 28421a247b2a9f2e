"""Unfinished: the open operations of all organizations whose time has come, for who resumes them.

Each is resumed in the name of whoever began it.
"""

from dataclasses import dataclass

from one_mcp.access import Principal, Role
from one_mcp.dimensions.operations.journal import LENGTH_MS
from one_mcp.store.ports import Raw

MOST = 100


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An open operation that nobody works on, and who began it."""

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
    return [
        Unfinished(
            row["id"],
            row["kind"],
            Principal(
                row["organization_id"], row["person_id"], row["person_id"], Role(row["role"])
            ),
        )
        for row in rows
    ]
