"""Ends: what a listed connection shows of the entities that it leads from and to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from one_mcp import jsons
from one_mcp.dimensions import excerpts, lookup
from one_mcp.jsons import JsonObject
from one_mcp.ontology.model import Ontology
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work

PROPERTIES_CHARACTERS = 2_000
SHARED_CHARACTERS = 400
Then = Mapping[str, Row] | None


@dataclass(frozen=True, slots=True)
class End:
    """An entity as it stands in a list of connections; `cut` names what was shortened."""

    name: str
    type: str | None = None
    status: str | None = None
    properties: JsonObject | None = None
    cut: list[str] = field(default_factory=list[str])


def full(
    work: Work, rows: Sequence[Row], asked: frozenset[str | None], then: Then = None
) -> dict[str, End]:
    """Show every end whole, but those that were asked for by their id only by name.

    `then` are the entities as they were, if that is what is asked for.
    """
    found = _entities(work, _ids(rows), "id, name, type, status, properties", then)
    return {
        row["id"]: End(row["name"]) if row["id"] in asked else _whole(work, row) for row in found
    }


def concise(
    work: Work, rows: Sequence[Row], asked: frozenset[str | None], then: Then = None
) -> dict[str, End]:
    """Show names and types, and what the type of a connection asks for and the end can tell.

    A token's chain is one: `holds_tokens` has a field for it, which most connections leave to the
    token.
    """
    found = {row["id"]: row for row in _entities(work, _ids(rows), "id, name, type", then)}
    shared: dict[str, set[str]] = {}
    for row in rows:
        for id in {row["from_id"], row["to_id"]} - asked:
            names = _shared(work.ontology, row["type"], found[id]["type"])
            if names:
                shared.setdefault(id, set()).update(names)
    told = {row["id"]: row for row in _entities(work, list(shared), "id, properties", then)}
    return {
        id: End(row["name"])
        if id in asked
        else End(
            row["name"],
            row["type"],
            properties=_told(work, row["type"], told[id], shared[id]) if id in told else None,
        )
        for id, row in found.items()
    }


def _shared(ontology: Ontology, relationship: str, type: str) -> set[str]:
    """Name the fields that a relationship type and an entity type have in common."""
    edge, end = ontology.relationship_types.get(relationship), ontology.entity_types.get(type)
    return edge.metadata.keys() & end.properties.keys() if edge and end else set()


def _told(work: Work, type: str, row: Row, names: set[str]) -> JsonObject | None:
    values = jsons.load_object(row["properties"])
    shared = {name: values[name] for name in values if name in names}
    shape = work.ontology.shape("entity", type)
    return excerpts.properties(jsons.dumps(shared), SHARED_CHARACTERS, shape)[0] or None


def _whole(work: Work, row: Row) -> End:
    shape = work.ontology.shape("entity", row["type"])
    properties, cut = excerpts.properties(row["properties"], PROPERTIES_CHARACTERS, shape)
    status = None if row["status"] == lookup.DEFAULT_STATUS else row["status"]
    return End(row["name"], row["type"], status, properties or None, cut or [])


def _ids(rows: Sequence[Row]) -> list[str]:
    return list({row[end] for row in rows for end in ("from_id", "to_id")})


def _entities(work: Work, ids: list[str], columns: str, then: Then) -> list[Row]:
    if then is not None:
        return [then[id] for id in ids]
    if not ids:
        return []
    return work.all(
        f"""
        SELECT {columns}
        FROM entities
        WHERE organization_id = :organization
          AND id {dialect.any_of("ids")}
        """,
        ids=ids,
    )
