"""Compaction: of changes before a time, the log forgets what they did to rows.

That they were made, when, by whom, with what and why stays, and so do events. What rows are at that
time is where their history begins; nothing before it can be shown or undone.
"""

from collections.abc import Sequence

from one_mcp import clock, ids
from one_mcp.access import Permission
from one_mcp.errors import ConflictError, InvalidArgumentError
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work

SLICE = 1_000  # rows of the log, which hold others up for some milliseconds
TOLD_MS = clock.DAY_MS  # so long other processes may take to read what a change touched
_SAYS = "Of changes before {at} the log was compacted, and keeps only that they were made."


def begin(work: Work, before: int) -> int:
    """Say that the history before a time is to go, and return the first change that stays.

    From here on nothing of it is shown or undone, though its rows go in slices. A history that was
    compacted further already stays so. Raises InvalidArgumentError for a time in the future.
    """
    work.principal.require(Permission.ADMIN)
    if before > work.now:
        raise InvalidArgumentError(
            f"{clock.to_text(before)} is still to come; give a time that is over.",
            argument="before",
        )
    first = work.value(
        """
        SELECT number
        FROM change_log
        WHERE organization_id = :organization
          AND at >= :before
        ORDER BY at, number
        LIMIT 1
        """,
        before=before,
    )
    return work.value(
        """
        INSERT INTO compactions (organization_id, below, at)
        VALUES (:organization, :below, :before)
        ON CONFLICT (organization_id) DO UPDATE
        SET below = CASE WHEN excluded.at > compactions.at
                THEN excluded.below ELSE compactions.below END,
            at = CASE WHEN excluded.at > compactions.at THEN excluded.at ELSE compactions.at END
        RETURNING below
        """,
        below=work.change if first is None else first,
        before=before,
    )


def take(work: Work, below: int) -> int:
    """Take one slice of rows out of the log, the oldest first; return how many there were.

    Kept answers of calls are found by the rows that their changes wrote, so they learn their ids.
    """
    seqs = [
        row["seq"]
        for row in work.all(
            f"""
            SELECT seq
            FROM change_rows
            WHERE organization_id = :organization
              AND change < :below
            ORDER BY change
            {dialect.most("slice")}
            """,
            below=below,
            slice=SLICE,
        )
    ]
    if not seqs:
        return 0
    work.run(
        f"""
        INSERT INTO idempotency_subjects (organization_id, person_id, key, step, subject)
        SELECT DISTINCT :organization, kept.person_id, kept.key, kept.step, change_rows.row_id
        FROM change_rows
        CROSS JOIN idempotency_keys AS kept
        WHERE {dialect.unindexed("change_rows.organization_id")} = :organization
          AND change_rows.seq {dialect.any_of("seqs")}
          AND kept.organization_id = :organization
          AND kept.change = change_rows.change
        ON CONFLICT (organization_id, person_id, key, step, subject) DO NOTHING
        """,
        seqs=seqs,
    )
    return work.run(
        f"""
        DELETE FROM change_rows
        WHERE {dialect.unindexed("organization_id")} = :organization
          AND seq {dialect.any_of("seqs")}
        """,
        seqs=seqs,
    )


def shorten(work: Work, below: int) -> int:
    """Forget what some of the changes touched, which others have read; return how many."""
    return work.run(
        f"""
        UPDATE change_log
        SET touched = NULL
        WHERE organization_id = :organization
          AND number IN (
              SELECT number
              FROM change_log
              WHERE organization_id = :organization
                AND number < :below
                AND touched IS NOT NULL
                AND at < :told
              ORDER BY number
              {dialect.most("slice")}
          )
        """,
        below=below,
        told=work.now - TOLD_MS,
        slice=SLICE,
    )


def _compacted_at(work: Work) -> int | None:
    """Return before when the history was compacted; None where all of it is kept."""
    return work.value("SELECT at FROM compactions WHERE organization_id = :organization")


def since(work: Work) -> str | None:
    """Return the same as a text."""
    at = _compacted_at(work)
    return None if at is None else clock.to_text(at)


def left(work: Work) -> bool:
    """Tell whether a compaction was cut short: rows are there that it was to take out."""
    return bool(
        work.value(
            """
            SELECT EXISTS (
                SELECT 1
                FROM change_rows
                CROSS JOIN compactions
                WHERE change_rows.organization_id = :organization
                  AND compactions.organization_id = :organization
                  AND change_rows.change < compactions.below
            )
            """
        )
    )


def require_kept(header: Row) -> None:
    """Raise ConflictError where nothing is kept of a change that could be undone."""
    compacted = header["compacted_at"]
    if compacted is not None and header["at"] < compacted:
        change = ids.change(header["told_as"])
        raise ConflictError(f"{change} cannot be undone. {_told(compacted)}", change=change)


def require_known(work: Work, at: int) -> None:
    """Raise InvalidArgumentError for a time of which it is not known any more what there was."""
    compacted = _compacted_at(work)
    if compacted is not None and at < compacted:
        raise InvalidArgumentError(
            f"{_told(compacted)} The past can be seen from then on.", argument="as_of"
        )


def note(headers: Sequence[Row]) -> str | None:
    """Say why nothing is told of what the last of some changes did; None where it is told."""
    last = headers[-1] if headers else None
    if last is None or last["compacted_at"] is None or last["at"] >= last["compacted_at"]:
        return None
    return _told(last["compacted_at"])


def said(work: Work) -> str | None:
    """Say that the history was compacted; None where all of it is kept."""
    at = _compacted_at(work)
    return None if at is None else _told(at)


def _told(at: int) -> str:
    return _SAYS.format(at=clock.to_text(at))
