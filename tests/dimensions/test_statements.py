"""How many statements a rule has run: on an engine across a network each costs a trip."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from one_mcp.app import App
from one_mcp.dimensions.changes import history
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.undo import undo
from one_mcp.session import Session
from one_mcp.store.work import Work

pytestmark = pytest.mark.anyio

Counted = Callable[[], AbstractAsyncContextManager[list[str]]]
STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s")


@pytest.fixture
async def counted(app: App) -> Counted:
    """Note what the writer runs; of a statement that fires triggers, only that it ran."""

    @asynccontextmanager
    async def counting() -> AsyncIterator[list[str]]:
        statements: list[str] = []

        def note(statement: str) -> None:
            if STATEMENT.match(statement) and statement not in statements[-1:]:
                statements.append(statement)

        await app.database.write(lambda raw: raw.set_trace_callback(note))
        yield statements
        await app.database.write(lambda raw: raw.set_trace_callback(None))

    return counting


async def test_an_entity_is_created_in_five_statements(one: Session, counted: Counted) -> None:
    await one.write(entity.create, "creator", "Ann", {"email": "ann@example.com"})

    async with counted() as statements:
        made = await one.write(entity.create, "creator", "Bo", {"email": "bo@example.com"})

    assert made.change
    assert len(statements) <= 5, "\n".join(statements)


async def test_an_update_is_undone_in_ten_statements(
    one: Session, jane: Saved, counted: Counted
) -> None:
    updated = await one.write(entity.update, jane.id, {"niche": ["food"]}, name="Janet")
    assert updated.change

    async with counted() as statements:
        await one.write(undo.undo, updated.change)

    assert len(statements) <= 10, "\n".join(statements)


async def test_the_history_of_one_takes_four_statements(one: Session, jane: Saved) -> None:
    course = await one.write(entity.create, "course", "Yoga", with_tags=["skill:yoga"])
    await one.write(connection.connect, jane.id, "owns", course.id)
    await one.write(entity.update, course.id, {"price": 12}, name="Running")
    statements: list[str] = []

    def tell(work: Work) -> history.History:
        work.raw.set_trace_callback(statements.append)
        told = history.history(work, course.id)
        work.raw.set_trace_callback(None)
        return told

    told = await one.read(tell)

    assert len(told.changes) == 3
    assert len(statements) <= 4, "\n".join(statements)
