"""Drafts: a text that is to become a document, and how it is written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from one_mcp import ids, jsons
from one_mcp.dimensions.knowledge import chunks, models, texts
from one_mcp.dimensions.knowledge.chunks import Passage
from one_mcp.dimensions.knowledge.labels import Role
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.store.work import Row, Work

MediaType = Literal["text/markdown", "text/plain"]
Keep = Literal["text", "redacted", "vector_only"]


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
        return texts.digest(self.text)


def known(work: Work, draft: Draft) -> Row | None:
    """Find the document that a draft replaces or repeats: of the same source, or word for word."""
    if draft.source is not None:
        return work.one(
            f"""
            SELECT {texts.COLUMNS}
            FROM knowledge
            WHERE organization_id = :organization
              AND source = :source
              AND source_id IS NULL
            """,
            source=draft.source,
        )
    return work.one(
        f"""
        SELECT {texts.COLUMNS}
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


def repeats(work: Work, draft: Draft, before: Row) -> bool:
    """Whether a document says all that a draft does, and is kept and found in the same way.

    Of a text that is not stored, only the draft can bring vectors: after an undo or an import, or
    for another model.
    """
    kind = "vector_only" if draft.keep == "vector_only" else "document"
    return (
        (before["hash"], before["title"], before["kind"]) == (draft.hash, draft.title, kind)
        and bool(before["redacted"]) == (draft.keep != "text")
        and draft.quality in (None, before["quality"])
        and draft.language in (None, before["language"])
        and (kind == "document" or _embedded(work, before["row"], draft.model))
    )


def _embedded(work: Work, document: int, model: int | None) -> bool:
    return bool(
        work.value(
            """
            SELECT EXISTS (
                SELECT 1
                FROM chunks
                CROSS JOIN vectors
                WHERE chunks.organization_id = :organization
                  AND chunks.document = :document
                  AND vectors.organization_id = :organization
                  AND vectors.chunk = chunks.row
                  AND vectors.model = :model
            )
            """,
            document=document,
            model=model,
        )
    )


def write(work: Work, draft: Draft, before: Row | None) -> Row:
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
    row = texts.one(work, id)
    kept = draft.keep != "vector_only"
    rows = chunks.replace(work, row["row"], draft.passages, keep_text=kept)
    if draft.model is not None:
        models.store(work, draft.model, list(zip(rows, draft.vectors, strict=True)))
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
