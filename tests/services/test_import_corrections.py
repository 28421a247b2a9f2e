"""What somebody corrected here since an import stays; rows of what was merged bring what is new."""

import json

import pytest

from one_mcp.app import App
from one_mcp.dimensions.batch import batch, operations
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import details, entity, tags
from one_mcp.dimensions.entities import finding as entities
from one_mcp.dimensions.exchange import importing
from one_mcp.dimensions.exchange.report import Loaded
from one_mcp.dimensions.knowledge.documents import document
from one_mcp.dimensions.knowledge.documents.drafts import Draft
from one_mcp.dimensions.undo import undo
from one_mcp.jsons import JsonObject
from one_mcp.services.exchange import imports
from one_mcp.services.exchange.mapping import TableMapping
from one_mcp.session import Call, Session
from tests.conftest import LOCAL

pytestmark = pytest.mark.anyio

COURSES = "external_id,name,price,thumbnail,tags\nk1,Yoga,40,beginner,skill:yoga\nk2,Run,30,,\n"


@pytest.fixture
def importer(app: App) -> Session:
    """A session whose calls the log knows as imports."""
    return app.session(Call("import_data"), LOCAL)


async def table(
    session: Session, text: str, *, dry_run: bool = False, overwrite: bool = False
) -> Loaded:
    return await imports.run(
        session,
        data=text,
        format="csv",
        mapping=TableMapping(type="course"),
        dry_run=dry_run,
        overwrite=overwrite,
    )


async def lines(session: Session, *rows: JsonObject) -> Loaded:
    return await imports.run(session, data="\n".join(map(json.dumps, rows)), format="jsonl")


async def course(one: Session, name: str) -> JsonObject:
    (found,) = (await one.read(entities.find, name=name)).items
    return (await one.read(details.portrait, found.id)).properties


async def id_of(one: Session, name: str) -> str:
    (found,) = (await one.read(entities.find, name=name)).items
    return found.id


def says(loaded: Loaded, *words: str) -> bool:
    return any(all(word in it for word in words) for it in loaded.warnings or ())


async def test_a_correction_by_hand_outlives_a_repeated_import(
    one: Session, importer: Session
) -> None:
    await table(importer, COURSES)
    yoga = await id_of(one, "Yoga")
    await one.write(entity.update, yoga, {"price": 45})

    dry = await table(importer, COURSES, dry_run=True)
    again = await table(importer, COURSES)
    newer = await table(importer, COURSES.replace("40,beginner", "50,expert"))

    assert (again.change, again.updated) == (None, None)
    for told in (dry, again, newer):
        assert says(told, "1 value ", "line 2", f"price of {yoga}", "overwrite")
    assert newer.updated == {"entities": 1}
    assert (await course(one, "Yoga")).items() >= {"price": 45, "thumbnail": "expert"}.items()


async def test_overwrite_takes_the_value_of_the_file_and_tells_of_it(
    one: Session, importer: Session
) -> None:
    await table(importer, COURSES)
    yoga = await id_of(one, "Yoga")
    await one.write(entity.update, yoga, {"price": 45})

    dry = await table(importer, COURSES, dry_run=True, overwrite=True)
    taken = await table(importer, COURSES, overwrite=True)

    for told in (dry, taken):
        assert says(told, "replaced", "line 2", f"price of {yoga}")
    assert taken.updated == {"entities": 1}
    assert (await course(one, "Yoga"))["price"] == 40


async def test_a_first_import_brings_its_values_and_tells_which_it_replaces(
    one: Session, importer: Session
) -> None:
    made = await one.write(entity.create, "course", "Yoga", {"price": 45}, external_id="k1")

    first = await table(importer, COURSES)

    assert says(first, "1 value ", "replaced", f"price of {made.id}")
    assert (await course(one, "Yoga"))["price"] == 40


async def test_what_an_import_brought_an_import_changes(one: Session, importer: Session) -> None:
    await table(importer, COURSES)

    again = await table(importer, COURSES.replace("Yoga,40", "Yoga II,50"))

    assert (again.updated, again.warnings) == ({"entities": 1}, None)
    assert (await course(one, "Yoga II"))["price"] == 50


async def test_a_correction_outlives_what_imports_write_beside_it(
    one: Session, importer: Session
) -> None:
    await table(importer, COURSES)
    yoga = await id_of(one, "Yoga")
    await one.write(entity.update, yoga, {"price": 45})

    for night in range(3):
        told = await table(importer, COURSES.replace("beginner", f"night-{night}"))
        assert told.updated == {"entities": 1}
        assert says(told, "1 value ", f"price of {yoga}")

    assert (await course(one, "Yoga"))["price"] == 45


async def test_a_document_that_somebody_corrected_stays(one: Session, importer: Session) -> None:
    told: JsonObject = {"document": {"title": "Rules", "text": "No shoes.", "source": "rules"}}
    first = await lines(importer, told)
    await one.write(document.add, Draft("Rules", "No shoes, no food.", (), source="rules"))

    again = await lines(importer, told)

    assert first.created == {"documents": 1}
    assert again.change is None
    assert says(again, "line 1", "the text of kno_")


async def test_a_correction_that_was_undone_is_none_until_that_is_undone(
    one: Session, importer: Session
) -> None:
    await table(importer, COURSES)
    yoga = await id_of(one, "Yoga")
    corrected = await one.write(entity.update, yoga, {"price": 45}, name="Yoga for all")
    assert corrected.change
    undone = await one.write(undo.undo, corrected.change)
    assert undone.change
    dearer = await table(importer, COURSES.replace("40", "50"), dry_run=True)
    await one.write(undo.undo, undone.change)

    again = await table(importer, COURSES.replace("40", "50"))

    assert (dearer.updated, dearer.warnings) == ({"entities": 1}, None)
    assert again.updated is None
    assert says(again, "2 values", f"name of {yoga}", f"price of {yoga}")


async def test_a_tag_that_somebody_took_away_does_not_come_back(
    one: Session, importer: Session
) -> None:
    await table(importer, COURSES)
    yoga = await id_of(one, "Yoga")
    await one.write(tags.change, yoga, remove_tags=["skill:yoga"])

    again = await table(importer, COURSES)
    taken = await table(importer, COURSES, overwrite=True)

    assert again.change is None
    assert says(again, "line 2", "no tag skill:yoga", yoga)
    assert taken.updated == {"entities": 1}


async def test_corrections_are_counted_however_many(one: Session, importer: Session) -> None:
    many = importing.BATCH * 3
    text = "external_id,name,price\n" + "".join(f"k{n},C {n},40\n" for n in range(many))
    await table(importer, text)
    ids = [it.id for it in (await one.read(entities.find, "course", limit=30)).items]
    steps: list[JsonObject] = [
        {"op": "update_entity", "id": id, "properties": {"price": 45}} for id in ids
    ]
    await one.write(batch.apply, operations.parse([*steps]))

    again = await table(importer, text)

    assert again.updated is None
    assert says(again, "30 values", "; and 10 more")


ANN: JsonObject = {"entity": {"type": "lead", "name": "Ann", "external_id": "1"}}


def anne(**properties: str) -> JsonObject:
    return {
        "entity": {"type": "lead", "name": "Anne", "external_id": "2", "properties": {**properties}}
    }


async def merged(one: Session, importer: Session, **properties: str) -> str:
    await lines(importer, ANN, anne(**properties))
    ann, other = await id_of(one, "Ann"), await id_of(one, "Anne")
    step: JsonObject = {"op": "merge_entities", "survivor": ann, "losers": [other]}
    await one.write(batch.apply, operations.parse([step]))
    return ann


async def test_what_is_new_in_a_row_of_what_was_merged_reaches_the_survivor(
    one: Session, importer: Session
) -> None:
    ann = await merged(one, importer, phone="1")

    same = await lines(importer, anne(phone="1"))
    first = await lines(importer, anne(phone="2", city="Bern"))
    second = await lines(importer, anne(phone="3", city="Bern"))
    again = await lines(importer, anne(phone="3", city="Bern"))

    assert (same.change, same.warnings) == (None, None)
    assert first.updated == second.updated == {"entities": 1}
    assert (again.change, again.warnings) == (None, None)
    found = (await one.read(details.portrait, ann)).properties
    assert found.items() >= {"phone": "3", "city": "Bern"}.items()


async def test_what_a_survivor_has_otherwise_stays_and_is_told(
    one: Session, importer: Session
) -> None:
    ann = await merged(one, importer, phone="1")
    await one.write(entity.update, ann, {"phone": "9"})

    again = await lines(importer, anne(phone="2"))

    assert again.change is None
    assert says(again, "line 1", f"phone of {ann}")


async def test_where_a_survivor_has_a_row_of_its_own_that_one_wins(
    one: Session, importer: Session
) -> None:
    ann = await merged(one, importer, phone="1")

    first = await lines(importer, anne(phone="2"), ANN)
    again = await lines(importer, anne(phone="2"), ANN)

    assert first.change is None
    assert again.unchanged == {"entities": 2}
    for told in (first, again):
        assert says(told, "line 1", f"phone of {ann}")


async def test_what_is_new_in_a_row_of_what_was_converted_is_not_lost(
    one: Session, importer: Session
) -> None:
    await lines(importer, anne(source="fair"))
    id = await id_of(one, "Anne")
    step: JsonObject = {"op": "convert_entity", "id": id, "type": "audience_member"}
    await one.write(batch.apply, operations.parse([step]))

    same = await lines(importer, anne(source="fair"))
    newer = await lines(importer, anne(source="fair", city="Bern"))

    assert (same.change, same.warnings) == (None, None)
    assert newer.updated == {"entities": 1}
    found = await one.read(details.portrait, id)
    assert (found.type, found.properties["city"]) == ("audience_member", "Bern")


TIED: tuple[JsonObject, ...] = (
    {"entity": {"type": "audience_member", "name": "Ann", "external_id": "a"}},
    {"entity": {"type": "course", "name": "Yoga", "external_id": "y"}},
    {"entity": {"type": "course", "name": "Run", "external_id": "r"}},
    *(
        {
            "connection": {
                "from": "a",
                "type": "enrolled_in",
                "to": to,
                "metadata": {"progress": 0.5, "seat": "front"},
            }
        }
        for to in ("y", "r")
    ),
)


async def test_connections_that_somebody_corrected_or_took_away_stay_so(
    one: Session, importer: Session
) -> None:
    await lines(importer, *TIED)
    ann, yoga, run = [await id_of(one, name) for name in ("Ann", "Yoga", "Run")]
    tie = await one.write(connection.connect, ann, "enrolled_in", yoga, {"seat": "back"})
    await one.write(connection.disconnect, ann, "enrolled_in", run)

    again = await lines(importer, *TIED)
    taken = await imports.run(
        importer, data="\n".join(map(json.dumps, TIED)), format="jsonl", overwrite=True
    )

    assert again.change is None
    assert again.unchanged == {"entities": 3, "connections": 2}
    assert says(again, "2 values", f"seat of {tie.id}", f"no enrolled_in from {ann} to {run}")
    assert (taken.created, taken.updated) == ({"connections": 1}, {"connections": 1})
