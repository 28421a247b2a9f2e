"""Neighbours: an entity's connections in numbers and names, and what happened to it lately."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from one_mcp import clock
from one_mcp.answers import Answer
from one_mcp.dimensions import excerpts
from one_mcp.dimensions.connections import validity
from one_mcp.dimensions.connections.directions import SIDES, Way
from one_mcp.dimensions.connections.validity import Span
from one_mcp.dimensions.entities import summaries
from one_mcp.dimensions.events import retracted
from one_mcp.jsons import JsonObject
from one_mcp.ontology import check
from one_mcp.ontology.model import Property
from one_mcp.store import dialect, sight
from one_mcp.store.work import Row, Work

METADATA_CHARACTERS = 500
_EVENT = "seq, id, type, actor_id, target_id, at, metadata"
_NEWEST = f"""
    WITH newest AS (
        SELECT {_EVENT}
        FROM (
            SELECT {_EVENT}
            FROM events
            WHERE organization_id = :organization
              AND target_id = :id
              AND {retracted.LIVE}
            ORDER BY at DESC, seq DESC
            {dialect.most("most")}
        ) AS happened
        UNION -- not ALL, since an entity may be the actor and the target of one event
        SELECT {_EVENT}
        FROM (
            SELECT {_EVENT}
            FROM events
            WHERE organization_id = :organization
              AND actor_id = :id
              AND {retracted.LIVE}
            ORDER BY at DESC, seq DESC
            {dialect.most("most")}
        ) AS caused
    )
    SELECT
        newest.id, newest.type, newest.actor_id, newest.target_id, newest.at, newest.metadata,
        coalesce(people.name, entities.name) AS actor_name
    FROM newest
    LEFT JOIN people ON people.organization_id = :organization AND people.id = actor_id
    LEFT JOIN entities ON entities.organization_id = :organization AND entities.id = actor_id
    ORDER BY newest.at DESC, newest.seq DESC
    {dialect.most("most")}
"""


class Neighbour(Answer):
    """An entity at the other end of a connection, with the connection's metadata."""

    id: str
    type: str
    name: str
    status: str | None = None
    metadata: JsonObject | None = None
    valid_until: str | None = None
    validity: str | None = None


class Happened(Answer):
    """An event that the entity was the target or the actor of."""

    id: str
    type: str
    at: str
    actor: str
    actor_name: str | None = None
    target: str | None = None
    metadata: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class Tie:
    """The connections of one type and direction, and how many there are (D-19)."""

    type: str
    direction: Way
    count: int

    @property
    def label(self) -> str:
        return f"{self.type} {self.direction}"


def ties(work: Work, id: str) -> list[Tie]:
    """Count an entity's connections by type and direction; the counts are kept, not worked out."""
    rows = work.all(
        f"""
        SELECT type, direction, live
        FROM (
            SELECT type, direction, {sight.counted("kept")} AS live
            FROM connection_counts AS kept
            WHERE organization_id = :organization
              AND entity_id = :id
        ) AS seen
        WHERE live > 0
        ORDER BY type, direction
        """,
        id=id,
    )
    return [Tie(row["type"], row["direction"], row["live"]) for row in rows]


def chosen(work: Work, found: Iterable[Tie], types: Collection[str] | None) -> list[Tie]:
    """Keep the ties of some relationship types, or all."""
    if types is None:
        return list(found)
    kinds = {check.relationship_type(work.ontology, type).name for type in types}
    return [tie for tie in found if tie.type in kinds]


def neighbours(work: Work, id: str, tie: Tie, most: int) -> list[Neighbour]:
    """List the entities at the other ends of a tie, the newest connections first."""
    near, far, _ = SIDES[tie.direction]
    declared = work.ontology.shape("relationship", tie.type)
    rows = work.all(
        f"""
        SELECT entities.id, entities.type, entities.name, entities.status, connections.metadata,
            connections.valid_from, connections.valid_until
        FROM connections
        CROSS JOIN entities
        WHERE connections.organization_id = :organization
          AND connections.{near} = :id
          AND connections.type = :type
          AND {sight.visible("connections")}
          AND entities.organization_id = :organization
          AND entities.id = connections.{far}
        ORDER BY connections.created_at DESC, connections.seq DESC
        {dialect.most("most")}
        """,
        id=id,
        type=tie.type,
        most=most,
    )
    return [
        Neighbour(
            id=row["id"],
            type=row["type"],
            name=row["name"],
            status=summaries.status(row),
            metadata=_metadata(row, declared),
            valid_until=validity.shown(row["valid_until"]),
            validity=Span.of(row).mark(work.now),
        )
        for row in rows
    ]


def events(work: Work, id: str, most: int) -> list[Happened]:
    """List the newest events that an entity was the target or the actor of."""
    rows = work.all(_NEWEST, id=id, most=most)
    return [
        Happened(
            id=row["id"],
            type=row["type"],
            at=clock.to_text(row["at"]),
            actor=row["actor_id"],
            actor_name=row["actor_name"],
            target=None if row["target_id"] == id else row["target_id"],
            metadata=_metadata(row, work.ontology.shape("event", row["type"])),
        )
        for row in rows
    ]


def _metadata(row: Row, declared: dict[str, Property]) -> JsonObject | None:
    if row["metadata"] == "{}":
        return None
    return excerpts.properties(row["metadata"], METADATA_CHARACTERS, declared)[0]
