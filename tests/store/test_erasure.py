"""A purge is gone: no byte of the file, of its log of writes, or of a new copy tells of it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from one_mcp.app import LOCAL, App
from one_mcp.dimensions.changes import history
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import entity, tags
from one_mcp.dimensions.knowledge.documents import document
from one_mcp.dimensions.undo import undo
from one_mcp.services import doctor, erasure
from one_mcp.services.knowledge import ingest, upkeep
from one_mcp.services.knowledge.ingest import Filing
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from one_mcp.store.sqlite import backup

pytestmark = pytest.mark.anyio

OF_JANE = (
    *("zquortblexi", "kwimberjaxo", "vandolphrut", "yblentzikar", "quaxmontelu"),
    *("drivoshkent", "plomukarest", "thrumbolitz", "hwexadornul"),
)
OF_GUIDE = ("gnarvitolbe", "sproxelindu", "ojkelvastim", "uxtrandivol", "braquedimst")
NEIGHBOUR = "everlastingly"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database=tmp_path / "one.db", toolsets="all", embedding_model="simulated")


def told(words: tuple[str, ...], *files: Path) -> dict[str, list[str]]:
    """List the words whose bytes are in a file; indexes cut off what neighbours share in front."""
    found: dict[str, list[str]] = {}
    for file in files:
        content = file.read_bytes().lower() if file.exists() else b""
        found[file.name] = [word for word in words if word[3:].encode() in content]
    return {name: words for name, words in found.items() if words}


def files_of(settings: Settings, copy: Path | None = None) -> tuple[Path, ...]:
    """Return the database with what lies beside it, and a new backup where one is asked for."""
    path = settings.database
    beside = tuple(path.with_name(path.name + ending) for ending in ("", "-wal", "-shm"))
    if copy is None:
        return beside
    backup.save(path, copy)
    return (*beside, copy)


async def live(app: App) -> str:
    """Create Jane, and change, connect, undo and redo her, so that each word stands somewhere."""

    def one(reason: str | None = None, key: str | None = None) -> Session:
        return app.session(Call("test", reason, key, "digest" if key else None), LOCAL)

    jane = await one("for thrumbolitz", "key").write(
        entity.create,
        "creator",
        "Zquortblexi Zebulon",
        {"email": "kwimberjaxo@example.com", "bio": "vandolphrut " * 3_000},
    )
    site = await one().write(entity.create, "website", NEIGHBOUR, {"description": NEIGHBOUR})
    await one("as Zquortblexi Zebulon asked").write(entity.update, site.id, status="draft")
    await one("kwimberjaxo@example.com wrote").write(entity.update, site.id, status="active")
    await one().write(connection.connect, jane.id, "owns", site.id, {"note": "yblentzikar"})
    await one().write(tags.change, jane.id, ["niche:quaxmontelu"])
    await one().write(entity.update, jane.id, {"bio": "drivoshkent " * 10})
    await upkeep.reindex(one())
    updated = await one("by hwexadornul").write(
        entity.update, jane.id, {"bio": "plomukarest " * 2_000}
    )
    undone = await one().write(undo.undo, updated.change or "")
    await one().write(undo.undo, undone.change or "")
    await upkeep.reindex(one())
    return jane.id


async def filed(app: App, about: str) -> str:
    """Add a document, replace its text, forget it, and bring it back."""
    one = app.session(Call("test"), LOCAL)
    filing = Filing("Gnarvitolbe", [about], labels=["topic:uxtrandivol"], source="guide.md")
    first = await ingest.add(one, filing, text="# Braquedimst\n\n" + "sproxelindu " * 1_500)
    await upkeep.reindex(one)
    await ingest.add(one, filing, text="ojkelvastim " * 700)
    await upkeep.reindex(one)
    gone = await one.write(document.forget, first.id)
    await one.write(undo.undo, gone.change or "")
    await upkeep.reindex(one)
    return first.id


async def crowd(app: App) -> None:
    """Fill pages and index segments with others, so that what is purged is in the middle."""
    one = app.session(Call("test"), LOCAL)
    for number in range(40):
        text = " ".join(f"{letter}{number}crowd" for letter in "abcdefghijklmnopqrstuvwxyz")
        await one.write(entity.create, "website", f"{NEIGHBOUR} {number}", {"description": text})
    await ingest.add(one, Filing(f"{NEIGHBOUR} notes"), text=f"{NEIGHBOUR} " * 400)


async def test_no_byte_of_a_purged_entity_is_left(app: App, settings: Settings) -> None:
    await crowd(app)
    jane = await live(app)
    await crowd(app)
    before = told(OF_JANE, *files_of(settings, settings.database.with_name("before.db")))

    purged = await erasure.remove(app.session(Call("test"), LOCAL), jane, jane)

    assert before["before.db"] == list(OF_JANE)
    assert purged.erased
    assert told(OF_JANE, *files_of(settings, settings.database.with_name("after.db"))) == {}
    assert NEIGHBOUR[3:].encode() in settings.database.read_bytes()


async def test_no_byte_of_a_purged_document_is_left(app: App, settings: Settings) -> None:
    await crowd(app)
    jane = await live(app)
    guide = await filed(app, jane)
    await crowd(app)
    before = told(OF_GUIDE, *files_of(settings, settings.database.with_name("before.db")))

    purged = await erasure.remove(app.session(Call("test"), LOCAL), guide, guide)

    assert before["before.db"] == list(OF_GUIDE)
    assert purged.erased
    assert told(OF_GUIDE, *files_of(settings, settings.database.with_name("after.db"))) == {}
    assert "zquortblexi" in told(OF_JANE, *files_of(settings))["one.db"]


async def test_nothing_is_left_of_the_vectors_either(app: App, settings: Settings) -> None:
    jane = await live(app)
    guide = await filed(app, jane)
    vectors = await app.database.read(
        lambda raw: [row[0] for row in raw.execute("SELECT DISTINCT vector FROM embeddings")]
    )
    content = settings.database.read_bytes() + files_of(settings)[1].read_bytes()

    for id in (jane, guide):
        await erasure.remove(app.session(Call("test"), LOCAL), id, id)

    assert vectors
    assert all(vector in content for vector in vectors)
    left = b"".join(file.read_bytes() for file in files_of(settings) if file.exists())
    assert not any(vector in left for vector in vectors)


async def test_what_was_purged_by_way_of_a_forgotten_document_is_gone(
    app: App, settings: Settings
) -> None:
    guide = await filed(app, await live(app))
    one = app.session(Call("test"), LOCAL)
    await one.write(document.forget, guide)

    purged = await erasure.remove(one, guide, guide)

    assert purged.erased
    assert told(OF_GUIDE, *files_of(settings, settings.database.with_name("after.db"))) == {}


async def test_history_keeps_who_and_when_and_no_reason(app: App, settings: Settings) -> None:
    jane = await live(app)
    same = app.session(Call("test", "the same as ever"), LOCAL)
    await same.write(entity.create, "website", NEIGHBOUR)
    why = app.session(Call("purge_entity", "Zquortblexi wants it"), LOCAL)

    purged = await erasure.remove(why, jane, jane)

    told_now = await why.read(history.history, jane)
    assert all(change.reason is None for change in told_now.changes)
    assert {change.by for change in told_now.changes} == {"Owner"}
    others = [change.reason for change in (await why.read(history.history)).changes]
    assert set(others) == {None, "first start", "the same as ever"}
    assert purged.stays
    assert told(OF_JANE, *files_of(settings)) == {}


READER = """
import sqlite3, sys
from one_mcp.store.sqlite.connection import connect
raw = connect(sys.argv[1], read_only=True)
raw.execute("BEGIN")
raw.execute("SELECT count(*) FROM entities").fetchone()
print("reading", flush=True)
sys.stdin.readline()
raw.execute("ROLLBACK")
print("idle", flush=True)
sys.stdin.readline()
"""


@contextmanager
def another_process(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds one snapshot until it is told to let go, and stays on the file."""
    command = [sys.executable, "-c", READER, str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "reading\n"
        yield process
        process.kill()


def let_go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "idle\n"


async def test_a_purge_says_that_a_reader_holds_it_back(app: App, settings: Settings) -> None:
    """What the reader holds is still on the disk; the doctor says so, and finishes it later."""
    jane = await live(app)
    one = app.session(Call("test"), LOCAL)
    with another_process(settings.database) as process:
        purged = await erasure.remove(one, jane, jane)
        held = told(OF_JANE, *files_of(settings))
        found = {finding.check: finding for finding in doctor.examine(settings)}
        let_go(process)

        await doctor.repair(one)

        assert not purged.erased
        assert purged.erased is not None
        assert purged.warnings
        assert "doctor" in purged.warnings[-1]
        assert held
        assert found["erasure"].state == "problem"
        assert found["erasure"].repairable
        assert told(OF_JANE, *files_of(settings)) == {}
    after = {finding.check: finding.state for finding in doctor.examine(settings)}
    assert after["erasure"] == "ok"


async def test_a_purge_is_whole_beside_an_idle_process(app: App, settings: Settings) -> None:
    jane = await live(app)
    with another_process(settings.database) as process:
        let_go(process)

        purged = await erasure.remove(app.session(Call("test"), LOCAL), jane, jane)

        assert purged.erased
        assert told(OF_JANE, *files_of(settings)) == {}


async def test_the_next_purge_finishes_one_that_was_cut_short(app: App, settings: Settings) -> None:
    jane = await live(app)
    guide = await filed(app, jane)
    one = app.session(Call("test"), LOCAL)
    with another_process(settings.database) as process:
        assert not (await erasure.remove(one, jane, jane)).erased
        let_go(process)

        assert (await erasure.remove(one, guide, guide)).erased

    assert told((*OF_JANE, *OF_GUIDE), *files_of(settings)) == {}
    assert {f.check: f.state for f in doctor.examine(settings)}["erasure"] == "ok"
