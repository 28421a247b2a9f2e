"""Backups are taken while servers write, and put back whole or not at all."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from one_mcp.app import LOCAL, App, open_app
from one_mcp.dimensions.entities import entity
from one_mcp.errors import (
    DamagedDatabaseError,
    DatabaseError,
    InUseError,
    NewerDatabaseError,
    NotADatabaseError,
)
from one_mcp.services import doctor
from one_mcp.session import Call
from one_mcp.settings import Settings
from one_mcp.store.sqlite import backup, unfinished
from one_mcp.store.sqlite.connection import connect

pytestmark = pytest.mark.anyio

WRITER = """
import sys, anyio
from pathlib import Path
from one_mcp.app import LOCAL, open_app
from one_mcp.dimensions.entities import entity
from one_mcp.session import Call
from one_mcp.settings import Settings

async def main():
    async with open_app(Settings(database=Path(sys.argv[1]))) as app:
        one = app.session(Call("test"), LOCAL)
        for number in range(100_000):
            await one.write(entity.create, "website", f"Site {number}")
            print(number, flush=True)

anyio.run(main)
"""


@contextmanager
def writing(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that goes on creating entities and prints what is acknowledged."""
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "0\n"
        yield process
        process.kill()


def names(path: Path) -> list[str]:
    with closing(connect(str(path), read_only=True)) as raw:
        return [row[0] for row in raw.execute("SELECT name FROM entities ORDER BY seq")]


async def write(app: App, *names: str) -> None:
    for name in names:
        await app.session(Call("test"), LOCAL).write(entity.create, "website", name)


async def test_backup_of_an_open_database_holds_what_was_committed(
    app: App, settings: Settings, tmp_path: Path
) -> None:
    await write(app, "One", "Two")
    steps: list[tuple[int, int]] = []

    schema = backup.save(
        settings.database, tmp_path / "b.db", lambda done, total: steps.append((done, total))
    )

    assert schema >= 1
    assert names(tmp_path / "b.db") == ["One", "Two"]
    assert steps[-1][0] == steps[-1][1] > 0


async def test_backup_is_one_private_file_with_nothing_beside_it(
    app: App, settings: Settings, tmp_path: Path
) -> None:
    await write(app, "One")
    folder = tmp_path / "backups"
    folder.mkdir()

    backup.save(settings.database, folder / "b.db")

    assert [file.name for file in folder.iterdir()] == ["b.db"]
    assert (folder / "b.db").stat().st_mode & 0o777 == 0o600


async def test_a_new_database_is_read_by_its_owner_only(settings: Settings) -> None:
    async with open_app(settings) as app:
        await write(app, "One")

        files = [file for file in settings.database.parent.iterdir() if file.is_file()]

        assert settings.database in files
        assert {file.stat().st_mode & 0o077 for file in files} == {0}


async def test_an_export_is_no_backup(app: App, settings: Settings, tmp_path: Path) -> None:
    await write(app, "One")
    export = tmp_path / "all.jsonl"
    export.write_text('{"format":"one_mcp"}\n' * 100)

    with pytest.raises(NotADatabaseError, match="one-mcp import"):
        backup.restore(export, settings.database.with_name("other.db"))
    with pytest.raises(DatabaseError, match="There is no backup at"):
        backup.restore(tmp_path / "nothing.db", settings.database)


async def test_backup_ends_while_another_process_keeps_writing(tmp_path: Path) -> None:
    with writing(tmp_path / "one.db") as process:
        assert process.stdout is not None
        seen = 0
        for _ in range(30):
            seen = int(process.stdout.readline())

        backup.save(tmp_path / "one.db", tmp_path / "b.db")

        saved = names(tmp_path / "b.db")
        assert saved == [f"Site {number}" for number in range(len(saved))]
        assert len(saved) > seen


async def test_restore_is_refused_while_the_database_is_open(
    app: App, settings: Settings, tmp_path: Path
) -> None:
    await write(app, "One")
    backup.save(settings.database, tmp_path / "b.db")
    before = settings.database.read_bytes()

    with pytest.raises(InUseError):
        backup.restore(tmp_path / "b.db", settings.database)

    assert settings.database.read_bytes() == before


async def test_restore_puts_the_backup_in_place_and_keeps_the_old_file(
    settings: Settings, tmp_path: Path
) -> None:
    async with open_app(settings) as app:
        await write(app, "One")
        backup.save(settings.database, tmp_path / "b.db")
        await write(app, "Two")

    kept = backup.restore(tmp_path / "b.db", settings.database)

    assert kept == tmp_path / "one.db.before-restore"
    assert names(settings.database) == ["One"]
    assert names(kept) == ["One", "Two"]


async def test_a_second_restore_keeps_both_old_files(settings: Settings, tmp_path: Path) -> None:
    async with open_app(settings) as app:
        await write(app, "One")
        backup.save(settings.database, tmp_path / "b.db")

    first = backup.restore(tmp_path / "b.db", settings.database)
    second = backup.restore(tmp_path / "b.db", settings.database)

    assert first is not None
    assert second is not None
    assert first != second
    assert names(first) == names(second) == ["One"]


async def test_restore_where_there_was_nothing_makes_the_file(
    settings: Settings, tmp_path: Path
) -> None:
    async with open_app(settings) as app:
        await write(app, "One")
        backup.save(settings.database, tmp_path / "b.db")

    kept = backup.restore(tmp_path / "b.db", tmp_path / "new" / "one.db")

    assert kept is None
    assert names(tmp_path / "new" / "one.db") == ["One"]


async def test_restore_keeps_a_damaged_file_together_with_its_log(
    settings: Settings, tmp_path: Path
) -> None:
    async with open_app(settings) as app:
        await write(app, "One")
        backup.save(settings.database, tmp_path / "b.db")
    settings.database.write_bytes(b"rubbish" * 1000)
    (tmp_path / "one.db-wal").write_bytes(b"log")

    kept = backup.restore(tmp_path / "b.db", settings.database)

    assert kept is not None
    assert kept.read_bytes() == b"rubbish" * 1000
    assert (tmp_path / "one.db.before-restore-wal").read_bytes() == b"log"
    assert names(settings.database) == ["One"]


async def test_restore_brings_the_old_files_log_into_the_kept_copy(
    settings: Settings, tmp_path: Path
) -> None:
    with writing(settings.database) as process:
        assert process.stdout is not None
        for _ in range(5):
            process.stdout.readline()
        backup.save(settings.database, tmp_path / "b.db")
    assert (tmp_path / "one.db-wal").stat().st_size > 0

    kept = backup.restore(tmp_path / "b.db", settings.database)

    assert kept is not None
    assert len(names(kept)) >= len(names(settings.database)) >= 6
    assert not (tmp_path / "one.db-wal").exists()


@pytest.mark.parametrize("content", [b"", b"no database at all" * 500])
async def test_restore_refuses_what_is_no_database(
    settings: Settings, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "b.db").write_bytes(content)

    with pytest.raises(NotADatabaseError):
        backup.restore(tmp_path / "b.db", settings.database)

    assert not settings.database.exists()


async def test_restore_refuses_another_programs_database(
    settings: Settings, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "b.db")) as other:
        other.execute("CREATE TABLE cookies (name TEXT)")

    with pytest.raises(NotADatabaseError):
        backup.restore(tmp_path / "b.db", settings.database)


async def test_restore_refuses_a_newer_schema(settings: Settings, tmp_path: Path) -> None:
    async with open_app(settings) as app:
        await write(app, "One")
        backup.save(settings.database, tmp_path / "b.db")
    with closing(sqlite3.connect(tmp_path / "b.db")) as newer:
        newer.execute("PRAGMA user_version = 9999")

    with pytest.raises(NewerDatabaseError):
        backup.restore(tmp_path / "b.db", settings.database)


async def test_restore_refuses_a_damaged_backup(settings: Settings, tmp_path: Path) -> None:
    async with open_app(settings) as app:
        await write(app, *[f"Site {number}" for number in range(40)])
        backup.save(settings.database, tmp_path / "b.db")
    whole = bytearray((tmp_path / "b.db").read_bytes())
    whole[-4096 * 2 :] = bytes(4096 * 2)
    (tmp_path / "b.db").write_bytes(whole)

    with pytest.raises(DamagedDatabaseError):
        backup.restore(tmp_path / "b.db", settings.database)

    assert names(settings.database) == [f"Site {number}" for number in range(40)]


async def test_restore_from_the_database_itself_is_refused(settings: Settings) -> None:
    async with open_app(settings) as app:
        await write(app, "One")

    with pytest.raises(DatabaseError):
        backup.restore(settings.database, settings.database)


@pytest.mark.parametrize("ending", ["", "-wal", "-lock"])
async def test_backup_onto_the_database_itself_is_refused(settings: Settings, ending: str) -> None:
    async with open_app(settings) as app:
        await app.database.start()

        with pytest.raises(DatabaseError):
            backup.save(settings.database, Path(f"{settings.database}{ending}"))


def test_a_missing_file_is_not_made_by_a_backup(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError):
        backup.save(tmp_path / "one.db", tmp_path / "b.db")

    assert list(tmp_path.iterdir()) == []


async def test_a_failed_backup_leaves_no_half_file(settings: Settings, tmp_path: Path) -> None:
    async with open_app(settings) as app:
        await write(app, "One")
    folder = tmp_path / "backups"
    folder.mkdir()

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup.save(settings.database, folder / "b.db", stop)

    assert list(folder.iterdir()) == []


SLOW = """
import sys
from pathlib import Path
from one_mcp.services import doctor
from one_mcp.store.sqlite import backup, unfinished

def seen(done, total):
    print(done, total, flush=True)
    sys.stdin.readline()

backup.save(Path(sys.argv[1]), Path(sys.argv[2]), seen)
"""


async def test_what_a_killed_backup_left_goes_with_the_next_one(
    app: App, settings: Settings, tmp_path: Path
) -> None:
    """One that somebody is working on stays, and comes to its end."""
    await write(app, "One")
    folder = tmp_path / "backups"
    folder.mkdir()
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", SLOW, str(settings.database)]
    with (
        subprocess.Popen([*command, str(folder / "a.db")], stdin=pipe, stdout=pipe) as killed,
        subprocess.Popen([*command, str(folder / "b.db")], stdin=pipe, stdout=pipe) as alive,
    ):
        assert killed.stdout is not None
        assert alive.stdout is not None
        assert killed.stdout.readline()
        assert alive.stdout.readline()
        killed.kill()
        killed.wait()
        left = unfinished.left_over(folder)

        backup.save(settings.database, folder / "c.db")

        assert [path.name[:5] for path in left] == [".a.db"]
        assert sorted(path.name[:5] for path in folder.iterdir()) == [".b.db", "c.db"]
        alive.communicate(b"\n" * 10)
    assert sorted(path.name for path in folder.iterdir()) == ["b.db", "c.db"]


async def test_the_doctor_names_what_a_killed_backup_left(app: App, settings: Settings) -> None:
    await write(app, "One")
    left = settings.database.with_name(".one.db.x1y2z3w4.one-mcp.part")
    left.write_bytes(b"half")

    found = {finding.check: finding for finding in doctor.examine(settings)}

    assert found["copies"].state == "note"
    assert left.name in found["copies"].says


async def test_a_backup_has_no_free_pages(app: App, settings: Settings, tmp_path: Path) -> None:
    await write(app, "One")
    await app.database.write(lambda raw: raw.execute("CREATE TABLE more (x)"))
    await app.database.write(
        lambda raw: raw.executemany("INSERT INTO more VALUES (?)", [("x" * 3_000,)] * 100)
    )
    await app.database.write(lambda raw: raw.execute("DROP TABLE more"))

    backup.save(settings.database, tmp_path / "b.db")

    with closing(connect(str(tmp_path / "b.db"), read_only=True)) as raw:
        assert raw.execute("PRAGMA freelist_count").fetchone()[0] == 0
    with closing(connect(str(settings.database), read_only=True)) as raw:
        assert raw.execute("PRAGMA freelist_count").fetchone()[0] > 50
