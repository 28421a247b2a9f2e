"""Chunks: the passages that a document is cut into; they are cut anew, never changed.

A chunk's row is made once. Its words are in the index with it, in the same transaction; a vector
follows, and is kept for a text that comes back unchanged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from one_mcp.store import dialect
from one_mcp.store.work import Work

HASH_BYTES = 16
PATH = " > "


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a document's text by character offsets, with the headings it stands under."""

    start: int
    stop: int
    heading: str
    text: str

    @property
    def whole(self) -> str:
        """What is embedded: the passage with what it stands under."""
        return embedded(self.heading, self.text)

    @property
    def hash(self) -> str:
        return blake2b(self.whole.encode(), digest_size=HASH_BYTES).hexdigest()


def embedded(heading: str, text: str) -> str:
    """Join a heading and a passage as one text for the embedder."""
    return f"{heading}\n{text}" if heading else text


def titled(title: str, heading: str) -> str:
    """Lead from a document's title to a heading in it; a heading that repeats the title is none."""
    path = [part for part in heading.split(PATH) if part and part != title]
    return PATH.join([title, *path] if title else path)


def replace(
    work: Work, document: int, passages: Sequence[Passage], *, keep_text: bool = True
) -> list[int]:
    """Cut a document anew: write its passages in place of those it had, and return their rows.

    Vectors of passages that the organization has already, in this document or in another, are
    taken over, so that an unchanged text is not embedded again. One that is to be made anew serves
    until then, and goes on waiting.
    """
    hashes = [passage.hash for passage in passages]
    kept = _vectors(work, hashes)
    remove(work, document)
    rows = [
        work.value(
            """
            INSERT INTO chunks
                (organization_id, document, ordinal, start, stop, heading, text, hash)
            VALUES
                (:organization, :document, :ordinal, :start, :stop, :heading, :text, :hash)
            RETURNING seq
            """,
            document=document,
            ordinal=ordinal,
            start=passage.start,
            stop=passage.stop,
            heading=passage.heading,
            text=passage.text if keep_text else None,
            hash=hash,
        )
        for ordinal, (passage, hash) in enumerate(zip(passages, hashes, strict=True))
    ]
    taken = [
        {"model": model, "chunk": row, "vector": vector, "waits": waits}
        for row, hash in zip(rows, hashes, strict=True)
        for model, (vector, waits) in kept.get(hash, {}).items()
    ]
    _take_over(work, taken, keep_text=keep_text)
    return rows


def _take_over(work: Work, taken: Sequence[Mapping[str, object]], *, keep_text: bool) -> None:
    work.many(
        """
        INSERT INTO embeddings (organization_id, model, chunk, vector)
        VALUES (:organization, :model, :chunk, :vector)
        """,
        taken,
    )
    work.many(
        """
        INSERT INTO embedding_queue (organization_id, model, chunk)
        VALUES (:organization, :model, :chunk)
        """,
        [each for each in taken if each["waits"] and keep_text],
    )


def remove(work: Work, document: int) -> None:
    """Remove the passages of a document."""
    work.run(
        "DELETE FROM chunks WHERE organization_id = :organization AND document = :document",
        document=document,
    )


def _vectors(work: Work, hashes: Sequence[str]) -> dict[str, dict[int, tuple[bytes, bool]]]:
    """Read the vectors that passages with these hashes have, by hash and model.

    With each comes whether it is to be made anew; one that is not is preferred.
    """
    found: dict[str, dict[int, tuple[bytes, bool]]] = {}
    for row in work.each(
        f"""
        SELECT
            chunks.hash, embeddings.model, embeddings.vector,
            EXISTS (
                SELECT 1
                FROM embedding_queue
                WHERE embedding_queue.organization_id = :organization
                  AND embedding_queue.model = embeddings.model
                  AND embedding_queue.chunk = chunks.seq
            ) AS waits
        FROM {dialect.each("hashes", "wanted")}
        CROSS JOIN chunks
        CROSS JOIN embeddings
        WHERE chunks.organization_id = :organization
          AND chunks.hash = wanted.value
          AND embeddings.organization_id = :organization
          AND embeddings.chunk = chunks.seq
        -- the last row counts, so that one which need not be made anew wins
        ORDER BY waits DESC, embeddings.chunk, embeddings.model
        """,
        hashes=list(dict.fromkeys(hashes)),
    ):
        found.setdefault(row["hash"], {})[row["model"]] = (row["vector"], bool(row["waits"]))
    return found
