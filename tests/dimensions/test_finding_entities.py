"""Finding: what each condition finds, how pages go on, and that a page reads few rows."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from one_mcp import jsons
from one_mcp.access import Principal, Role
from one_mcp.app import LOCAL, App, open_app
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import archive, entity, finding
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.entities.finding import Entities
from one_mcp.dimensions.entities.selection import NeighbourOf
from one_mcp.errors import (
    ArchivedError,
    InvalidArgumentError,
    NotFoundError,
    UnknownTypeError,
)
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from one_mcp.store.sqlite.connection import Raw
from one_mcp.store.work import Work
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio


async def course(one: Session, name: str, **properties: jsons.JsonValue) -> str:
    saved = await one.write(entity.create, "course", name, properties)
    return saved.id


async def names(one: Session, **wanted: object) -> list[str]:
    found = await one.read(finding.find, **wanted)  # pyright: ignore[reportArgumentType]
    return [item.name for item in found.items]


async def all_pages(one: Session, **wanted: object) -> list[str]:
    """Turn every page, and see that no entity is on two of them."""
    seen: list[str] = []
    cursor = None
    for _ in range(200):
        found = await one.read(finding.find, cursor=cursor, **wanted)  # pyright: ignore[reportArgumentType]
        seen += [item.id for item in found.items]
        cursor = found.cursor
        if cursor is None:
            assert len(seen) == len(set(seen))
            return seen
    raise AssertionError("the pages never end")


async def test_newest_come_first(one: Session, clock: HandClock) -> None:
    for name in ("first", "second", "third"):
        await course(one, name)
        clock.forward(1)

    assert await names(one) == ["third", "second", "first"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("created", ["b", "A", "c"]),
        ("-created", ["c", "A", "b"]),
        ("updated", ["A", "c", "b"]),
        ("-updated", ["b", "c", "A"]),
        ("name", ["A", "b", "c"]),
        ("-name", ["c", "b", "A"]),
    ],
)
async def test_sort_orders_by_time_or_name(
    one: Session, clock: HandClock, sort: str, expected: list[str]
) -> None:
    made = {}
    for name in ("b", "A", "c"):
        made[name] = await course(one, name)
        clock.forward(1)
    await one.write(entity.update, made["b"], {"level": "beginner"})

    assert await names(one, sort=sort) == expected
    assert await names(one, type="course", sort=sort) == expected
    assert await names(one, status="active", sort=sort) == expected
    assert await names(one, type="course", status="active", sort=sort) == expected


@pytest.mark.parametrize("sort", [None, "created", "-updated", "name", "-name"])
@pytest.mark.parametrize("type", [None, "course"])
async def test_pages_meet_every_entity_once(
    one: Session, clock: HandClock, sort: str | None, type: str | None
) -> None:
    made: list[str] = []
    for number in range(7):
        made.append(await course(one, f"twin {number // 2}"))
        clock.forward(number % 2)

    seen = await all_pages(one, type=type, sort=sort, limit=2)

    assert sorted(seen) == sorted(made)


async def test_concise_items_leave_out_what_is_usual(one: Session, jane: Saved) -> None:
    found = await one.read(finding.find, "creator")

    assert found.model_dump(exclude_none=True) == {
        "items": [{"id": jane.id, "type": "creator", "name": "Jane"}],
        "total": 1,
    }


async def test_full_items_hold_properties_and_tags(one: Session) -> None:
    await one.write(entity.create, "course", "Yoga", {"bio": "x" * 9_000}, with_tags=["skill:yoga"])

    found = await one.read(finding.find, detail="full")

    item = found.items[0]
    assert item.tags == ["skill:yoga"]
    assert item.version
    assert item.created == "2026-11-23T12:00:00Z"
    assert item.properties is not None
    assert len(jsons.dumps(item.properties)) < 2_500
    assert item.shortened == ["bio (9,000 characters)"]


async def test_status_other_than_active_is_shown_and_found(one: Session) -> None:
    await one.write(entity.create, "course", "Draft", status="draft")
    await course(one, "Active")

    found = await one.read(finding.find, status="draft")

    assert [(item.name, item.status) for item in found.items] == [("Draft", "draft")]


async def test_archived_entities_are_found_by_that_status_only(one: Session, jane: Saved) -> None:
    id = await course(one, "Old pilates")
    await one.write(connection.connect, jane.id, "owns", id)
    await one.write(archive.archive, id)

    assert await names(one, type="course") == []
    assert await names(one, text="pilates") == []
    assert await names(one, status="archived") == ["Old pilates"]
    assert await names(one, status="archived", sort="name") == ["Old pilates"]
    assert await names(one, status="archived", text="pilates") == ["Old pilates"]
    assert await names(one, status="archived", connected_to=NeighbourOf(jane.id)) == ["Old pilates"]
    assert await names(one, connected_to=NeighbourOf(jane.id)) == []


async def test_synonym_of_a_type_finds_the_type(one: Session) -> None:
    synonyms = [name for name, alias in one.ontology.aliases.items() if alias.synonym]

    with pytest.raises(UnknownTypeError):
        await names(one, type="creatr")
    for name in synonyms:
        await names(one, type=name)


async def test_where_conditions_hold_together(one: Session) -> None:
    await course(one, "Cheap", price=9.5, skills=["yoga"])
    await course(one, "Right", price=12.5, skills=["yoga", "running"])
    await course(one, "Dear", price=99, skills=["yoga"])

    where = {"skills": {"contains": "yoga"}, "price": {"gte": 10, "lt": 50}}

    assert await names(one, type="course", where=where) == ["Right"]
    assert await names(one, where=where) == ["Right"]


async def test_identity_is_found_regardless_of_case(one: Session, jane: Saved) -> None:
    assert await names(one, type="creator", where={"email": "JANE@Example.com"}) == ["Jane"]
    assert await names(one, type="creator", where={"email": {"eq": jane.id}}) == []
    assert await names(one, type="creator", where={"email": {"contains": "example"}}) == ["Jane"]


async def test_where_on_what_no_type_declares_is_told(one: Session) -> None:
    found = await one.read(finding.find, "creator", where={"nich": "yoga"})

    assert found.warnings is not None
    assert any("niche" in warning for warning in found.warnings)


async def test_all_tags_must_be_carried(one: Session) -> None:
    await one.write(
        entity.create, "course", "Both", with_tags=["skill:yoga", "topic:health: a guide"]
    )
    await one.write(entity.create, "course", "One", with_tags=["skill:yoga"])

    assert await names(one, tags=["skill:yoga"], sort="name") == ["Both", "One"]
    assert await names(one, tags=["skill:yoga", "topic:health: a guide"]) == ["Both"]
    assert await names(one, tags=["topic:"]) == ["Both"]
    assert await names(one, tags=["skill:cooking"]) == []


@pytest.mark.parametrize("tag", ["", ":", "yoga", ":yoga", "a" * 300])
async def test_tag_that_is_none_is_refused(one: Session, tag: str) -> None:
    with pytest.raises(InvalidArgumentError):
        await names(one, tags=[tag])


async def test_neighbours_are_found_by_direction_and_type(one: Session, jane: Saved) -> None:
    owned, other = await course(one, "Owned"), await course(one, "Other")
    fan = await one.write(entity.create, "audience_member", "Fan")
    await one.write(connection.connect, jane.id, "owns", owned)
    await one.write(connection.connect, fan.id, "following", jane.id)

    assert await names(one, connected_to=NeighbourOf(jane.id, "owns", "out")) == ["Owned"]
    assert await names(one, connected_to=NeighbourOf(jane.id, "owns", "in")) == []
    assert await names(one, connected_to=NeighbourOf(jane.id, "following", "in")) == ["Fan"]
    assert await names(one, connected_to=NeighbourOf(jane.id), sort="name") == ["Fan", "Owned"]
    assert await names(one, type="course", connected_to=NeighbourOf(jane.id)) == ["Owned"]
    assert await names(one, connected_to=NeighbourOf(other)) == []


async def test_neighbour_that_does_not_serve_is_refused(one: Session, jane: Saved) -> None:
    with pytest.raises(NotFoundError):
        await names(one, connected_to=NeighbourOf("ent_0000000000000000"))
    with pytest.raises(UnknownTypeError):
        await names(one, connected_to=NeighbourOf(jane.id, "folowing"))
    await one.write(archive.archive, jane.id)
    with pytest.raises(ArchivedError):
        await names(one, connected_to=NeighbourOf(jane.id))


async def test_text_ranks_names_before_properties(one: Session) -> None:
    await course(one, "Running", description="a little yoga at the end")
    await course(one, "Yoga for runners")
    await course(one, "Cooking", description="nothing else")

    assert await names(one, text="yoga") == ["Yoga for runners", "Running"]


async def test_any_word_is_enough_and_the_last_may_be_half_typed(one: Session) -> None:
    await course(one, "Yoga for runners")
    await course(one, "Cooking at home")

    assert await names(one, text="cooking chess") == ["Cooking at home"]
    assert await names(one, text="runne") == ["Yoga for runners"]
    assert await names(one, text="runne cooking") == ["Cooking at home"]


async def test_marks_and_case_do_not_matter_in_text(one: Session) -> None:
    await course(one, "Français pour débutants")

    assert await names(one, text="FRANCAIS") == ["Français pour débutants"]
    assert await names(one, text="début") == ["Français pour débutants"]


@pytest.mark.parametrize(
    "text",
    [
        'yoga "',
        "yoga*",
        "NEAR(yoga, 2)",
        "-yoga",
        "yoga AND",
        "name:yoga",
        "{name}: yoga",
        "^yoga",
        "yoga OR NOT",
        "'yoga'; --",
        "yoga\0",
        "(yoga",
        "yoga " * 500,
        "x@y + yoga",
    ],
)
async def test_operators_in_text_are_plain_text(one: Session, text: str) -> None:
    await course(one, "Yoga")

    assert await names(one, text=text) == ["Yoga"]


@pytest.mark.parametrize("text", ["", "  ", '"', "*", "-- () \"'", "…", "😀", "_"])
async def test_text_without_words_finds_nothing_and_says_so(one: Session, text: str) -> None:
    await course(one, "Yoga")

    found = await one.read(finding.find, text=text)

    assert found.items == []
    assert found.warnings


async def test_text_pages_go_on_after_the_last_hit(one: Session) -> None:
    made = [await course(one, f"Yoga {'yoga ' * number}") for number in range(7)]

    assert sorted(await all_pages(one, text="yoga", limit=2)) == sorted(made)
    assert sorted(await all_pages(one, text="yoga", sort="name", limit=2)) == sorted(made)


async def test_cursor_of_another_query_is_refused(one: Session) -> None:
    for name in "abc":
        await course(one, name)
    found = await one.read(finding.find, "course", limit=1)
    assert found.cursor is not None

    for wanted in ({"type": "creator"}, {"status": "active"}, {"text": "a"}, {"sort": "name"}):
        with pytest.raises(InvalidArgumentError):
            await names(one, cursor=found.cursor, **wanted)
    with pytest.raises(InvalidArgumentError):
        await names(one, type="course", cursor=found.cursor[:-2] + "xx")


@pytest.mark.parametrize("limit", [0, -1, 201, 10**9])
async def test_limit_out_of_range_is_refused(one: Session, limit: int) -> None:
    with pytest.raises(InvalidArgumentError):
        await names(one, limit=limit)


async def test_unknown_status_is_answered_with_the_known_ones(one: Session) -> None:
    with pytest.raises(InvalidArgumentError, match="draft"):
        await names(one, status="drft")


async def test_another_organization_sees_nothing(app: App, one: Session, jane: Saved) -> None:
    await one.write(entity.create, "course", "Yoga", with_tags=["skill:yoga"])
    other = app.session(Call("test"), stranger())

    for wanted in ({}, {"text": "yoga"}, {"tags": ["skill:yoga"]}, {"type": "creator"}):
        assert await names(other, **wanted) == []
    with pytest.raises(NotFoundError):
        await names(other, connected_to=NeighbourOf(jane.id))


def stranger() -> Principal:
    return Principal("org_other", "per_other", "other", Role.ORG_OWNER)


CROWD = 12_000


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with many videos, of which the oldest is rare in every respect."""
    path = tmp_path_factory.mktemp("crowd") / "one.db"
    anyio.run(_fill, path)
    return path


async def _fill(path: Path) -> None:
    async with open_app(Settings(database=path), HandClock()) as app:
        await app.database.write(_insert_crowd)


def _insert_crowd(raw: Raw) -> None:
    raw.executemany(
        """
        INSERT INTO entities
            (organization_id, id, type, name, properties, status, created_at, updated_at, version)
        VALUES ('org_local', :id, 'video', :name, :properties, :status, :at, :at, 1)
        """,
        (
            {
                "id": f"ent_{number:016d}",
                "name": f"Yoga film {number:05d}" if number else "A rare yoga film",
                "properties": jsons.dumps({"rare": number == 0, "text": "about yoga"}),
                "status": "published" if number % 2 else "active",
                "at": 1_700_000_000_000 + number,
            }
            for number in range(CROWD)
        ),
    )
    raw.execute("INSERT INTO tags VALUES ('org_local', 'ent_0000000000000000', 'skill', 'rare')")
    raw.execute(
        """
        INSERT INTO tags (organization_id, entity_id, key, value)
        SELECT organization_id, id, 'skill', 'usual' FROM entities
        """
    )


@pytest.fixture
async def many(crowd: Path) -> AsyncIterator[Session]:
    async with open_app(Settings(database=crowd, read_only=True)) as app:
        yield app.session(Call("test"), LOCAL)


@pytest.mark.parametrize(
    "wanted",
    [
        {"where": {"rare": True}},
        {"where": {"rare": True}, "type": "video", "sort": "-name"},
        {"where": {"rare": True}, "tags": ["skill:usual"]},
        {"where": {"rare": True}, "text": "yoga"},
        {"where": {"rare": True}, "status": "active", "sort": "-updated"},
    ],
)
async def test_page_that_looked_through_enough_says_so_and_goes_on(
    many: Session, wanted: dict[str, object]
) -> None:
    first = await many.read(finding.find, **wanted)  # pyright: ignore[reportArgumentType]

    assert first.items == []
    assert first.cut
    assert await all_pages(many, **wanted) == ["ent_0000000000000000"]


@pytest.mark.parametrize("sort", [None, "name", "-updated"])
async def test_rare_tag_is_found_at_once_among_many(many: Session, sort: str | None) -> None:
    assert await names(many, tags=["skill:rare"], sort=sort) == ["A rare yoga film"]
    assert await names(many, tags=["skill:rare", "skill:usual"], sort=sort) == ["A rare yoga film"]
    assert await names(many, tags=["skill:rare"], text="yoga") == ["A rare yoga film"]


async def test_broad_text_is_read_in_tiers_newest_first(many: Session) -> None:
    found = await many.read(finding.find, text="yoga rare", limit=3)

    assert [item.name for item in found.items] == [
        "A rare yoga film",
        "Yoga film 11999",
        "Yoga film 11998",
    ]
    assert len(await all_pages(many, text="film rare", limit=200)) == CROWD


async def test_broad_text_with_an_order_sorts_the_best_matches(many: Session) -> None:
    found = await many.read(finding.find, text="yoga rare", sort="name", limit=1)

    assert [item.name for item in found.items] == ["A rare yoga film"]
    assert found.cut


def plans(work: Work, **wanted: object) -> list[str]:
    """Say how SQLite runs each statement of a search and of its second page."""
    statements: list[str] = []
    work.raw.set_trace_callback(statements.append)
    try:
        first: Entities = finding.find(work, limit=2, **wanted)  # pyright: ignore[reportArgumentType]
        finding.find(work, limit=2, cursor=first.cursor, **wanted)  # pyright: ignore[reportArgumentType]
    finally:
        work.raw.set_trace_callback(None)
    assert first.cursor
    return [
        step["detail"]
        for statement in statements
        for step in work.raw.execute(f"EXPLAIN QUERY PLAN {statement}")
    ]


@pytest.mark.parametrize("sort", [None, "created", "updated", "-updated", "name", "-name"])
@pytest.mark.parametrize("type", [None, "video"])
@pytest.mark.parametrize("status", [None, "published"])
@pytest.mark.parametrize("tags", [None, ["skill:usual"]])
async def test_pages_walk_an_index(
    many: Session,
    sort: str | None,
    type: str | None,
    status: str | None,
    tags: list[str] | None,
) -> None:
    steps = await many.read(plans, sort=sort, type=type, status=status, tags=tags)

    assert any("SEARCH entities USING INDEX" in step for step in steps)
    assert not [step for step in steps if "B-TREE" in step]
    assert "SCAN entities" not in steps or any("CO-ROUTINE entities" in step for step in steps)


async def test_status_and_type_have_an_index_together(many: Session) -> None:
    steps = await many.read(plans, type="video", status="published")

    searches = [step for step in steps if step.startswith("SEARCH")]
    assert len(searches) == 3  # a page, its total, and the next page
    assert all("entities_by_type_status" in step for step in searches)


@pytest.mark.parametrize("asked", ["Straße 9", "STRASSE 9", "strasse 9", " Straße 9 "])
async def test_name_finds_who_bears_it_whatever_its_spelling(one: Session, asked: str) -> None:
    await course(one, "Straße 9")
    await course(one, "Straße 90")
    await course(one, "About Straße 9", about="Straße 9")

    assert await names(one, name=asked) == ["Straße 9"]
    assert await names(one, name=asked, type="course") == ["Straße 9"]
    assert await names(one, name=asked, type="creator") == []


async def test_name_and_an_accent_are_what_they_are(one: Session) -> None:
    await course(one, "ÉCOLE")
    await course(one, "Ecole")
    await course(one, "!!!")

    assert await names(one, name="école") == ["ÉCOLE"]
    assert await names(one, name="!!!") == ["!!!"]


async def test_name_finds_the_archived_only_by_that_status(one: Session) -> None:
    gone = await course(one, "Gone")
    await one.write(archive.archive, gone)

    assert await names(one, name="gone") == []
    assert await names(one, name="gone", status="archived") == ["Gone"]


@pytest.mark.parametrize("sort", ["created", "name"])
async def test_time_of_creation_bounds_what_is_found(
    one: Session, clock: HandClock, sort: str
) -> None:
    await course(one, "Old")
    clock.forward(10 * 24 * 3_600_000)
    await course(one, "Recent")

    assert await names(one, type="course", since="-7d", sort=sort) == ["Recent"]
    assert await names(one, type="course", until="-7d", sort=sort) == ["Old"]
    assert await names(one, text="old", since="-7d", sort=sort) == []


async def test_sorted_by_update_times_bound_the_update(one: Session, clock: HandClock) -> None:
    old = await course(one, "Old")
    clock.forward(10 * 24 * 3_600_000)
    await one.write(entity.update, old, {"price": 5})

    assert await names(one, type="course", since="-7d") == []
    assert await names(one, type="course", since="-7d", sort="-updated") == ["Old"]


async def test_name_among_many_is_found_at_once(many: Session) -> None:
    assert await names(many, name="yoga FILM 00007") == ["Yoga film 00007"]


async def test_a_text_that_no_index_has_is_looked_up_by_its_words(one: Session) -> None:
    """Those with the same words in any order, or in another place, are asked and left out."""
    texts = {"Exact": "Stroße 5, Köln!", "Turned": "Köln, Stroße 5", "Other": "elsewhere"}
    for name, street in texts.items():
        properties = {"street": street, "note": "stroße 5 köln"}
        await one.write(entity.create, "course", name, properties)

    found = await one.read(finding.find, where={"street": "Stroße 5, Köln!"})

    assert [item.name for item in found.items] == ["Exact"]
    assert (found.total, found.cut) == (1, None)
    assert await names(one, where={"street": {"eq": "Köln, Stroße 5"}}) == ["Turned"]
    assert await names(one, where={"street": "!!"}) == []
