"""Retractions: taking back events that were recorded by mistake, by rows beside them."""

from collections.abc import Iterable, Sequence

from one_mcp.store import dialect
from one_mcp.store.work import Work

Retraction = tuple[str, str | None, str | None]  # the event's id, why, what stands in its place
_COLUMNS = "organization_id, event_id, type, at, event, reason, replaced_by, version"
_VALUES = """
    events.organization_id, events.id, events.type, events.at, events.seq, NULL, NULL, :change
"""


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
