"""Semantic search: passages whose vectors point where a question's does, scored exactly."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from one_mcp import jsons
from one_mcp.search.ports import Scan
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work

CANDIDATES = 300  # of the scan, to be scored exactly
BATCH = 16_384
SOUND = "length(embeddings.vector) = (SELECT dimension FROM embedding_models WHERE number = :model)"


@dataclass(frozen=True, slots=True)
class Question:
    """A question's vector (float32 values), and the number of the model that made it."""

    vector: bytes
    model: int


def follow(work: Work, scan: Scan, model: int) -> None:
    """Take in the vectors that were written since, by whichever process."""
    rows = _since(work, model, scan.seen)
    while batch := list(islice(rows, BATCH)):
        scan.add([(row["seq"], row["chunk"], row["vector"]) for row in batch])


def vectors(work: Work, model: int, chunks: Sequence[int]) -> dict[int, bytes]:
    """Read the vectors of passages; one that has none is not in the answer."""
    return _vectors(work, model, "chunk", chunks)


def by_rows(work: Work, model: int, rows: Sequence[int]) -> dict[int, bytes]:
    """Read vectors by their rows, which takes half the time."""
    return _vectors(work, model, "seq", rows)


def candidates(
    work: Work, scan: Scan, question: Question, most: int, among: Sequence[int] | None = None
) -> dict[int, int]:
    """Return the passages that are probably nearest, with their vectors' rows; some may be gone."""
    follow(work, scan, question.model)
    return scan.nearest(question.vector, most, among)


def _vectors(
    work: Work, model: int, key: Literal["chunk", "seq"], wanted: Sequence[int]
) -> dict[int, bytes]:
    rows = work.all(
        f"""
        SELECT embeddings.chunk, embeddings.vector
        FROM {dialect.each_number("wanted", "wanted")}
        CROSS JOIN embeddings
        WHERE embeddings.organization_id = :organization
          AND embeddings.{key} = wanted.value
          AND embeddings.model = :model
          AND {SOUND}
        """,
        wanted=jsons.dumps(list(wanted)),
        model=model,
    )
    return {row["chunk"]: row["vector"] for row in rows}


def _since(work: Work, model: int, seen: int) -> Iterator[Row]:
    return work.each(
        """
        SELECT seq, chunk, vector
        FROM embeddings
        WHERE organization_id = :organization
          AND model = :model
          AND seq > :seen
        ORDER BY seq
        """,
        model=model,
        seen=seen,
    )
