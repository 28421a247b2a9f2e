"""Idempotency keys where they could meet: of two organizations, and in two processes at once."""

import subprocess
import sys
from contextlib import ExitStack

import pytest

from one_mcp.access import Principal, Role
from one_mcp.app import LOCAL, App
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.organizations import founding
from one_mcp.errors import IdempotencyError
from one_mcp.session import Call, Session
from one_mcp.store.work import Work

pytestmark = pytest.mark.anyio

KEYS = 8
OTHER = Principal("org_other", LOCAL.person, "Somebody", Role.ORG_OWNER)
CALLER = """
import sys, anyio
from pathlib import Path
from one_mcp.app import LOCAL, open_app
from one_mcp.dimensions.entities import entity
from one_mcp.session import Call
from one_mcp.settings import Settings

async def main():
    settings = Settings(database=Path(sys.argv[1]), embedding_model="none")
    async with open_app(settings) as app:
        await app.database.start()
        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(int(sys.argv[2])):
            one = app.session(Call("create_entity", key=f"k{number}", digest="d"), LOCAL)
            saved = await one.write(entity.create, "course", f"Course {number}")
            print(saved.model_dump_json(), flush=True)

anyio.run(main)
"""


async def test_a_key_of_another_organization_is_another_key(app: App, one: Session) -> None:
    """Even where the same person calls: no answer tells of the key."""
    await app.database.write(
        lambda raw: founding.found(Work(raw, OTHER, app.ontology, app.clock()))
    )
    ours = await app.session(Call("test", key="k", digest="d"), LOCAL).write(
        entity.create, "course", "Ours"
    )
    theirs = await app.session(Call("test", key="k", digest="e"), OTHER).write(
        entity.create, "course", "Theirs"
    )
    again = await app.session(Call("test", key="k", digest="d"), LOCAL).write(
        entity.create, "course", "Ours"
    )

    assert theirs.replayed is None
    assert theirs.id != ours.id
    assert again == ours.model_copy(update={"replayed": True})
    with pytest.raises(IdempotencyError):
        await app.session(Call("test", key="k", digest="d"), OTHER).write(
            entity.create, "course", "Theirs"
        )
    assert await one.read(named) == ["Ours"]


async def test_two_processes_with_one_key_at_once_do_it_once(app: App, one: Session) -> None:
    await one.read(named)
    with ExitStack() as stack:
        command = [sys.executable, "-c", CALLER, str(app.settings.database), str(KEYS)]
        running = [
            stack.enter_context(subprocess.Popen(command, stdin=-1, stdout=-1, text=True))
            for _ in range(2)
        ]
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in running:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        told = [process.communicate(timeout=60)[0].splitlines() for process in running]

    answers = [[Saved.model_validate_json(line) for line in lines] for lines in told]
    assert [len(each) for each in answers] == [KEYS, KEYS]
    for first, second in zip(*answers, strict=True):
        assert {first.replayed, second.replayed} == {None, True}
        assert first.model_copy(update={"replayed": second.replayed}) == second
    assert await one.read(named) == [f"Course {number}" for number in range(KEYS)]


def named(work: Work) -> list[str]:
    rows = work.all("SELECT name FROM entities WHERE organization_id = :organization ORDER BY name")
    return [row["name"] for row in rows]
