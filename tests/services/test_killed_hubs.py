"""A process that is killed amid the archive or the return of a hub leaves nothing half-way."""

import signal
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest

from one_mcp.app import LOCAL, App, open_app
from one_mcp.dimensions.connections import connection, finding, hubs
from one_mcp.dimensions.entities import entity
from one_mcp.errors import ArchivedError
from one_mcp.services import doctor, undoing
from one_mcp.services import hubs as service
from one_mcp.session import Call, Session
from tests.conftest import NOON, HandClock

pytestmark = pytest.mark.anyio
MANY = 12
LEASE_MS = 31_000
DYING = """
import anyio, os, signal, sys
from pathlib import Path
from one_mcp.app import LOCAL, open_app
from one_mcp.dimensions.connections import hubs as rule
from one_mcp.services import hubs, undoing
from one_mcp.session import Call
from one_mcp.settings import Settings

_, database, act, id, change, transactions, now = sys.argv
rule.MANY, rule.SLICE = 5, 2
left = [10**6]

def clock():
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)  # in the midst of a transaction
    return int(now)

async def main():
    settings = Settings(database=Path(database), embedding_model="none")
    async with open_app(settings, clock) as app:
        one = app.session(Call("test"), LOCAL)
        await app.database.start()
        left[0] = int(transactions)
        if act == "archive":
            await hubs.hide(one, id)
        elif act == "restore":
            await hubs.restore(one, id)
        else:
            await undoing.undo(one, change)

anyio.run(main)
"""


@pytest.fixture
async def hub(app: App, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """A course with more parts than one transaction hides."""
    monkeypatch.setattr(hubs, "MANY", 5)
    monkeypatch.setattr(hubs, "SLICE", 2)
    one = app.session(Call("test"), LOCAL)
    course = await one.write(entity.create, "course", "Hub")
    for number in range(MANY):
        part = await one.write(entity.create, "lesson", f"L{number}")
        await one.write(connection.connect, part.id, "part_of", course.id)
    yield course.id  # noqa: PT022  # the app closes it


async def seen(one: Session, id: str) -> int:
    """Count the connections that readers see, from both sides, which must agree."""
    try:
        led = (await one.read(finding.find, to_id=id, limit=50)).items
    except ArchivedError:
        led = []
    every = (await one.read(finding.find, types=["part_of"], limit=50)).items
    assert len(led) == len(every)
    return len(every)


@pytest.mark.parametrize("transactions", [3, 5, 8])
@pytest.mark.parametrize("act", ["archive", "restore", "undo"])
async def test_a_hub_is_seen_whole_or_not_at_all_after_a_kill(
    app: App, clock: HandClock, hub: str, act: str, transactions: int
) -> None:
    one = app.session(Call("test"), LOCAL)
    settings = one.settings
    change = "" if act == "archive" else (await service.hide(one, hub)).change or ""
    given = [str(settings.database), act, hub, change, str(transactions), str(NOON)]

    killed = subprocess.run([sys.executable, "-c", DYING, *given], check=False)

    assert killed.returncode == -signal.SIGKILL
    expected = await seen(one, hub)
    assert expected == 0
    clock.forward(LEASE_MS)
    async with open_app(settings, clock) as another:
        other = another.session(Call("test"), LOCAL)
        while await other.derive(hubs.take):
            assert await seen(other, hub) == expected
        assert not await other.read(hubs.is_marked, hub)
    found = {it.check: it.state for it in doctor.examine(settings)}
    assert {state for check, state in found.items() if check != "clocks"} == {"ok"}
    if act == "undo":
        assert (await undoing.undo(one, change)).connections == MANY
    else:
        assert (await service.restore(one, hub)).connections == MANY
    assert await seen(one, hub) == MANY
