"""Fill a database with a business of any size, through the store's own tables and triggers."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import anyio

from one_mcp.app import open_app
from one_mcp.dimensions.organizations.founding import LOCAL, LOCAL_OWNER
from one_mcp.settings import Settings
from one_mcp.store.sqlite.connection import Raw

START_MS = 1_700_000_000_000
HUB_DEGREE = 20
Row = tuple[object, ...]


def entity_id(number: int) -> str:
    return f"ent_{number:016d}"


def entities(count: int) -> Iterator[Row]:
    for number in range(count):
        kind = ("creator", "video", "blog_post", "course")[number % 4]
        identity = f"c{number}@example.com" if kind == "creator" else None
        properties = (
            f'{{"email":"{identity}","niche":["yoga"]}}'
            if identity
            else f'{{"title":"Title {number}","description":"About running {number % 97}"}}'
        )
        at = START_MS + number
        yield (LOCAL, entity_id(number), kind, f"Name {number}", properties, identity, at, at)


def connections(count: int) -> Iterator[Row]:
    """Three connections an entity, each node of the first two hops of degree 20 or so."""
    made = 0
    for step in (1, 7, 49):
        for number in range(count):
            to = (number * 20 + step) % count
            if to == number:
                to = (to + 1) % count
            at = START_MS + made
            kind = ("owns", "references", "authored")[(1, 7, 49).index(step)]
            yield (LOCAL, f"con_{made:016d}", entity_id(number), kind, entity_id(to), at, at)
            made += 1


def events(count: int) -> Iterator[Row]:
    for number in range(3 * count):
        target = entity_id(number % count)
        yield (
            LOCAL,
            f"evt_{number:016d}",
            "content_interacted",
            LOCAL_OWNER,
            target,
            START_MS + number,
        )


def open_change(raw: Raw) -> int:
    """Begin a change that touches everything, and return its number."""
    number = raw.execute(
        "UPDATE heads SET number = number + 1 WHERE organization_id = ? RETURNING number", (LOCAL,)
    ).fetchone()[0]
    raw.execute(
        "INSERT INTO change_log (organization_id, number, person_id, tool, at, touched)"
        " VALUES (?, ?, ?, 'seed', ?, '[\"*\"]')",
        (LOCAL, number, LOCAL_OWNER, START_MS),
    )
    return number


def fill(raw: Raw, count: int, change: int) -> None:
    """Insert the rows of a change that is open."""
    raw.executemany(
        "INSERT INTO entities (organization_id, id, type, name, properties, status, identity,"
        f" created_at, updated_at, version) VALUES (?, ?, ?, ?, ?, 'active', ?, ?, ?, {change})",
        entities(count),
    )
    raw.executemany(
        "INSERT OR IGNORE INTO connections (organization_id, id, from_id, type, to_id, metadata,"
        f" created_at, updated_at, version) VALUES (?, ?, ?, ?, ?, '{{}}', ?, ?, {change})",
        connections(count),
    )
    raw.executemany(
        "INSERT INTO events (organization_id, id, type, actor_id, target_id, at, metadata,"
        f' version) VALUES (?, ?, ?, ?, ?, ?, \'{{"interaction":"viewed"}}\', {change})',
        events(count),
    )


async def seed(path: Path, count: int) -> float:
    """Fill the file unless it is there; return the seconds it took."""
    if path.exists():  # noqa: ASYNC240  # nothing else runs
        return 0.0
    partial = path.with_suffix(".partial")
    begun = time.perf_counter()
    async with open_app(Settings(database=partial)) as app:
        await app.database.write(lambda raw: fill(raw, count, open_change(raw)))
    partial.rename(path)
    for tail in ("-wal", "-shm", "-lock"):
        partial.with_name(partial.name + tail).unlink(missing_ok=True)
    return time.perf_counter() - begun


if __name__ == "__main__":
    print(f"{anyio.run(seed, Path(sys.argv[1]), int(sys.argv[2])):.1f} s")
