"""Entity texts: the long texts of entities, which become knowledge by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass

from one_mcp import ids
from one_mcp.dimensions.knowledge import texts
from one_mcp.dimensions.knowledge.index import chunks
from one_mcp.dimensions.knowledge.index.chunks import Passage
from one_mcp.jsons import load_object
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work

LINKED_AS = "chunk_of"
_KNOWN = "SELECT type, field FROM embeddable_fields"


@dataclass(frozen=True, slots=True)
class FieldText:
    """The text of one field of an entity, and what its passages stand under."""

    field: str
    title: str
    text: str
    language: str | None


def undeclared(work: Work) -> list[tuple[str, str]]:
    """List the types and fields that become knowledge, and that the file does not know of yet."""
    declared = {
        (kind.name, field)
        for kind in work.ontology.entity_types.values()
        for field in kind.embeddable
    }
    known = {(row["type"], row["field"]) for row in work.all(_KNOWN)}
    return sorted(declared - known)


def declare(work: Work) -> None:
    """Tell the file which fields become knowledge; entities that have them already are queued.

    Triggers go by what the file says, so that servers with other packs leave nothing out. This is
    about the entities of every organization.
    """
    for type, field in undeclared(work):
        work.run(
            """
            INSERT INTO embeddable_fields (type, field)
            VALUES (:type, :field)
            ON CONFLICT (type, field) DO NOTHING
            """,
            type=type,
            field=field,
        )
        work.run(
            f"""
            INSERT INTO chunk_queue (organization_id, subject_id)
            SELECT organization_id, id
            FROM entities
            -- always true, since those of every organization are meant
            WHERE organization_id = entities.organization_id
              AND type = :type
              AND {dialect.is_text("properties", ":field")}
            ON CONFLICT (organization_id, subject_id) DO NOTHING
            """,
            type=type,
            field=field,
        )


def read(work: Work, entity: Row) -> list[FieldText]:
    """Read the texts of an entity that become knowledge."""
    fields = work.all(
        "SELECT field FROM embeddable_fields WHERE type = :type ORDER BY field",
        type=entity["type"],
    )
    properties = load_object(entity["properties"])
    language = properties.get("language")
    return [
        FieldText(
            row["field"], entity["name"], text, language if isinstance(language, str) else None
        )
        for row in fields
        if isinstance(text := properties.get(row["field"]), str) and text.strip()
    ]


def write(work: Work, entity: Row, parts: Sequence[tuple[FieldText, Sequence[Passage]]]) -> None:
    """Bring an entity's knowledge to what its fields say now."""
    present = {
        row["source_field"]: row
        for row in work.all(
            f"""
            SELECT {texts.COLUMNS}
            FROM knowledge
            WHERE organization_id = :organization
              AND source_id = :entity
            """,
            entity=entity["id"],
        )
    }
    for name in present.keys() - {part.field for part, _ in parts}:
        texts.remove(work, present[name]["id"])
    for part, passages in parts:
        row = present.get(part.field) or _insert(work, entity, part)
        work.run(
            """
            UPDATE knowledge
            SET title = :title, hash = :hash, language = :language, updated_at = :at,
                version = :version
            WHERE organization_id = :organization
              AND id = :id
            """,
            id=row["id"],
            title=part.title,
            hash=texts.digest(part.text),
            language=part.language,
            at=entity["updated_at"],
            version=entity["version"],
        )
        chunks.replace(work, row["seq"], passages)


def _insert(work: Work, entity: Row, part: FieldText) -> Row:
    id = ids.new(ids.KNOWLEDGE, work.now)
    work.run(
        """
        INSERT INTO knowledge
            (organization_id, id, kind, title, media_type, language, source_id, source_field, hash,
             created_at, updated_at, version)
        VALUES
            (:organization, :id, 'document', :title, 'text/markdown', :language, :entity, :field,
             '', :created, :updated, :version)
        """,
        id=id,
        title=part.title,
        language=part.language,
        entity=entity["id"],
        field=part.field,
        created=entity["created_at"],
        updated=entity["updated_at"],
        version=entity["version"],
    )
    texts.put_link(work, id, entity["id"], LINKED_AS)
    return texts.one(work, id)
