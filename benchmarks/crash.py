"""Kill servers in the middle of writes, and cancel calls half-way.

    python -m benchmarks.crash [kills] [cancels]

After each kill: every acknowledged write is there, the file is whole, the next start repairs
nothing. A cancelled batch of changes is wholly there or not at all.
"""

import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.wire import Wire
from one_mcp.store.sqlite.driver import driver

ONE = [sys.executable, "-m", "one_mcp"]
BATCH = 5


def killed(database: Path, number: int) -> list[str]:
    """Write until a kill -9 at a random moment; return the ids that were acknowledged."""
    acknowledged: list[str] = []
    with Wire(ONE, "modern", {"ONE_MCP_DATABASE": str(database)}) as wire:
        wire.open()
        wire.call("find_entities", type="video", limit=1)
        after = random.uniform(0.0, 0.15)
        timer = threading.Timer(after, lambda: os.kill(wire.process.pid, signal.SIGKILL))
        timer.start()
        try:
            while True:
                made = wire.call("create_entity", type="video", name=f"Video {number}")
                acknowledged.append(made["id"])
        except (RuntimeError, BrokenPipeError):
            timer.join()
    return acknowledged


def there(database: Path) -> tuple[set[str], str, int]:
    raw = driver.connect(str(database))
    found = {row[0] for row in raw.execute("SELECT id FROM entities")}
    whole = raw.execute("PRAGMA integrity_check").fetchone()[0]
    torn = raw.execute(
        "SELECT count(*) FROM (SELECT version FROM entities WHERE name LIKE 'Batch %'"
        f" GROUP BY version HAVING count(*) <> {BATCH})"
    ).fetchone()[0]
    raw.close()
    return found, whole, torn


def cancelled(database: Path, cancels: int) -> tuple[int, int]:
    """Cancel calls after 1 to 300 ms; return how many were sent and how many batches are torn."""
    operations = [
        {"op": "create_entity", "type": "video", "name": f"Batch {number}"}
        for number in range(BATCH)
    ]
    with Wire(ONE, "legacy", {"ONE_MCP_DATABASE": str(database)}) as wire:
        wire.open()
        reader = threading.Thread(target=_drain, args=(wire,), daemon=True)
        reader.start()
        for _ in range(cancels):
            call = wire.message(
                "tools/call", name="apply_changes", arguments={"operations": operations}
            )
            wire.send(call)
            time.sleep(0.001 + 0.299 * random.random() ** 4)
            wire.send(
                {
                    "jsonrpc": "2.0",
                    "method": "notifications/cancelled",
                    "params": {"requestId": call["id"]},
                }
            )
        time.sleep(1)
        alive = wire.process.poll() is None
        assert alive, "the server ended"
    with Wire(ONE, "modern", {"ONE_MCP_DATABASE": str(database)}) as wire:
        wire.open()
        wire.call("find_entities", type="video", limit=1)
    return cancels, there(database)[2]


def _drain(wire: Wire) -> None:
    try:
        while True:
            json.dumps(wire.receive())
    except (RuntimeError, OSError, ValueError):
        return


def main() -> None:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    cancels = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000
    with tempfile.TemporaryDirectory(prefix="one_mcp-bench-") as folder:
        database = Path(folder) / "killed.db"
        acknowledged: set[str] = set()
        broken = 0
        for number in range(kills):
            acknowledged.update(killed(database, number))
            found, whole, _ = there(database)
            broken += whole != "ok" or not acknowledged <= found
        print("| what | times | acknowledged | lost or broken |")
        print("|---|---:|---:|---:|")
        print(f"| kill -9 while writing | {kills} | {len(acknowledged)} | {broken} |", flush=True)
        sent, torn = cancelled(Path(folder) / "cancelled.db", cancels)
        print(f"| cancelled by the client | {sent} | | {torn} |")


if __name__ == "__main__":
    main()
