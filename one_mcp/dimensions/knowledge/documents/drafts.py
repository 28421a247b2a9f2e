"""Drafts: a text that is to become a document, and how it is written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from one_mcp import ids, jsons
from one_mcp.dimensions.knowledge import texts
from one_mcp.dimensions.knowledge.documents.labels import Role
from one_mcp.dimensions.knowledge.index import chunks, models
from one_mcp.dimensions.knowledge.index.chunks import Passage
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.store.work import Row, Work

MediaType = Literal["text/markdown", "text/plain"]
Keep = Literal["text", "redacted", "vector_only"]
Kind = Literal["document", "vector_only"]


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
    role: Role = "about"
    labels: Sequence[str] = ()
    model: int | None = None
    vectors: Sequence[bytes] = ()

    @property
    def hash(self) -> str:
        return texts.digest(self.text)

    @property
    def kind(self) -> Kind:
        return "vector_only" if self.keep == "vector_only" else "document"

    @property
    def redacted(self) -> bool:
        return self.keep != "text"


def known(work: Work, draft: Draft) -> Row | None:
    """Find the document that a draft replaces or repeats."""
    return texts.same(work, draft.title, draft.hash, draft.source)


def repeats(work: Work, draft: Draft, before: Row) -> bool:
    """Whether a document says all that a draft does, and is kept and found in the same way.

    Of a text that is not stored, only the draft can bring vectors: after an undo or an import, or
    for another model.
    """
    return not texts.differs(before, _values(work, draft, before["id"])) and (
        draft.kind == "document" or _embedded(work, before["seq"], draft.model)
    )


def _embedded(work: Work, document: int, model: int | None) -> bool:
    return bool(
        work.value(
            """
            SELECT EXISTS (
                SELECT 1
                FROM chunks
                CROSS JOIN embeddings
                WHERE chunks.organization_id = :organization
                  AND chunks.document = :document
                  AND embeddings.organization_id = :organization
                  AND embeddings.chunk = chunks.seq
                  AND embeddings.model = :model
            )
            """,
            document=document,
            model=model,
        )
    )


def _values(work: Work, draft: Draft, id: str) -> dict[str, object]:
    return {
        "id": id,
        "kind": draft.kind,
        "title": draft.title,
        "text": draft.text if draft.kind == "document" else None,
        "media_type": draft.media_type,
        "language": draft.language,
        "source": draft.source,
        "hash": draft.hash,
        "redacted": int(draft.redacted),
        "quality": draft.quality,
        "metadata": jsons.dumps(draft.metadata),
        "created_at": work.now,
        "updated_at": work.now,
    }


def write(work: Work, draft: Draft, before: Row | None) -> Row:
    id: str = before["id"] if before is not None else ids.new(ids.KNOWLEDGE, work.now)
    values = _values(work, draft, id)
    if before is None:
        texts.insert(work, values)
    else:
        texts.update(work, values)
    row = texts.one(work, id)
    rows = chunks.replace(work, row["seq"], draft.passages, keep_text=draft.kind == "document")
    if draft.model is not None:
        models.store(work, draft.model, list(zip(rows, draft.vectors, strict=True)))
    work.run(
        """
        DELETE FROM chunk_queue
        WHERE organization_id = :organization
          AND subject_id = :id
        """,
        id=id,
    )
    return row
