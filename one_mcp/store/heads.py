"""Heads: how far each organization has counted its changes; every write begins by counting on.

One statement gives a write its number and its time, and keeps other writers of the organization
waiting until it ends, on an engine that lets many write at once, too.
"""

from collections.abc import Iterable

from one_mcp.store import dialect
from one_mcp.store.ports import Raw
from one_mcp.store.work import Work


def take(work: Work) -> None:
    """Take the organization's next number, before anything else is read or written.

    Time never runs back: a write is no earlier than the one before, whatever this process's clock
    says. Numbers have gaps, where nothing came of a write or only what follows from other rows.
    Whether there ever was an operation comes along, since the end of every change asks it.
    """
    head = work.one(
        """
        INSERT INTO heads (organization_id, number, at)
        VALUES (:organization, 1, :now)
        ON CONFLICT (organization_id) DO UPDATE
        SET number = heads.number + 1,
            at = CASE WHEN excluded.at > heads.at THEN excluded.at ELSE heads.at END
        RETURNING
            number,
            at,
            EXISTS (
                SELECT 1
                FROM operations
                WHERE operations.organization_id = :organization
            ) AS has_operations
        """,
        now=work.now,
    )
    assert head is not None  # noqa: S101  # such a statement returns its row
    work.change, work.now = head["number"], head["at"]
    work.has_operations = bool(head["has_operations"])


def numbers(raw: Raw, organizations: Iterable[str]) -> dict[str, int]:
    """Return how far some organizations have counted, for who follows them all at once."""
    rows = raw.execute(
        f"""
        SELECT organization_id, number
        FROM heads
        WHERE organization_id {dialect.any_of("organizations")}
        """,
        {"organizations": list(organizations)},
    )
    return {row["organization_id"]: row["number"] for row in rows}
