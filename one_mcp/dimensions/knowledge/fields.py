"""Fields: the long texts of entities, which become knowledge by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass

from one_mcp import ids
from one_mcp.dimensions.knowledge import chunks, texts
from one_mcp.dimensions.knowledge.chunks import Passage
from one_mcp.jsons import load_object
from one_mcp.ontology.model import Ontology
from one_mcp.store.sqlite.connection import Raw, begin, rollback
from one_mcp.store.work import Row, Work

LINKED_AS = "chunk_of"
_INSERT = (
    "INSERT INTO embeddable_fields (type, field) VALUES (:type, :field) ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class FieldText:
    """The text of one field of an entity, and what its passages stand under."""

    field: str
    title: str
    text: str
    language: str | None


def declare(raw: Raw, ontology: Ontology) -> None:
    """Tell the file which fields become knowledge; entities that have them already are queued.

    Triggers go by what the file says, so that servers with other packs leave nothing out.
    """
    declared = {
        (kind.name, field) for kind in ontology.entity_types.values() for field in kind.embeddable
    }
    if not declared - _known(raw):
        return
    begin(raw)
    try:
        for type, field in sorted(declared - _known(raw)):
            raw.execute(_INSERT, {"type": type, "field": field})
            raw.execute(
                """
                INSERT INTO knowledge_queue (organization_id, subject_id)
                SELECT organization_id, id
                FROM entities
                WHERE organization_id = entities.organization_id
                  AND type = :type
                  AND json_type(properties, :path) = 'text'
                ON CONFLICT DO NOTHING
                """,
                {"type": type, "path": f'$."{field}"'},
            )
        raw.execute("COMMIT")
    except BaseException:
        rollback(raw)
        raise


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
        work.run(
            "DELETE FROM knowledge WHERE organization_id = :organization AND id = :id",
            id=present[name]["id"],
        )
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
        chunks.replace(work, row["row"], passages)


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
    work.run(
        """
        INSERT INTO knowledge_links (organization_id, knowledge_id, entity_id, role)
        VALUES (:organization, :id, :entity, :role)
        """,
        id=id,
        entity=entity["id"],
        role=LINKED_AS,
    )
    return texts.one(work, id)


def _known(raw: Raw) -> set[tuple[str, str]]:
    return {(row[0], row[1]) for row in raw.execute("SELECT type, field FROM embeddable_fields")}
