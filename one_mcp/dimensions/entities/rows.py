"""Entity rows: what makes one differ, and the one place that writes them, one or a thousand."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from one_mcp import jsons
from one_mcp.dimensions import lookup
from one_mcp.dimensions.entities import identity
from one_mcp.jsons import JsonObject
from one_mcp.ontology import adjustments, automatic, check
from one_mcp.ontology.adjustments import Adjustment
from one_mcp.ontology.check import CheckedProperties
from one_mcp.ontology.model import EntityType
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work

SHOWN = 3  # of those that are alike
_INSERT = """
    INSERT INTO entities
        (organization_id, id, type, name, properties, status, identity, external_id,
         created_at, updated_at, deleted_at, status_before, version)
    VALUES
        (:organization, :id, :type, :name, :properties, :status, :identity, :external_id,
         :created_at, :updated_at, :archived_at, :status_before, :change)
    ON CONFLICT DO NOTHING
"""


@dataclass(slots=True)
class EntityRow:
    """An entity as it is to be written; times that are not given are those of the change.

    An `external_id` that is not given stays what it is.
    """

    kind: EntityType
    id: str
    name: str
    status: str
    properties: JsonObject
    external_id: str | None = None
    created_at: int | None = None
    updated_at: int | None = None
    archived_at: int | None = None
    status_before: str | None = None
    identity: str | None = field(init=False)

    def __post_init__(self) -> None:
        self.identity = identity.of(self.kind, self.properties)


def begun(kind: EntityType, name: str, given: JsonObject) -> tuple[JsonObject, CheckedProperties]:
    """Work out what a new entity has, with its defaults; null means what it means in a patch."""
    checked = check.properties(kind, given, fill=True)
    return automatic.begun(kind, name, given, jsons.merged({}, checked.values)), checked


def replaced(kind: EntityType, given: JsonObject) -> tuple[JsonObject, CheckedProperties]:
    """Work out what an entity has whose properties are replaced: no defaults, and null as ever."""
    checked = check.properties(kind, given)
    return jsons.merged({}, checked.values), checked


def patched(
    kind: EntityType,
    before: Row,
    patch: JsonObject,
    *,
    stored: bool = False,
    adjust: Adjustment = adjustments.NONE,
) -> tuple[JsonObject, CheckedProperties]:
    """Merge a patch into the properties that are there (RFC 7396: null removes, D-11).

    Where that makes a difference the whole is checked, too: what is required may have been removed.
    """
    old = jsons.load_object(before["properties"])
    patch = adjustments.applied(kind.properties, old, patch, adjust, "properties")
    checked = check.properties(kind, patch, patch=True, stored=stored)
    new = jsons.merged(old, checked.values)
    if not jsons.same(old, new):
        check.properties(kind, new, stored=True)
    return new, checked


def differing(before: Row, after: EntityRow) -> list[str]:
    """Name the columns and the properties in which an entity differs from the row that is there."""
    changed = [
        column
        for column, value in (("name", after.name), ("status", after.status))
        if before[column] != value
    ]
    if after.external_id not in (None, before["external_id"]):
        changed.append("external_id")
    if jsons.dumps(after.properties) != before["properties"]:
        old = jsons.load_object(before["properties"])
        fields = jsons.differing(old, after.properties)
        changed += [f"properties.{field}" for field in sorted(fields)]
    return changed


def insert(work: Work, entities: Sequence[EntityRow]) -> int:
    """Write new entities, and return how many: an id, identity or external id is there only once.

    Two keys beside the id may stand in the way, so the statement names none.
    """
    return work.many(_INSERT, (_inserted(work, it) for it in entities))


def insert_one(work: Work, entity: EntityRow) -> list[str] | None:
    """Write a new entity, and name those of its type and name that were there; None as above.

    One statement does both: creating is what happens most.
    """
    row = work.one(
        f"""
        {_INSERT}
        RETURNING (
            SELECT {dialect.json_list("same.id")}
            FROM (
                SELECT other.id
                FROM entities AS other
                WHERE other.organization_id = :organization
                  AND other.type = :type
                  AND lower(other.name) = lower(:name)
                  AND other.deleted_at IS NULL
                  AND other.version <> :change
                ORDER BY other.seq
                LIMIT {SHOWN}
            ) AS same
        ) AS alike
        """,
        **_inserted(work, entity),
    )
    return None if row is None else json.loads(row["alike"] or "[]")


def _inserted(work: Work, entity: EntityRow) -> dict[str, str | int | None]:
    archived = entity.archived_at is not None
    return {
        **_columns(entity),
        "type": entity.kind.name,
        "created_at": work.now if entity.created_at is None else entity.created_at,
        "updated_at": work.now if entity.updated_at is None else entity.updated_at,
        "archived_at": entity.archived_at,
        "status_before": entity.status_before or lookup.DEFAULT_STATUS if archived else None,
        "change": work.change,
    }


def update(work: Work, entities: Sequence[EntityRow]) -> None:
    """Write entities that are there anew, those that differ: each write is an entry in the log."""
    work.many(
        """
        UPDATE entities
        SET name = :name, properties = :properties, status = :status, identity = :identity,
            external_id = coalesce(:external_id, external_id), updated_at = :now, version = :change
        WHERE organization_id = :organization
          AND id = :id
        """,
        ({**_columns(it), "now": work.now, "change": work.change} for it in entities),
    )


def retype(work: Work, entity: EntityRow) -> None:
    """Write an entity as one of another type."""
    work.run(
        """
        UPDATE entities
        SET type = :type, properties = :properties, identity = :identity, updated_at = :now,
            version = :change
        WHERE organization_id = :organization
          AND id = :id
        """,
        type=entity.kind.name,
        id=entity.id,
        properties=jsons.dumps(entity.properties),
        identity=entity.identity,
        now=work.now,
        change=work.change,
    )


def _columns(entity: EntityRow) -> dict[str, str | None]:
    return {
        "id": entity.id,
        "name": entity.name,
        "properties": jsons.dumps(entity.properties),
        "status": entity.status,
        "identity": entity.identity,
        "external_id": entity.external_id,
    }
