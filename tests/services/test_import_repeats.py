"""Repeating an import changes nothing, with keys or without; after an undo it is as the first."""

import json

import pytest

from one_mcp.dimensions.batch import batch, converting, operations
from one_mcp.dimensions.batch.batch import Applied
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.entities import finding as entities
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.events import finding
from one_mcp.dimensions.events.finding import Around, Event
from one_mcp.dimensions.exchange import converted as conversions
from one_mcp.dimensions.exchange.report import Loaded
from one_mcp.dimensions.purge import purge
from one_mcp.dimensions.undo import undo
from one_mcp.jsons import JsonObject
from one_mcp.services.exchange import exports, imports
from one_mcp.services.exchange.mapping import TableMapping
from one_mcp.session import Session
from one_mcp.store.work import Work
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio

MEMBERS = (
    "external_id,name,email,joinedAt\n"
    "m1,Ana,ana@example.com,2026-10-30\n"
    "m2,Bo,bo@example.com,2026-11-02\n"
    "m3,Cy,cy@example.com,2026-11-03\n"
)
SALES = "\n".join(
    json.dumps(line)
    for line in (
        {"entity": {"type": "course", "name": "Yoga", "external_id": "k"}},
        *(
            {
                "event": {
                    "type": "payment_processed",
                    "target": "k",
                    "at": at,
                    "metadata": {"status": "completed", "amount": 40},
                }
            }
            for at in ("2026-11-01T10:00:00Z", "2026-11-01T10:00:00Z", "2026-11-02T10:00:00Z")
        ),
        {"event": {"type": "course_completed", "target": "k"}},
    )
)


async def lines(one: Session, text: str) -> Loaded:
    return await imports.run(one, data=text, format="jsonl")


async def table(one: Session, text: str, type: str) -> Loaded:
    return await imports.run(one, data=text, format="csv", mapping=TableMapping(type=type))


async def found(one: Session, type: str, *, since: int | None = None) -> list[Event]:
    return (await one.read(finding.find, Around(), types=[type], since=since)).items


async def test_equal_sales_stay_two_however_often_their_file_comes(
    one: Session, clock: HandClock
) -> None:
    first = await lines(one, SALES)
    before = (await exports.everything(one)).data
    clock.forward(86_400_000)

    again = await lines(one, SALES)

    assert first.created == {"entities": 1, "events": 4, "automatic_events": 1}
    assert (again.created, again.unchanged) == (None, {"entities": 1, "events": 4})
    assert (await exports.everything(one)).data == before


async def test_a_third_equal_sale_is_a_new_one(one: Session) -> None:
    await lines(one, SALES)
    sale = SALES.splitlines()[1]

    again = await lines(one, f"{SALES}\n{sale}")

    assert again.created == {"events": 1}
    assert len(await found(one, "payment_processed")) == 4


async def test_a_table_without_keys_is_known_by_what_its_rows_say(one: Session) -> None:
    rows = "name,price,tags\nYoga,40,skill:yoga\nYoga,40,skill:yoga\nYoga,45,\nRun,40,\n"
    first = await table(one, rows, "course")
    before = (await exports.everything(one)).data

    again = await table(one, rows, "course")

    assert first.created == {"entities": 4, "automatic_events": 4}
    assert (again.created, again.updated) == (None, None)
    assert again.unchanged == {"entities": 4}
    assert (await exports.everything(one)).data == before


async def test_a_row_that_was_edited_since_is_still_the_row(one: Session, clock: HandClock) -> None:
    await table(one, "name,price\nYoga,40\nRun,45\n", "course")
    yoga = await one.read(
        lambda work: work.value(
            "SELECT id FROM entities WHERE organization_id = :organization AND name = 'Yoga'"
        )
    )
    clock.forward(1_000)
    await one.write(entity.update, yoga, {"price": 50})

    again = await table(one, "name,price\nYoga,40\nRun,45\n", "course")

    assert (again.created, again.updated, again.unchanged) == (None, None, {"entities": 2})


async def test_rows_with_an_identity_update_whoever_has_it(one: Session) -> None:
    await table(one, "email,name\njane@example.com,Jane\n", "creator")

    again = await table(one, "email,name,bio\nJANE@example.com,Jane Doe,Teaches\n", "creator")

    assert (again.created or {}).get("entities") is None
    assert again.updated == {"entities": 1}


async def test_what_an_import_tells_happened_when_its_rows_say(
    one: Session, clock: HandClock
) -> None:
    clock.forward(30 * 86_400_000)

    await table(one, MEMBERS, "audience_member")

    joined = await found(one, "user_joined")
    assert [it.at for it in joined] == [
        "2026-11-03T00:00:00Z",
        "2026-11-02T00:00:00Z",
        "2026-10-30T00:00:00Z",
    ]


async def test_after_an_undo_an_import_is_as_the_first(one: Session) -> None:
    first = await table(one, MEMBERS, "audience_member")
    assert first.change
    await one.write(undo.undo, first.change)

    again = await table(one, MEMBERS, "audience_member")

    assert again.created == first.created
    assert len(await found(one, "user_joined")) == 3


@pytest.mark.parametrize("keyed", [True, False])
async def test_events_come_again_after_an_undo(one: Session, keyed: bool) -> None:
    sales = [json.loads(line) for line in SALES.splitlines()]
    for place, line in enumerate(sales):
        if keyed and "event" in line:
            line["event"]["external_id"] = f"e{place}"
    text = "\n".join(map(json.dumps, sales))
    first = await lines(one, text)
    assert first.change
    back = await one.write(undo.undo, first.change)
    assert back.events_retracted == 5

    again = await lines(one, text)
    third = await lines(one, text)

    assert again.created == first.created
    assert third.created is None
    assert len(await found(one, "payment_processed")) == 3


async def test_an_export_that_comes_again_takes_up_its_events(one: Session) -> None:
    await lines(one, SALES)
    kept = (await exports.everything(one)).data or ""
    last = await one.read(
        lambda work: work.value(
            "SELECT max(number) FROM change_log WHERE organization_id = :organization"
        )
    )
    await one.write(undo.undo, f"chg_{last}")
    assert (await one.read(finding.find, Around())).items == []

    again = await lines(one, kept)

    assert (again.created or {})["events"] == 5
    assert (await exports.everything(one)).data == kept


LEADS = "\n".join(
    json.dumps(line)
    for line in (
        {"entity": {"type": "lead", "name": "Ann", "external_id": "l1"}},
        {"entity": {"type": "lead", "name": "Bo", "properties": {"source": "fair"}}},
        {"entity": {"type": "course", "name": "Yoga"}},
        {
            "connection": {
                "from": {"type": "lead", "external_id": "l1"},
                "type": "references",
                "to": {"type": "course", "name": "Yoga"},
            }
        },
        {
            "connection": {
                "from": {"type": "lead", "name": "Bo"},
                "type": "references",
                "to": {"type": "course", "name": "Yoga"},
            }
        },
    )
)


async def converted(one: Session, name: str, type: str) -> Applied:
    (found,) = (await one.read(entities.find, name=name)).items
    step: JsonObject = {"op": "convert_entity", "id": found.id, "type": type}
    return await one.write(batch.apply, operations.parse([step]))


async def test_who_was_converted_is_known_as_what_they_were(one: Session) -> None:
    await lines(one, LEADS)
    for name in ("Ann", "Bo"):
        await converted(one, name, "audience_member")
    (bo,) = (await one.read(entities.find, name="Bo")).items
    await one.write(entity.update, bo.id, {"source": "web"})
    before = (await exports.everything(one)).data

    again = await lines(one, LEADS)

    assert (again.created, again.updated) == (None, None)
    assert (await exports.everything(one)).data == before


async def test_who_was_converted_is_known_by_id_identity_and_key(one: Session) -> None:
    creators = "name,email\nJane,jane@example.com\n"
    await table(one, creators, "creator")
    kept = (await exports.everything(one)).data
    assert kept
    await converted(one, "Jane", "lead")

    by_identity = await table(one, creators, "creator")
    by_id = await lines(one, kept)
    keyed = TableMapping(type="creator", key=["email"])
    by_key = await imports.run(one, data=creators, format="csv", mapping=keyed)

    for again in (by_identity, by_id, by_key):
        assert (again.created, again.updated) == (None, None)


async def test_a_conversion_that_was_undone_is_forgotten(one: Session) -> None:
    await lines(one, LEADS)
    applied = await converted(one, "Ann", "audience_member")
    assert applied.change
    undone = await one.write(undo.undo, applied.change)
    member = json.dumps({"entity": {"type": "audience_member", "name": "A", "external_id": "l1"}})

    other = await lines(one, member)
    (made,) = (await one.read(entities.find, "audience_member", name="A")).items
    await one.write(purge.purge, made.id, made.id)
    assert undone.change
    await one.write(undo.undo, undone.change)
    again = await lines(one, LEADS)

    assert other.created
    assert (again.created, again.updated) == (None, None)


async def test_of_equal_lines_a_converted_entity_is_one(one: Session) -> None:
    twice = LEADS.splitlines()[1]
    await lines(one, f"{twice}\n{twice}")
    (first, _) = (await one.read(entities.find, name="Bo")).items
    step: JsonObject = {"op": "convert_entity", "id": first.id, "type": "audience_member"}
    await one.write(batch.apply, operations.parse([step]))

    again = await lines(one, f"{twice}\n{twice}")
    third = await lines(one, f"{twice}\n{twice}\n{twice}")

    assert again.created is None
    assert third.created
    assert third.created["entities"] == 1


async def test_who_was_converted_is_known_however_many_were_since(one: Session) -> None:
    many = conversions.LOOKED_AT + 1
    rows = "".join(f"e{n},Lead {n},1\n" for n in range(many))
    keyless = "name,source\nAnn,fair\n"
    await table(one, f"external_id,name,source\ne,Bo,fair\n{rows}", "lead")
    await table(one, keyless, "lead")

    def convert_all(work: Work) -> Saved:
        ids = work.all(
            "SELECT id FROM entities WHERE organization_id = :organization ORDER BY name"
        )
        (last,) = [converting.convert(work, row["id"], "company") for row in ids][-1:]
        return last

    await one.write(convert_all)

    keyed = await table(one, "external_id,name,source\ne,Bo,fair\n", "lead")
    alike = await table(one, keyless, "lead")

    assert keyed.unchanged == alike.unchanged == {"entities": 1}
