"""Undoing a group of changes: one after the other, the last one first, as a group in its turn.

What stands in the log is all there is to know, so that any call goes on where another was cut off,
and two that undo the same group do it together.
"""

from one_mcp import ids
from one_mcp.dimensions.changes import compaction, groups, log
from one_mcp.dimensions.undo import undo
from one_mcp.dimensions.undo.undo import Undone
from one_mcp.errors import ConflictError
from one_mcp.store.work import BEGINS, Work


class UndonePart(Undone):
    """`group` is the first change of those that undo; `left` says whether there is more to do."""

    group: str
    left: bool


def undo_next(work: Work, first: int) -> UndonePart:
    """Revert the last change that is in effect of the group that begins with one.

    Raises ConflictError where a later change stands in the way, or all is undone already.
    """
    header, undoer = log.header(work, first), undoer_of(work, first)
    if undoer is None:
        compaction.require_kept(header)
    work.part_of = BEGINS if undoer is None else undoer
    number = _last_in_effect(work, first, undoer)
    if number is None:
        group = ids.change(undoer or first)
        return UndonePart(undone=ids.change(first), tool=header["tool"], group=group, left=False)
    done = undo.undo(work, ids.change(number))
    group = ids.change(undoer or work.change)
    return UndonePart(**done.model_dump(), group=group, left=number != first)


def undoer_of(work: Work, first: int) -> int | None:
    """Return the first change of the group that undoes a group and is not through; None without.

    Raises ConflictError where that is through, or is taken back itself.
    """
    newest = groups.last(work, first)
    if newest is None or newest["undone_by"] is None:
        return None
    undoer = log.header(work, groups.first_of(work, newest["undone_by"]))
    number = undoer["told_as"]
    its_last = groups.last(work, number)
    if its_last is not None and its_last["undone_by"] is not None:
        change, by = ids.change(first), ids.change(number)
        again = ids.change(groups.first_of(work, its_last["undone_by"]))
        raise ConflictError(
            f"{change} is undone by {by} in part, which {again} takes back. Undo {by} to go on "
            f"with {again}, and {change} after that.",
            change=change,
            undone_by=by,
        )
    if not undoer["unfinished"]:
        raise undo.undone_already(first, number)
    return number


def _last_in_effect(work: Work, first: int, undoer: int | None) -> int | None:
    """Return the last change of a group that is not undone: that before the one undone last."""
    return work.value(
        """
        SELECT number
        FROM change_log
        WHERE organization_id = :organization
          AND part_of = :first
          AND undone_by IS NULL
          AND number < coalesce(
              (
                  SELECT undone.undoes
                  FROM change_log AS undone
                  WHERE undone.organization_id = :organization
                    AND undone.part_of = :undoer
                  ORDER BY undone.number DESC
                  LIMIT 1
              ),
              :newest
          )
        ORDER BY number DESC
        LIMIT 1
        """,
        first=first,
        undoer=undoer,
        newest=log.NEWEST,
    )
