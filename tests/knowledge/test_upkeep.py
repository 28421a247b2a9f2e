"""Reindexing waits for what waits when it is called, and no longer than it is told to."""

import pytest

from one_mcp.app import LOCAL, App
from one_mcp.dimensions.entities import entity
from one_mcp.services.knowledge import indexing, upkeep
from one_mcp.session import Call, Session
from one_mcp.store.sqlite.connection import Raw
from tests.knowledge.conftest import add

pytestmark = pytest.mark.anyio


async def post(one: Session, name: str) -> None:
    await one.write(entity.create, "blog_post", name, {"content": f"{name} is about otters."})


async def test_what_is_written_meanwhile_is_not_waited_for(app: App, one: Session) -> None:
    written: list[str] = []

    async def busy(_done: float, _total: float | None, _message: str | None) -> None:
        if len(written) < 20:
            written.append(f"Post {len(written)}")
            await post(one, written[-1])

    await post(one, "First")

    indexed = await upkeep.reindex(app.session(Call("test", report=busy), LOCAL))

    assert written
    assert (indexed.vectors, indexed.waiting) == (1, len(written))


async def test_progress_never_goes_back(app: App, one: Session) -> None:
    told: list[float] = []

    async def note(done: float, _total: float | None, _message: str | None) -> None:
        told.append(done)

    for name in ("First", "Second"):
        await post(one, name)

    await upkeep.reindex(app.session(Call("test", report=note), LOCAL), everything=True)

    assert told
    assert told == sorted(told)


async def test_when_time_is_up_it_says_what_still_waits(one: Session) -> None:
    await add(one, "Otters swim.", "Otters")
    await post(one, "Badgers")

    indexed = await upkeep.reindex(one, patience_s=0)

    assert (indexed.vectors, indexed.waiting) == (0, 2)


async def test_all_is_made_anew_though_the_call_ends_early(app: App, one: Session) -> None:
    """What is left goes on in the background, however the server ends; nothing is forgotten."""
    await add(one, "Otters swim.", "Otters")
    await post(one, "Badgers")
    await upkeep.reindex(one)
    await app.database.write(_spoil)

    begun = await upkeep.reindex(one, everything=True, patience_s=0)
    await indexing.finish(one)

    assert begun.waiting == 4
    assert begun.vectors == 2
    assert await app.database.read(_spoilt) == 0


def _spoil(raw: Raw) -> None:
    raw.execute("UPDATE embeddings SET vector = zeroblob(length(vector))")


def _spoilt(raw: Raw) -> int:
    counted = "SELECT count(*) FROM embeddings WHERE vector = zeroblob(length(vector))"
    return raw.execute(counted).fetchone()[0]
