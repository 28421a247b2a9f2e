"""A file of an earlier schema is brought up to date, and its texts become knowledge."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from one_mcp.app import open_app
from one_mcp.dimensions.knowledge.search import Wish
from one_mcp.services import doctor
from one_mcp.services.knowledge import recall, upkeep
from one_mcp.session import Call
from one_mcp.settings import Settings
from one_mcp.store.sqlite import migrate
from one_mcp.store.sqlite.connection import connect

pytestmark = pytest.mark.anyio

OPENED = """
import sys, anyio
from pathlib import Path
from one_mcp.app import open_app
from one_mcp.settings import Settings

async def main():
    print("ready", flush=True)
    sys.stdin.readline()
    async with open_app(Settings(database=Path(sys.argv[1]))) as app:
        await app.database.start()

anyio.run(main)
"""
ROWS = (
    """
    INSERT INTO changes (number, organization_id, person_id, tool, at)
    VALUES (1, 'org_local', 'per_local', 'create_entity', 1)
    """,
    """
    INSERT INTO organizations (organization_id, name, created_at, updated_at, version)
    VALUES ('org_local', 'Yoga school', 1, 1, 1)
    """,
    """
    INSERT INTO people (organization_id, id, name, role, created_at, updated_at, version)
    VALUES ('org_local', 'per_local', 'Owner', 'org_owner', 1, 1, 1)
    """,
    """
    INSERT INTO entities
        (organization_id, id, type, name, properties, status, created_at, updated_at, version)
    VALUES
        ('org_local', 'ent_1', 'blog_post', 'Breath', '{"content":"Begin with the breath."}',
         'active', 1, 1, 1),
        ('org_local', 'ent_2', 'blog_post', 'Empty', '{}', 'active', 1, 1, 1),
        ('org_local', 'ent_3', 'course', 'Yoga', '{"title":"Yoga"}', 'active', 1, 1, 1)
    """,
)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file of the first schema with two posts, one of which has a text, and a course."""
    path = tmp_path / "old.db"
    with closing(connect(str(path), read_only=False)) as raw:
        raw.execute("PRAGMA journal_mode = WAL")
        (number, script), *_ = migrate.files()
        for statement in (*migrate.statements(script), *ROWS):
            raw.execute(statement)
        raw.execute(f"PRAGMA application_id = {migrate.APPLICATION_ID}")
        raw.execute(f"PRAGMA user_version = {number}")
    return path


def queued(path: Path) -> list[str]:
    with closing(connect(str(path), read_only=True)) as raw:
        return [row[0] for row in raw.execute("SELECT subject_id FROM knowledge_queue")]


async def test_texts_of_the_first_schema_are_queued(old: Path) -> None:
    async with open_app(Settings(database=old)) as app:
        await app.database.start()

    assert queued(old) == ["ent_1"]
    with closing(connect(str(old), read_only=True)) as raw:
        assert migrate.version(raw) == migrate.newest()
        assert raw.execute("SELECT count(*) FROM entities").fetchone()[0] == 3


async def test_an_upgraded_file_is_sound_and_its_texts_are_found(old: Path) -> None:
    settings = Settings(database=old, embedding_model="simulated")
    async with open_app(settings) as app:
        one = app.session(Call("test"))
        await upkeep.reindex(one)
        found = await recall.find(one, Wish("breath"))

    assert [hit.quote for hit in found.hits] == ["Begin with the breath."]
    assert [it for it in doctor.examine(settings) if it.state != "ok"] == []


def test_two_processes_may_upgrade_a_file_at_once(old: Path) -> None:
    command = [sys.executable, "-c", OPENED, str(old)]
    with (
        subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as first,
        subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as second,
    ):
        for process in (first, second):
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in (first, second):
            process.communicate("go\n", timeout=60)

    assert (first.returncode, second.returncode) == (0, 0)
    assert queued(old) == ["ent_1"]
