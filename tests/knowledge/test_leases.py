"""Leases end, whatever the clocks of those who took them say."""

from pathlib import Path

import pytest

from one_mcp import clock as clocks
from one_mcp.app import LOCAL, App, open_app
from one_mcp.clock import DAY_MS
from one_mcp.dimensions.knowledge.index import chunk_queue
from one_mcp.services import doctor
from one_mcp.services.knowledge import indexing, ingest
from one_mcp.services.knowledge.ingest import Filing
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from one_mcp.store import leases
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio

AHEAD_MS = 400 * DAY_MS


async def leave(one: Session) -> int:
    """Write a text, and borrow it as a server does that is killed before it has cut it."""
    await ingest.add(one, Filing(title="Breath"), text="Begin with the breath.")
    await one.derive(chunk_queue.recut)
    return len(await one.derive(chunk_queue.to_cut, 16))


async def test_a_server_whose_clock_was_ahead_does_not_stop_the_others(
    one: Session, clock: HandClock
) -> None:
    clock.forward(AHEAD_MS)
    assert await leave(one) == 1
    clock.forward(-AHEAD_MS)

    left = await indexing.finish(one)

    assert not left


async def test_a_lease_ends_though_the_change_log_is_dated_ahead(
    one: Session, clock: HandClock
) -> None:
    """The time of a change stands still until the clocks reach it; a lease goes by the clock."""
    clock.forward(AHEAD_MS)
    await ingest.add(one, Filing(title="Ahead"), text="Written by a server of next year.")
    clock.forward(-AHEAD_MS)
    assert await leave(one) == 2

    taken = await one.derive(chunk_queue.to_cut, 16)
    clock.forward(leases.LENGTH_MS)
    again = await one.derive(chunk_queue.to_cut, 16)

    assert (len(taken), len(again)) == (0, 2)


async def test_the_doctor_tells_of_clocks_that_were_ahead(tmp_path: Path) -> None:
    settings = Settings(database=tmp_path / "one.db", embedding_model="none")
    async with open_app(settings, lambda: clocks.system() + AHEAD_MS) as app:
        await leave(app.session(Call("test"), LOCAL))

    (found,) = (it for it in doctor.examine(settings) if it.check == "clocks")

    assert found.state == "warning"
    assert "399 days" in found.says or "400 days" in found.says
    assert "1 leases" in found.says


async def test_a_file_of_good_clocks_is_no_matter_for_the_doctor(app: App, one: Session) -> None:
    await leave(one)

    (found,) = (it for it in doctor.examine(app.settings) if it.check == "clocks")

    assert found.state == "ok"
