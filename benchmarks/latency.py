"""Start, exit, memory and the time of single calls, beside an empty server of the same SDK.

    python -m benchmarks.latency [calls]

Both servers run at the same time and are asked in turns, so that a noisy machine is noisy to both.
"""

import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from benchmarks.seed import entity_id, seed
from benchmarks.wire import Era, Latencies, Wire
from one_mcp.app import LOCAL, open_app
from one_mcp.services.knowledge import indexing
from one_mcp.session import Call
from one_mcp.settings import Settings

YARDSTICK = [sys.executable, "-m", "benchmarks.yardstick"]
ONE = [sys.executable, "-m", "one_mcp"]
STARTS = 15
ENTITIES = 10_000
NODE = entity_id(21)  # twenty connections arrive here, and three leave


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of the table; `times` is the goal as a multiple of the yardstick's."""

    what: str
    ours: float
    yardstick: float
    times: float
    plus: float = 0.0

    def __str__(self) -> str:
        ratio = (self.ours - self.plus) / self.yardstick
        verdict = "met" if ratio <= self.times else "missed"
        return (
            f"| {self.what} | {self.ours:.2f} | {self.yardstick:.2f} | {ratio:.2f} "
            f"| {self.times:.2f} | {verdict} |"
        )


def started_ms(command: Sequence[str], era: Era, environment: dict[str, str]) -> float:
    with Wire(command, era, environment) as wire:
        wire.open()
        wire.request("tools/list")
        return wire.since_start_ms()


def left_ms(command: Sequence[str], environment: dict[str, str]) -> float:
    with Wire(command, "modern", environment) as wire:
        wire.open()
        wire.call("get_entity", id=NODE)
        return wire.hang_up()


async def index(path: Path) -> None:
    """Index the descriptions first, which a server would do meanwhile."""
    async with open_app(Settings(database=path)) as app:
        await indexing.finish(app.session(Call("benchmark"), LOCAL))


def commit_ms(folder: Path) -> float:
    """Time one durable commit of this disk: a bare insert with the same settings."""
    raw = sqlite3.connect(folder / "commit.db", isolation_level=None)
    raw.execute("PRAGMA journal_mode = WAL")
    raw.execute("PRAGMA synchronous = FULL")
    raw.execute("CREATE TABLE IF NOT EXISTS t (x TEXT)")
    return Latencies.of(
        [_timed(lambda: raw.execute("INSERT INTO t VALUES ('x')")) for _ in range(200)]
    ).median


def _timed(function: Callable[[], object]) -> float:
    begun = time.perf_counter()
    function()
    return (time.perf_counter() - begun) * 1000


def interleaved(
    ours: Wire, theirs: Wire, make: Callable[[int], tuple[str, dict[str, Any]]], calls: int
) -> tuple[Latencies, Latencies]:
    """Time our calls and the yardstick's echo in turns of twenty."""
    mine: list[float] = []
    other: list[float] = []
    turn = 20
    for begin in range(0, calls, turn):
        batch = [make(number) for number in range(begin, begin + turn)]
        mine += ours.time(
            [ours.message("tools/call", name=tool, arguments=given) for tool, given in batch], 0
        ).sorted_ms
        other += theirs.time(
            [theirs.message("tools/call", name="echo", arguments={"text": "x"}) for _ in batch], 0
        ).sorted_ms
    return Latencies.of(mine[turn:]), Latencies.of(other[turn:])


def rows(era: Era, folder: Path, calls: int) -> list[Bar]:
    environment = {"ONE_MCP_DATABASE": str(folder / "one.db")}
    commit = commit_ms(folder)
    with Wire(ONE, era, environment) as ours, Wire(YARDSTICK, era) as theirs:
        ours.open(), theirs.open()
        ours.call("get_entity", id=NODE)
        found: list[Bar] = []
        plan: list[tuple[str, Callable[[int], tuple[str, dict[str, Any]]], float, float]] = [
            ("get_entity", lambda _: ("get_entity", {"id": NODE}), 1.0, 0.0),
            (
                "find_entities, page of 20",
                lambda _: ("find_entities", {"type": "video", "limit": 20}),
                1.5,
                0.0,
            ),
            (
                "explore_graph, 2 hops, degree 20",
                lambda _: ("explore_graph", {"id": NODE, "depth": 2}),
                3.0,
                0.0,
            ),
            (
                "create_entity, less one commit",
                lambda number: (
                    "create_entity",
                    {"type": "course", "name": f"Course {number}", "properties": {"title": "x"}},
                ),
                2.0,
                commit,
            ),
        ]
        for what, make, times, plus in plan:
            mine, other = interleaved(ours, theirs, make, calls)
            found.append(Bar(f"{what} ({era}), ms", mine.median, other.median, times, plus))
        if era == "modern":
            found.append(
                Bar(
                    "idle memory, MB (limit: yardstick + 30)",
                    ours.memory_mb(),
                    theirs.memory_mb(),
                    1 + 30 / theirs.memory_mb(),
                )
            )
    return found


def main() -> None:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    with tempfile.TemporaryDirectory(prefix="one_mcp-bench-") as name:
        folder = Path(name)
        anyio.run(seed, folder / "one.db", ENTITIES)
        anyio.run(index, folder / "one.db")
        environment = {"ONE_MCP_DATABASE": str(folder / "one.db")}
        print("| what | one_mcp | yardstick | ratio | goal | |")
        print("|---|---:|---:|---:|---:|---|")
        eras: tuple[Era, ...] = ("modern", "legacy")
        for era in eras:
            ours = [started_ms(ONE, era, environment) for _ in range(STARTS)]
            theirs = [started_ms(YARDSTICK, era, {}) for _ in range(STARTS)]
            print(
                Bar(
                    f"spawn to tools/list ({era}), ms",
                    statistics.median(ours),
                    statistics.median(theirs),
                    0.15,
                )
            )
            for row in rows(era, folder, calls):
                print(row, flush=True)
        leaving = statistics.median(left_ms(ONE, environment) for _ in range(STARTS))
        print(f"\nend of stdin to gone: {leaving:.1f} ms (goal: 50)")
        print(f"one durable commit of this disk: {commit_ms(folder):.2f} ms")


if __name__ == "__main__":
    main()
