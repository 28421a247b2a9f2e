"""Each organization counts its own changes: none twice, none skipped, and time never runs back."""

import json
import subprocess
import sys
from contextlib import ExitStack

import pytest

from one_mcp.access import Principal, Role
from one_mcp.app import LOCAL, App
from one_mcp.clock import DAY_MS
from one_mcp.dimensions.changes import history
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.knowledge.index import backlog
from one_mcp.dimensions.organizations import founding
from one_mcp.session import Call, Session
from one_mcp.store.work import Work
from tests.conftest import NOON, HandClock

pytestmark = pytest.mark.anyio

PROCESSES = 8
WRITES = 12
OTHER = Principal("org_other", "per_other", "Other", Role.ORG_OWNER)
WRITER = """
import json, sys, anyio
from pathlib import Path
from one_mcp.access import Principal, Role
from one_mcp.app import open_app
from one_mcp.dimensions.entities import entity
from one_mcp.session import Call
from one_mcp.settings import Settings

path, organization, person, now, writes = sys.argv[1:]
caller = Principal(organization, person, "Somebody", Role.ORG_OWNER)

async def main():
    settings = Settings(database=Path(path), embedding_model="none")
    async with open_app(settings, lambda: int(now)) as app:
        await app.database.start()
        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(int(writes)):
            one = app.session(Call("test"), caller)
            saved = await one.write(entity.create, "course", "Yoga", {"title": str(number)})
            print(json.dumps(saved.change), flush=True)

anyio.run(main)
"""


def changes(work: Work) -> list[tuple[int, int]]:
    rows = work.all(
        """
        SELECT number, at
        FROM change_log
        WHERE organization_id = :organization
        ORDER BY number
        """
    )
    return [(row["number"], row["at"]) for row in rows]


async def found_another(app: App) -> Session:
    await app.database.write(
        lambda raw: founding.found(Work(raw, OTHER, app.ontology, app.clock()))
    )
    return app.session(Call("test"), OTHER)


async def test_many_processes_count_each_organization_without_gap_or_repetition(app: App) -> None:
    """Each second process writes for the other organization; no two clocks agree."""
    one, other = app.session(Call("test"), LOCAL), await found_another(app)
    await one.read(changes)
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                subprocess.Popen(
                    [
                        *(sys.executable, "-c", WRITER, str(app.settings.database)),
                        *((OTHER if place % 2 else LOCAL).organization, "per_x"),
                        *(str(NOON + (place - 4) * DAY_MS), str(WRITES)),
                    ],
                    stdin=-1,
                    stdout=-1,
                    text=True,
                )
            )
            for place in range(PROCESSES)
        ]
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in running:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        told = [process.communicate(timeout=120)[0].split() for process in running]

    for session, first in ((one, 0), (other, 1)):
        answered = [[int(json.loads(id)[4:]) for id in each] for each in told[first::2]]
        numbers = sorted(number for each in answered for number in each)
        kept = await session.read(changes)
        assert numbers == list(range(2, 2 + PROCESSES // 2 * WRITES))
        assert all(each == sorted(each) for each in answered)
        assert [number for number, _ in kept] == [1, *numbers]
        assert [at for _, at in kept] == sorted(at for _, at in kept)


async def test_a_clock_that_is_behind_does_not_turn_time_back(
    one: Session, clock: HandClock
) -> None:
    made = await one.write(entity.create, "course", "Yoga", {"title": "Sun"})
    clock.forward(-DAY_MS)

    await one.write(entity.update, made.id, {"title": "Moon"})

    assert [at for _, at in await one.read(changes)] == [NOON, NOON, NOON]
    told = await one.read(history.history, made.id, 10, None)
    assert len(told.changes) == 2


async def test_what_follows_from_other_rows_takes_a_number_and_leaves_no_change(
    one: Session,
) -> None:
    await one.derive(backlog.retry)

    made = await one.write(entity.create, "course", "Yoga", {"title": "Sun"})

    assert made.change == "chg_3"
    assert [number for number, _ in await one.read(changes)] == [1, 3]


async def test_organizations_tell_nothing_of_each_other_by_their_numbers(
    app: App, one: Session
) -> None:
    other = await found_another(app)
    for _ in range(3):
        await one.write(entity.create, "course", "Yoga", {"title": "Sun"})

    made = await other.write(entity.create, "course", "Yoga", {"title": "Sun"})

    assert made.change == "chg_2"
