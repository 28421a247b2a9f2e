"""How fast texts become searchable beside the bare embedder, and how much memory that takes.

    python -m benchmarks.ingestion [documents] [passages]

First the packaged model embeds the passages of some documents and does nothing else; then the same
documents are added and indexed, with all that belongs to it. Memory is watched while many more
passages go through the same way; the simulated embedder stands in for the model there, since the
model's own memory does not depend on how many there are.
"""

import sys
import tempfile
import time
from pathlib import Path

import anyio

from benchmarks.library import Author
from one_mcp.app import LOCAL, App, open_app
from one_mcp.services.knowledge import indexing, ingest, passages
from one_mcp.services.knowledge.ingest import Filing
from one_mcp.session import Call
from one_mcp.settings import PACKAGED_MODEL, Settings

OF_ONE_DOCUMENT = 5  # passages, roughly
BAR, MEMORY_BAR_MB = 1.3, 300


def memory_mb() -> float:
    """Return the resident memory of this process."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def texts(count: int) -> list[str]:
    author = Author()
    return ["\n\n".join(author.passages(OF_ONE_DOCUMENT)) for _ in range(count)]


async def bare_s(app: App, documents: list[str]) -> tuple[float, int]:
    """Embed all passages, and say how many there are."""
    loaded = await app.providers.embedding.ready()
    assert loaded is not None
    cut = [
        piece.whole
        for number, text in enumerate(documents)
        for piece in passages.cut(text, f"Document {number}", loaded.embedder, markdown=True)
    ]
    begun = time.perf_counter()
    await loaded.embedder.embed(cut, "passage")
    return time.perf_counter() - begun, len(cut)


async def whole_s(app: App, documents: list[str]) -> tuple[float, float]:
    """Add documents and index them; return the seconds, and the most memory in MB."""
    one = app.session(Call("benchmark"), LOCAL)
    begun, most = time.perf_counter(), memory_mb()
    for number, text in enumerate(documents):
        await ingest.add(one, Filing(title=f"Document {number}"), text=text)
        if number % 100 == 0:
            most = max(most, memory_mb())

    async def watch(*_: object) -> None:
        nonlocal most
        most = max(most, memory_mb())

    await indexing.finish(one, watch)
    return time.perf_counter() - begun, max(most, memory_mb())


async def speed(folder: Path, count: int) -> None:
    documents = texts(count)
    async with open_app(
        Settings(database=folder / "speed.db", embedding_model=PACKAGED_MODEL)
    ) as app:
        idle = memory_mb()
        bare, passages = await bare_s(app, documents)
        whole, most = await whole_s(app, documents)
    ratio = whole / bare
    print("| what | passages | seconds | passages a second | |\n|---|---:|---:|---:|---|")
    print(f"| the embedder alone | {passages} | {bare:.1f} | {passages / bare:.1f} | |")
    verdict = "met" if ratio <= BAR else "missed"
    print(
        f"| added and indexed | {passages} | {whole:.1f} | {passages / whole:.1f} "
        f"| {ratio:.2f} times (bar {BAR}: {verdict}) |"
    )
    print(f"\nMemory with the model: {most - idle:.0f} MB above {idle:.0f} MB\n", flush=True)


async def memory(folder: Path, count: int) -> None:
    async with open_app(
        Settings(database=folder / "memory.db", embedding_model="simulated")
    ) as app:
        await app.providers.embedding.ready()
        idle, most, done, author = memory_mb(), 0.0, 0, Author()
        while done < count:
            some = ["\n\n".join(author.passages(50)) for _ in range(40)]
            most = max(most, (await whole_s(app, some))[1])
            done += 2_000
    verdict = "met" if most - idle <= MEMORY_BAR_MB else "missed"
    print(
        f"{done:,} passages: {most - idle:.0f} MB above {idle:.0f} MB "
        f"(bar {MEMORY_BAR_MB} MB: {verdict})"
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    passages = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    with tempfile.TemporaryDirectory(prefix="one_mcp-bench-") as name:
        anyio.run(speed, Path(name), count)
        anyio.run(memory, Path(name), passages)


if __name__ == "__main__":
    main()
