"""Undo: writing back what was before a change, row by row, as a change of its own."""

from collections.abc import Iterator
from itertools import groupby

from one_mcp import ids, jsons
from one_mcp.answers import Written
from one_mcp.dimensions import changes, circles, images, later, obstacles
from one_mcp.dimensions.knowledge import notices, returns
from one_mcp.dimensions.later import Obstacle
from one_mcp.errors import ConflictError, InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.store.sqlite.library import driver
from one_mcp.store.work import Row, Work


class Undone(Written):
    """What was reverted. `change` is the undo itself, which can be undone in turn.

    `events_kept` counts the events that the undone change recorded: they happened, and stay.
    """

    undone: str
    tool: str
    entities: int = 0
    connections: int = 0
    tags: int = 0
    documents: int = 0
    events_kept: int | None = None


def undo(work: Work, change_id: str) -> Undone:
    """Revert one change as a unit, down to row numbers and versions.

    Rows are written back in the reverse order, so that each step passes through a state that was
    there before. Events stay, and none is recorded for the undo (D-48). Raises ConflictError, and
    names the later changes that stand in the way; undo those first.
    """
    number = ids.change_number(change_id)
    if number is None:
        raise InvalidArgumentError(
            "A change's id looks like chg_42; writes answer with it, and get_history lists them.",
            argument="change",
        )
    header = changes.header(work, number)
    _refuse_futile(work, number, header)
    standing = obstacles.find(work, number)
    if standing:
        raise _conflict(work, number, standing)
    touched = _touched(header)
    notices.texts(work, touched)
    work.touch(*touched)
    try:
        for (kind, act), rows in groupby(_steps(work, number), key=_kind_and_act):
            work.many(getattr(images.TABLES[kind], act), (_image(row) for row in rows))
    except driver.IntegrityError as error:
        raise ConflictError(
            f"{change_id} cannot be undone: what it replaced no longer fits what is there now.",
            change=change_id,
        ) from error
    closed = circles.find(work, number)
    if closed:
        raise _conflict(work, number, closed)
    returns.settle(work, number)
    _mark(work, number, header["undoes"])
    return _undone(work, number, header)


def _steps(work: Work, number: int) -> Iterator[Row]:
    """Stream what has to be done to each row, the last write of the change first."""
    return work.each(
        f"""
        SELECT
            kind,
            row_id,
            iif(before IS NULL, 'delete', iif(after IS NULL, 'insert', 'update')) AS act,
            iif(kind IN {images.WHOLE_KINDS}, coalesce(before, after), before) AS image
        FROM change_rows
        WHERE organization_id = :organization
          AND change = :number
          AND purged_by IS NULL
        ORDER BY row DESC
        """,
        number=number,
    )


def _kind_and_act(step: Row) -> tuple[str, str]:
    return step["kind"], step["act"]


def _image(step: Row) -> JsonObject:
    return {"id": step["row_id"]} if step["image"] is None else jsons.load_object(step["image"])


def _refuse_futile(work: Work, number: int, header: Row) -> None:
    change = ids.change(number)
    if header["undone_by"] is not None:
        by = ids.change(header["undone_by"])
        raise ConflictError(
            f"{change} was undone already, by {by}; undo {by} to have it back.",
            change=change,
            undone_by=by,
        )
    found = work.one(
        """
        SELECT
            count(*) AS rows,
            coalesce(sum(purged_by IS NULL), 0) AS left,
            max(purged_by) AS purged_by,
            coalesce(sum(kind = 'organization' AND before IS NULL), 0) AS founded
        FROM change_rows
        WHERE organization_id = :organization
          AND change = :number
        """,
        number=number,
    )
    if found is None or found["rows"] == 0:
        raise ConflictError(
            f"{change} only recorded events, and events are never taken back; "
            "record another event that sets it right.",
            change=change,
        )
    if found["founded"]:
        raise ConflictError(f"{change} founded the organization and stays.", change=change)
    if found["left"] == 0:
        by = ids.change(found["purged_by"])
        raise ConflictError(
            f"{change} cannot be undone: what it wrote was purged by {by}. "
            "A purge is for good; nothing is kept that could be brought back.",
            change=change,
            purged_by=by,
        )


def _conflict(work: Work, number: int, standing: list[Obstacle]) -> ConflictError:
    change = ids.change(number)
    tools = {
        obstacle.change: changes.header(work, obstacle.change)["tool"] for obstacle in standing
    }
    told = [
        f"{ids.change(obstacle.change)} ({tools[obstacle.change]}) {obstacle.what}"
        for obstacle in standing
    ]
    more = " (and maybe more)" if len(standing) == obstacles.SHOWN else ""
    return ConflictError(
        f"{change} cannot be undone, because later changes stand in the way: {'; '.join(told)}"
        f"{more}. Undo those first, in this order, or change the rows by hand.",
        change=change,
        later=[
            {
                "change": ids.change(obstacle.change),
                "tool": tools[obstacle.change],
                "what": obstacle.what,
            }
            for obstacle in standing
        ],
    )


def _mark(work: Work, number: int, undoes: int | None) -> None:
    """Say which change undid which. Undoing an undo puts what it undid into effect again."""
    _write_mark(work, number, work.change)
    work.run(
        """
        UPDATE changes
        SET undoes = :number
        WHERE organization_id = :organization
          AND number = :change
        """,
        number=number,
        change=work.change,
    )
    undoer, in_effect = number, True
    while undoes is not None:
        _write_mark(work, undoes, None if in_effect else undoer)
        undoer, in_effect = undoes, not in_effect
        undoes = changes.header(work, undoes)["undoes"]


def _write_mark(work: Work, number: int, undone_by: int | None) -> None:
    work.run(
        """
        UPDATE changes
        SET undone_by = :undone_by
        WHERE organization_id = :organization
          AND number = :number
        """,
        number=number,
        undone_by=undone_by,
    )


def _undone(work: Work, number: int, header: Row) -> Undone:
    counts = work.all(
        f"""
        SELECT
            coalesce(sum(mine.kind = 'entity'), 0) AS entities,
            coalesce(sum(mine.kind = 'connection'), 0) AS connections,
            coalesce(sum(mine.kind = 'tag'), 0) AS tags,
            count(DISTINCT iif(mine.kind LIKE 'knowledge%', mine.row_id, NULL)) AS documents
        FROM change_rows AS mine
        WHERE mine.organization_id = :organization
          AND mine.change = :number
          AND mine.purged_by IS NULL
          AND {later.FIRST_OF_ITS_ROW}
        """,
        number=number,
    )[0]
    if _purged(work, number):
        work.warn("Some of what the change wrote was purged meanwhile, and stays gone.")
    return Undone(
        undone=ids.change(number),
        tool=header["tool"],
        entities=counts["entities"],
        connections=counts["connections"],
        tags=counts["tags"],
        documents=counts["documents"],
        events_kept=changes.events(work, number) or None,
    )


def _touched(header: Row) -> list[str]:
    found = jsons.loads(header["touched"] or "[]")
    return [str(id) for id in found] if isinstance(found, list) else []


def _purged(work: Work, number: int) -> bool:
    found = work.one(
        """
        SELECT 1
        FROM change_rows
        WHERE organization_id = :organization
          AND change = :number
          AND purged_by IS NOT NULL
        LIMIT 1
        """,
        number=number,
    )
    return found is not None
