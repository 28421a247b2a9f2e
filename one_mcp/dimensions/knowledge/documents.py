"""Documents: whole texts with their source, which agents add, read and forget.

The text of an entity's own field is a document too, whose text stays in the entity; its row, its
link and its chunks follow the field, and are neither logged nor exported.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

from one_mcp import ids, jsons
from one_mcp.answers import Written, few
from one_mcp.dimensions.knowledge import chunks, labels
from one_mcp.dimensions.knowledge.chunks import Passage
from one_mcp.dimensions.knowledge.labels import Linked, Role
from one_mcp.errors import ConflictError, InvalidArgumentError, NotFoundError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.store.work import Row, Work

MediaType = Literal["text/markdown", "text/plain"]
Keep = Literal["text", "redacted", "vector_only"]
LABELS_CHARACTERS = 2_000
WHOLE = 2**31  # more characters than SQLite keeps in a value
FIELD_TEXT = """'$."' || knowledge.source_field || '"'"""
COLUMNS = (
    "row, id, kind, title, media_type, language, source, source_id, source_field, hash, redacted, "
    "quality, metadata, created_at, updated_at, version"
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A text that is to become a document, already cut into passages.

    `keep` says whether the text is shown ("text"), only searched ("redacted"), or not even stored
    ("vector_only": `vectors` of the model with this number come along). `quality` is 0 to 1.
    """

    title: str
    text: str
    passages: Sequence[Passage]
    media_type: MediaType = "text/markdown"
    language: str | None = None
    source: str | None = None
    keep: Keep = "text"
    quality: float | None = None
    metadata: JsonObject = field(default_factory=dict[str, JsonValue])
    entities: Sequence[str] = ()
    role: Role = "chunk_of"
    labels: Sequence[str] = ()
    model: int | None = None
    vectors: Sequence[bytes] = ()

    @property
    def hash(self) -> str:
        return digest(self.text)


class Added(Written):
    """The document. `unchanged` says that this text was there already, and was not stored again."""

    id: str
    title: str
    chunks: int
    characters: int
    unchanged: bool | None = None


class Labelled(Written):
    """The labels and links that a document has now."""

    id: str
    title: str
    labels: list[str] | None = None
    entities: list[str] | None = None


class Forgotten(Written):
    """What is gone from search; `undo_change` brings it back."""

    id: str
    title: str
    chunks: int


def add(work: Work, draft: Draft) -> Added:
    """Store a text with its passages, whose words are found at once.

    A text that comes from the same source as another replaces it; one that is there word for word
    is not stored again, and only gets the new links and labels.
    """
    before = _known(work, draft)
    same = before is not None and before["hash"] == draft.hash and before["title"] == draft.title
    row = before if before is not None and same else _write(work, draft, before)
    labels.link(work, row["id"], draft.entities, draft.role)
    labels.add(work, row["id"], draft.labels)
    _touch(work, row["id"])
    return Added(
        id=row["id"],
        title=row["title"],
        chunks=count_chunks(work, row["row"]),
        characters=len(draft.text),
        unchanged=same or None,
    )


def label(
    work: Work,
    id: str,
    add: Sequence[str] | None = None,
    remove: Sequence[str] | None = None,
    *,
    link: Sequence[str] | None = None,
    unlink: Sequence[str] | None = None,
    role: Role = "chunk_of",
) -> Labelled:
    """Change what a document is filed under, and which entities it tells of."""
    row = one(work, id)
    if row["source_id"] is not None and (link or unlink):
        raise _belongs(row)
    labels.remove(work, id, remove or [])
    labels.add(work, id, add or [])
    labels.unlink(work, id, unlink or [])
    labels.link(work, id, link or [], role)
    linked = _touch(work, id)
    return Labelled(
        id=id,
        title=row["title"],
        labels=few(labels.of(work, id), LABELS_CHARACTERS),
        entities=few((f"{each.id} ({each.name})" for each in linked), LABELS_CHARACTERS),
    )


def forget(work: Work, id: str) -> Forgotten:
    """Take a document out of the organization's knowledge, until the change is undone."""
    row = one(work, id)
    if row["source_id"] is not None:
        raise _belongs(row)
    gone = count_chunks(work, row["row"])
    _touch(work, id)
    work.run(
        "DELETE FROM knowledge WHERE organization_id = :organization AND id = :id",
        id=id,
    )
    return Forgotten(id=id, title=row["title"], chunks=gone)


def digest(text: str) -> str:
    """Digest a text, so that two can be compared without reading them."""
    return sha256(text.encode()).hexdigest()


def one(work: Work, id: str) -> Row:
    """Return the row of a document, without its text; raises NotFoundError."""
    row = work.one(
        f"SELECT {COLUMNS} FROM knowledge WHERE organization_id = :organization AND id = :id",
        id=id,
    )
    if row is None:
        if not id.startswith(f"{ids.KNOWLEDGE}_"):
            raise InvalidArgumentError(
                "A document's id begins with kno_; search_knowledge finds it.", argument="id"
            )
        raise NotFoundError(f"There is no document {id}; find it with search_knowledge.", id=id)
    return row


def text(work: Work, row: Row, start: int = 0, characters: int | None = None) -> tuple[str, int]:
    """Read a part of a document's text, and how many characters the whole has."""
    found = work.one(
        f"""
        SELECT substr(text, :start + 1, :characters) AS part, length(text) AS characters
        FROM (
            SELECT coalesce(
                knowledge.text,
                (
                    SELECT json_extract(entities.properties, {FIELD_TEXT})
                    FROM entities
                    WHERE entities.organization_id = :organization
                      AND entities.id = knowledge.source_id
                )
            ) AS text
            FROM knowledge
            WHERE knowledge.organization_id = :organization
              AND knowledge.row = :row
        )
        """,
        row=row["row"],
        start=start,
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


def store_vectors(work: Work, model: int, vectors: Sequence[tuple[int, bytes]]) -> int:
    """Store the vectors of chunks that are still there, and return how many."""
    return sum(
        work.run(
            """
            INSERT INTO vectors (organization_id, model, chunk, vector)
            SELECT organization_id, :model, row, :vector
            FROM chunks
            WHERE organization_id = :organization
              AND row = :chunk
            ON CONFLICT DO UPDATE SET vector = excluded.vector
            """,
            model=model,
            chunk=chunk,
            vector=vector,
        )
        for chunk, vector in vectors
    )


def _touch(work: Work, id: str) -> list[Linked]:
    """Touch a document and the entities that it tells of, and return those."""
    linked = labels.links(work, [id]).get(id, [])
    work.touch(id, *(each.id for each in linked))
    return linked


def _known(work: Work, draft: Draft) -> Row | None:
    """Find the document that a draft replaces or repeats: of the same source, or word for word."""
    if draft.source is not None:
        return work.one(
            f"""
            SELECT {COLUMNS}
            FROM knowledge
            WHERE organization_id = :organization
              AND source = :source
              AND source_id IS NULL
            """,
            source=draft.source,
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
        hash=draft.hash,
        title=draft.title,
    )


def _write(work: Work, draft: Draft, before: Row | None) -> Row:
    id: str = before["id"] if before is not None else ids.new(ids.KNOWLEDGE, work.now)
    values: dict[str, object] = {
        "id": id,
        "kind": "vector_only" if draft.keep == "vector_only" else "document",
        "title": draft.title,
        "text": None if draft.keep == "vector_only" else draft.text,
        "media_type": draft.media_type,
        "language": draft.language,
        "hash": draft.hash,
        "redacted": int(draft.keep != "text"),
        "quality": draft.quality,
        "metadata": jsons.dumps(draft.metadata),
        "now": work.now,
        "change": work.change,
    }
    if before is None:
        _insert(work, draft.source, values)
    else:
        _update(work, values)
    row = one(work, id)
    kept = draft.keep != "vector_only"
    rows = chunks.replace(work, row["row"], draft.passages, keep_text=kept)
    if draft.model is not None:
        store_vectors(work, draft.model, list(zip(rows, draft.vectors, strict=True)))
    work.run(
        """
        DELETE FROM knowledge_queue
        WHERE organization_id = :organization
          AND subject_id = :id
        """,
        id=id,
    )
    return row


def _insert(work: Work, source: str | None, values: dict[str, object]) -> None:
    work.run(
        """
        INSERT INTO knowledge
            (organization_id, id, kind, title, text, media_type, language, source, hash, redacted,
             quality, metadata, created_at, updated_at, version)
        VALUES
            (:organization, :id, :kind, :title, :text, :media_type, :language, :source, :hash,
             :redacted, :quality, :metadata, :now, :now, :change)
        """,
        source=source,
        **values,
    )


def _update(work: Work, values: dict[str, object]) -> None:
    work.run(
        """
        UPDATE knowledge
        SET kind = :kind, title = :title, text = :text, media_type = :media_type,
            language = :language, hash = :hash, redacted = :redacted, quality = :quality,
            metadata = :metadata, updated_at = :now, version = :change
        WHERE organization_id = :organization
          AND id = :id
        """,
        **values,
    )


def _belongs(row: Row) -> ConflictError:
    return ConflictError(
        f"{row['id']} is the {row['source_field']} of {row['source_id']}; change that entity with "
        "update_entity, or archive it.",
        id=row["id"],
        entity=row["source_id"],
    )
