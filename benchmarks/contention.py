"""Many writers on one file: nothing acknowledged is lost, and nobody is told of a lock.

    python -m benchmarks.contention [writers] [writes]

First as many server processes as writers, then one process with as many clients.
"""

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import anyio
from mcp import Client

from benchmarks.wire import Wire
from one_mcp.app import open_app
from one_mcp.server import build
from one_mcp.settings import Settings
from one_mcp.store.sqlite.driver import driver

ONE = [sys.executable, "-m", "one_mcp"]


def written_by_a_process(database: Path, writes: int, writer: int) -> list[str]:
    with Wire(ONE, "modern", {"ONE_MCP_DATABASE": str(database)}) as wire:
        wire.open()
        return [
            wire.call("create_entity", type="video", name=f"Video {writer}-{number}")["id"]
            for number in range(writes)
        ]


def processes(database: Path, writers: int, writes: int) -> list[str]:
    with ThreadPoolExecutor(writers) as pool:
        parts = pool.map(partial(written_by_a_process, database, writes), range(writers))
        return [id for part in parts for id in part]


async def clients(database: Path, writers: int, writes: int) -> list[str]:
    acknowledged: list[str] = []

    async with open_app(Settings(database=database)) as app:
        server = build.server(app)

        async def write(writer: int) -> None:
            async with Client(server) as client:
                for number in range(writes):
                    arguments = {"type": "video", "name": f"Video {writer}-{number}"}
                    result = await client.call_tool("create_entity", arguments)
                    assert not result.is_error, result.content
                    acknowledged.append(result.structured_content["id"])

        async with anyio.create_task_group() as tasks:
            for writer in range(writers):
                tasks.start_soon(write, writer)
    return acknowledged


def verdict(what: str, database: Path, acknowledged: list[str], seconds: float) -> None:
    raw = driver.connect(str(database))
    there = {row[0] for row in raw.execute("SELECT id FROM entities")}
    lost = len(set(acknowledged) - there)
    whole = raw.execute("PRAGMA integrity_check").fetchone()[0]
    rate = len(acknowledged) / seconds
    print(f"| {what} | {len(acknowledged)} | {lost} | {whole} | {rate:.0f} |", flush=True)


def main() -> None:
    writers = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    writes = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    print("| writers | acknowledged | lost | integrity | writes a second |")
    print("|---|---:|---:|---|---:|")
    with tempfile.TemporaryDirectory(prefix="one_mcp-bench-") as folder:
        for name, run in (("processes", processes), ("clients of one process", clients)):
            database = Path(folder) / f"{name.split()[0]}.db"
            begun = time.perf_counter()
            if run is processes:
                acknowledged = processes(database, writers, writes)
            else:
                acknowledged = anyio.run(clients, database, writers, writes)
            verdict(f"{writers} {name}", database, acknowledged, time.perf_counter() - begun)


if __name__ == "__main__":
    main()
