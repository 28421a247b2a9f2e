"""A log of whole images, written by a server of the schema before, tells what it told then.

`files/log_of_schema_2` has the file and what that server answered about it: histories, entities
and tags as of each second, and each change's undo with the rows that it left.
"""

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from one_mcp.app import App, open_app
from one_mcp.dimensions.changes import history, log
from one_mcp.dimensions.entities import as_of
from one_mcp.dimensions.undo import undo
from one_mcp.errors import OneError
from one_mcp.session import Session
from one_mcp.settings import Settings
from one_mcp.store.work import Work

pytestmark = pytest.mark.anyio

OLD = Path(__file__).parent / "files" / "log_of_schema_2"
COUNTERS = {"totalFollowers", "totalContent", "totalRevenue", "enrollments", "completions"}
SHOWN = ("id", "type", "name", "properties", "status", "version", "updated_at", "deleted_at")
TOLD: dict[str, Any] = json.loads(gzip.decompress(OLD.with_suffix(".json.gz").read_bytes()))


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    path = tmp_path / "old.db"
    path.write_bytes(gzip.decompress(OLD.with_suffix(".db.gz").read_bytes()))
    async with open_app(Settings(database=path, toolsets="all", embedding_model="none")) as opened:
        yield opened


async def pages(one: Session, id: str | None) -> list[dict[str, Any]]:
    found, cursor = list[dict[str, Any]](), None
    while not found or cursor:
        page = await one.read(history.history, id, 20, cursor)
        found.append(page.model_dump(mode="json", exclude_none=True))
        cursor = page.cursor
    return found


def content(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The changes of a history, without the retractions and the change that an upgrade adds."""
    changes = [it for page in told for it in page["changes"] if it["tool"] != log.UPGRADE]
    for change in changes:
        change["rows"] = [row for row in change.get("rows", ()) if row["kind"] != "retraction"]
    return changes


async def test_histories_are_told_as_before(one: Session) -> None:
    for name, told in TOLD["history"].items():
        id = None if name == "all" else TOLD["ids"].get(name, name)

        assert content(await pages(one, id)) == content(told), name


async def test_the_past_is_what_it_was(one: Session) -> None:
    for asked, told in TOLD["as_of"].items():
        name, at = asked.split()

        assert await one.read(as_it_was, TOLD["ids"][name], int(at)) == told, asked


def as_it_was(work: Work, id: str, at: int) -> object:
    try:
        row = as_of.entity(work, id, at)
    except OneError as error:
        return error.code
    return [{name: row[name] for name in SHOWN}, as_of.tags_of(work, id, at)]


@pytest.mark.parametrize("change", TOLD["undo"])
async def test_a_change_is_undone_as_before(one: Session, change: str) -> None:
    told, left = TOLD["undo"][change]
    try:
        answer = (await one.write(undo.undo, change)).model_dump(mode="json", exclude_none=True)
        answer.pop("events_restored", None)
        if (retracted := answer.pop("events_retracted", None)) is not None:
            answer["events_kept"] = retracted
    except OneError as error:
        answer = {"code": error.code, "fields": error.fields}
        told.pop("message")

    assert {**answer, "change": None} == {**told, "change": None}
    assert counted(await one.read(rows, left)) == counted(left)


def counted(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Rows without the numbers that the graph can count, which the upgrade has taken out."""
    for row in rows.get("entities", ()):
        given = json.loads(row["properties"])
        row["properties"] = {name: it for name, it in given.items() if name not in COUNTERS}
    return rows


def rows(work: Work, like: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The rows of some tables, with the columns that they had."""
    return {
        table: sorted(
            (
                {name: row[name] for name in some[0]}
                for row in work.all(f"SELECT * FROM {table} WHERE organization_id = :organization")
                if some
            ),
            key=repr,
        )
        for table, some in like.items()
    }
