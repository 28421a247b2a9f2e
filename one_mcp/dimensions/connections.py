"""Connections: how entities belong together."""

from one_mcp import ids, jsons
from one_mcp.answers import Written
from one_mcp.dimensions import entities, subjects
from one_mcp.errors import CycleError, InvalidArgumentError, NotFoundError
from one_mcp.jsons import JsonObject
from one_mcp.ontology import check
from one_mcp.ontology.model import RelationshipType
from one_mcp.store.work import Row, Work

CYCLE_LIMIT = 10_000


class Connected(Written):
    """`sentence` reads the connection aloud; `created` is false where it was there before."""

    id: str
    sentence: str
    created: bool
    metadata: JsonObject | None = None
    extra: list[str] | None = None


class Disconnected(Written):
    id: str
    sentence: str


def connect(
    work: Work, from_id: str, type: str, to_id: str, metadata: JsonObject | None = None
) -> Connected:
    """Connect two live entities, or merge metadata into the connection that is there (D-20).

    Unusual ends are stored and warned of; a reversed `directed` type, a cycle in an acyclic one,
    a missing end and a connection to itself are refused (D-06, D-08).
    """
    kind = check.relationship_type(work.ontology, type)
    checked = check.metadata(kind, metadata or {}, patch=True)
    if from_id == to_id:
        raise InvalidArgumentError(
            "An entity cannot be connected to itself; from and to must differ.", argument="to"
        )
    start, end = subjects.live(work, from_id), subjects.live(work, to_id)
    advice = check.endpoints(work.ontology, start["type"], kind.name, end["type"])
    if advice is not None:
        work.warn(advice)
    existing = find(work, from_id, kind.name, to_id)
    if existing is None:
        if kind.acyclic:
            _refuse_cycle(work, kind, start, end)
        id = _insert(work, from_id, kind.name, to_id, checked.values)
        kept = checked.values
    else:
        id = existing["id"]
        kept = entities.merged(jsons.load_object(existing["metadata"]), checked.values)
        _update(work, existing, kept)
    return Connected(
        id=id,
        sentence=sentence(kind, start["name"], end["name"]),
        created=existing is None,
        metadata=kept or None,
        extra=list(checked.extra) or None,
    )


def disconnect(work: Work, from_id: str, type: str, to_id: str) -> Disconnected:
    """Remove a connection; `undo_change` brings it back."""
    kind = check.relationship_type(work.ontology, type)
    start, end = subjects.any_state(work, from_id), subjects.any_state(work, to_id)
    row = find(work, from_id, kind.name, to_id)
    if row is None:
        turned = find(work, to_id, kind.name, from_id)
        hint = f" There is one the other way: from {to_id} to {from_id}." if turned else ""
        raise NotFoundError(
            f"There is no connection {from_id} {kind.name} {to_id}.{hint} "
            "find_connections shows what there is.",
        )
    work.run(
        "DELETE FROM connections WHERE organization_id = :organization AND id = :id",
        id=row["id"],
    )
    work.touch(row["id"], from_id, to_id)
    return Disconnected(id=row["id"], sentence=sentence(kind, start["name"], end["name"]))


def find(work: Work, from_id: str, type: str, to_id: str) -> Row | None:
    """Return the one connection of a type between two entities, in this direction."""
    return work.one(
        """
        SELECT id, metadata, deleted_at, version
        FROM connections
        WHERE organization_id = :organization
          AND from_id = :from_id
          AND to_id = :to_id
          AND type = :type
        """,
        from_id=from_id,
        type=type,
        to_id=to_id,
    )


def sentence(kind: RelationshipType, from_name: str, to_name: str) -> str:
    """Read a connection aloud: `Jane owns Yoga for runners`."""
    return f"{from_name} {kind.reading} {to_name}"


def _insert(work: Work, from_id: str, type: str, to_id: str, metadata: JsonObject) -> str:
    id = ids.new(ids.CONNECTION, work.now)
    work.run(
        """
        INSERT INTO connections
            (organization_id, id, from_id, type, to_id, metadata, created_at, updated_at, version)
        VALUES
            (:organization, :id, :from_id, :type, :to_id, :metadata, :now, :now, :change)
        """,
        id=id,
        from_id=from_id,
        type=type,
        to_id=to_id,
        metadata=jsons.dumps(metadata),
        now=work.now,
        change=work.change,
    )
    work.touch(id, from_id, to_id, type)
    return id


def _update(work: Work, before: Row, metadata: JsonObject) -> None:
    text = jsons.dumps(metadata)
    if text == before["metadata"]:
        return
    work.run(
        """
        UPDATE connections
        SET metadata = :metadata, updated_at = :now, version = :change
        WHERE organization_id = :organization
          AND id = :id
        """,
        id=before["id"],
        metadata=text,
        now=work.now,
        change=work.change,
    )
    work.touch(before["id"])


def _refuse_cycle(work: Work, kind: RelationshipType, start: Row, end: Row) -> None:
    """Raise CycleError where `end` leads back to `start` along connections of the same type."""
    seen = {end["id"]}
    frontier = [end["id"]]
    while frontier and len(seen) < CYCLE_LIMIT:
        rows = work.all(
            """
            SELECT to_id
            FROM connections
            WHERE organization_id = :organization
              AND type = :type
              AND from_id IN (SELECT value FROM json_each(:frontier))
            """,
            type=kind.name,
            frontier=jsons.dumps(frontier),
        )
        frontier = [row["to_id"] for row in rows if row["to_id"] not in seen]
        seen.update(frontier)
        if start["id"] in seen:
            raise CycleError(
                f"{end['name']} {kind.reading} {start['name']} already, directly or through "
                f"others; {kind.name} may not run in a circle.",
                type=kind.name,
            )
