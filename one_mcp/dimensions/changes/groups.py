"""Groups: changes that were made one after the other, and that history and undo take as one.

What is too much for one transaction is written in several, so that others may write in between.
Each has its own number; they belong together by the number of the first.
"""

from one_mcp import ids
from one_mcp.dimensions.changes import log
from one_mcp.errors import UndoneError
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work


def parts(work: Work, number: int) -> list[int]:
    """List the changes of the group that a change belongs to, in their order; none without one."""
    rows = work.all(
        """
        SELECT part.number
        FROM change_log
        CROSS JOIN change_log AS part
        WHERE change_log.organization_id = :organization
          AND change_log.number = :number
          AND part.organization_id = :organization
          AND part.part_of = change_log.part_of
        ORDER BY part.number
        """,
        number=number,
    )
    return [row["number"] for row in rows]


def first_of(work: Work, number: int) -> int:
    """Return the first change of a change's group, which is itself if it has none."""
    return log.header(work, number)["told_as"]


def last(work: Work, number: int) -> Row | None:
    """Return the last change of the group that begins with one; None where that has no group."""
    return work.one(
        """
        SELECT number, undone_by
        FROM change_log
        WHERE organization_id = :organization
          AND part_of = :number
        ORDER BY number DESC
        LIMIT 1
        """,
        number=number,
    )


def require_in_effect(work: Work, number: int) -> None:
    """Raise UndoneError where somebody takes back the group that begins with a change.

    The last change is undone first, and after that no other can follow it.
    """
    newest = last(work, number)
    if newest is not None and newest["undone_by"] is not None:
        change = ids.change(number)
        by = ids.change(first_of(work, newest["undone_by"]))
        raise UndoneError(
            f"{change} was undone by {by} before it was whole, so nothing more of it is written. "
            "Where it is wanted still, send it as a new call.",
            change=change,
            undone_by=by,
        )


def unfinished(work: Work) -> list[int]:
    """List the first changes of groups that are under way, or were cut off."""
    rows = work.all(
        """
        SELECT number
        FROM change_log
        WHERE organization_id = :organization
          AND part_of > 0
          AND part_of = number
          AND unfinished = 1
          AND undone_by IS NULL
        ORDER BY number
        """
    )
    return [row["number"] for row in rows]


def finish_those_of(work: Work, numbers: list[int]) -> None:
    """Say that the groups of some changes are whole, since another import went on with them."""
    work.run(
        f"""
        UPDATE change_log
        SET unfinished = NULL
        WHERE organization_id = :organization
          AND number IN (
              SELECT part.part_of
              FROM change_log AS part
              WHERE part.organization_id = :organization
                AND part.number {dialect.any_of("numbers")}
          )
        """,
        numbers=numbers,
    )


def finish(work: Work, number: int) -> None:
    """Say that the group which begins with a change is whole; raises UndoneError if it is not."""
    require_in_effect(work, number)
    work.run(
        """
        UPDATE change_log
        SET unfinished = NULL
        WHERE organization_id = :organization
          AND number = :number
        """,
        number=number,
    )


def rows(work: Work, number: int, *, after: int, limit: int) -> list[Row]:
    """List the rows of a group in the order in which they were written."""
    return work.all(
        f"""
        SELECT {", ".join(f"change_rows.{column}" for column in log.ROW.split(", "))}
        FROM change_log AS part
        CROSS JOIN change_rows
        WHERE part.organization_id = :organization
          AND part.part_of = :number
          AND part.number >= coalesce(
              (
                  SELECT last.change
                  FROM change_rows AS last
                  WHERE last.organization_id = :organization
                    AND last.seq = :after
              ),
              0
          )
          AND change_rows.organization_id = :organization
          AND change_rows.change = part.number
          AND change_rows.seq > :after
        ORDER BY part.number, change_rows.seq
        {dialect.most("limit")}
        """,
        number=number,
        after=after,
        limit=limit,
    )
