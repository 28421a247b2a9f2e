"""Non-entities: a connection and an event, each shown by its id as an entity is."""

from dataclasses import dataclass

from one_mcp import clock, ids
from one_mcp.answers import Answer
from one_mcp.dimensions import excerpts, lookup
from one_mcp.dimensions.changes import images, past
from one_mcp.dimensions.connections.validity import ALWAYS, Span
from one_mcp.dimensions.entities import as_of
from one_mcp.dimensions.events import retracted
from one_mcp.errors import ArchivedError, InvalidArgumentError, NotFoundError
from one_mcp.jsons import JsonObject
from one_mcp.store.tables import CONNECTIONS, EVENTS
from one_mcp.store.work import Row, Work

IN_EFFECT, RETRACTED, CONNECTED, HIDDEN = "in effect", "retracted", "active", "hidden"
METADATA_CHARACTERS = 14_000


class Party(Answer):
    """An entity at an end of a connection, or a person or an entity of an event.

    What was purged has no name any more.
    """

    id: str
    type: str | None = None
    name: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What a connection or an event is, in the words of an entity's portrait."""

    id: str
    type: str
    name: str
    status: str
    ends: dict[str, Party | None]
    metadata: JsonObject | None
    shortened: list[str] | None
    created: int
    updated: int
    version: int
    at: str | None = None
    retracted: str | None = None
    reason: str | None = None
    replaced_by: str | None = None
    external_id: str | None = None
    span: Span = ALWAYS


def connection(work: Work, id: str, at: int | None, *, hidden: bool) -> Shown:
    """Show a connection, today or as of a time.

    Raises NotFoundError; ArchivedError where an end is archived, unless what is `hidden` is wanted.
    """
    row = _connection(work, id, at)
    ends = {end: _end(work, row[f"{end}_id"], at) for end in ("from", "to")}
    archived = [end for end in ends.values() if end.status == lookup.ARCHIVED]
    is_hidden = bool(archived) or row["deleted_at"] is not None
    if is_hidden and not hidden:
        named = ", ".join(f"{end.name or end.id} ({end.id})" for end in archived)
        raise ArchivedError(
            f"{id} is hidden, since {named} is archived; restore_entity in apply_changes brings "
            'both back, and get_entity with include=["archived"] shows it as it is.',
            id=id,
        )
    kind = work.ontology.relationship_types.get(row["type"])
    start, end = ends["from"].name or ends["from"].id, ends["to"].name or ends["to"].id
    shape = work.ontology.shape("relationship", row["type"])
    metadata, shortened = excerpts.properties(row["metadata"], METADATA_CHARACTERS, shape)
    return Shown(
        id=id,
        type=row["type"],
        name=kind.sentence(start, end) if kind else f"{start} {row['type']} {end}",
        status=HIDDEN if is_hidden else CONNECTED,
        ends={**ends},
        metadata=metadata or None,
        shortened=shortened,
        created=row["created_at"],
        updated=row["updated_at"],
        version=row["version"],
        span=Span.of(row),
    )


def event(work: Work, id: str, at: int | None) -> Shown:
    """Show an event, and what took it back where it is retracted; raises NotFoundError."""
    if at is not None:
        raise InvalidArgumentError(
            "An event never changes; leave as_of out. get_history of its change tells when it was "
            "recorded.",
            argument="as_of",
        )
    row = _event(work, id)
    taken = retracted.among(work, [id]).get(id)
    ends = {
        "actor": _end(work, row["actor_id"], None),
        "target": row["target_id"] and _end(work, row["target_id"], None),
    }
    shape = work.ontology.shape("event", row["type"])
    metadata, shortened = excerpts.properties(row["metadata"], METADATA_CHARACTERS, shape)
    said = [(end.name or end.id) for end in ends.values() if end]
    back = None if taken is None else ids.change(taken["version"])
    return Shown(
        id=id,
        type=row["type"],
        name=f"{row['type']}: {', '.join(said)}",
        status=IN_EFFECT if taken is None else RETRACTED,
        ends=ends,
        metadata=metadata or None,
        shortened=shortened,
        created=row["recorded_at"],
        updated=row["recorded_at"],
        version=row["version"],
        at=clock.to_text(row["at"]),
        retracted=back,
        reason=taken["reason"] if taken else None,
        replaced_by=taken["replaced_by"] if taken else None,
        external_id=row["external_id"],
    )


def _event(work: Work, id: str) -> Row:
    row = work.one(
        f"""
        SELECT {", ".join(EVENTS.imaged)}, coalesce(
            (
                SELECT change_log.at
                FROM change_log
                WHERE change_log.organization_id = :organization
                  AND change_log.number = events.version
            ),
            events.at
        ) AS recorded_at
        FROM events
        WHERE organization_id = :organization
          AND id = :id
        """,
        id=id,
    )
    if row is None:
        raise NotFoundError(f"There is no event {id}; find it with find_events.", id=id)
    return row


def _connection(work: Work, id: str, at: int | None) -> Row:
    image = None if at is None else past.image(work, "connection", id, at)
    if image is not None:
        return images.columns("connection", image)
    row = work.one(
        f"""
        SELECT {", ".join(CONNECTIONS.imaged)}
        FROM connections
        WHERE organization_id = :organization
          AND id = :id
        """,
        id=id,
    )
    if row is None:
        raise NotFoundError(
            f"There is no connection {id} (any more); find_connections lists what there is, "
            "get_history tells what became of it, and as_of shows it as it was.",
            id=id,
        )
    return row


def _end(work: Work, id: str, at: int | None) -> Party:
    try:
        row = lookup.any_state(work, id) if at is None else as_of.entity(work, id, at)
    except (NotFoundError, InvalidArgumentError):  # purged, or a person
        return Party(id=id, name=_person(work, id))
    status = None if row["status"] == lookup.DEFAULT_STATUS else row["status"]
    return Party(id=id, type=row["type"], name=row["name"], status=status)


def _person(work: Work, id: str) -> str | None:
    return work.value(
        """
        SELECT name
        FROM people
        WHERE organization_id = :organization
          AND id = :id
        """,
        id=id,
    )
