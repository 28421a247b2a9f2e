"""Marks: which purges are gone from the rows, and not yet from every byte of the file.

A purge leaves its mark in its own transaction. Who makes sure that the file, its write-ahead log
and its search indexes hold nothing of it takes the mark away, be it after a crash.
"""

from one_mcp.store.work import Work

UPGRADED = 0  # no purge: the mark of a file in which an older version deleted without overwriting


def mark(work: Work) -> None:
    """Remember that the open change purged something."""
    work.run(
        """
        INSERT INTO erasures (organization_id, number)
        VALUES (:organization, :change)
        ON CONFLICT (organization_id, number) DO NOTHING
        """,
        change=work.change,
    )


def waiting(work: Work) -> list[int]:
    """List the changes whose purges may still stand somewhere in the file."""
    rows = work.all(
        """
        SELECT number
        FROM erasures
        WHERE organization_id = :organization
        ORDER BY number
        """
    )
    return [row["number"] for row in rows]


def done(work: Work, numbers: list[int]) -> None:
    """Take away the marks of purges of which nothing is left."""
    work.many(
        """
        DELETE FROM erasures
        WHERE organization_id = :organization
          AND number = :number
        """,
        [{"number": number} for number in numbers],
    )
