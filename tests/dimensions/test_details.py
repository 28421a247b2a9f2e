"""Portraits: what one call tells of an entity, now and in the past."""

import pytest

from one_mcp import jsons
from one_mcp.access import Principal, Role
from one_mcp.app import App
from one_mcp.clock import DAY_MS
from one_mcp.dimensions import lookup
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import archive, details, entity, tags
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.events import event
from one_mcp.dimensions.undo import undo
from one_mcp.errors import ArchivedError, InvalidArgumentError, NotFoundError, UnknownTypeError
from one_mcp.session import Call, Session
from one_mcp.store.work import Work
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def clone(one: Session) -> Saved:
    return await one.write(entity.create, "ai_clone", "Jane's twin", {"satisfactionScore": 80})


async def test_portrait_shows_tags_and_numbers_of_connections(one: Session, jane: Saved) -> None:
    course = await one.write(entity.create, "course", "Yoga", with_tags=["skill:yoga"])
    await one.write(connection.connect, jane.id, "owns", course.id)

    shown = await one.read(details.portrait, course.id)

    assert shown.model_dump(exclude_none=True) == {
        "id": course.id,
        "type": "course",
        "name": "Yoga",
        "status": "active",
        "properties": shown.properties,
        "tags": ["skill:yoga"],
        "counts": {"owns in": 1},
        "created": "2026-11-23T12:00:00Z",
        "updated": "2026-11-23T12:00:00Z",
        "version": course.version,
    }


async def test_creator_with_all_content_and_followers_is_one_call(
    one: Session, jane: Saved
) -> None:
    for name in ("First", "Second"):
        post = await one.write(entity.create, "blog_post", name)
        await one.write(connection.connect, jane.id, "authored", post.id, {"role": name})
    for number in range(3):
        fan = await one.write(entity.create, "audience_member", f"Fan {number}")
        await one.write(connection.connect, fan.id, "following", jane.id)

    shown = await one.read(details.portrait, jane.id, relationships=["authored"])

    assert shown.counts == {"authored out": 2, "following in": 3}
    assert shown.neighbours is not None
    assert list(shown.neighbours) == ["authored out"]
    assert [(one.name, one.metadata) for one in shown.neighbours["authored out"]] == [
        ("Second", {"role": "Second"}),
        ("First", {"role": "First"}),
    ]
    assert shown.cut is None


async def test_neighbours_that_are_not_shown_are_told(one: Session, jane: Saved) -> None:
    for number in range(12):
        fan = await one.write(entity.create, "audience_member", f"Fan {number}")
        await one.write(connection.connect, fan.id, "following", jane.id)

    concise = await one.read(details.portrait, jane.id, ["neighbours"])
    full = await one.read(details.portrait, jane.id, ["neighbours"], detail="full")

    assert concise.neighbours is not None
    assert len(concise.neighbours["following in"]) == 10
    assert concise.counts == {"following in": 12}
    assert concise.cut
    assert "following in (10 of 12)" in concise.cut[0]
    assert full.neighbours is not None
    assert len(full.neighbours["following in"]) == 12
    assert full.cut is None


async def test_counts_follow_every_change_of_connections(one: Session, jane: Saved) -> None:
    course = await one.write(entity.create, "course", "Yoga")

    async def counts() -> object:
        shown = await one.read(details.portrait, jane.id)
        assert await one.read(kept_counts) == await one.read(true_counts)
        return shown.counts

    assert await counts() is None
    await one.write(connection.connect, jane.id, "owns", course.id)
    await one.write(connection.connect, jane.id, "owns", course.id, {"share": 1})
    assert await counts() == {"owns out": 1}
    archived = await one.write(archive.archive, course.id)
    assert await counts() is None
    await one.write(archive.restore, course.id)
    assert await counts() == {"owns out": 1}
    gone = await one.write(connection.disconnect, jane.id, "owns", course.id)
    assert await counts() is None
    assert gone.change
    await one.write(undo.undo, gone.change)
    assert await counts() == {"owns out": 1}
    assert archived.change


def kept_counts(work: Work) -> list[tuple[object, ...]]:
    rows = work.all(
        """
        SELECT entity_id, direction, type, live
        FROM connection_counts
        WHERE organization_id = :organization
        ORDER BY entity_id, direction, type
        """
    )
    return [tuple(row) for row in rows]


def true_counts(work: Work) -> list[tuple[object, ...]]:
    rows = work.all(
        """
        SELECT entity_id, direction, type, count(*)
        FROM (
            SELECT from_id AS entity_id, 'out' AS direction, type
            FROM connections
            WHERE organization_id = :organization AND deleted_at IS NULL
            UNION ALL
            SELECT to_id, 'in', type
            FROM connections
            WHERE organization_id = :organization AND deleted_at IS NULL
        )
        GROUP BY entity_id, direction, type
        ORDER BY entity_id, direction, type
        """
    )
    return [tuple(row) for row in rows]


async def test_recent_events_name_their_actors(one: Session, jane: Saved, clock: HandClock) -> None:
    course = await one.write(entity.create, "course", "Yoga")
    clock.forward(1)
    await one.write(
        event.record,
        "content_interacted",
        course.id,
        actor=jane.id,
        metadata={"interaction": "viewed"},
    )

    of_course = await one.read(details.portrait, course.id, ["events"])
    of_jane = await one.read(details.portrait, jane.id, ["events"])

    assert of_course.events is not None
    newest = of_course.events[0]
    assert (newest.type, newest.actor, newest.actor_name) == ("content_interacted", jane.id, "Jane")
    assert newest.metadata == {"interaction": "viewed"}
    assert newest.target is None
    assert of_jane.events is not None
    assert of_jane.events[0].target == course.id


async def test_stats_count_the_last_thirty_days(
    one: Session, jane: Saved, clock: HandClock
) -> None:
    course = await one.write(entity.create, "course", "Yoga")
    viewed = {"interaction": "viewed"}
    await one.write(event.record, "content_interacted", course.id, metadata=viewed)
    clock.forward(31 * DAY_MS)
    await one.write(event.record, "content_interacted", course.id, metadata=viewed)
    await one.write(event.record, "course_enrolled", course.id, actor=jane.id)

    shown = await one.read(details.portrait, course.id, ["stats"])

    assert shown.stats is not None
    assert shown.stats.model_dump(exclude_none=True) == {
        "days": 30,
        "events": {"content_interacted": 1, "course_enrolled": 1},
    }


async def test_clone_metrics_are_one_call(one: Session, clone: Saved) -> None:
    for sentiment in ("positive", "positive", "negative", None):
        metadata: jsons.JsonObject = {"sentiment": sentiment} if sentiment else {}
        await one.write(event.record, "clone_interaction", clone.id, metadata=metadata)
    for amount in ("0.1", "0.2", 5):
        await one.write(event.record, "tokens_earned", clone.id, metadata={"amount": amount})

    shown = await one.read(details.portrait, clone.id, ["stats"])

    assert shown.stats is not None
    assert shown.stats.interactions == 4
    assert shown.stats.positive_share == 0.667
    assert shown.stats.tokens_earned == "5.3"
    assert shown.stats.satisfaction == 80


async def test_clone_without_interactions_has_no_share(one: Session, clone: Saved) -> None:
    shown = await one.read(details.portrait, clone.id, ["stats"])

    assert shown.stats is not None
    assert shown.stats.interactions == 0
    assert shown.stats.positive_share is None
    assert shown.stats.tokens_earned == "0"


async def test_ratings_of_interactions_are_the_satisfaction(one: Session, clone: Saved) -> None:
    for rating in (90, 95):
        await one.write(
            event.record, "clone_interaction", clone.id, metadata={"satisfaction": rating}
        )

    shown = await one.read(details.portrait, clone.id, ["stats"])

    assert shown.stats is not None
    assert shown.stats.satisfaction == 92.5


async def test_past_shows_entity_and_tags_as_they_were(
    one: Session, jane: Saved, clock: HandClock
) -> None:
    start = clock.now
    await one.write(tags.change, jane.id, ["skill:yoga", "skill:running"])
    clock.forward(1_000)
    await one.write(entity.update, jane.id, {"bio": "new", "niche": None}, name="Jane Doe")
    await one.write(tags.change, jane.id, ["skill:chess"], ["skill:yoga"])
    clock.forward(1_000)
    await one.write(entity.update, jane.id, {"bio": "newest"})

    then = await one.read(details.portrait, jane.id, as_of=start)
    later = await one.read(details.portrait, jane.id, as_of=start + 1_500)
    now = await one.read(details.portrait, jane.id, as_of=clock.now)

    assert (then.name, then.version) == ("Jane", jane.version)
    assert then.properties is not None
    assert then.properties["niche"] == ["yoga"]
    assert "bio" not in then.properties
    assert then.tags == ["skill:running", "skill:yoga"]
    assert then.as_of == "2026-11-23T12:00:00Z"
    assert later.properties is not None
    assert (later.name, later.properties["bio"]) == ("Jane Doe", "new")
    assert later.tags == ["skill:chess", "skill:running"]
    assert now.properties is not None
    assert now.properties["bio"] == "newest"


async def test_past_before_the_entity_has_no_entity(
    one: Session, jane: Saved, clock: HandClock
) -> None:
    with pytest.raises(NotFoundError):
        await one.read(details.portrait, jane.id, as_of=clock.now - 1)
    with pytest.raises(NotFoundError):
        await one.read(details.portrait, "ent_0000000000000000", as_of=clock.now)


async def test_past_of_an_undone_creation_can_be_read(one: Session, clock: HandClock) -> None:
    made = await one.write(entity.create, "course", "Yoga", with_tags=["skill:yoga"])
    clock.forward(1_000)
    assert made.change
    await one.write(undo.undo, made.change)

    then = await one.read(details.portrait, made.id, as_of=clock.now - 500)

    assert (then.name, then.tags) == ("Yoga", ["skill:yoga"])
    with pytest.raises(NotFoundError):
        await one.read(details.portrait, made.id)


async def test_parts_of_the_present_are_not_mixed_into_the_past(
    one: Session, jane: Saved, clock: HandClock
) -> None:
    with pytest.raises(InvalidArgumentError):
        await one.read(details.portrait, jane.id, ["counts"], as_of=clock.now)
    with pytest.raises(InvalidArgumentError):
        await one.read(details.portrait, jane.id, relationships=["owns"], as_of=clock.now)


async def test_archived_entity_says_so_and_can_still_be_shown(
    one: Session, jane: Saved, clock: HandClock
) -> None:
    clock.forward(1_000)
    await one.write(archive.archive, jane.id)

    with pytest.raises(ArchivedError):
        await one.read(details.portrait, jane.id)
    with pytest.raises(ArchivedError):
        await one.read(details.portrait, jane.id, as_of=clock.now)
    shown = await one.read(details.portrait, jane.id, ["archived", "tags"])
    before = await one.read(details.portrait, jane.id, as_of=clock.now - 500)

    assert shown.status == "archived"
    assert before.status == "active"


async def test_long_properties_are_cut_and_named(one: Session) -> None:
    made = await one.write(
        entity.create,
        "course",
        "Yoga",
        {
            "small": 5,
            "long": "x" * 900_000,
            "many": list(range(20_000)),
            "deep": {"text": "y" * 9_000, "number": 1},
        },
    )

    concise = await one.read(details.portrait, made.id)
    full = await one.read(details.portrait, made.id, detail="full")

    assert concise.properties is not None
    assert concise.properties["small"] == 5
    assert concise.shortened
    assert {name.split(" ")[0] for name in concise.shortened} == {"long", "many", "deep.text"}
    assert len(concise.model_dump_json()) < 8_000
    assert 10_000 < len(full.model_dump_json()) < 40_000


async def test_everything_at_once_stays_bounded(one: Session) -> None:
    many: jsons.JsonObject = {f"{'n' * 60}{number}": "v" * 2_000 for number in range(400)}
    made = await one.write(entity.create, "course", "Yoga", many)
    await one.write(tags.change, made.id, [f"skill:{'t' * 180}{n}" for n in range(90)])
    for number in range(30):
        fan = await one.write(entity.create, "audience_member", f"{'F' * 480} {number}")
        await one.write(connection.connect, fan.id, "enrolled_in", made.id, {"note": "m" * 5_000})
        await one.write(
            event.record, "course_enrolled", made.id, actor=fan.id, metadata={"note": "e" * 5_000}
        )
    everything = ["tags", "counts", "neighbours", "events", "stats"]

    concise = await one.read(details.portrait, made.id, everything)
    full = await one.read(details.portrait, made.id, everything, detail="full")

    assert len(concise.model_dump_json(exclude_none=True)) < 20_000
    assert len(full.model_dump_json(exclude_none=True)) < 46_000
    assert concise.cut
    assert len(concise.cut) == 3


async def test_unknown_relationship_is_refused(one: Session, jane: Saved) -> None:
    with pytest.raises(UnknownTypeError):
        await one.read(details.portrait, jane.id, relationships=["folowing"])


@pytest.mark.parametrize("id", ["", "nonsense", "per_local", "con_0000000000000000", "' OR 1=1"])
async def test_id_of_no_entity_is_refused(one: Session, id: str) -> None:
    with pytest.raises(InvalidArgumentError):
        await one.read(details.portrait, id)


async def test_id_of_another_organization_is_as_unknown_as_any(app: App, jane: Saved) -> None:
    stranger = Principal("org_other", "per_other", "other", Role.ORG_OWNER)
    other = app.session(Call("test"), stranger)

    with pytest.raises(NotFoundError) as foreign:
        await other.read(details.portrait, jane.id)
    with pytest.raises(NotFoundError) as missing:
        await other.read(details.portrait, "ent_0000000000000000")

    assert str(foreign.value).replace(jane.id, "") == str(missing.value).replace(
        "ent_0000000000000000", ""
    )


async def test_usual_portrait_takes_three_statements(one: Session, jane: Saved) -> None:
    def traced(work: Work) -> list[str]:
        statements: list[str] = []
        work.raw.set_trace_callback(statements.append)
        details.portrait(work, jane.id)
        work.raw.set_trace_callback(None)
        lookup.any_state(work, jane.id)
        return statements

    assert len(await one.read(traced)) == 3


async def test_counts_of_very_many_events_are_cut_and_say_so(app: App, one: Session) -> None:
    course = await one.write(entity.create, "course", "Yoga")
    row = ("org_local", "content_interacted", "per_local", course.id, 1_795_435_200_000, "{}", 1)
    await app.database.write(
        lambda raw: raw.executemany(
            """
            INSERT INTO events
                (organization_id, id, type, actor_id, target_id, at, metadata, version)
            VALUES (?1, 'evt_' || ?8, ?2, ?3, ?4, ?5, ?6, ?7)
            """,
            ((*row, number) for number in range(10_001)),
        )
    )

    shown = await one.read(details.portrait, course.id, ["stats", "events"])

    assert shown.stats is not None
    assert shown.stats.events["content_interacted"] == "10000+"
    assert shown.events is not None
    assert len(shown.events) == 5
