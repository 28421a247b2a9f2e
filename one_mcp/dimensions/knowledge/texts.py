"""Texts: the rows of documents, and what stands in them."""

from collections.abc import Mapping
from hashlib import sha256

from one_mcp import ids, jsons
from one_mcp.errors import InvalidArgumentError, NotFoundError
from one_mcp.store.work import Row, Work

WHOLE = 2**31 - 1  # no text has more characters, and an older SQLite cuts higher numbers to 32 bits
COLUMNS = (
    "seq, id, kind, title, media_type, language, source, source_id, source_field, hash, redacted, "
    "quality, metadata, created_at, updated_at, version"
)


def digest(text: str) -> str:
    """Digest a text, so that two can be compared without reading them."""
    return sha256(text.encode()).hexdigest()


def one(work: Work, id: str) -> Row:
    """Return the row of a document, without its text; raises NotFoundError."""
    row = find(work, id)
    if row is None:
        raise missing(id)
    return row


def find(work: Work, id: str) -> Row | None:
    """Return the row of a document, without its text; None where there is none."""
    return work.one(
        f"SELECT {COLUMNS} FROM knowledge WHERE organization_id = :organization AND id = :id",
        id=id,
    )


def missing(id: str) -> NotFoundError | InvalidArgumentError:
    """Say that there is no such document, or that this is no document's id."""
    if not ids.is_of(id, ids.KNOWLEDGE):
        return ids.refusal(id, "id", ids.KNOWLEDGE)
    return NotFoundError(f"There is no document {id}; find it with search_knowledge.", id=id)


def same(work: Work, title: str, hash: str, source: str | None) -> Row | None:
    """Find the document that a text replaces or repeats: of the same source, or word for word."""
    if source is not None:
        return work.one(
            f"""
            SELECT {COLUMNS}
            FROM knowledge
            WHERE organization_id = :organization
              AND source = :source
              AND source_id IS NULL
            """,
            source=source,
        )
    return work.one(
        f"""
        SELECT {COLUMNS}
        FROM knowledge
        WHERE organization_id = :organization
          AND hash = :hash
          AND title = :title
          AND source IS NULL
          AND source_id IS NULL
        """,
        hash=hash,
        title=title,
    )


def differs(before: Row, values: Mapping[str, object]) -> bool:
    """Whether a document is to be written anew; what is not said of it makes no difference."""
    whole = ("kind", "hash", "title", "media_type", "redacted")
    said = [name for name in ("language", "quality") if values[name] is not None]
    if any(before[name] != values[name] for name in (*whole, *said)):
        return True
    metadata = jsons.load_object(str(values["metadata"]))
    return metadata != {} and not jsons.same(metadata, jsons.load_object(before["metadata"]))


def insert(work: Work, values: Mapping[str, object]) -> None:
    """Write the row of a document of its own."""
    work.run(
        """
        INSERT INTO knowledge
            (organization_id, id, kind, title, text, media_type, language, source, hash, redacted,
             quality, metadata, created_at, updated_at, version)
        VALUES
            (:organization, :id, :kind, :title, :text, :media_type, :language, :source, :hash,
             :redacted, :quality, :metadata, :created_at, :updated_at, :change)
        """,
        **values,
        change=work.change,
    )


def update(work: Work, values: Mapping[str, object]) -> None:
    """Write a document's row anew; where it comes from, and since when it is there, stay."""
    work.run(
        """
        UPDATE knowledge
        SET kind = :kind, title = :title, text = :text, media_type = :media_type,
            language = :language, hash = :hash, redacted = :redacted, quality = :quality,
            metadata = :metadata, updated_at = :updated_at, version = :change
        WHERE organization_id = :organization
          AND id = :id
        """,
        **values,
        change=work.change,
    )


def remove(work: Work, id: str) -> None:
    """Remove a document with all that hangs on it."""
    work.run("DELETE FROM knowledge WHERE organization_id = :organization AND id = :id", id=id)


def text(work: Work, row: Row, start: int = 0, characters: int | None = None) -> tuple[str, int]:
    """Read a part of a document's text, and how many characters the whole has."""
    found = work.one(
        """
        SELECT substr(text, :start + 1, :characters) AS part, length(text) AS characters
        FROM (
            SELECT coalesce(
                knowledge.text,
                (
                    SELECT entities.properties ->> knowledge.source_field
                    FROM entities
                    WHERE entities.organization_id = :organization
                      AND entities.id = knowledge.source_id
                )
            ) AS text
            FROM knowledge
            WHERE knowledge.organization_id = :organization
              AND knowledge.seq = :seq
        ) AS whole
        """,
        seq=row["seq"],
        start=min(start, WHOLE - 1),
        characters=WHOLE if characters is None else characters,
    )
    if found is None or found["part"] is None:
        return "", 0
    return found["part"], found["characters"]


def count_chunks(work: Work, document: int) -> int:
    """Count the passages that a document is cut into."""
    return work.value(
        """
        SELECT count(*)
        FROM chunks
        WHERE organization_id = :organization
          AND document = :document
        """,
        document=document,
    )


def put_link(work: Work, knowledge_id: str, entity_id: str, role: str) -> int:
    """Write a link unless it is there, and return how many are new."""
    return work.run(
        """
        INSERT INTO knowledge_links (organization_id, knowledge_id, entity_id, role)
        VALUES (:organization, :id, :entity, :role)
        ON CONFLICT (organization_id, knowledge_id, entity_id, role) DO NOTHING
        """,
        id=knowledge_id,
        entity=entity_id,
        role=role,
    )
