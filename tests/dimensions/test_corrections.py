"""A wrong type, a wrong tag, a crowd of rows: put right in one change."""

import pytest

from one_mcp.dimensions.batch import batch, operations
from one_mcp.dimensions.batch.batch import Applied
from one_mcp.dimensions.changes import history
from one_mcp.dimensions.entities import details, entity, finding, tags
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.undo import undo
from one_mcp.errors import (
    ConfirmationError,
    ConflictError,
    DuplicateError,
    InvalidArgumentError,
    InvalidPropertyError,
    NotFoundError,
)
from one_mcp.jsons import JsonValue
from one_mcp.services.exchange import imports
from one_mcp.session import Session

pytestmark = pytest.mark.anyio


async def apply(one: Session, *given: JsonValue) -> Applied:
    return await one.write(batch.apply, operations.parse(list(given)))


async def test_an_entity_becomes_another_type_with_all_it_was(one: Session) -> None:
    lead = await one.write(
        entity.create, "audience_member", "Ann", {"email": "ann@example.com", "town": "Rome"}
    )
    step: dict[str, JsonValue] = {"op": "convert_entity", "id": lead.id, "type": "creator"}

    applied = await apply(
        one, {**step, "mapping": {"town": "location"}, "properties": {"bio": "Teaches"}}
    )

    shown = await one.read(details.portrait, lead.id)
    assert shown.type == "creator"
    assert shown.properties
    assert {"email", "location", "bio"} <= shown.properties.keys()
    assert "town" not in shown.properties
    told = await one.read(history.history, lead.id)
    assert len(told.changes) == 2
    rows = [row for row in told.changes[0].rows or [] if row.kind == "entity"]
    assert (rows[0].fields or {})["type"] == ["audience_member", "creator"]
    assert applied.change
    await one.write(undo.undo, applied.change)
    back = await one.read(details.portrait, lead.id)
    assert (back.type, (back.properties or {})["town"]) == ("audience_member", "Rome")


async def test_a_conversion_tells_what_becomes_of_each_property(one: Session) -> None:
    had = {
        "email": "ann@example.com",
        "town": "Rome",
        "level": 3,
        "shoe": 39,
        "points": 1,
        "bio": "A",
    }
    ann = await one.write(entity.create, "audience_member", "Ann", had)
    step: dict[str, JsonValue] = {"op": "convert_entity", "id": ann.id, "type": "creator"}
    mapping: dict[str, JsonValue] = {"town": "location", "level": None}
    given: dict[str, JsonValue] = {"bio": "B", "niche": ["tea"], "points": None}
    made: JsonValue = {**step, "mapping": mapping, "properties": given}

    dry = await one.rehearse(batch.apply, operations.parse([made]), dry_run=True)
    applied = await apply(one, made)

    assert applied.done[0].did == dry.done[0].did
    assert applied.done[0].did.partition(": ")[2].split("; ") == [
        "kept email",
        "renamed town to location",
        "kept beside the type location, shoe",
        "left out level, points",
        "set bio, niche",
        "filled in displayName, username",
    ]


async def test_what_the_new_type_forbids_is_refused(one: Session, jane: Saved) -> None:
    lead = await one.write(entity.create, "audience_member", "J", {"email": "JANE@example.com"})
    bare = await one.write(entity.create, "audience_member", "B")
    step: dict[str, JsonValue] = {"op": "convert_entity", "type": "creator"}

    with pytest.raises(DuplicateError):
        await apply(one, {**step, "id": lead.id})
    with pytest.raises(InvalidPropertyError):
        await apply(one, {**step, "id": bare.id})
    with pytest.raises(InvalidArgumentError):
        await apply(one, {**step, "id": jane.id})
    with pytest.raises(InvalidArgumentError):
        await apply(one, {**step, "id": bare.id, "mapping": {"nothing": "email"}})


async def test_what_a_query_finds_is_changed_once_its_number_is_known(one: Session) -> None:
    made = [await one.write(entity.create, "lesson", f"L{n}", {"order": n}) for n in range(5)]
    asked: dict[str, JsonValue] = {
        "op": "change_found",
        "type": "lesson",
        "where": {"order": {"gte": 2}},
        "set_status": "draft",
        "add_tags": ["topic:yoga"],
    }

    with pytest.raises(ConfirmationError) as failure:
        await apply(one, {**asked, "count": 4})
    applied = await apply(one, {**asked, "count": 3})

    assert failure.value.fields["count"] == 3
    assert "3 entities" in applied.done[0].did
    shown = [await one.read(details.portrait, it.id) for it in made]
    assert [it.status for it in shown] == ["active"] * 2 + ["draft"] * 3
    assert shown[4].tags == ["topic:yoga"]
    assert applied.change
    await one.write(undo.undo, applied.change)
    assert (await one.read(details.portrait, made[4].id)).status == "active"


async def test_a_query_that_finds_nothing_or_nothing_new_says_so(one: Session) -> None:
    asked: dict[str, JsonValue] = {"op": "change_found", "type": "lesson", "set_status": "draft"}
    tagged: dict[str, JsonValue] = {**asked, "add_tags": ["topic:yoga"], "count": 2}
    none = await apply(one, {**asked, "count": 0})
    for name in ("A", "B"):
        made = await one.write(entity.create, "lesson", name)
    await apply(one, {**asked, "count": 2})
    same = await apply(one, {**asked, "count": 2})
    await one.write(tags.change, made.id, ["topic:yoga"])
    some = await apply(one, tagged)
    before = await one.read(history.history)
    again = await apply(one, tagged)

    assert none.done[0].did == "changed nothing: no entity meets the conditions"
    assert same.done[0].did.startswith("changed nothing: 2 entities meet the conditions")
    assert some.done[0].did.startswith("updated and tagged 1 of 2 entities")
    assert (none.change, same.change, again.change) == (None, None, None)
    assert (await one.read(history.history)).changes == before.changes


async def test_what_a_query_finds_is_archived(one: Session) -> None:
    for name in ("A", "B"):
        await one.write(entity.create, "lesson", name)
    asked: dict[str, JsonValue] = {"op": "change_found", "type": "lesson", "count": 2}

    with pytest.raises(InvalidArgumentError):
        await apply(one, asked)
    with pytest.raises(InvalidArgumentError):  # a count confirms, and is a number
        await apply(one, {**asked, "archive": True, "count": "2"})
    await apply(one, {**asked, "archive": True})

    archived = await one.read(finding.find, type="lesson", status="archived")
    assert {item.name for item in archived.items} == {"A", "B"}
    with pytest.raises(ConfirmationError):
        await apply(one, {**asked, "archive": True})


async def test_a_tag_is_renamed_everywhere_and_joins_the_other(one: Session) -> None:
    first, second = [await one.write(entity.create, "lesson", name) for name in ("A", "B")]
    await one.write(tags.change, first.id, ["topic:joga", "topic:yoga"])
    await one.write(tags.change, second.id, ["topic:joga"])
    step: dict[str, JsonValue] = {"op": "rename_tag", "tag": "topic:joga", "to": "topic:yoga"}

    applied = await apply(one, step)

    assert [(await one.read(details.portrait, it.id)).tags for it in (first, second)] == [
        ["topic:yoga"],
        ["topic:yoga"],
    ]
    with pytest.raises(NotFoundError):
        await apply(one, step)
    assert applied.change
    await one.write(undo.undo, applied.change)
    assert (await one.read(details.portrait, second.id)).tags == ["topic:joga"]


async def test_a_conversion_whose_key_is_taken_names_who_took_it(one: Session) -> None:
    line = '{"entity": {"type": "lead", "name": "%s", "external_id": "l1"}}'
    await imports.run(one, data=line % "Ann", format="jsonl")
    (ann,) = (await one.read(finding.find, "lead")).items
    step: dict[str, JsonValue] = {"op": "convert_entity", "id": ann.id, "type": "audience_member"}
    applied = await apply(one, step)
    taker = await one.write(entity.create, "lead", "Bo", external_id="l1")

    assert applied.change
    with pytest.raises(ConflictError) as refused:
        await one.write(undo.undo, applied.change)

    (later,) = refused.value.fields["later"]
    assert later["change"] == taker.change
    assert taker.change
    await one.write(undo.undo, taker.change)
    await one.write(undo.undo, applied.change)
    assert (await one.read(details.portrait, ann.id)).type == "lead"


async def test_who_was_converted_to_a_type_can_stand_in_the_way_there(one: Session) -> None:
    email = {"email": "ann@example.com"}
    ann = await one.write(entity.create, "creator", "Ann", email)
    bo = await one.write(entity.create, "lead", "Bo", email)
    away: dict[str, JsonValue] = {"op": "convert_entity", "id": ann.id, "type": "lead"}
    there: dict[str, JsonValue] = {"op": "convert_entity", "id": bo.id, "type": "creator"}
    applied = await apply(one, away)
    taken = await apply(one, there)

    assert applied.change
    with pytest.raises(ConflictError) as refused:
        await one.write(undo.undo, applied.change)

    (later,) = refused.value.fields["later"]
    assert later["change"] == taken.change
