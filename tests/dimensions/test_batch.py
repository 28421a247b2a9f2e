import re

import pytest

from one_mcp import ids
from one_mcp.dimensions.batch import batch, operations
from one_mcp.dimensions.batch.batch import Applied
from one_mcp.dimensions.changes import history
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.undo import undo
from one_mcp.errors import (
    CycleError,
    DuplicateError,
    InvalidArgumentError,
    NotFoundError,
    UnknownTypeError,
)
from one_mcp.jsons import JsonValue, dumps
from one_mcp.session import Session
from one_mcp.store.work import Work

pytestmark = pytest.mark.anyio


def count(work: Work) -> int:
    return work.value("SELECT count(*) FROM entities WHERE organization_id = :organization")


async def apply(one: Session, *given: JsonValue) -> Applied:
    return await one.write(batch.apply, operations.parse(list(given)))


def course(name: str = "$course", **more: JsonValue) -> JsonValue:
    return {"op": "create_entity", "as": name, "type": "course", "name": "Yoga", **more}


async def test_a_feature_is_written_as_one_change_with_local_names(
    one: Session, jane: Saved
) -> None:
    applied = await apply(
        one,
        course(tags=["skill:yoga"], properties={"price": 10}),
        {"op": "create_entity", "as": "$lesson", "type": "video", "name": "Lesson"},
        {"op": "connect_entities", "from": jane.id, "type": "owns", "to": "$course"},
        {"op": "connect_entities", "from": "$lesson", "type": "part_of", "to": "$course"},
        {"op": "update_entity", "id": "$course", "status": "published"},
        {"op": "record_event", "type": "course_created", "target": "$course", "actor": jane.id},
        {"op": "tag_entity", "id": "$course", "add": ["level:easy"], "remove": ["skill:yoga"]},
        {"op": "archive_entity", "id": "$lesson"},
        {"op": "restore_entity", "id": "$lesson"},
        {"op": "disconnect_entities", "from": "$lesson", "type": "part_of", "to": "$course"},
    )

    assert applied.ids is not None
    assert list(applied.ids) == ["$course", "$lesson"]
    assert [done.as_ for done in applied.done[:3]] == ["$course", "$lesson", None]
    assert applied.done[2].did == "Jane owns Yoga"
    told = await one.read(history.history, limit=1)
    assert told.changes[0].change == applied.change
    assert applied.change
    await one.write(undo.undo, applied.change)
    assert await one.read(count) == 1


async def test_an_explicit_event_takes_the_place_of_the_automatic_one(one: Session) -> None:
    applied = await apply(
        one, course(), {"op": "record_event", "type": "course_created", "target": "$course"}
    )

    number = ids.change_number(applied.change or "")
    assert number
    events = await one.read(
        lambda work: work.value(
            """
            SELECT count(*)
            FROM events
            WHERE organization_id = :organization
              AND version = :change
            """,
            change=number,
        )
    )
    assert events == 1


async def test_a_failing_operation_is_named_and_takes_everything_back(
    one: Session, jane: Saved
) -> None:
    with pytest.raises(DuplicateError) as failure:
        await apply(
            one,
            course(),
            {
                "op": "create_entity",
                "type": "creator",
                "name": "Ann",
                "properties": {"email": "jane@example.com"},
            },
        )

    assert failure.value.fields["at"] == "operations[1]"
    assert failure.value.fields["id"] == jane.id
    assert str(failure.value).startswith("operations[1]: ")
    assert await one.read(count) == 1


async def test_codes_of_failures_are_kept(one: Session) -> None:
    with pytest.raises(UnknownTypeError) as unknown:
        await apply(one, {"op": "create_entity", "type": "cours", "name": "Yoga"})
    with pytest.raises(NotFoundError):
        await apply(one, {"op": "archive_entity", "id": "ent_0123456789abcdef"})
    with pytest.raises(CycleError) as circle:
        await apply(
            one,
            course("$a"),
            course("$b"),
            {"op": "connect_entities", "from": "$a", "type": "part_of", "to": "$b"},
            {"op": "connect_entities", "from": "$b", "type": "part_of", "to": "$a"},
        )

    assert unknown.value.fields["at"] == "operations[0]"
    assert circle.value.fields["at"] == "operations[3]"


@pytest.mark.parametrize(
    ("name", "hint"), [("$corse", "did you mean $course"), ("$later", "operations[2]")]
)
async def test_a_local_name_that_is_not_defined_yet_gets_a_hint(
    one: Session, name: str, hint: str
) -> None:
    with pytest.raises(InvalidArgumentError) as failure:
        await apply(
            one,
            course(),
            {"op": "update_entity", "id": name, "status": "draft"},
            course("$later"),
        )

    assert failure.value.fields["at"] == "operations[1]"
    assert hint in str(failure.value)


async def test_a_name_is_defined_once(one: Session) -> None:
    with pytest.raises(InvalidArgumentError) as failure:
        await apply(one, course(), course())

    assert failure.value.fields["argument"] == "operations[1].as"


async def test_local_names_inside_properties_become_ids(one: Session) -> None:
    applied = await apply(
        one,
        course(),
        {
            "op": "create_entity",
            "as": "$lesson",
            "type": "video",
            "name": "Lesson",
            "properties": {"about": {"course": "$course"}, "price": "$5", "see": ["$curse"]},
        },
    )

    assert applied.ids
    stored = await one.read(
        lambda work: work.value(
            """
            SELECT properties ->> '$.about.course'
            FROM entities
            WHERE organization_id = :organization
              AND id = :id
            """,
            id=(applied.ids or {})["$lesson"],
        )
    )
    assert stored == applied.ids["$course"]
    assert [warning for warning in applied.warnings or [] if "$curse" in warning]


async def test_a_rehearsal_shows_no_id_that_will_not_be(one: Session, jane: Saved) -> None:
    steps = operations.parse(
        [
            course(),
            {"op": "create_entity", "type": "lesson", "name": "Breath"},
            {"op": "connect_entities", "from": "$course", "type": "owns", "to": jane.id},
            {"op": "tag_entity", "id": "$course", "add": ["skill:yoga"]},
            {"op": "update_entity", "id": jane.id, "properties": {"bio": "x"}},
        ]
    )

    rehearsed = await one.rehearse(batch.apply, steps, dry_run=True)

    assert rehearsed.dry_run
    assert rehearsed.change is None
    assert rehearsed.ids is None
    assert [it.id for it in rehearsed.done] == ["$course", None, None, "$course", jane.id]
    assert set(re.findall("ent_[0-9a-z]+", rehearsed.model_dump_json())) == {jane.id}
    assert await one.read(count) == 1


async def test_an_error_speaks_of_what_goes_with_it_in_local_names(one: Session) -> None:
    ada = {"type": "creator", "name": "Ada", "properties": {"email": "ada@example.com"}}

    with pytest.raises(DuplicateError) as failure:
        await apply(
            one, {"op": "create_entity", "as": "$ada", **ada}, {"op": "create_entity", **ada}
        )

    assert "$ada" in str(failure.value)
    assert failure.value.fields["id"] == "$ada"
    assert "ent_" not in str(failure.value) + str(failure.value.fields)


async def test_a_long_answer_keeps_the_ids_and_says_what_was_cut(one: Session) -> None:
    applied = await apply(one, *(course(f"$course{index}") for index in range(150)))

    assert applied.ids
    assert len(applied.ids) == 150
    assert applied.more == 150 - len(applied.done)


@pytest.mark.parametrize(
    ("operation", "argument"),
    [
        ("create", "operations[0]"),
        ({}, "operations[0].op"),
        ({"op": "create_entty"}, "operations[0].op"),
        ({"op": "create_entity", "name": "Yoga"}, "operations[0].type"),
        ({"op": "archive_entity", "id": 7}, "operations[0].id"),
        ({"op": "archive_entity", "id": "$a", "form": "$b"}, "operations[0].form"),
        ({"op": "tag_entity", "id": "$a", "add": ["a:b", 7]}, "operations[0].add[1]"),
        ({"op": "record_event", "type": "x", "at": "noon"}, "operations[0].at"),
        ({"op": "record_event", "type": "x", "at": 2026}, "operations[0].at"),
        (course("course"), "operations[0].as"),
        (course(properties='{"a": ' + "[" * 500 + "]" * 500 + "}"), "operations[0].properties"),
        (course(properties='{"a": NaN}'), "operations[0].properties"),
        ('{"op": "create_entity", "name": "a\\u0000b"}', "operations[0]"),
    ],
)
def test_a_misshapen_operation_is_refused_by_place(operation: JsonValue, argument: str) -> None:
    with pytest.raises(InvalidArgumentError) as failure:
        operations.parse([operation])

    assert failure.value.fields["argument"] == argument
    assert failure.value.fields["at"] == "operations[0]"


def test_a_misspelt_operation_or_field_gets_a_hint() -> None:
    with pytest.raises(InvalidArgumentError) as operation:
        operations.parse([{"op": "create_entty"}])
    with pytest.raises(InvalidArgumentError) as argument:
        operations.parse([{"op": "create_entity", "type": "course", "name": "x", "propertys": {}}])

    assert operation.value.fields["did_you_mean"] == "create_entity"
    assert argument.value.fields["did_you_mean"] == "properties"


def test_json_strings_are_read_as_what_they_hold() -> None:
    as_text = dumps(course(properties='{"price": 1}'))

    parsed = operations.parse([as_text])[0]

    assert isinstance(parsed, operations.CreateEntity)
    assert parsed.properties == {"price": 1}


@pytest.mark.parametrize("size", [0, 201])
def test_there_are_1_to_200_operations(size: int) -> None:
    with pytest.raises(InvalidArgumentError) as failure:
        operations.parse([course()] * size)

    assert failure.value.fields["argument"] == "operations"
