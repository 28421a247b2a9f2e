"""Imports tell which of their new rows seem to be there already, by whatever door they come."""

import json

import pytest

from one_mcp.app import App
from one_mcp.dimensions.batch import batch, operations
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.exchange import importing
from one_mcp.errors import ConflictError, DuplicateError
from one_mcp.jsons import JsonObject
from one_mcp.services import undoing
from one_mcp.services.exchange import imports
from one_mcp.session import Call, Session
from one_mcp.store.work import Work
from tests.conftest import LOCAL, HandClock

pytestmark = pytest.mark.anyio


def row(name: str, type: str = "lead", **fields: object) -> str:
    return json.dumps({"entity": {"type": type, "name": name, **fields}})


async def warned(one: Session, *rows: str, dry_run: bool = False) -> str:
    loaded = await imports.run(one, data="\n".join(rows), format="jsonl", dry_run=dry_run)
    return " ".join(loaded.warnings or [])


@pytest.mark.parametrize("dry_run", [True, False])
async def test_an_import_tells_of_a_name_an_address_and_an_id_that_are_there(
    one: Session, dry_run: bool
) -> None:
    named = await one.write(entity.create, "lead", "Ann")
    mailed = await one.write(entity.create, "company", "Ltd", {"email": "Bo@X.ch"})
    called = await one.write(entity.create, "course", "Yoga", external_id="7")

    said = await warned(
        one,
        row("Cy"),
        row("ANN", properties={"phone": "1"}),
        row("Bo", properties={"email": "bo@x.ch"}),
        row("Di", external_id="7"),
        dry_run=dry_run,
    )

    assert "3 new entities" in said
    assert f"line 2: name of {named.id}" in said
    assert f"line 3: e-mail of {mailed.id}" in said
    assert f"line 4: external_id of {called.id}" in said


async def test_rows_of_one_import_are_no_doubles_of_each_other(one: Session) -> None:
    many = [row("Ann", properties={"email": "a@x.ch", "n": n}) for n in range(importing.BATCH * 3)]

    assert await warned(one, *many) == ""


async def test_doubles_are_counted_and_the_first_are_named(one: Session) -> None:
    first = await one.write(entity.create, "lead", "Ann")

    said = await warned(one, *(row("Ann", external_id=str(n)) for n in range(importing.BATCH * 3)))

    assert "300 new entities" in said
    assert said.count(first.id) == 20
    assert "and 280 more" in said


async def test_an_external_id_that_is_taken_says_by_whom(one: Session) -> None:
    first = await one.write(entity.create, "course", "Yoga", external_id="7")

    other = await one.write(entity.create, "lead", "Ann", external_id="7")
    with pytest.raises(DuplicateError) as refused:
        await one.write(entity.create, "course", "Run", external_id="7")

    assert first.id in " ".join(other.warnings or [])
    assert refused.value.fields["id"] == first.id


@pytest.fixture
def importer(app: App) -> Session:
    """A session whose calls the log knows as imports."""
    return app.session(Call("import_data"), LOCAL)


def sold(target: str, at: str | None, **fields: str) -> str:
    told: dict[str, object] = {"type": "payment_processed", "target": target, **fields}
    told["metadata"] = {"status": "completed", "amount": 40}
    return json.dumps({"event": told | ({"at": at} if at else {})})


NAMED = [row("Ann"), row("Ann"), row("Bo", properties={"phone": "1"})]
TOLD = [sold("k", "2026-11-01T10:00:00Z"), sold("k", "2026-11-01T10:00:00Z")]
SAID = [sold("k", None)]
KEYED = [sold("k", "2026-11-01T10:00:00Z", external_id="p1")]
TEXT = [json.dumps({"document": {"title": "Rules", "text": "No shoes."}})]
MANY = [row(f"Lead {n}") for n in range(importing.BATCH * 3)]


async def totals(one: Session) -> list[int]:
    """Count entities, documents, and events that are in effect."""

    def count(work: Work, table: str) -> int:
        found: int = work.value(
            f"SELECT count(*) FROM {table} WHERE organization_id = :organization"
        )
        return found

    counted = [await one.read(count, table) for table in ("entities", "knowledge", "events")]
    return [*counted, await one.read(count, "retractions")]


@pytest.mark.parametrize(
    "rows",
    [NAMED, TOLD, SAID, KEYED, TEXT, MANY],
    ids=["rows", "events", "events without a time", "events by id", "documents", "many"],
)
async def test_an_import_that_came_again_is_not_doubled_by_the_first(
    one: Session, importer: Session, clock: HandClock, rows: list[str]
) -> None:
    await one.write(entity.create, "course", "Yoga", external_id="k")
    text = "\n".join(rows)
    first = await imports.run(importer, data=text, format="jsonl")
    assert first.change
    undone = await undoing.undo(one, first.change)
    clock.forward(1_000)
    again = await imports.run(importer, data=text, format="jsonl")
    kept = await totals(one)
    assert undone.change
    assert again.change

    with pytest.raises(ConflictError) as refused:
        await undoing.undo(one, undone.change)
    assert await totals(one) == kept
    await undoing.undo(one, again.change)
    back = await undoing.undo(one, undone.change)

    assert [it["change"] for it in refused.value.fields["later"]] == [again.change]
    assert "again" in str(refused.value)
    assert back.change


async def test_a_merge_can_be_undone_though_an_import_brought_the_name(
    one: Session, importer: Session
) -> None:
    ids = [(await one.write(entity.create, "lead", name)).id for name in ("Ann", "Anne")]
    step: JsonObject = {"op": "merge_entities", "survivor": ids[0], "losers": [ids[1]]}
    merged = await one.write(batch.apply, operations.parse([step]))
    await imports.run(importer, data=row("Anne", external_id="9"), format="jsonl")

    assert merged.change
    assert (await undoing.undo(one, merged.change)).entities == 2
