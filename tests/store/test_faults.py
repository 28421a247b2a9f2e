"""What can be wrong with a file: each says what would work, and harms nothing."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from one_mcp.app import LOCAL, App, open_app
from one_mcp.dimensions import lookup
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.errors import (
    BusyError,
    DatabaseError,
    DiskFullError,
    NewerDatabaseError,
    NotADatabaseError,
    NotFoundError,
    OneError,
    ReadOnlyError,
)
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from one_mcp.store.sqlite import connection, migrate
from one_mcp.store.sqlite.connection import Raw
from one_mcp.store.sqlite.driver import driver

pytestmark = pytest.mark.anyio


async def _fails(path: Path, code: type[OneError], *, read_only: bool = False) -> OneError:
    before = path.read_bytes() if path.is_file() else b""
    async with open_app(Settings(database=path, read_only=read_only)) as app:
        with pytest.raises(code) as failure:
            await app.session(Call("test"), LOCAL).read(lookup.any_state, "ent_0")
    assert (path.read_bytes() if path.is_file() else b"") == before
    return failure.value


async def test_a_text_file_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("To do: " + "write a database. " * 200)

    failure = await _fails(path, NotADatabaseError)

    assert "ONE_MCP_DATABASE" in str(failure)


async def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(driver.connect(path)) as raw:
        raw.execute("CREATE TABLE theirs (x)")
        raw.commit()

    await _fails(path, NotADatabaseError)


async def test_a_newer_versions_file_is_left_alone(tmp_path: Path) -> None:
    newer = tmp_path / "newer.db"
    async with open_app(Settings(database=newer)) as app:
        await app.database.start()
    with closing(driver.connect(newer)) as raw:
        raw.execute("PRAGMA journal_mode = DELETE")
        raw.execute("PRAGMA user_version = 9999")

    failure = await _fails(newer, NewerDatabaseError)

    assert failure.fields["schema"] == 9999


async def test_a_folder_is_no_database(tmp_path: Path) -> None:
    await _fails(tmp_path, DatabaseError)


async def test_a_missing_file_cannot_be_read(tmp_path: Path) -> None:
    await _fails(tmp_path / "none.db", DatabaseError, read_only=True)


async def test_a_file_that_was_mended_works_on_the_next_call(tmp_path: Path) -> None:
    path = tmp_path / "one.db"
    path.write_text("broken " * 500)
    async with open_app(Settings(database=path)) as app:
        one = app.session(Call("test"), LOCAL)
        with pytest.raises(NotADatabaseError):
            await one.write(entity.create, "video", "First")

        path.unlink()
        saved = await one.write(entity.create, "video", "First")

    assert saved.change


@pytest.mark.parametrize("what", ["deleted", "replaced"])
async def test_a_file_gone_from_under_the_server_takes_no_writes(
    app: App, one: Session, jane: Saved, what: str
) -> None:
    path = app.settings.database
    kept = path.rename(path.with_name("kept.db"))
    if what == "replaced":
        path.touch()

    with pytest.raises(DatabaseError) as writing:
        await one.write(entity.create, "video", "Lost")
    with pytest.raises(DatabaseError):
        await one.read(lookup.live, jane.id)
    kept.rename(path)

    assert "restart" in str(writing.value)
    assert (await one.write(entity.update, jane.id, name="Janet")).changed == ["name"]


async def test_a_path_with_two_slashes_in_front_names_no_host(tmp_path: Path) -> None:
    async with open_app(Settings(database=Path(f"/{tmp_path}/one.db"))) as app:
        saved = await app.session(Call("test"), LOCAL).write(entity.create, "video", "First")

    assert saved.change
    assert (tmp_path / "one.db").is_file()


async def test_a_read_only_server_reads_and_refuses_to_write(app: App, jane: Saved) -> None:
    settings = Settings(database=app.settings.database, read_only=True)
    async with open_app(settings) as reading:
        one = reading.session(Call("test"), LOCAL)

        assert (await one.read(lookup.live, jane.id))["name"] == "Jane"
        with pytest.raises(ReadOnlyError):
            await one.write(entity.create, "video", "First")


async def test_a_full_disk_loses_nothing_and_passes(app: App, one: Session, jane: Saved) -> None:
    def limit(raw: Raw) -> None:
        pages = raw.execute("PRAGMA page_count").fetchone()[0]
        raw.execute(f"PRAGMA max_page_count = {pages}")

    await app.database.write(limit)
    with pytest.raises(DiskFullError):
        await one.write(entity.update, jane.id, {"bio": "x" * 100_000})

    assert (await one.read(lookup.live, jane.id))["version"] == jane.version
    await app.database.write(lambda raw: raw.execute("PRAGMA max_page_count = 1000000"))
    assert (await one.write(entity.update, jane.id, {"bio": "x" * 100_000})).change


async def test_a_file_locked_for_too_long_says_so(
    app: App, one: Session, jane: Saved, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BUSY_WAIT_S", 0.0)
    with closing(driver.connect(app.settings.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(BusyError):
            await one.write(entity.update, jane.id, name="Janet")

    assert (await one.write(entity.update, jane.id, name="Janet")).changed == ["name"]


async def test_two_servers_that_start_together_make_one_schema(tmp_path: Path) -> None:
    path = tmp_path / "one.db"
    program = (
        "import anyio, sys; from pathlib import Path; from one_mcp.app import LOCAL, open_app;"
        "from one_mcp.settings import Settings; from one_mcp.session import Call;"
        "from one_mcp.dimensions.entities import entity\n"
        "async def main():\n"
        "    async with open_app(Settings(database=Path(sys.argv[1]))) as app:\n"
        "        one = app.session(Call('test'), LOCAL)\n"
        "        await one.write(entity.create, 'video', sys.argv[2])\n"
        "anyio.run(main)"
    )
    starts = [
        subprocess.Popen([sys.executable, "-c", program, str(path), f"Video {number}"])
        for number in range(4)
    ]

    assert [start.wait(60) for start in starts] == [0] * 4
    with closing(driver.connect(path)) as raw:
        assert raw.execute("SELECT count(*) FROM entities").fetchone() == (4,)
        assert raw.execute("SELECT count(*) FROM organizations").fetchone() == (1,)
        assert migrate.version(raw) == migrate.newest()


async def test_a_cancelled_write_is_wholly_done(app: App, one: Session) -> None:
    entered = anyio.Event()

    async def write() -> None:
        entered.set()
        await one.write(entity.create, "video", "Cancelled")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write)
        await entered.wait()
        tasks.cancel_scope.cancel()

    count = await app.database.read(
        lambda raw: raw.execute("SELECT count(*), max(version) FROM entities").fetchone()
    )
    open_changes = await app.database.read(
        lambda raw: raw.execute("SELECT count(*) FROM change_log WHERE touched IS NULL").fetchone()[
            0
        ]
    )
    assert count[0] in (0, 1)
    assert open_changes == 0


async def test_a_foreign_id_answers_like_one_that_never_was(one: Session) -> None:
    with pytest.raises(NotFoundError):
        await one.read(lookup.live, "ent_0000000000000000")
