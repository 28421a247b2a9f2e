import pytest

from one_mcp.access import Principal, Role
from one_mcp.app import App
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import archive, entity, tags
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.purge import purge
from one_mcp.dimensions.undo import undo
from one_mcp.errors import ConflictError, InvalidArgumentError, NotFoundError
from one_mcp.session import Call, Session
from one_mcp.store.work import Work

pytestmark = pytest.mark.anyio

TABLES = ("organizations", "people", "entities", "connections", "tags")


def rows(work: Work) -> dict[str, list[tuple[object, ...]]]:
    """Everything that undo brings back, to the last column, and what a search finds."""
    stored = {
        table: sorted(
            (
                tuple(row)
                for row in work.all(f"SELECT * FROM {table} WHERE organization_id = :organization")
            ),
            key=repr,
        )
        for table in TABLES
    }
    found = work.all("SELECT rowid FROM entity_words WHERE entity_words MATCH '1xyoga OR 1xjane'")
    return {**stored, "found": sorted(tuple(row) for row in found)}


def later(failure: pytest.ExceptionInfo[ConflictError]) -> list[str]:
    """The changes that a refusal names."""
    named = failure.value.fields["later"]
    assert isinstance(named, list)
    return [one["change"] for one in named if isinstance(one, dict)]


@pytest.fixture
async def course(one: Session) -> Saved:
    return await one.write(entity.create, "course", "Yoga", {"price": 10}, with_tags=["skill:yoga"])


async def undone(one: Session, change: str | None) -> undo.Undone:
    assert change is not None
    return await one.write(undo.undo, change)


async def test_an_update_is_undone_to_the_last_column(one: Session, course: Saved) -> None:
    before = await one.read(rows)
    update = await one.write(entity.update, course.id, {"price": 12}, name="Running")

    answer = await undone(one, update.change)

    assert await one.read(rows) == before
    assert (answer.undone, answer.entities) == (update.change, 1)


async def test_a_creation_is_undone_with_its_tags_and_its_events(one: Session) -> None:
    before = await one.read(rows)
    course = await one.write(
        entity.create, "course", "Yoga", {"price": 10}, with_tags=["skill:yoga"]
    )

    answer = await undone(one, course.change)

    assert await one.read(rows) == before
    assert (answer.entities, answer.tags, answer.events_retracted) == (1, 1, 1)


async def test_an_archive_is_undone_with_its_connections(
    one: Session, jane: Saved, course: Saved
) -> None:
    await one.write(connection.connect, jane.id, "owns", course.id)
    before = await one.read(rows)
    archived = await one.write(archive.archive, course.id)

    await undone(one, archived.change)

    assert await one.read(rows) == before


async def test_a_disconnection_is_undone_even_when_others_connected_meanwhile(
    one: Session, jane: Saved, course: Saved
) -> None:
    await one.write(connection.connect, jane.id, "owns", course.id)
    cut = await one.write(connection.disconnect, jane.id, "owns", course.id)
    await one.write(connection.connect, jane.id, "authored", course.id)

    await undone(one, cut.change)

    kinds = await one.read(
        lambda work: work.all(
            "SELECT type FROM connections WHERE organization_id = :organization ORDER BY type"
        )
    )
    assert [row["type"] for row in kinds] == ["authored", "owns"]


async def test_an_undo_can_be_undone_and_the_change_undone_again(
    one: Session, course: Saved
) -> None:
    before = await one.read(rows)
    update = await one.write(entity.update, course.id, {"price": 12})
    after = await one.read(rows)

    first = await undone(one, update.change)
    redone = await undone(one, first.change)
    assert await one.read(rows) == after
    second = await undone(one, update.change)
    assert await one.read(rows) == before
    await undone(one, second.change)
    assert await one.read(rows) == after
    await undone(one, redone.change)

    assert await one.read(rows) == before


async def test_an_undone_change_is_not_undone_twice(one: Session, course: Saved) -> None:
    update = await one.write(entity.update, course.id, {"price": 12})
    first = await undone(one, update.change)

    with pytest.raises(ConflictError) as failure:
        await undone(one, update.change)

    assert failure.value.fields["undone_by"] == first.change


async def test_later_changes_of_the_same_row_are_named_newest_first(
    one: Session, course: Saved
) -> None:
    update = await one.write(entity.update, course.id, {"price": 12})
    second = await one.write(entity.update, course.id, {"price": 13})
    third = await one.write(archive.archive, course.id)

    with pytest.raises(ConflictError) as failure:
        await undone(one, update.change)

    assert later(failure) == [third.change, second.change]
    for change in (third, second, update):
        await undone(one, change.change)


async def test_later_changes_that_were_undone_do_not_stand_in_the_way(
    one: Session, course: Saved
) -> None:
    update = await one.write(entity.update, course.id, {"price": 12})
    second = await one.write(entity.update, course.id, {"price": 13})
    await undone(one, second.change)
    third = await one.write(entity.update, course.id, {"price": 14})

    with pytest.raises(ConflictError) as failure:
        await undone(one, update.change)

    assert later(failure) == [third.change]
    await undone(one, third.change)
    await undone(one, update.change)


async def test_later_connections_and_tags_keep_a_creation(
    one: Session, jane: Saved, course: Saved
) -> None:
    owned = await one.write(connection.connect, jane.id, "owns", course.id)
    tagged = await one.write(tags.change, course.id, ["skill:running"])

    with pytest.raises(ConflictError) as failure:
        await undone(one, course.change)

    assert later(failure) == [tagged.change, owned.change]


async def test_a_connection_made_after_a_restore_keeps_the_restore(
    one: Session, jane: Saved, course: Saved
) -> None:
    await one.write(archive.archive, course.id)
    restored = await one.write(archive.restore, course.id)
    owned = await one.write(connection.connect, jane.id, "owns", course.id)

    with pytest.raises(ConflictError) as failure:
        await undone(one, restored.change)

    assert later(failure) == [owned.change]


async def test_an_identity_that_another_took_does_not_come_back(one: Session, jane: Saved) -> None:
    renamed = await one.write(entity.update, jane.id, {"email": "other@example.com"})
    taker = await one.write(entity.create, "creator", "Ann", {"email": "jane@example.com"})
    await one.write(entity.update, taker.id, {"niche": ["food"]})

    with pytest.raises(ConflictError) as failure:
        await undone(one, renamed.change)

    assert later(failure) == [taker.change]


async def test_a_connection_made_anew_keeps_the_old_one_away(
    one: Session, jane: Saved, course: Saved
) -> None:
    await one.write(connection.connect, jane.id, "owns", course.id)
    cut = await one.write(connection.disconnect, jane.id, "owns", course.id)
    anew = await one.write(connection.connect, jane.id, "owns", course.id)

    with pytest.raises(ConflictError) as failure:
        await undone(one, cut.change)

    assert later(failure) == [anew.change]


async def test_a_connection_does_not_come_back_to_an_archived_or_missing_end(
    one: Session, jane: Saved
) -> None:
    course = await one.write(entity.create, "course", "Yoga")
    await one.write(connection.connect, jane.id, "owns", course.id)
    cut = await one.write(connection.disconnect, jane.id, "owns", course.id)
    archived = await one.write(archive.archive, course.id)

    with pytest.raises(ConflictError) as archived_end:
        await undone(one, cut.change)
    await undone(one, archived.change)
    gone = await undone(one, course.change)
    with pytest.raises(ConflictError) as missing_end:
        await undone(one, cut.change)

    assert later(archived_end) == [archived.change]
    assert later(missing_end) == [gone.change]


async def test_a_neighbour_archived_meanwhile_keeps_an_archive(
    one: Session, jane: Saved, course: Saved
) -> None:
    await one.write(connection.connect, jane.id, "owns", course.id)
    first = await one.write(archive.archive, course.id)
    second = await one.write(archive.archive, jane.id)

    with pytest.raises(ConflictError) as failure:
        await undone(one, first.change)

    assert later(failure) == [second.change]


async def test_a_connection_does_not_come_back_into_a_circle(one: Session) -> None:
    outer = await one.write(entity.create, "course", "Outer")
    middle = await one.write(entity.create, "course", "Middle")
    inner = await one.write(entity.create, "course", "Inner")
    await one.write(connection.connect, inner.id, "part_of", outer.id)
    cut = await one.write(connection.disconnect, inner.id, "part_of", outer.id)
    first = await one.write(connection.connect, outer.id, "part_of", middle.id)
    second = await one.write(connection.connect, middle.id, "part_of", inner.id)

    with pytest.raises(ConflictError) as failure:
        await undone(one, cut.change)

    assert set(later(failure)) == {first.change, second.change}


async def test_a_tag_does_not_come_back_to_an_entity_that_is_gone(one: Session) -> None:
    course = await one.write(entity.create, "course", "Yoga")
    tagged = await one.write(tags.change, course.id, ["skill:yoga"])
    bared = await one.write(tags.change, course.id, None, ["skill:yoga"])
    gone = await undone(one, course.change)

    with pytest.raises(ConflictError) as failure:
        await undone(one, bared.change)

    assert tagged.change
    assert later(failure) == [gone.change]


async def test_a_purge_is_for_good(one: Session, jane: Saved, course: Saved) -> None:
    owned = await one.write(connection.connect, jane.id, "owns", course.id)
    update = await one.write(entity.update, jane.id, {"niche": ["food"]})
    purged = await one.write(purge.purge, jane.id, "Jane")

    with pytest.raises(ConflictError) as itself:
        await undone(one, purged.change)
    with pytest.raises(ConflictError) as before:
        await undone(one, update.change)
    with pytest.raises(ConflictError) as connected:
        await undone(one, owned.change)

    for failure in (itself, before, connected):
        assert failure.value.fields["purged_by"] == purged.change


async def test_what_a_change_made_is_removed_but_for_what_was_purged(one: Session) -> None:
    def both(work: Work) -> Saved:
        first = entity.create(work, "course", "First")
        second = entity.create(work, "course", "Second")
        return first.model_copy(update={"extra": [second.id]})

    made = await one.write(both)
    await one.write(purge.purge, made.id, made.id)

    answer = await undone(one, made.change)

    assert answer.entities == 1
    assert answer.warnings
    assert (await one.read(rows))["entities"] == []


async def test_rows_written_twice_in_one_change_go_back_to_the_first(
    one: Session, jane: Saved
) -> None:
    ann = await one.write(entity.create, "creator", "Ann", {"email": "ann@example.com"})
    before = await one.read(rows)

    def swap(work: Work) -> Saved:
        entity.update(work, jane.id, {"email": "x@example.com"})
        entity.update(work, ann.id, {"email": "jane@example.com"})
        return entity.update(work, jane.id, {"email": "ann@example.com"})

    swapped = await one.write(swap)
    answer = await undone(one, swapped.change)

    assert answer.entities == 2
    assert await one.read(rows) == before


async def test_what_cannot_be_undone_is_refused(app: App, one: Session, jane: Saved) -> None:
    stranger = Principal("org_other", "per_other", "Other", Role.ORG_OWNER)

    with pytest.raises(ConflictError):
        await undone(one, "chg_1")
    for unknown in ("chg_999999999999999999", f"chg_{jane.version + 2}"):
        with pytest.raises(NotFoundError):
            await undone(one, unknown)
    for misshapen in ("chg_0", "7", "ent_0123456789abcdef", "chg_9999999999999999999"):
        with pytest.raises(InvalidArgumentError):
            await undone(one, misshapen)
    with pytest.raises(NotFoundError):
        await undone(app.session(Call("undo_change"), stranger), jane.change)
