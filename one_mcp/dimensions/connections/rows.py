"""Connection rows: what makes one differ, and the one place that writes them, one or a thousand."""

from collections.abc import Sequence
from dataclasses import dataclass

from one_mcp import jsons
from one_mcp.dimensions.connections.validity import ALWAYS, Span
from one_mcp.jsons import JsonObject
from one_mcp.ontology import adjustments, check
from one_mcp.ontology.adjustments import Adjustment
from one_mcp.ontology.check import CheckedProperties
from one_mcp.ontology.model import RelationshipType
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work


@dataclass(slots=True)
class ConnectionRow:
    """A connection as it is to be written; times that are not given are those of the change."""

    kind: RelationshipType
    id: str
    from_id: str
    to_id: str
    metadata: JsonObject
    span: Span = ALWAYS
    created_at: int | None = None
    updated_at: int | None = None
    hidden_at: int | None = None


def begun(
    kind: RelationshipType, given: JsonObject, *, adjust: Adjustment = adjustments.NONE
) -> tuple[JsonObject, CheckedProperties]:
    """Work out what a new connection has, with defaults; null means what it means in a patch."""
    given = adjustments.applied(kind.metadata, {}, given, adjust, "metadata")
    checked = check.metadata(kind, given, fill=True)
    return jsons.merged({}, checked.values), checked


def patched(
    kind: RelationshipType,
    before: Row,
    patch: JsonObject,
    *,
    stored: bool = False,
    adjust: Adjustment = adjustments.NONE,
) -> tuple[JsonObject, CheckedProperties]:
    """Merge a patch into the metadata that is there (RFC 7396: null removes, D-20).

    Where that makes a difference the whole is checked, too: it may have become too large.
    """
    old = jsons.load_object(before["metadata"])
    patch = adjustments.applied(kind.metadata, old, patch, adjust, "metadata")
    checked = check.metadata(kind, patch, patch=True, stored=stored)
    new = jsons.merged(old, checked.values)
    if not jsons.same(old, new):
        check.metadata(kind, new, stored=True)
    return new, checked


def differs(before: Row, after: ConnectionRow) -> bool:
    """Whether a connection says something else than the row that is there, or is shown again."""
    if (before["deleted_at"] is None) != (after.hidden_at is None):
        return True
    if Span.of(before) != after.span:
        return True
    text = jsons.dumps(after.metadata)
    return text != before["metadata"] and not jsons.same(
        after.metadata, jsons.load_object(before["metadata"])
    )


def between(work: Work, ends: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str, str], Row]:
    """Find the connections that are there of some from, type and to."""
    found = work.all(
        f"""
        SELECT c.seq, c.id, c.from_id, c.type, c.to_id, c.metadata,
            c.valid_from, c.valid_until, c.deleted_at, c.version
        FROM {dialect.each_list("ends", "wanted")}
        CROSS JOIN connections AS c
        WHERE c.organization_id = :organization
          AND c.from_id = wanted.value ->> 0
          AND c.type = wanted.value ->> 1
          AND c.to_id = wanted.value ->> 2
        """,
        ends=ends,
    )
    return {(row["from_id"], row["type"], row["to_id"]): row for row in found}


def insert(work: Work, connections: Sequence[ConnectionRow]) -> None:
    """Write new connections."""
    work.many(
        """
        INSERT INTO connections
            (organization_id, id, from_id, type, to_id, metadata, valid_from, valid_until,
             created_at, updated_at, deleted_at, version)
        VALUES
            (:organization, :id, :from_id, :type, :to_id, :metadata, :valid_from, :valid_until,
             :created_at, :updated_at, :hidden_at, :change)
        """,
        (
            {
                "id": it.id,
                "from_id": it.from_id,
                "type": it.kind.name,
                "to_id": it.to_id,
                "metadata": jsons.dumps(it.metadata),
                "valid_from": it.span.valid_from,
                "valid_until": it.span.valid_until,
                "created_at": work.now if it.created_at is None else it.created_at,
                "updated_at": work.now if it.updated_at is None else it.updated_at,
                "hidden_at": it.hidden_at,
                "change": work.change,
            }
            for it in connections
        ),
    )


def update(work: Work, connections: Sequence[ConnectionRow]) -> None:
    """Write connections that are there anew, those that differ: each write is logged."""
    work.many(
        """
        UPDATE connections
        SET metadata = :metadata, valid_from = :valid_from, valid_until = :valid_until,
            deleted_at = :hidden_at, updated_at = :now, version = :change
        WHERE organization_id = :organization
          AND id = :id
        """,
        (
            {
                "id": it.id,
                "metadata": jsons.dumps(it.metadata),
                "valid_from": it.span.valid_from,
                "valid_until": it.span.valid_until,
                "hidden_at": it.hidden_at,
                "now": work.now,
                "change": work.change,
            }
            for it in connections
        ),
    )
