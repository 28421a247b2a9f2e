"""The same calls on a small and on a hundred times larger file: what they cost must stay flat.

    python -m benchmarks.growth [calls] [folder]

The large file has 1,000,000 entities, 3,000,000 connections and 3,000,000 events; making it takes
a quarter of an hour and 5 GB. Give a folder to keep both files for the next run.
"""

import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio

from benchmarks.seed import entity_id, seed
from benchmarks.wire import Latencies, Wire

ONE = [sys.executable, "-m", "one_mcp"]
SMALL, LARGE = 10_000, 1_000_000
GOAL = 1.5
Call = tuple[str, dict[str, Any]]


def calls_on(count: int) -> dict[str, Callable[[int], Call]]:
    """The calls, each about another entity, so that no cache knows the answer."""
    pick = random.Random(7)

    def any_id() -> str:
        return entity_id(pick.randrange(0, count, 20) + 1)

    return {
        "get_entity": lambda _: ("get_entity", {"id": any_id()}),
        "find_entities, by type": lambda _: ("find_entities", {"type": "video", "limit": 20}),
        "find_entities, type and status": lambda _: (
            "find_entities",
            {"type": "course", "status": "active", "limit": 20},
        ),
        "explore_graph, 2 hops": lambda _: ("explore_graph", {"id": any_id(), "depth": 2}),
        "find_connections": lambda _: ("find_connections", {"to": any_id(), "limit": 20}),
        "find_events": lambda _: ("find_events", {"target": any_id(), "limit": 20}),
        "create_entity": lambda number: (
            "create_entity",
            {"type": "video", "name": f"New {number}", "properties": {"title": "x"}},
        ),
        "connect_entities": lambda _: (
            "connect_entities",
            {"from": any_id(), "type": "influences", "to": any_id()[:-1] + "0"},
        ),
    }


def measured(calls: int, small: Wire, large: Wire) -> None:
    print(f"| call | {SMALL:,} entities, ms | {LARGE:,}, ms | ratio (goal {GOAL}) |")
    print("|---|---:|---:|---:|")
    on_small, on_large = calls_on(SMALL), calls_on(LARGE)
    for name in on_small:
        taken: dict[Wire, list[float]] = {small: [], large: []}
        for begin in range(0, calls, 20):
            for wire, make in ((small, on_small[name]), (large, on_large[name])):
                batch = [make(number) for number in range(begin, begin + 20)]
                messages = [
                    wire.message("tools/call", name=tool, arguments=given) for tool, given in batch
                ]
                taken[wire] += wire.time(messages, 0).sorted_ms
        before, after = (Latencies.of(taken[wire][20:]).median for wire in (small, large))
        print(f"| {name} | {before:.3f} | {after:.3f} | {after / before:.2f} |", flush=True)


def run(folder: Path, calls: int) -> None:
    for count in (SMALL, LARGE):
        taken = anyio.run(seed, folder / f"{count}.db", count)
        print(f"{count:,} entities: {taken:.0f} s to make", file=sys.stderr)
    environments = [{"ONE_MCP_DATABASE": str(folder / f"{count}.db")} for count in (SMALL, LARGE)]
    with (
        Wire(ONE, "modern", environments[0]) as small,
        Wire(ONE, "modern", environments[1]) as large,
    ):
        for wire in (small, large):
            wire.open()
            wire.call("find_entities", type="video", limit=1)
        measured(calls, small, large)


def main() -> None:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    if len(sys.argv) > 2:
        run(Path(sys.argv[2]), calls)
    else:
        with tempfile.TemporaryDirectory(prefix="one_mcp-bench-") as folder:
            run(Path(folder), calls)


if __name__ == "__main__":
    main()
