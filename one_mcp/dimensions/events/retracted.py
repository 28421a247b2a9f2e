"""Retracted events: what was recorded by mistake stays, with a row beside it that takes it back.

Lists, counts and sums of events leave out what is retracted, unless asked for it.
"""

from collections.abc import Sequence

from one_mcp.store import dialect
from one_mcp.store.work import Row, Work


def live(events: str) -> str:
    """Say in SQL that a row of `events`, under the name it has in a statement, is in effect.

    It costs one seek a row; where an index alone counts events of a type, counting `retractions` by
    the same type and times, and taking them off, costs nothing.
    """
    return f"""
    NOT EXISTS (
        SELECT 1
        FROM retractions
        WHERE retractions.organization_id = {events}.organization_id
          AND retractions.type = {events}.type
          AND retractions.at = {events}.at
          AND retractions.event = {events}.seq
    )
"""


LIVE = live("events")


def among(work: Work, event_ids: Sequence[str]) -> dict[str, Row]:
    """Return which of some events are retracted: by which change, why, and what stands for them."""
    rows = work.all(
        f"""
        SELECT event_id, version, reason, replaced_by
        FROM retractions
        WHERE organization_id = :organization
          AND event_id {dialect.any_of("events")}
        """,
        events=list(event_ids),
    )
    return {row["event_id"]: row for row in rows}


def live_of_many(work: Work) -> list[str]:
    """Say the same for who reads very many events: all retractions are read at once, and first.

    Where there are none, an index alone may count events, and no row is asked.
    """
    return [_OF_MANY] if are_any(work) else []


def are_any(work: Work) -> bool:
    """Tell whether the organization has ever retracted an event."""
    known = work.value(
        "SELECT 1 FROM retractions WHERE organization_id = :organization ORDER BY event_id LIMIT 1"
    )
    return known is not None


_OF_MANY = """
    events.seq NOT IN (
        SELECT retractions.event
        FROM retractions
        WHERE retractions.organization_id = :organization
    )
"""
