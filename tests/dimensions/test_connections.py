"""Connecting and disconnecting: what is stored, merged, warned of and refused."""

import pytest

from one_mcp.app import App
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import archive, entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.errors import (
    ArchivedError,
    CycleError,
    InvalidArgumentError,
    InvalidPropertyError,
    NotFoundError,
    UnknownTypeError,
    WrongDirectionError,
)
from one_mcp.jsons import JsonObject
from one_mcp.session import Session

pytestmark = pytest.mark.anyio

NOWHERE = "ent_0000000000000000"


async def thing(one: Session, type: str, name: str) -> str:
    return (await one.write(entity.create, type, name)).id


@pytest.fixture
async def course(one: Session) -> str:
    return await thing(one, "course", "Yoga")


@pytest.fixture
async def lesson(one: Session) -> str:
    return await thing(one, "lesson", "Breathing")


async def test_a_connection_reads_as_a_sentence(one: Session, jane: Saved, course: str) -> None:
    made = await one.write(connection.connect, jane.id, "owns", course)

    assert made.sentence == "Jane owns Yoga"
    assert made.created
    assert made.warnings is None


async def test_connecting_again_merges_the_metadata(one: Session, jane: Saved, course: str) -> None:
    """Fields are added, replaced and, with null, removed (D-20)."""
    first = await one.write(
        connection.connect, jane.id, "owns", course, {"share": 0.5, "note": "a", "deal": {"x": 1}}
    )

    again = await one.write(
        connection.connect,
        jane.id,
        "owns",
        course,
        {"share": None, "note": "b", "deal": {"y": 2}},
    )

    assert again.id == first.id
    assert not again.created
    assert again.metadata == {"note": "b", "deal": {"x": 1, "y": 2}}
    assert again.extra == ["note", "deal"]


async def test_connecting_the_same_again_changes_nothing(
    one: Session, jane: Saved, course: str
) -> None:
    await one.write(connection.connect, jane.id, "owns", course, {"share": 0.5})

    again = await one.write(connection.connect, jane.id, "owns", course, {"share": 0.5})

    assert again.change is None


async def test_nulls_are_not_stored_with_a_new_connection(
    one: Session, jane: Saved, course: str
) -> None:
    made = await one.write(
        connection.connect, jane.id, "owns", course, {"share": None, "note": None}
    )

    assert made.metadata is None


async def test_a_misspelt_field_is_kept_and_told(one: Session, jane: Saved, course: str) -> None:
    made = await one.write(connection.connect, jane.id, "owns", course, {"shares": 1})

    assert made.metadata == {"shares": 1}
    assert made.warnings is not None
    assert "share" in made.warnings[0]


async def test_metadata_of_the_wrong_type_is_refused(
    one: Session, jane: Saved, course: str
) -> None:
    with pytest.raises(InvalidPropertyError) as failure:
        await one.write(connection.connect, jane.id, "owns", course, {"share": "half"})

    assert failure.value.fields["field"] == "metadata.share"


async def test_merging_does_not_grow_metadata_without_end(
    one: Session, jane: Saved, course: str
) -> None:
    large = "x" * 600_000
    made = await one.write(connection.connect, jane.id, "owns", course, {"a": large})

    with pytest.raises(InvalidPropertyError):
        await one.write(connection.connect, jane.id, "owns", course, {"b": large})

    assert made.shortened == ["a (600,000 characters)"]
    assert len(made.model_dump_json()) < 5_000


async def test_both_directions_are_two_connections(one: Session, jane: Saved) -> None:
    ann = await thing(one, "audience_member", "Ann")

    there = await one.write(connection.connect, jane.id, "following", ann)
    back = await one.write(connection.connect, ann, "following", jane.id)

    assert there.id != back.id


async def test_a_turned_connection_is_refused_with_the_call_that_works(
    one: Session, course: str, lesson: str
) -> None:
    """A part points at its whole, content at what generated it (D-06)."""
    with pytest.raises(WrongDirectionError) as failure:
        await one.write(connection.connect, course, "part_of", lesson)

    right = failure.value.fields["use_instead"]
    assert right == {"from": lesson, "type": "part_of", "to": course}
    made = await one.write(connection.connect, lesson, "part_of", course)
    assert made.sentence == "Breathing is part of Yoga"


async def test_a_generator_does_not_point_at_its_content(one: Session, course: str) -> None:
    agent = await thing(one, "marketing_agent", "Max")

    with pytest.raises(WrongDirectionError):
        await one.write(connection.connect, agent, "generated_by", course)


async def test_unusual_ends_are_stored_with_a_warning(
    one: Session, course: str, lesson: str
) -> None:
    made = await one.write(connection.connect, course, "following", lesson)

    assert made.created
    assert made.warnings is not None


async def test_an_entity_is_not_connected_to_itself(one: Session, jane: Saved) -> None:
    with pytest.raises(InvalidArgumentError) as failure:
        await one.write(connection.connect, jane.id, "following", jane.id)

    assert failure.value.fields["argument"] == "to"


async def test_a_missing_end_is_refused(one: Session, jane: Saved) -> None:
    with pytest.raises(NotFoundError):
        await one.write(connection.connect, jane.id, "owns", NOWHERE)
    with pytest.raises(NotFoundError):
        await one.write(connection.connect, NOWHERE, "owns", jane.id)


async def test_an_archived_end_is_refused(one: Session, jane: Saved, course: str) -> None:
    await one.write(connection.connect, jane.id, "owns", course)
    await one.write(archive.archive, course)

    with pytest.raises(ArchivedError):
        await one.write(connection.connect, jane.id, "owns", course)
    with pytest.raises(ArchivedError):
        await one.write(connection.disconnect, jane.id, "owns", course)


async def test_an_unknown_type_is_refused_with_a_near_one(
    one: Session, jane: Saved, course: str
) -> None:
    with pytest.raises(UnknownTypeError) as failure:
        await one.write(connection.connect, jane.id, "own", course)

    assert failure.value.fields["did_you_mean"] == ["owns"]


async def test_a_part_cannot_contain_its_whole(one: Session) -> None:
    first, second, third = [await thing(one, "course", name) for name in "abc"]
    await one.write(connection.connect, first, "part_of", second)
    await one.write(connection.connect, second, "part_of", third)

    with pytest.raises(CycleError):
        await one.write(connection.connect, third, "part_of", first)


async def test_a_hidden_connection_still_forbids_a_circle(one: Session) -> None:
    first, second, third = [await thing(one, "course", name) for name in "abc"]
    await one.write(connection.connect, first, "part_of", second)
    await one.write(connection.connect, second, "part_of", third)
    await one.write(archive.archive, second)

    with pytest.raises(CycleError):
        await one.write(connection.connect, third, "part_of", first)


async def test_a_diamond_is_no_circle(one: Session) -> None:
    top, left, right, bottom = [await thing(one, "course", name) for name in "abcd"]
    await one.write(connection.connect, left, "part_of", top)
    await one.write(connection.connect, right, "part_of", top)
    await one.write(connection.connect, bottom, "part_of", left)

    made = await one.write(connection.connect, bottom, "part_of", right)

    assert made.created


async def test_followers_may_follow_back_in_a_circle(one: Session, jane: Saved) -> None:
    ann = await thing(one, "audience_member", "Ann")
    await one.write(connection.connect, jane.id, "following", ann)

    made = await one.write(connection.connect, ann, "following", jane.id)

    assert made.created


async def test_disconnecting_removes_one_connection(one: Session, jane: Saved, course: str) -> None:
    made = await one.write(connection.connect, jane.id, "owns", course)
    await one.write(connection.connect, jane.id, "teaching", course)

    gone = await one.write(connection.disconnect, jane.id, "owns", course)

    assert gone.id == made.id
    assert await one.read(connection.find, jane.id, "owns", course) is None
    assert await one.read(connection.find, jane.id, "teaching", course) is not None


async def test_disconnecting_what_is_not_there_says_whether_it_runs_the_other_way(
    one: Session, jane: Saved
) -> None:
    ann = await thing(one, "audience_member", "Ann")
    await one.write(connection.connect, ann, "following", jane.id)

    with pytest.raises(NotFoundError) as failure:
        await one.write(connection.disconnect, jane.id, "following", ann)

    assert failure.value.fields["use_instead"] == {
        "from": ann,
        "type": "following",
        "to": jane.id,
    }
    with pytest.raises(NotFoundError) as failure:
        await one.write(connection.disconnect, jane.id, "owns", ann)
    assert "use_instead" not in failure.value.fields


@pytest.mark.parametrize("metadata", [{}, {"share": 0.5}])
async def test_whoever_watches_an_end_or_the_type_is_told(
    app: App, one: Session, jane: Saved, course: str, metadata: JsonObject
) -> None:
    await one.write(connection.connect, jane.id, "owns", course, {"share": 1})
    told: list[frozenset[str]] = []
    app.listeners.append(told.append)

    if metadata:
        await one.write(connection.connect, jane.id, "owns", course, metadata)
    else:
        await one.write(connection.disconnect, jane.id, "owns", course)

    assert {jane.id, course, "owns"} < told[0]
