"""Undo: writing back what was before a change, row by row, as a change of its own."""

import json

from one_mcp import ids
from one_mcp.answers import Written
from one_mcp.dimensions.changes import compaction, log
from one_mcp.dimensions.events import retraction
from one_mcp.dimensions.undo import conflicts, connections, contents, cycles, passages, writing
from one_mcp.dimensions.undo.contents import Contents
from one_mcp.dimensions.undo.later_changes import Obstacle
from one_mcp.errors import ConflictError
from one_mcp.store.work import Row, Work


class Undone(Written):
    """What was reverted. `change` is the undo itself, which can be undone in turn.

    `connections` counts those that were hidden or shown with their entities, too.
    `events_retracted` counts the events that the undone change recorded: they stay, but no list,
    count or sum has them any more. `events_restored` counts those that it had retracted.
    """

    undone: str
    tool: str
    entities: int = 0
    connections: int = 0
    tags: int = 0
    documents: int = 0
    events_retracted: int | None = None
    events_restored: int | None = None


def undo(work: Work, change_id: str) -> Undone:
    """Revert one change as a unit, down to row numbers and versions.

    Rows are written back in the reverse order, so that each step passes through a state that was
    there before. Events are retracted, and none is recorded for the undo (D-48). Raises
    ConflictError, and names the later changes that stand in the way; undo those first.
    """
    number = ids.change_number(change_id)
    if number is None:
        raise ids.refusal(change_id, "change", ids.CHANGE)
    header = _marked(work, number)
    compaction.require_kept(header)
    written = contents.read(work, number)
    told = ids.change(header["told_as"])
    _refuse_futile(told, written)
    standing = conflicts.find(work, number, written)
    if standing:
        raise _conflict(work, number, standing)
    try:
        writing.write_back(work, number)
    except work.violation as error:
        raise ConflictError(
            f"{told} cannot be undone: what it replaced no longer fits what is there now.",
            change=told,
        ) from error
    followed = connections.follow(work, number) if written.has("entity", "turned") else 0
    closed = cycles.find(work, number) if written.has("connection", "gone") else []
    if closed:
        raise _conflict(work, number, closed)
    if written.has("knowledge", "gone", "changed"):
        passages.settle(work, number)
    work.touch(*json.loads(header["touched"] or "[]"))  # and its events, of what may be gone
    _mark_undone_before(work, number, header["undoes"])
    retracted = retraction.of_change(work, number)
    if written.has("retraction", "made"):
        retraction.still_undone(work)
    undone = _undone(work, number, header, written, retracted)
    return undone.model_copy(update={"connections": undone.connections + followed})


def _marked(work: Work, number: int) -> Row:
    """Mark a change as undone by this one, and return its tool, `undoes` and `touched`.

    What is refused afterwards takes the mark back with the transaction.
    """
    marked = work.one(
        """
        UPDATE change_log
        SET undone_by = :undone_by
        WHERE organization_id = :organization
          AND number = :number
          AND undone_by IS NULL
        RETURNING number, coalesce(part_of, number) AS told_as, at, tool, undoes, touched, (
            SELECT compactions.at
            FROM compactions
            WHERE compactions.organization_id = :organization
        ) AS compacted_at
        """,
        number=number,
        undone_by=work.change,
    )
    if marked is None:
        header = log.header(work, number)
        raise undone_already(header["told_as"], header["undone_by_told_as"])
    work.undoes = number
    return marked


def undone_already(number: int, undone_by: int) -> ConflictError:
    change, by = ids.change(number), ids.change(undone_by)
    return ConflictError(
        f"{change} was undone already, by {by}; undo {by} to have it back.",
        change=change,
        undone_by=by,
    )


def _refuse_futile(change: str, written: Contents) -> None:
    if written.has("organization", "made"):
        raise ConflictError(f"{change} founded the organization and stays.", change=change)
    if written.rows and written.purged == written.rows:
        by = ids.change(written.purged_by)
        raise ConflictError(
            f"{change} cannot be undone: what it wrote was purged by {by}. "
            "A purge is for good; nothing is kept that could be brought back.",
            change=change,
            purged_by=by,
        )


def _conflict(work: Work, number: int, standing: list[Obstacle]) -> ConflictError:
    change = ids.change(log.header(work, number)["told_as"])
    headers = {it.change: log.header(work, it.change) for it in standing}
    standing = list({headers[it.change]["told_as"]: it for it in reversed(standing)}.values())[::-1]
    tools = {number: header["tool"] for number, header in headers.items()}
    names = {number: ids.change(header["told_as"]) for number, header in headers.items()}
    told = [f"{names[it.change]} ({tools[it.change]}) {it.what}" for it in standing]
    more = " (and maybe more)" if len(standing) == conflicts.SHOWN else ""
    return ConflictError(
        f"{change} cannot be undone, because later changes stand in the way: {'; '.join(told)}"
        f"{more}. Undo those first, in this order, or change the rows by hand.",
        change=change,
        later=[
            {
                "change": names[obstacle.change],
                "tool": tools[obstacle.change],
                "what": obstacle.what,
            }
            for obstacle in standing
        ],
    )


def _mark_undone_before(work: Work, number: int, undoes: int | None) -> None:
    """Say what is in effect again: undoing an undo brings back what it undid, and so on."""
    undoer, in_effect = number, True
    while undoes is not None:
        _write_mark(work, undoes, None if in_effect else undoer)
        undoer, in_effect = undoes, not in_effect
        undoes = log.header(work, undoes)["undoes"]


def _write_mark(work: Work, number: int, undone_by: int | None) -> None:
    work.run(
        """
        UPDATE change_log
        SET undone_by = :undone_by
        WHERE organization_id = :organization
          AND number = :number
        """,
        number=number,
        undone_by=undone_by,
    )


def _undone(work: Work, number: int, header: Row, written: Contents, retracted: int) -> Undone:
    if written.purged:
        work.warn("Some of what the change wrote was purged meanwhile, and stays gone.")
    return Undone(
        undone=ids.change(number),
        tool=header["tool"],
        entities=written.subjects("entity"),
        connections=written.subjects("connection"),
        tags=written.subjects("tag"),
        documents=_documents(work, number) if written.has_documents else 0,
        events_retracted=retracted or None,
        events_restored=written.subjects("retraction") or None,
    )


def _documents(work: Work, number: int) -> int:
    """Count the documents that a change wrote, or whose links or labels it did."""
    return work.value(
        """
        SELECT count(DISTINCT CASE WHEN kind LIKE 'knowledge%' THEN row_id END)
        FROM change_rows
        WHERE organization_id = :organization
          AND change = :number
          AND purged_by IS NULL
        """,
        number=number,
    )
