"""A file of an earlier schema is brought up to date, and its texts become knowledge."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from one_mcp.app import LOCAL, open_app
from one_mcp.dimensions.events import finding
from one_mcp.dimensions.events.finding import Around
from one_mcp.dimensions.knowledge.search.hybrid import Wish
from one_mcp.dimensions.undo import undo
from one_mcp.services import doctor, erasure
from one_mcp.services.knowledge import recall, upkeep
from one_mcp.session import Call
from one_mcp.settings import Settings
from one_mcp.store.sqlite import migrate
from one_mcp.store.sqlite.connection import connect
from one_mcp.store.sqlite.driver import driver

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
        return [row[0] for row in raw.execute("SELECT subject_id FROM chunk_queue")]


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
        one = app.session(Call("test"), LOCAL)
        await upkeep.reindex(one)
        found = await recall.find(one, Wish("breath"))

    assert [hit.quote for hit in found.hits] == ["Begin with the breath."]
    assert [it.check for it in doctor.examine(settings) if it.state != "ok"] == ["erasure"]


async def test_a_purge_leaves_nothing_of_what_an_older_version_deleted(old: Path) -> None:
    """Versions before did not overwrite what they deleted or replaced."""
    with closing(connect(str(old), read_only=False)) as raw:
        raw.execute("PRAGMA secure_delete = OFF")
        for text in ("Exhale quorvandly. " * 100, "Begin."):
            raw.execute(
                "UPDATE entities SET properties = json_object('content', :text) WHERE id = 'ent_1'",
                {"text": text},
            )
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = old.read_bytes()

    settings = Settings(database=old, embedding_model="simulated")
    async with open_app(settings) as app:
        purged = await erasure.remove(app.session(Call("test"), LOCAL), "ent_1", "ent_1")
        after = old.read_bytes() + old.with_name("old.db-wal").read_bytes()

    assert b"quorvandly" in before
    assert purged.erased
    assert b"quorvandly" not in after
    assert [it for it in doctor.examine(settings) if it.state != "ok"] == []


async def test_the_doctor_clears_what_an_older_version_deleted(old: Path) -> None:
    settings = Settings(database=old, embedding_model="simulated")
    async with open_app(settings) as app:
        one = app.session(Call("doctor"), doctor.caretaker("org_local"))
        await upkeep.reindex(one)
        await doctor.repair(one)

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


BEFORE = (  # how each write of a server of the schema before begins, and each of what follows
    "INSERT INTO changes (organization_id, person_id, tool, at) VALUES ('org_local', 'p', 't', 1)",
    "INSERT INTO models (name, dimension, created_at) VALUES ('another', 17, 1)",
    "DELETE FROM models WHERE number = 1",
    "UPDATE knowledge_queue SET leased_until = 1 WHERE organization_id = 'org_local'",
    "DELETE FROM knowledge_queue WHERE organization_id = 'org_local' AND row = 1",
    "INSERT INTO knowledge_queue (organization_id, subject_id) VALUES ('org_local', 'ent_3')",
    "UPDATE vector_queue SET leased_until = 1 WHERE organization_id = 'org_local'",
    "INSERT INTO vector_queue (organization_id, model, chunk) VALUES ('org_local', 1, 1)",
    "INSERT INTO vectors (organization_id, model, chunk, vector) VALUES ('org_local', 1, 1, x'00')",
)


async def test_a_server_of_the_schema_before_writes_nothing_after_the_upgrade(old: Path) -> None:
    """It has the file open, and does not look at the schema again."""
    with closing(connect(str(old), read_only=False)) as running:
        async with open_app(Settings(database=old)) as app:
            await app.database.start()

        for statement in BEFORE:
            with pytest.raises(driver.OperationalError, match="no such table"):
                running.execute(statement)

        assert running.total_changes == 0


UNDONE = (
    """
    INSERT INTO changes (number, organization_id, person_id, tool, at, undoes, undone_by)
    VALUES
        (2, 'org_local', 'per_local', 'record_event', 2, NULL, 3),
        (3, 'org_local', 'per_local', 'undo_change', 3, 2, NULL),
        (4, 'org_local', 'per_local', 'record_event', 4, NULL, NULL),
        (5, 'org_local', 'per_local', 'undo_change', 5, 4, 6),
        (6, 'org_local', 'per_local', 'undo_change', 6, 5, NULL)
    """,
    """
    INSERT INTO events (organization_id, id, type, actor_id, target_id, at, metadata, version)
    VALUES
        ('org_local', 'evt_1', 'course_created', 'per_local', 'ent_3', 2, '{}', 2),
        ('org_local', 'evt_2', 'course_created', 'per_local', 'ent_3', 4, '{}', 4)
    """,
)


async def test_events_of_changes_that_were_undone_before_are_retracted(old: Path) -> None:
    with closing(connect(str(old), read_only=False)) as raw:
        for statement in UNDONE:
            raw.execute(statement)

    async with open_app(Settings(database=old, embedding_model="none")) as app:
        one = app.session(Call("test"), LOCAL)

        async def seen() -> list[str]:
            found = await one.read(finding.find, Around(target="ent_3"))
            return [it.id for it in found.items]

        assert await seen() == ["evt_2"]

        await one.write(undo.undo, "chg_3")
        assert await seen() == ["evt_2", "evt_1"]

        await one.write(undo.undo, "chg_6")
        assert await seen() == ["evt_1"]
