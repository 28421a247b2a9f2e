"""How long search_knowledge takes inside the server, and how exact the scan of bits is.

    python -m benchmarks.search [passages] [folder]

The time is that of the tool's own work, the embedding of the question included. Exactness compares
the ten nearest passages by the scan with those of all vectors. The file is made in the folder, and
used again if it is there.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the server, before numpy is there

import anyio
import numpy as np

from benchmarks.library import Author, embedded, seed
from one_mcp.app import LOCAL, App, open_app
from one_mcp.dimensions.knowledge.search import semantic
from one_mcp.dimensions.knowledge.search.hybrid import Wish
from one_mcp.dimensions.knowledge.search.scope import Scope
from one_mcp.dimensions.knowledge.search.semantic import Question
from one_mcp.services.knowledge import recall
from one_mcp.session import Call, Session
from one_mcp.settings import PACKAGED_MODEL, Settings
from one_mcp.store.work import Work

QUESTIONS, NEAREST = 60, 10
WARM_UP = 100  # other questions before: how common words are is counted once
LARGE = 300_000  # passages; up to so many a search has 15 ms
SCOPES = {
    "everything": Scope(),
    "a tag that 1 % have": Scope(tags=("topic:rare",)),
    "a label that 1 % have": Scope(labels=("topic:rare",)),
    "a type that 1 % have": Scope(types=("video",)),
    "a type that 99 % have": Scope(types=("podcast",)),
}


async def times_ms(questions: list[str], ask: Callable[[str], Awaitable[object]]) -> list[float]:
    found: list[float] = []
    for question in questions:
        begun = time.perf_counter()
        await ask(question)
        found.append((time.perf_counter() - begun) * 1000)
    return sorted(found)


def row(what: str, times: list[float], bar: float | None = None) -> str:
    median, late = statistics.median(times), times[int(len(times) * 0.9)]
    verdict = "" if bar is None else f"{bar:.0f} | {'met' if median <= bar else 'missed'}"
    return f"| {what} | {times[0]:.1f} | {median:.1f} | {late:.1f} | {verdict or ' | '} |"


async def latency(one: Session, questions: list[str], passages: int) -> None:
    await times_ms(Author(12).questions(WARM_UP), lambda text: recall.find(one, Wish(text)))
    print("| search | best, ms | median | 90 % | bar | |\n|---|---:|---:|---:|---:|---|")
    for what, scope in SCOPES.items():
        bar = 15 if scope or passages <= LARGE else 35
        times = await times_ms(
            questions, lambda text, scope=scope: recall.find(one, Wish(text, scope))
        )
        print(row(what, times, bar if "99" not in what else None), flush=True)
    loaded = await one.providers.embedding.ready()
    assert loaded is not None
    times = await times_ms(questions, lambda text: loaded.embedder.embed([text], "query"))
    print(row("only the question's embedding", times, 6))


async def exactness(app: App, one: Session, author: Author) -> float:
    """Return which part of the true ten nearest the scan leads to."""
    loaded = await app.providers.embedding.ready()
    assert loaded is not None
    asked = await embedded(app, author.questions(QUESTIONS))
    space, arithmetic = loaded.space(one.principal.organization), loaded.arithmetic

    def compare(work: Work) -> float:
        model = work.value("SELECT max(number) FROM embedding_models")
        chunks: list[int] = []
        best = [np.zeros(0)] * QUESTIONS
        numbers = [np.zeros(0, np.int64)] * QUESTIONS
        rows = work.raw.execute("SELECT chunk, vector FROM embeddings")
        while batch := rows.fetchmany(50_000):
            chunks = [each[0] for each in batch]
            values = np.frombuffer(b"".join(each[1] for each in batch), np.int8)
            matrix = values.reshape(len(batch), -1).astype(np.float32)
            matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
            for place, cosines in enumerate(asked @ matrix.T):
                top = np.argsort(-cosines)[:NEAREST]
                best[place] = np.concatenate([best[place], cosines[top]])
                numbers[place] = np.concatenate([numbers[place], np.array(chunks)[top]])
        hits = 0
        for place, vector in enumerate(asked):
            true = set(numbers[place][np.argsort(-best[place])[:NEAREST]].tolist())
            question = Question(vector.astype(np.float32).tobytes(), model)
            most = semantic.CANDIDATES
            near = semantic.candidates(work, space.scan, question, most)
            found = semantic.by_rows(work, model, list(near.values()))
            scores = arithmetic.cosines(question.vector, list(found.values()))
            ranked = sorted(zip(scores, found, strict=True), reverse=True)[:NEAREST]
            hits += len(true & {chunk for _, chunk in ranked})
        return hits / (NEAREST * QUESTIONS)

    return await one.read(compare)


async def measure(path: Path, passages: int) -> None:
    await seed(path, passages)
    settings = Settings(database=path, embedding_model=PACKAGED_MODEL, read_only=True)
    async with open_app(settings) as app:
        one = app.session(Call("benchmark"), LOCAL)
        author = Author(11)
        begun = time.perf_counter()
        await recall.find(one, Wish("the first question"))
        first = time.perf_counter() - begun
        print(f"{passages:,} passages\n")
        await latency(one, author.questions(QUESTIONS), passages)
        found = await exactness(app, one, author)
        verdict = "met" if found >= 0.97 else "missed"
        print(f"\nfirst search, with the model and all vectors loaded: {first:.2f} s")
        print(f"of the exact ten nearest, the scan finds {found:.1%} (bar: 97 %, {verdict})\n")


def main() -> None:
    passages = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory(prefix="one_mcp-bench-") as name:
        folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(name)
        anyio.run(measure, folder / f"library-{passages}.db", passages)


if __name__ == "__main__":
    main()
