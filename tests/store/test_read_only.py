"""A file where nobody here may write is read as it is; who wants to write is told what works."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mcp import Client

from one_mcp.app import LOCAL, open_app
from one_mcp.dimensions import counts
from one_mcp.dimensions.entities import entity
from one_mcp.errors import DatabaseError, ReadOnlyError
from one_mcp.server import build
from one_mcp.services import doctor
from one_mcp.session import Call
from one_mcp.settings import Settings
from one_mcp.store.sqlite import backup

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="folders have no such rights there"),
]
NOBODY = 65_534
NEEDED = [Path(build.__file__).parent.parent, Path(tempfile.gettempdir())]


@contextmanager
def unprivileged() -> Iterator[None]:
    """Be somebody to whom the rights of files apply, as they do not to root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        if not all(os.access(each, os.R_OK | os.X_OK, effective_ids=True) for each in NEEDED):
            pytest.skip("the package can be read by root only")
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody may look into."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for inner in (folder, *folder.rglob("*")):
        inner.chmod(0o755)
    shutil.rmtree(folder)


async def filled(path: Path) -> None:
    async with open_app(Settings(database=path, embedding_model="none")) as app:
        await app.session(Call("test"), LOCAL).write(entity.create, "website", "Home")


def closed(folder: Path, *, files: int = 0o444) -> None:
    """Take everybody's right to write."""
    for file in folder.iterdir():
        file.chmod(files)
    folder.chmod(0o555)


async def test_a_read_only_folder_is_read(place: Path) -> None:
    await filled(place / "one.db")
    closed(place)
    before = sorted(place.iterdir())

    with unprivileged():
        settings = Settings(database=place / "one.db", embedding_model="none", read_only=True)
        async with open_app(settings) as app, Client(build.server(app)) as client:
            found = await client.call_tool("find_entities", {"type": "website"})
            names = {tool.name for tool in (await client.list_tools()).tools}
        examined = {it.check: it.state for it in doctor.examine(settings)}

    assert found.structured_content
    assert [each["name"] for each in found.structured_content["items"]] == ["Home"]
    assert "create_entity" not in names
    assert "problem" not in examined.values()
    assert sorted(place.iterdir()) == before


async def test_a_file_of_its_own_rights_is_read(place: Path) -> None:
    await filled(place / "one.db")
    (place / "one.db").chmod(0o444)
    place.chmod(0o777)

    with unprivileged():
        settings = Settings(database=place / "one.db", embedding_model="none", read_only=True)
        async with open_app(settings) as app:
            taken = await app.session(Call("test"), LOCAL).read(counts.take)

    assert taken.entities == {"website": 1}


async def test_a_backup_can_be_made_of_it(place: Path) -> None:
    (place / "copies").mkdir(mode=0o777)
    (place / "copies").chmod(0o777)
    (place / "original").mkdir()
    await filled(place / "original" / "one.db")
    closed(place / "original")

    with unprivileged():
        backup.save(place / "original" / "one.db", place / "copies" / "copy.db")

    assert (place / "copies" / "copy.db").stat().st_size > 0


async def test_without_the_setting_the_error_names_it(place: Path) -> None:
    await filled(place / "one.db")
    closed(place)

    with unprivileged():
        async with open_app(Settings(database=place / "one.db", embedding_model="none")) as app:
            with pytest.raises(ReadOnlyError, match="ONE_MCP_READ_ONLY=true"):
                await app.session(Call("test"), LOCAL).read(counts.take)


async def test_writes_that_only_a_log_has_are_not_passed_over(place: Path) -> None:
    """A copy of the file alone would be the state of before, and nobody would see it."""
    (place / "copy").mkdir()
    async with open_app(Settings(database=place / "one.db", embedding_model="none")) as app:
        await app.session(Call("test"), LOCAL).write(entity.create, "website", "Home")
        for name in ("one.db", "one.db-wal"):
            shutil.copy(place / name, place / "copy" / name)
    closed(place / "copy")

    with unprivileged():
        settings = Settings(database=place / "copy" / "one.db", read_only=True)
        async with open_app(settings) as app:
            with pytest.raises(DatabaseError, match=r"one\.db-wal"):
                await app.session(Call("test"), LOCAL).read(counts.take)


async def test_whoever_writes_it_after_all_is_noticed(place: Path) -> None:
    await filled(place / "one.db")
    closed(place)
    settings = Settings(database=place / "one.db", embedding_model="none")
    reading = settings.model_copy(update={"read_only": True})
    with unprivileged():
        async with open_app(reading) as app:
            one = app.session(Call("test"), LOCAL)
            await one.read(counts.take)
            if os.getuid() == 0:
                os.seteuid(0)
            for file in (place, *place.iterdir()):
                file.chmod(0o755)
            async with open_app(settings) as other:
                await other.session(Call("test"), LOCAL).write(entity.create, "website", "New")
                with pytest.raises(DatabaseError, match="restart"):
                    await one.read(counts.take)
            with pytest.raises(DatabaseError, match="restart"):
                await one.read(counts.take)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="takes two users")
async def test_it_is_read_while_its_owner_writes(place: Path) -> None:
    path = place / "one.db"
    async with open_app(Settings(database=path, embedding_model="none")) as app:
        one = app.session(Call("test"), LOCAL)
        await one.write(entity.create, "website", "Home")
        for file in place.iterdir():
            file.chmod(0o644)
        with unprivileged():
            async with open_app(Settings(database=path, read_only=True)) as reading:
                reader = reading.session(Call("test"), LOCAL)
                before = await reader.read(counts.take)
                os.seteuid(0)
                await one.write(entity.create, "website", "New")
                os.seteuid(NOBODY)
                after = await reader.read(counts.take)

    assert (before.entities, after.entities) == ({"website": 1}, {"website": 2})
