import pytest

from one_mcp.access import Principal, Role
from one_mcp.app import LOCAL, App
from one_mcp.dimensions.changes import history
from one_mcp.dimensions.changes.history import Difference
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import archive, entity, tags
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.events import event
from one_mcp.dimensions.purge import purge
from one_mcp.dimensions.undo import undo
from one_mcp.errors import InvalidArgumentError, NotFoundError
from one_mcp.jsons import JsonValue
from one_mcp.session import Call, Session

pytestmark = pytest.mark.anyio


@pytest.fixture
async def course(one: Session) -> Saved:
    return await one.write(entity.create, "course", "Yoga", {"price": 10, "place": {"room": 1}})


async def newest(one: Session, id: str | None = None) -> Difference:
    told = await one.read(history.history, id, limit=1)
    assert told.changes[0].rows
    return told.changes[0].rows[0]


async def test_an_update_is_told_field_by_field(one: Session, course: Saved) -> None:
    await one.write(
        entity.update, course.id, {"price": 12, "place": {"room": 2}, "new": [1]}, name="Running"
    )

    row = await newest(one, course.id)

    assert (row.id, row.kind, row.did, row.name) == (course.id, "entity", "updated", "Running")
    assert row.fields == {
        "name": ["Yoga", "Running"],
        "properties.price": [10, 12],
        "properties.place.room": [1, 2],
        "properties.new": [None, [1]],
    }


async def test_a_change_says_who_when_how_and_why(app: App, jane: Saved) -> None:
    door = app.session(Call("update_entity", reason="she asked"), LOCAL)
    await door.write(entity.update, jane.id, {"niche": ["food"]})

    change = (await door.read(history.history, jane.id)).changes[0]

    assert (change.by, change.tool, change.reason) == ("Owner", "update_entity", "she asked")
    assert change.at == "2026-11-23T12:00:00Z"


async def test_an_entity_has_the_history_of_its_tags_and_connections_too(
    one: Session, jane: Saved, course: Saved
) -> None:
    await one.write(connection.connect, jane.id, "owns", course.id, {"share": 1})
    await one.write(tags.change, course.id, ["skill:yoga"])
    await one.write(connection.disconnect, jane.id, "owns", course.id)
    await one.write(entity.update, jane.id, {"niche": ["food"]})

    told = await one.read(history.history, course.id)

    rows = [row for change in told.changes for row in change.rows or []]
    assert [(row.kind, row.did, row.name) for row in rows] == [
        ("connection", "disconnected", "Jane owns Yoga"),
        ("tag", "added", "skill:yoga on Yoga"),
        ("connection", "connected", "Jane owns Yoga"),
        ("entity", "created", "Yoga"),
    ]


async def test_a_connection_has_a_history_of_its_own(
    one: Session, jane: Saved, course: Saved
) -> None:
    made = await one.write(connection.connect, jane.id, "owns", course.id)
    await one.write(archive.archive, course.id)

    told = await one.read(history.history, made.id)

    assert [row.did for change in told.changes for row in change.rows or []] == [
        "hidden",
        "connected",
    ]


async def test_a_change_shows_all_its_rows_page_by_page(one: Session) -> None:
    many = await one.write(
        entity.create, "course", "Yoga", with_tags=[f"skill:{index}" for index in range(30)]
    )
    assert many.change

    first = await one.read(history.history, many.change, limit=20)
    rest = await one.read(history.history, many.change, limit=20, cursor=first.cursor)

    rows = [*(first.changes[0].rows or []), *(rest.changes[0].rows or [])]
    assert [row.kind for row in rows] == ["entity", *["tag"] * 30, "event"]
    assert rest.cursor is None


async def test_without_an_id_the_newest_changes_are_told_in_short(
    one: Session, jane: Saved
) -> None:
    await one.write(
        entity.create, "course", "Yoga", with_tags=[f"skill:{index}" for index in range(30)]
    )
    await one.write(event.record, "creator_updated", jane.id)

    told = await one.read(history.history, limit=2)
    older = await one.read(history.history, limit=2, cursor=told.cursor)

    recorded, created = told.changes
    assert recorded.rows
    assert (recorded.rows[0].kind, recorded.rows[0].name) == ("event", "Jane")
    assert created.rows
    assert created.more == 32 - len(created.rows)
    assert [change.tool for change in older.changes] == ["test", "serve"]


async def test_an_undo_is_told_on_both_sides(one: Session, course: Saved) -> None:
    assert course.change
    undone = await one.write(undo.undo, course.change)

    told = await one.read(history.history, course.id)

    assert [(change.undoes, change.undone_by) for change in told.changes] == [
        (course.change, None),
        (None, undone.change),
    ]


async def test_a_purge_leaves_a_history_without_content(one: Session, jane: Saved) -> None:
    purged = await one.write(purge.purge, jane.id, "Jane")

    told = await one.read(history.history, jane.id)

    assert "Jane" not in told.model_dump_json()
    rows = [row for change in told.changes for row in change.rows or []]
    assert [(row.did, row.purged) for row in rows] == [
        ("purged", purged.change),
        ("created", purged.change),
    ]


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("x" * 500, "y", ["x" * 120 + "… (500 characters)", "y"]),
        ("a" * 300, "a" * 300 + "b", ["…" + "a" * 20, "…" + "a" * 20 + "b"]),
        (list(range(100)), None, ["[0,1,2,3", None]),
    ],
)
async def test_long_values_are_cut_to_where_they_differ(
    one: Session, course: Saved, before: JsonValue, after: JsonValue, shown: list[str | None]
) -> None:
    await one.write(entity.update, course.id, {"body": before})
    await one.write(entity.update, course.id, {"body": after})

    pair = ((await newest(one, course.id)).fields or {})["properties.body"]

    assert isinstance(pair, list)
    for value, expected in zip(pair, shown, strict=True):
        assert value == expected or str(value).startswith(str(expected))
        assert len(str(value)) < 150


async def test_what_never_was_has_no_history(app: App, one: Session, jane: Saved) -> None:
    stranger = app.session(
        Call("get_history"), Principal("org_other", "per_other", "Other", Role.ORG_OWNER)
    )

    for door, id in (
        (one, "ent_0123456789abcdef"),
        (one, "chg_99"),
        (stranger, jane.id),
        (stranger, jane.change),
    ):
        with pytest.raises(NotFoundError):
            await door.read(history.history, id)
    assert (await stranger.read(history.history)).changes == []


@pytest.mark.parametrize("id", ["evt_0123456789abcdef", "Jane", "", "ent_" + "x" * 99])
async def test_what_has_no_history_is_refused(one: Session, id: str) -> None:
    with pytest.raises(InvalidArgumentError):
        await one.read(history.history, id)


async def test_a_cursor_of_another_history_is_refused(one: Session, jane: Saved) -> None:
    await one.write(entity.update, jane.id, {"niche": ["food"]})
    told = await one.read(history.history, jane.id, limit=1)

    with pytest.raises(InvalidArgumentError):
        await one.read(history.history, cursor=told.cursor)


async def test_true_takes_the_place_of_one(one: Session, course: Saved) -> None:
    await one.write(entity.update, course.id, {"flag": 1})

    changed = await one.write(entity.update, course.id, {"flag": True})

    assert changed.changed == ["properties.flag"]
    assert (await newest(one, course.id)).fields == {"properties.flag": [1, True]}
