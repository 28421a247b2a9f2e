"""A file of the first schema is opened by this version: time, memory, size.

    python -m benchmarks.upgrade [rows] [folder]

One row in seven is an entity, three are connections, three events, written through the triggers
that the first version had, so that the log and the index of words are what it left.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import anyio

from benchmarks import seed
from one_mcp.app import LOCAL, App, open_app
from one_mcp.dimensions.entities import finding
from one_mcp.services.knowledge import indexing
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from one_mcp.store.sqlite import migrate
from one_mcp.store.sqlite.connection import Raw, connect

ROWS = 1_000_000
ROWS_AN_ENTITY = 7
FOUNDING = (
    """
    INSERT INTO changes (number, organization_id, person_id, tool, at)
    VALUES (1, 'org_local', 'per_local', 'seed', 1)
    """,
    """
    INSERT INTO organizations (organization_id, name, created_at, updated_at, version)
    VALUES ('org_local', 'Yoga school', 1, 1, 1)
    """,
    """
    INSERT INTO people (organization_id, id, name, role, created_at, updated_at, version)
    VALUES ('org_local', 'per_local', 'Owner', 'org_owner', 1, 1, 1)
    """,
)


def make(path: Path, entities: int) -> None:
    """Write the file of the first schema, in one transaction."""
    (number, script), *_ = migrate.files()
    with closing(connect(str(path), read_only=False)) as raw:
        raw.execute("PRAGMA journal_mode = WAL")
        for statement in (*migrate.statements(script), *FOUNDING):
            raw.execute(statement)
        raw.execute("BEGIN IMMEDIATE")
        seed.fill(raw, entities, change=1)
        raw.execute("COMMIT")
        raw.execute(f"PRAGMA application_id = {migrate.APPLICATION_ID}")
        raw.execute(f"PRAGMA user_version = {number}")


async def upgrade(path: Path) -> dict[str, float]:
    """Open the file, then ask and write while words are made anew, and wait for those."""
    begun = time.perf_counter()
    async with open_app(Settings(database=path, embedding_model="none")) as app:
        await app.database.start()
        told = {"opened_s": time.perf_counter() - begun, "opened_mb": memory_mb()}
        one = app.session(Call("benchmark"), LOCAL)
        told["found_ms"] = await found_ms(one)
        begun = time.perf_counter()
        told["slowest_read_ms"] = await indexed(app, one)
        told["words_s"] = time.perf_counter() - begun
        told["words_mb"] = memory_mb()
    return told


async def indexed(app: App, one: Session) -> float:
    """Make all words anew; return how long the slowest read beside that took."""
    slowest = 0.0
    done = anyio.Event()

    async def read() -> None:
        nonlocal slowest
        while not done.is_set():
            slowest = max(slowest, await found_ms(one))
            await anyio.sleep(0.05)

    async with anyio.create_task_group() as beside:
        beside.start_soon(read)
        await indexing.finish(app.session(Call("benchmark"), LOCAL))
        done.set()
    return slowest


async def found_ms(one: Session) -> float:
    begun = time.perf_counter()
    await one.read(finding.find, type="video", limit=20)
    return (time.perf_counter() - begun) * 1000


def memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def rows(raw: Raw) -> int:
    tables = ("entities", "connections", "events")
    return sum(raw.execute(f"SELECT count(*) FROM {each}").fetchone()[0] for each in tables)


def main() -> None:
    match sys.argv[1:]:
        case ["open", path]:
            print(json.dumps(anyio.run(upgrade, Path(path))))
        case given:
            wanted = int(given[0]) if given else ROWS
            with tempfile.TemporaryDirectory(dir=given[1] if given[1:] else None) as folder:
                report(Path(folder) / "old.db", wanted)


def report(path: Path, wanted: int) -> None:
    make(path, wanted // ROWS_AN_ENTITY)
    before = path.stat().st_size
    command = [sys.executable, "-m", "benchmarks.upgrade", "open", str(path)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    with closing(connect(str(path), read_only=True)) as raw:
        count = rows(raw)
        intact = raw.execute("PRAGMA integrity_check").fetchone()[0]
    print(f"{count:,} rows of the first schema\n")
    print("| what | |")
    print("|---|---:|")
    print(f"| opened, with the schema of today, s | {told['opened_s']:.1f} |")
    print(f"| memory until then, MB | {told['opened_mb']:.0f} |")
    print(f"| the first list of 20, ms | {told['found_ms']:.1f} |")
    print(f"| words made anew in the background, s | {told['words_s']:.1f} |")
    print(f"| the slowest list of 20 meanwhile, ms | {told['slowest_read_ms']:.0f} |")
    print(f"| memory in the end, MB | {told['words_mb']:.0f} |")
    print(f"| size before and after, MB | {before / 1e6:.0f} and {path.stat().st_size / 1e6:.0f} |")
    print(f"| integrity | {intact} |")


if __name__ == "__main__":
    main()
