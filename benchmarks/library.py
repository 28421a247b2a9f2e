"""Fill a database with any number of passages, through the store's own tables and triggers.

Words are drawn by Zipf's law from a made-up vocabulary, as common ones are what makes search slow.
Vectors are real ones of the packaged model, of sentences of such words, each moved in a random
direction, so that they lie as those of a million texts might.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import anyio
import numpy as np
from numpy.typing import NDArray

from one_mcp.app import App, open_app
from one_mcp.dimensions.knowledge import models
from one_mcp.dimensions.organizations import LOCAL, LOCAL_OWNER
from one_mcp.search.vectors import quantised
from one_mcp.session import Call
from one_mcp.settings import Settings
from one_mcp.store.sqlite.connection import Raw

VOCABULARY, WORDS, SENTENCES = 60_000, 90, 1_500
CHUNKS_OF_ONE = 4  # passages of a document
RARE = 100  # one in so many documents has the tag, the label and the type that filters ask for
BATCH = 10_000
SYLLABLES = (
    "ba be bi bo da de di do fa fe ga go ka ke ki ko la le li lo ma me mi mo na ne ni".split()
)
START_MS = 1_700_000_000_000


def vocabulary(rng: np.random.Generator) -> list[str]:
    picked = rng.integers(0, len(SYLLABLES), (VOCABULARY, 4))
    return [
        "".join(SYLLABLES[place] for place in row[: 2 + number % 3]) + format(number % 97, "x")
        for number, row in enumerate(picked)
    ]


class Author:
    """Writes texts and questions."""

    def __init__(self, seed: int = 7) -> None:
        self.rng = np.random.default_rng(seed)
        self.words = vocabulary(self.rng)
        weights = 1 / (np.arange(VOCABULARY) + 2.7)
        self._reach = np.cumsum(weights / weights.sum())

    def texts(self, count: int, words: int = WORDS) -> list[str]:
        drawn = np.searchsorted(self._reach, self.rng.random((count, words)))
        return [" ".join([self.words[place] for place in row]) for row in drawn]


def spread(base: NDArray[np.float32], count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Move known vectors in random directions, by about as much as texts of one topic differ."""
    near = base[rng.integers(0, len(base), count)] + base[rng.integers(0, len(base), count)] * 0.5
    noise = rng.normal(size=near.shape).astype(np.float32) * (0.6 / near.shape[1] ** 0.5)
    moved = near + noise
    return moved / np.linalg.norm(moved, axis=1, keepdims=True)


async def real_vectors(app: App, author: Author) -> NDArray[np.float32]:
    loaded = await app.engine.ready()
    assert loaded is not None
    made = await loaded.embedder.embed(author.texts(SENTENCES, 20), "passage")
    return np.frombuffer(made, np.float32).reshape(SENTENCES, -1)


def documents(first: int, count: int, change: int) -> Iterator[tuple[object, ...]]:
    for number in range(first, first + count):
        yield (number + 1, LOCAL, f"kno_{number:016d}", f"Title {number}", START_MS, change)


def fill(
    raw: Raw, model: int, first: int, texts: list[str], vectors: list[bytes], change: int
) -> None:
    """Write some documents with their entities, links, passages and vectors."""
    count = len(texts) // CHUNKS_OF_ONE
    raw.executemany(
        "INSERT INTO entities (organization_id, id, type, name, properties, status, created_at,"
        " updated_at, version) VALUES (?, ?, ?, ?, '{}', 'active', ?, ?, ?)",
        (
            (
                LOCAL,
                f"ent_{n:016d}",
                "podcast" if n % RARE else "video",
                f"Thing {n}",
                START_MS,
                START_MS,
                change,
            )
            for n in range(first, first + count)
        ),
    )
    raw.executemany(
        "INSERT INTO tags (organization_id, entity_id, key, value) VALUES (?, ?, 'topic', 'rare')",
        ((LOCAL, f"ent_{n:016d}") for n in range(first, first + count) if not n % RARE),
    )
    raw.executemany(
        "INSERT INTO knowledge (row, organization_id, id, kind, title, media_type, hash, created_at,"
        " updated_at, version) VALUES (?, ?, ?, 'document', ?, 'text/plain', '', ?, ?, ?)",
        ((*row[:4], row[4], row[4], row[5]) for row in documents(first, count, change)),
    )
    raw.executemany(
        "INSERT INTO knowledge_links (organization_id, knowledge_id, entity_id, role)"
        " VALUES (?, ?, ?, 'chunk_of')",
        ((LOCAL, f"kno_{n:016d}", f"ent_{n:016d}") for n in range(first, first + count)),
    )
    raw.executemany(
        "INSERT INTO knowledge_labels (organization_id, knowledge_id, key, value)"
        " VALUES (?, ?, 'topic', 'rare')",
        ((LOCAL, f"kno_{n:016d}") for n in range(first, first + count) if not n % RARE),
    )
    start = first * CHUNKS_OF_ONE
    raw.executemany(
        "INSERT INTO chunks (row, organization_id, document, ordinal, start, stop, heading, text,"
        " hash) VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?)",
        (
            (
                start + place + 1,
                LOCAL,
                first + place // CHUNKS_OF_ONE + 1,
                place % CHUNKS_OF_ONE,
                len(text),
                f"Title {first + place // CHUNKS_OF_ONE}",
                text,
                str(start + place),
            )
            for place, text in enumerate(texts)
        ),
    )
    raw.executemany(
        "INSERT INTO vectors (organization_id, model, chunk, vector) VALUES (?, ?, ?, ?)",
        ((LOCAL, model, start + place + 1, vector) for place, vector in enumerate(vectors)),
    )


async def seed(path: Path, chunks: int) -> None:
    """Make the file, unless it is there."""
    if path.exists():  # noqa: ASYNC240  # nothing else runs
        return
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)  # noqa: ASYNC240
    author = Author()
    async with open_app(Settings(database=partial, embedding_model="all-MiniLM-L6-v2")) as app:
        base = await real_vectors(app, author)
        one = app.session(Call("seed"))
        loaded = await app.engine.ready()
        assert loaded is not None
        model = await one.derive(models.declare, loaded.embedder.name, base.shape[1])
        change = await app.database.write(
            lambda raw: raw.execute(
                "INSERT INTO changes (organization_id, person_id, tool, at, touched)"
                " VALUES (?, ?, 'seed', ?, '[\"*\"]') RETURNING number",
                (LOCAL, LOCAL_OWNER, START_MS),
            ).fetchone()[0]
        )
        for first in range(0, chunks, BATCH):
            count = min(BATCH, chunks - first)
            texts = author.texts(count)
            vectors = quantised(spread(base, count, author.rng).tobytes(), base.shape[1])

            def batch(
                raw: Raw,
                first: int = first,
                texts: list[str] = texts,
                vectors: list[bytes] = vectors,
            ) -> None:
                fill(raw, model, first // CHUNKS_OF_ONE, texts, vectors, change)

            await app.database.write(batch)
    partial.rename(path)  # noqa: ASYNC240
    for tail in ("-wal", "-shm", "-lock"):
        partial.with_name(partial.name + tail).unlink(missing_ok=True)  # noqa: ASYNC240


if __name__ == "__main__":
    begun = time.perf_counter()
    anyio.run(seed, Path(sys.argv[1]), int(sys.argv[2]))
    print(f"{time.perf_counter() - begun:.1f} s")
