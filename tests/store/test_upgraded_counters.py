"""An upgrade takes counters out that were the default since the start; what was given stays."""

import gzip
import json
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from one_mcp import clock as clocks
from one_mcp.app import App, open_app
from one_mcp.dimensions.changes import history, log
from one_mcp.dimensions.entities import details
from one_mcp.dimensions.undo import undo
from one_mcp.jsons import JsonObject
from one_mcp.services import doctor
from one_mcp.session import Session
from one_mcp.settings import Settings
from one_mcp.store.sqlite import migrate, triggers
from one_mcp.store.sqlite.connection import connect

pytestmark = pytest.mark.anyio
LANDED = Path(__file__).parent / "files" / "log_of_schema_2.db.gz"
JANE = "ent_01m844eg386em8fc"
UNTIL = "totalFollowers", "totalContent", "totalRevenue"


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    path = tmp_path / "landed.db"
    path.write_bytes(gzip.decompress(LANDED.read_bytes()))
    async with open_app(Settings(database=path, toolsets="all", embedding_model="none")) as opened:
        yield opened


async def given(one: Session, id: str, as_of: Any = None) -> JsonObject:
    return (await one.read(details.portrait, id, as_of=as_of)).properties or {}


async def test_a_landed_file_loses_them_as_one_change(app: App, one: Session) -> None:
    told = await one.read(history.history)

    assert [change.tool for change in told.changes].count(log.UPGRADE) == 1
    (rows,) = [change.rows or [] for change in told.changes if change.tool == log.UPGRADE]
    assert len(rows) == 3
    for row in rows:
        names = {name.removeprefix("properties.") for name in row.fields or {}}
        assert names in ({*UNTIL}, {"enrollments", "completions"})
        assert all(value == [0, None] for value in (row.fields or {}).values())
    assert (await given(one, JANE)).keys() == {"email", "expertise"}
    assert [it for it in doctor.examine(app.settings) if it.state == "failed"] == []


async def test_the_past_still_has_them_and_an_undo_brings_them_back(one: Session) -> None:
    told = await one.read(history.history, JANE)
    upgrade, made = told.changes[0], told.changes[-1]
    before = await given(one, JANE, as_of=clocks.given(made.at))

    await one.write(undo.undo, upgrade.change)

    assert before == {"email": "jane@example.com", "expertise": [], **dict.fromkeys(UNTIL, 0)}
    assert await given(one, JANE) == before


def row(id: str, version: int, followers: int | None) -> dict[str, Any]:
    """An entity as the log of schema 2 keeps it; without followers where these are None."""
    counted = {} if followers is None else {"totalFollowers": followers}
    properties = {"z": 1.50, "email": f"{id}@example.com", **counted, "a": {"totalFollowers": 0}}
    return {
        "row": None,
        "id": id,
        "type": "creator",
        "name": id,
        "status": "active",
        "properties": json.dumps(properties, separators=(",", ":")),
        "version": version,
    }


async def test_what_anybody_ever_gave_stays(tmp_path: Path) -> None:
    """Each organization for itself; a number that came back to 0 was said to be 0."""
    path = tmp_path / "old.db"
    lives = {
        ("ent_default", "org_local"): [0],
        ("ent_given", "org_local"): [7],
        ("ent_back", "org_local"): [0, 5, 0],
        ("ent_late", "org_local"): [None, 0],
        ("ent_other", "org_2"): [0, 0],
        ("ent_none", "org_3"): [3],
    }
    with closing(connect(str(path), read_only=False)) as raw:
        raw.execute("PRAGMA journal_mode = WAL")
        for _, script in migrate.files()[:2]:
            for statement in migrate.statements(script):
                raw.execute(statement)
        triggers.drop(raw)
        for organization in ("org_local", "org_2", "org_3"):
            raw.execute(
                "INSERT INTO organizations (organization_id, name, created_at, updated_at, version)"
                " VALUES (?, 'O', 1, 1, 1)",
                (organization,),
            )
        number = 0
        for (id, organization), followers in lives.items():
            last: dict[str, Any] | None = None
            for count in followers:
                number += 1
                new = row(id, number, count)
                raw.execute(
                    "INSERT INTO changes (number, organization_id, person_id, tool, at)"
                    " VALUES (?, ?, 'per_local', 't', ?)",
                    (number, organization, number),
                )
                raw.execute(
                    "INSERT INTO change_rows (organization_id, change, kind, row_id, before, after)"
                    " VALUES (?, ?, 'entity', ?, ?, ?)",
                    (organization, number, id, last and json.dumps(last), json.dumps(new)),
                )
                last = new
            assert last
            raw.execute(
                "INSERT INTO entities (organization_id, id, type, name, properties, status,"
                " created_at, updated_at, version)"
                " VALUES (?, ?, 'creator', ?, ?, 'active', 1, 1, ?)",
                (organization, id, id, last["properties"], last["version"]),
            )
        raw.execute(f"PRAGMA application_id = {migrate.APPLICATION_ID}")
        raw.execute("PRAGMA user_version = 2")

    async with open_app(Settings(database=path, embedding_model="none")) as opened:
        await opened.database.start()

    with closing(connect(str(path), read_only=True)) as raw:
        properties = dict(raw.execute("SELECT id, properties FROM entities").fetchall())
        changes = raw.execute(
            "SELECT organization_id, number, reason IS NOT NULL FROM change_log WHERE tool = ?"
            " ORDER BY 1",
            (log.UPGRADE,),
        ).fetchall()
        versions = raw.execute("SELECT count(*) FROM entities WHERE version > ?", (number,))
        changed = versions.fetchone()[0]
    kept = '"email":"{}@example.com","totalFollowers":{},"a":{{"totalFollowers":0}}}}'
    assert properties["ent_default"] == (
        '{"z":1.5,"email":"ent_default@example.com","a":{"totalFollowers":0}}'
    )
    assert "totalFollowers" not in json.loads(properties["ent_other"])
    for id, followers in (("ent_given", 7), ("ent_back", 0), ("ent_late", 0), ("ent_none", 3)):
        assert properties[id] == '{"z":1.5,' + kept.format(id, followers)
    assert [tuple(change) for change in changes] == [
        ("org_2", 10, 1),
        ("org_local", 8, 1),
    ]
    assert changed == 0
