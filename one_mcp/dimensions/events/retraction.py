"""Retractions: taking back events that were recorded by mistake, by rows beside them."""

from collections.abc import Iterable, Sequence

from one_mcp import ids
from one_mcp.answers import Written
from one_mcp.dimensions.events import retracted
from one_mcp.errors import ConflictError, NotFoundError
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work

Retraction = tuple[str, str | None, str | None]  # the event's id, why, what stands in its place
_COLUMNS = "organization_id, event_id, type, at, event, reason, replaced_by, version"
_VALUES = """
    events.organization_id, events.id, events.type, events.at, events.seq, NULL, NULL, :change
"""


class Retracted(Written):
    id: str
    type: str


def put(work: Work, given: Iterable[Retraction]) -> int:
    """Take events back that are in effect, and return how many were."""
    return work.many(
        f"""
        INSERT INTO retractions ({_COLUMNS})
        SELECT
            events.organization_id, events.id, events.type, events.at, events.seq, :reason,
            :replaced_by, :change
        FROM events
        WHERE organization_id = :organization
          AND id = :event
        ON CONFLICT (organization_id, event_id) DO NOTHING
        """,
        (
            {"event": id, "reason": reason, "replaced_by": other, "change": work.change}
            for id, reason, other in given
        ),
    )


def retract(work: Work, id: str, reason: str | None, replaced_by: str | None) -> Retracted:
    """Take one event back for a reason; another event may take its place.

    Raises NotFoundError, or ConflictError where an event is retracted already, or both are one.
    """
    row = event(work, id, "id")
    if replaced_by is not None:
        if replaced_by == id:
            raise ConflictError(f"{id} cannot stand in its own place.", id=id)
        event(work, replaced_by, "replaced_by")
    gone = retracted.among(work, [each for each in (id, replaced_by) if each])
    for each, back in gone.items():
        change = ids.change(back["version"])
        raise ConflictError(
            f"{each} is retracted already, by {change}; undo_change takes it up again.",
            id=each,
            change=change,
        )
    put(work, [(id, reason, replaced_by)])
    return Retracted(id=id, type=row["type"])


def event(work: Work, id: str, argument: str) -> Row:
    """Return an event's row; raises NotFoundError."""
    row = work.one(
        """
        SELECT id, type, at, actor_id, target_id, metadata
        FROM events
        WHERE organization_id = :organization
          AND id = :id
        """,
        id=id,
    )
    if row is not None:
        return row
    ids.require(id, argument, ids.EVENT)
    raise NotFoundError(f"There is no event {id}; find it with find_events.", id=id)


def of_change(work: Work, number: int) -> int:
    """Take back the events that a change recorded, and return how many were in effect."""
    return work.run(
        f"""
        INSERT INTO retractions ({_COLUMNS})
        SELECT {_VALUES}
        FROM events
        WHERE organization_id = :organization
          AND version = :number
        ON CONFLICT (organization_id, event_id) DO NOTHING
        """,
        number=number,
        change=work.change,
    )


def still_undone(work: Work) -> None:
    """Take back again what this change brings back of changes that stand undone.

    Such an event was retracted twice, by hand and by the undo, and only one of them goes.
    """
    work.run(
        f"""
        INSERT INTO retractions ({_COLUMNS})
        SELECT {_VALUES}
        FROM change_rows
        CROSS JOIN events
        CROSS JOIN change_log
        WHERE change_rows.organization_id = :organization
          AND change_rows.change = :change
          AND change_rows.kind = 'retraction'
          AND change_rows.after IS NULL
          AND events.organization_id = :organization
          AND events.id = change_rows.row_id
          AND change_log.organization_id = :organization
          AND change_log.number = events.version
          AND change_log.undone_by IS NOT NULL
        ON CONFLICT (organization_id, event_id) DO NOTHING
        """,
        change=work.change,
    )


def take_up(work: Work, event_ids: Sequence[str]) -> None:
    """Put events that were taken back into effect again."""
    if event_ids:
        work.run(
            f"""
            DELETE FROM retractions
            WHERE organization_id = :organization
              AND event_id {dialect.any_of("events")}
            """,
            events=list(event_ids),
        )
