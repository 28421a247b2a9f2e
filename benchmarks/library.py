"""Fill a database with any number of passages, through the store's own tables and triggers.

Texts are made of sentences out of the documentation of Python's standard library, with a few
made-up words each. A passage's vector is a mixture of those that the packaged model makes of two
such sentences, so that a million of them lie as real ones do; questions are other sentences.
"""

import ast
import os
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio
import numpy as np
from numpy.typing import NDArray

from benchmarks.seed import open_change
from one_mcp.app import LOCAL as OWNER
from one_mcp.app import App, open_app
from one_mcp.dimensions.knowledge.index import models
from one_mcp.dimensions.organizations.founding import LOCAL
from one_mcp.search.vectors import quantised
from one_mcp.session import Call
from one_mcp.settings import Settings
from one_mcp.store.sqlite.connection import Raw

SENTENCES = 6_000  # that passages are made of; as many again are for questions
OF_ONE_PASSAGE, RARE_WORDS = 6, 3
CHUNKS_OF_ONE = 4  # passages of a document
RARE = 100  # one in so many documents has the tag, the label and the type that filters ask for
BATCH = 10_000
SYLLABLES = ("ba", "be", "do", "fi", "ga", "ko", "la", "lo", "me", "mi", "no", "ra", "se", "tu")
START_MS = 1_700_000_000_000


def sentences() -> list[str]:
    """Read the sentences of the standard library's docstrings, always in the same order."""
    found: dict[str, None] = {}
    for path in sorted(Path(os.__file__).parent.glob("[a-z]*.py")):
        try:
            tree = ast.parse(path.read_text("utf-8"))
        except (SyntaxError, UnicodeDecodeError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                text = " ".join((ast.get_docstring(node) or "").split())
                found |= dict.fromkeys(re.findall(r"[A-Z][\w ,'-]{40,160}\.", text))
    return list(found)


class Author:
    """Writes passages and asks questions."""

    def __init__(self, seed: int = 7) -> None:
        self.rng = np.random.default_rng(seed)
        pool = sentences()
        np.random.default_rng(0).shuffle(pool)
        half = min(SENTENCES, len(pool) // 2)
        self.pool, self.others = pool[:half], pool[half:]

    def passages(self, count: int) -> list[str]:
        picked = self.rng.integers(0, len(self.pool), (count, OF_ONE_PASSAGE))
        rare = self.rng.integers(0, len(SYLLABLES), (count, RARE_WORDS, 5))
        return [
            " ".join(
                [
                    *(self.pool[place] for place in row),
                    *("".join(SYLLABLES[place] for place in word) for word in words),
                ]
            )
            for row, words in zip(picked, rare, strict=True)
        ]

    def questions(self, count: int) -> list[str]:
        return [self.others[place] for place in self.rng.integers(0, len(self.others), count)]

    def vectors(self, base: NDArray[np.float32], count: int) -> NDArray[np.float32]:
        """Mix pairs of known vectors."""
        part = self.rng.random((count, 1), np.float32) * 0.8
        first, second = self.rng.integers(0, len(base), (2, count))
        mixed = base[first] + part * base[second]
        return mixed / np.linalg.norm(mixed, axis=1, keepdims=True)


async def embedded(app: App, texts: list[str]) -> NDArray[np.float32]:
    loaded = await app.providers.embedding.ready()
    assert loaded is not None
    made = await loaded.embedder.embed(texts, "passage")
    return np.frombuffer(made, np.float32).reshape(len(texts), -1)


def documents(first: int, count: int, change: int) -> Iterator[tuple[object, ...]]:
    for number in range(first, first + count):
        yield (number + 1, LOCAL, f"kno_{number:016d}", f"Title {number}", START_MS, change)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Some documents of four passages each, the number of the first, and what they belong to."""

    first: int
    texts: list[str]
    vectors: list[bytes]
    model: int
    change: int


def fill(raw: Raw, shelf: Shelf) -> None:
    """Write some documents with their entities, links, passages and vectors."""
    first, texts, vectors, change = shelf.first, shelf.texts, shelf.vectors, shelf.change
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
        "INSERT INTO knowledge (seq, organization_id, id, kind, title, media_type, hash,"
        " created_at, updated_at, version)"
        " VALUES (?, ?, ?, 'document', ?, 'text/plain', '', ?, ?, ?)",
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
        "INSERT INTO chunks (seq, organization_id, document, ordinal, start, stop, heading, text,"
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
        "INSERT INTO embeddings (organization_id, model, chunk, vector) VALUES (?, ?, ?, ?)",
        ((LOCAL, shelf.model, start + place + 1, vector) for place, vector in enumerate(vectors)),
    )


async def seed(path: Path, chunks: int) -> None:
    """Make the file, unless it is there."""
    if path.exists():  # noqa: ASYNC240  # nothing else runs
        return
    unfinished = path.with_suffix(".partial")
    unfinished.unlink(missing_ok=True)
    author = Author()
    async with open_app(Settings(database=unfinished, embedding_model="all-MiniLM-L6-v2")) as app:
        base = await embedded(app, author.pool)
        one = app.session(Call("seed"), OWNER)
        loaded = await app.providers.embedding.ready()
        assert loaded is not None
        model = await one.derive(models.declare, loaded.embedder.name, base.shape[1])
        change = await app.database.write(open_change)
        for first in range(0, chunks, BATCH):
            count = min(BATCH, chunks - first)
            texts = author.passages(count)
            vectors = quantised(author.vectors(base, count).tobytes(), base.shape[1])
            shelf = Shelf(first // CHUNKS_OF_ONE, texts, vectors, model, change)
            await app.database.write(partial(fill, shelf=shelf))
    unfinished.rename(path)
    for tail in ("-wal", "-shm", "-lock"):
        unfinished.with_name(unfinished.name + tail).unlink(missing_ok=True)


if __name__ == "__main__":
    begun = time.perf_counter()
    anyio.run(seed, Path(sys.argv[1]), int(sys.argv[2]))
    print(f"{time.perf_counter() - begun:.1f} s")
