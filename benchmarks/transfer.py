"""Import and export beside a bare executemany of the same rows into the same tables.

    python -m benchmarks.transfer [entities] [rounds]

The file has three connections and three events for each entity. Both sides run in processes of
their own, in turns, and the best of the rounds counts; the import at a tenth of the size shows
that its memory is flat.
"""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import anyio

from one_mcp import clock
from one_mcp.app import LOCAL, App, open_app
from one_mcp.services.exchange import exports, imports
from one_mcp.session import Call
from one_mcp.settings import Settings
from one_mcp.store.sqlite.connection import Raw, connect
from one_mcp.store.sqlite.migrate import migrate

START_MS = 1_700_000_000_000
TABLES = ("organizations", "people", "entities", "connections", "events")
WORDS = [f"{word}{n}" for word in ("yoga", "breath", "run", "calm", "sleep") for n in range(200)]
KINDS = ("creator", "course", "lesson", "video", "blog_post")
HAPPENINGS: tuple[tuple[str, dict[str, object]], ...] = (
    ("content_changed", {"action": "updated"}),
    ("content_interacted", {"interaction": "viewed", "durationMs": 95_000}),
    ("course_created", {}),
)
BAR = 3.0


def entity(number: int, chance: random.Random) -> dict[str, object]:
    kind = KINDS[number % len(KINDS)]
    at = clock.to_text(START_MS + number * 1000)
    properties: dict[str, object] = (
        {"email": f"c{number}@example.com", "niche": ["yoga", "sleep"], "totalFollowers": number}
        if kind == "creator"
        else {"title": " ".join(chance.choices(WORDS, k=5))}
    )
    properties["about"] = " ".join(chance.choices(WORDS, k=12))
    return {
        "id": f"ent_{number:016d}",
        "type": kind,
        "name": " ".join(chance.choices(WORDS, k=3)),
        "status": "active",
        "properties": properties,
        "external_id": f"x{number}",
        "created_at": at,
        "updated_at": at,
    }


def connection(number: int, entities: int) -> dict[str, object]:
    """Entities own, reference and are part of others; the parts make trees of courses."""
    step, start = divmod(number, entities)
    kind = ("owns", "references", "part_of")[step]
    end = (start * 7 + 1 + step) % entities if step < 2 else start * 3 // 10 // 5 * 5 + 1
    end = (end + 1) % entities if end == start else end
    at = clock.to_text(START_MS + number)
    return {
        "id": f"con_{number:016d}",
        "from": f"ent_{start:016d}",
        "type": kind,
        "to": f"ent_{end:016d}",
        "created_at": at,
        "updated_at": at,
    }


def event(number: int, entities: int) -> dict[str, object]:
    kind, metadata = HAPPENINGS[number % len(HAPPENINGS)]
    return {
        "id": f"evt_{number:016d}",
        "type": kind,
        "actor": "per_local",
        "target": f"ent_{number * 7 % entities:016d}",
        "at": clock.to_text(START_MS + number),
        "metadata": metadata,
    }


def lines(entities: int) -> Iterator[dict[str, object]]:
    chance = random.Random(1)
    yield {"format": "one_mcp", "version": 1}
    for number in range(entities):
        yield {"entity": entity(number, chance)}
    for number in range(3 * entities):
        if not 0 <= number - 2 * entities < len(KINDS):  # the roots are part of nothing
            yield {"connection": connection(number, entities)}
    for number in range(3 * entities):
        yield {"event": event(number, entities)}


def timed(label: str, started: tuple[float, float]) -> dict[str, object]:
    return {
        "label": label,
        "wall_s": time.perf_counter() - started[0],
        "cpu_s": time.process_time() - started[1],
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


async def opened(app: App) -> None:
    await app.session(Call("benchmark"), LOCAL).read(lambda work: work.now)


async def import_file(database: Path, file: Path) -> dict[str, object]:
    async with open_app(Settings(database=database, folder=file.parent)) as app:
        await opened(app)
        started = now()
        loaded = await imports.run(app.session(Call("import_data"), LOCAL), path=str(file))
        assert loaded.failed is None
        return timed("import", started)


async def export_file(database: Path, file: Path) -> dict[str, object]:
    async with open_app(Settings(database=database, folder=file.parent)) as app:
        await opened(app)
        started = now()
        await exports.everything(app.session(Call("export_data"), LOCAL), str(file), overwrite=True)
        return timed("export", started)


def bare(database: Path, source: Path) -> dict[str, object]:
    """Insert the rows of `source` with nothing around it; they wait in memory, table by table."""
    raw = connect(str(database), read_only=False)
    raw.execute("PRAGMA journal_mode = WAL")
    migrate(raw, str(database))
    spent = (0.0, 0.0)
    started = now()
    raw.execute("BEGIN IMMEDIATE")
    columns, rows = rows_of(source, "heads")  # whose numbers the log's triggers read
    raw.executemany(f"INSERT INTO heads ({','.join(columns)}) VALUES (?, ?, ?)", rows)
    for table in TABLES:
        columns, rows = rows_of(source, table)
        sql = f"INSERT INTO {table} ({','.join(columns)}) VALUES ({','.join('?' * len(columns))})"
        started = now()
        raw.executemany(sql, rows)
        spent = (spent[0] + now()[0] - started[0], spent[1] + now()[1] - started[1])
        del rows
    started = now()
    raw.execute("COMMIT")
    started = (started[0] - spent[0], started[1] - spent[1])
    return timed("bare", started)


def rows_of(source: Path, table: str) -> tuple[list[str], list[tuple[object, ...]]]:
    raw: Raw = connect(str(source), read_only=True)
    found = raw.execute(f"SELECT * FROM {table}")
    columns = [column[0] for column in found.description]
    rows = [tuple(row) for row in found]
    raw.close()
    return columns, rows


def run(what: str, *paths: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.transfer", what, *map(str, paths)]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(result.stdout)


def best(rounds: list[dict[str, float]]) -> dict[str, float]:
    """Take the least of each figure: what else the machine does only ever adds."""
    return {name: min(each[name] for each in rounds) for name in ("wall_s", "cpu_s", "peak_mb")}


def compare(folder: Path, entities: int, rounds: int) -> None:
    file, small = folder / "all.jsonl", folder / "small.jsonl"
    for path, count in ((file, entities), (small, entities // 10)):
        with path.open("w") as out:
            out.writelines(f"{json.dumps(line, separators=(',', ':'))}\n" for line in lines(count))
    flat = run("import", folder / "small.db", small)
    sides: tuple[list[dict[str, float]], ...] = ([], [])
    for turn in range(rounds):
        for old in (*folder.glob("ours.db*"), *folder.glob("bare.db*")):
            old.unlink()
        sides[0].append(run("import", folder / "ours.db", file))
        sides[1].append(run("bare", folder / "bare.db", folder / "ours.db"))
        print(f"round {turn + 1} of {rounds} done", file=sys.stderr)
    ours, plain = map(best, sides)
    again = run("import", folder / "ours.db", file)
    out = run("export", folder / "ours.db", folder / "out.jsonl")
    rows = 7 * entities
    print("| what | rows | seconds | CPU seconds | times bare (CPU) | bar | peak memory MB |")
    print("|---|---|---|---|---|---|---|")
    for label, count, took, bar in (
        ("bare executemany", rows, plain, ""),
        ("import", rows, ours, f"{BAR:.0f}"),
        ("the same file again: nothing changes", rows, again, ""),
        ("export", rows, out, ""),
        ("import of a tenth", rows // 10, flat, ""),
    ):
        wall, cpu = took["wall_s"], took["cpu_s"]
        ratio = f"{wall / plain['wall_s']:.2f} ({cpu / plain['cpu_s']:.2f})"
        memory = "-" if took is plain else f"{took['peak_mb']:.0f}"
        print(f"| {label} | {count:,} | {wall:.1f} | {cpu:.1f} | {ratio} | {bar} | {memory} |")


def main() -> None:
    match sys.argv[1:]:
        case ["import", database, file]:
            print(json.dumps(anyio.run(import_file, Path(database), Path(file))))
        case ["export", database, file]:
            print(json.dumps(anyio.run(export_file, Path(database), Path(file))))
        case ["bare", database, source]:
            print(json.dumps(bare(Path(database), Path(source))))
        case given:
            entities, rounds = [*map(int, given), *(100_000, 3)[len(given) :]][:2]
            with tempfile.TemporaryDirectory() as folder:
                compare(Path(folder), entities, rounds)


if __name__ == "__main__":
    main()
