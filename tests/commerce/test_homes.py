"""A database that was restored or copied moves no money before a person releases it."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from one_mcp.app import LOCAL, App, open_app
from one_mcp.dimensions.operations import journal, operation
from one_mcp.dimensions.operations.authority import Warrant
from one_mcp.dimensions.operations.operation import State
from one_mcp.money_errors import HeldError
from one_mcp.services import reviews
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from one_mcp.store.sqlite import backup
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio


async def begun(one: Session, *, simulated: bool) -> str:
    warrant = Warrant("quo_none", simulated=simulated)
    return (await one.derive(journal.begin, "purchase", 1, {"minor": 100}, warrant)).id


async def state(one: Session, id: str) -> State:
    return (await one.read(operation.read, id)).state


@asynccontextmanager
async def opened(path: Path, clock: HandClock) -> AsyncIterator[Session]:
    settings = Settings(database=path, embedding_model="none")
    async with open_app(settings, clock) as app:
        yield app.session(Call("test"), LOCAL)


async def test_a_copy_is_held_and_the_original_goes_on(
    app: App, clock: HandClock, tmp_path: Path
) -> None:
    one = app.session(Call("test"), LOCAL)
    real = await begun(one, simulated=False)
    pretended = await begun(one, simulated=True)
    copy = tmp_path / "copy.db"
    backup.save(app.settings.database, copy)

    async with opened(copy, clock) as other:
        held, free = await state(other, real), await state(other, pretended)
        with pytest.raises(HeldError):
            await begun(other, simulated=False)
        await begun(other, simulated=True)
    async with opened(copy, clock) as other:
        with pytest.raises(HeldError):  # still, however often it is opened
            await begun(other, simulated=False)
        released = await reviews.release(other)
        assert await state(other, real) is State.RUNNING
        await begun(other, simulated=False)

    assert (held, free, released) == (State.HELD, State.RUNNING, [real])
    assert await state(one, real) is State.RUNNING
    assert await begun(one, simulated=False)


async def test_a_restored_backup_is_held(settings: Settings, clock: HandClock) -> None:
    saved = settings.database.with_name("saved.db")
    async with opened(settings.database, clock) as one:
        real = await begun(one, simulated=False)
        backup.save(settings.database, saved)
    backup.restore(saved, settings.database)

    async with opened(settings.database, clock) as one:
        assert await state(one, real) is State.HELD


async def test_a_file_that_is_moved_or_reopened_is_not(
    settings: Settings, clock: HandClock
) -> None:
    async with opened(settings.database, clock) as one:
        real = await begun(one, simulated=False)
    async with opened(settings.database, clock) as one:
        assert await state(one, real) is State.RUNNING
    moved = settings.database.with_name("moved.db")
    settings.database.rename(moved)

    async with opened(moved, clock) as one:
        assert await state(one, real) is State.RUNNING


async def test_a_copy_without_live_operations_is_free(
    settings: Settings, clock: HandClock, tmp_path: Path
) -> None:
    async with opened(settings.database, clock) as one:
        await begun(one, simulated=True)
    copy = tmp_path / "copy.db"
    shutil.copy(settings.database, copy)

    async with opened(copy, clock) as one:
        assert await begun(one, simulated=False)
