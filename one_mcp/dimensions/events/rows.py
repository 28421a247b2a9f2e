"""Event rows: the one place that writes them, one or a thousand; none is ever changed."""

from collections.abc import Sequence
from dataclasses import dataclass

from one_mcp import jsons
from one_mcp.jsons import JsonObject
from one_mcp.store.work import Work


@dataclass(slots=True)
class EventRow:
    """An event as it is to be written."""

    id: str
    type: str
    actor: str
    target: str | None
    metadata: JsonObject
    at: int
    external_id: str | None = None


def insert(work: Work, events: Sequence[EventRow]) -> None:
    """Write new events."""
    work.many(
        """
        INSERT INTO events
            (organization_id, id, type, actor_id, target_id, at, metadata, external_id, version)
        VALUES
            (:organization, :id, :type, :actor, :target, :at, :metadata, :external_id, :change)
        """,
        (
            {
                "id": it.id,
                "type": it.type,
                "actor": it.actor,
                "target": it.target,
                "at": it.at,
                "metadata": jsons.dumps(it.metadata),
                "external_id": it.external_id,
                "change": work.change,
            }
            for it in events
        ),
    )
