"""Chunks: the passages that a document is cut into; they are cut anew, never changed.

A chunk's row is made once. Its words are in the index with it, in the same transaction; a vector
follows, and is kept for a text that comes back unchanged.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from one_mcp import jsons
from one_mcp.store.work import Work

HASH_BYTES = 16
PATH = " > "
# scripts that are written without spaces between words: the index takes each character for a word
_UNSPACED = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff])"
)
# vowel points of Hebrew and Arabic, which most texts are written without
_POINTS = re.compile(
    "[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed]"
)


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


def spaced(text: str) -> str | None:
    """Put spaces between characters of scripts that have none, and leave out vowel points.

    None where there are no such.
    """
    found = _UNSPACED.sub(r" \1 ", _POINTS.sub("", text))
    return None if found == text else found


def newest(work: Work) -> int:
    """Return the row of the newest passage; it says how many there are at most."""
    row: int | None = work.value(
        """
        SELECT row
        FROM chunks NOT INDEXED
        WHERE organization_id = :organization
        ORDER BY row DESC
        LIMIT 1
        """
    )
    return row or 0


def replace(
    work: Work, document: int, passages: Sequence[Passage], *, keep_text: bool = True
) -> list[int]:
    """Cut a document anew: write its passages in place of those it had, and return their rows.

    Vectors of passages that the organization has already, in this document or in another, are
    taken over, so that an unchanged text is not embedded again.
    """
    hashes = [passage.hash for passage in passages]
    kept = _vectors(work, hashes)
    work.run(
        "DELETE FROM chunks WHERE organization_id = :organization AND document = :document",
        document=document,
    )
    rows = [
        work.value(
            """
            INSERT INTO chunks
                (organization_id, document, ordinal, start, stop, heading, text, words, hash)
            VALUES
                (:organization, :document, :ordinal, :start, :stop, :heading, :text, :words, :hash)
            RETURNING row
            """,
            document=document,
            ordinal=ordinal,
            start=passage.start,
            stop=passage.stop,
            heading=passage.heading,
            text=passage.text if keep_text else None,
            words=_words(passage, keep_text=keep_text),
            hash=hash,
        )
        for ordinal, (passage, hash) in enumerate(zip(passages, hashes, strict=True))
    ]
    work.many(
        """
        INSERT INTO vectors (organization_id, model, chunk, vector)
        VALUES (:organization, :model, :chunk, :vector)
        """,
        (
            {"model": model, "chunk": row, "vector": vector}
            for row, hash in zip(rows, hashes, strict=True)
            for model, vector in kept.get(hash, {}).items()
        ),
    )
    return rows


def _words(passage: Passage, *, keep_text: bool) -> str | None:
    """Write a passage for the index, where that is not as it stands."""
    text = passage.text if keep_text else ""
    heading = spaced(passage.heading)
    if heading is None:
        return spaced(text)
    return f"{heading}\n{spaced(text) or text}"


def _vectors(work: Work, hashes: Sequence[str]) -> dict[str, dict[int, bytes]]:
    """Read the vectors that passages with these hashes have, by hash and model."""
    found: dict[str, dict[int, bytes]] = {}
    for row in work.each(
        """
        SELECT chunks.hash, vectors.model, vectors.vector
        FROM json_each(:hashes) AS wanted
        CROSS JOIN chunks
        CROSS JOIN vectors
        WHERE chunks.organization_id = :organization
          AND chunks.hash = wanted.value
          AND vectors.organization_id = :organization
          AND vectors.chunk = chunks.row
        """,
        hashes=jsons.dumps(list(dict.fromkeys(hashes))),
    ):
        found.setdefault(row["hash"], {})[row["model"]] = row["vector"]
    return found
