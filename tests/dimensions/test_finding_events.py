"""Finding events: what each condition finds, what is shown, and which index is walked."""

import pytest

from one_mcp.access import Principal, Role
from one_mcp.app import App
from one_mcp.clock import DAY_MS
from one_mcp.dimensions.entities import archive, entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.events import event, finding
from one_mcp.dimensions.events.finding import Around, Events
from one_mcp.dimensions.organizations.founding import LOCAL_OWNER
from one_mcp.dimensions.purge import purge
from one_mcp.errors import InvalidArgumentError, NotFoundError, UnknownTypeError
from one_mcp.jsons import JsonObject
from one_mcp.session import Call, Session
from one_mcp.store.work import Work
from tests.conftest import HandClock
from tests.dimensions.plans import steps

pytestmark = pytest.mark.anyio

NOWHERE = "ent_0000000000000000"


async def viewed(
    one: Session, target: str, actor: str | None = None, metadata: JsonObject | None = None
) -> str:
    said = await one.write(
        event.record,
        "content_interacted",
        target,
        actor=actor,
        metadata={"interaction": "viewed", **(metadata or {})},
    )
    return said.id


async def found(one: Session, **wanted: object) -> Events:
    around = Around(
        **{name: wanted.pop(name) for name in ("actor", "target", "entity") if name in wanted}  # pyright: ignore[reportArgumentType]
    )
    return await one.read(finding.find, around, **wanted)  # pyright: ignore[reportArgumentType]


async def ids(one: Session, **wanted: object) -> list[str]:
    return [event.id for event in (await found(one, **wanted)).items]


class Life:
    """A course is created, viewed by Ann, viewed by the owner a day later; Ann enrols."""

    def __init__(self, one: Session, course: str, ann: str) -> None:
        self.one, self.course, self.ann = one, course, ann
        self.by_ann = self.by_owner = self.enrolled = ""


@pytest.fixture
async def life(one: Session, clock: HandClock) -> Life:
    course = await one.write(entity.create, "course", "Yoga")
    ann = await one.write(entity.create, "audience_member", "Ann")
    made = Life(one, course.id, ann.id)
    clock.forward(1)
    made.by_ann = await viewed(one, made.course, made.ann, {"durationMs": 1200})
    clock.forward(DAY_MS)
    made.by_owner = await viewed(one, made.course)
    clock.forward(1)
    enrolled = await one.write(event.record, "course_enrolled", made.course, actor=made.ann)
    made.enrolled = enrolled.id
    return made


async def test_content_history_is_one_call(one: Session, life: Life) -> None:
    """Time, kind of interaction, who, and how long: get_content_history of the text."""
    page = await found(one, target=life.course, types=["content_interacted"], limit=100)

    assert page.model_dump(mode="json", exclude_none=True) == {
        "items": [
            {
                "id": life.by_owner,
                "type": "content_interacted",
                "at": "2026-11-24T12:00:00.001Z",
                "actor": LOCAL_OWNER,
                "actor_name": "Owner",
                "target": life.course,
                "target_name": "Yoga",
                "metadata": {"interaction": "viewed"},
            },
            {
                "id": life.by_ann,
                "type": "content_interacted",
                "at": "2026-11-23T12:00:00.001Z",
                "actor": life.ann,
                "actor_name": "Ann",
                "target": life.course,
                "target_name": "Yoga",
                "metadata": {"interaction": "viewed", "durationMs": 1200},
            },
        ],
        "total": 2,
    }


async def test_each_condition_narrows(one: Session, life: Life, clock: HandClock) -> None:
    both = ["course_enrolled", "content_interacted"]

    assert await ids(one, actor=life.ann) == [life.enrolled, life.by_ann]
    assert await ids(one, actor=life.ann, target=life.course) == [life.enrolled, life.by_ann]
    assert await ids(one, types=both) == [life.enrolled, life.by_owner, life.by_ann]
    assert await ids(one, types=both, until=clock.now) == [life.by_owner, life.by_ann]
    assert await ids(one, types=both, since=clock.now) == [life.enrolled]
    assert await ids(one, target=life.course, types=both, since=clock.now - 1, until=clock.now) == [
        life.by_owner
    ]
    assert await ids(one, since=clock.now + 1) == []


async def test_an_entity_is_found_as_actor_and_as_target_once(one: Session, jane: Saved) -> None:
    herself = await viewed(one, jane.id, jane.id)

    found_ids = await ids(one, entity=jane.id)

    assert found_ids.count(herself) == 1
    assert len(found_ids) == 2  # and that she was created
    assert await ids(one, entity=jane.id, types=["content_interacted"]) == [herself]


async def test_an_entity_leaves_no_room_for_an_actor(one: Session, life: Life) -> None:
    with pytest.raises(InvalidArgumentError):
        await found(one, entity=life.course, actor=life.ann)


async def test_archived_and_purged_targets_keep_their_events(one: Session, life: Life) -> None:
    """Events outlive what they are about (D-17); only the name is gone."""
    await one.write(archive.archive, life.course)
    hidden = await found(one, target=life.course, types=["course_enrolled"])
    await one.write(purge.purge, life.course, life.course)
    gone = await found(one, target=life.course, types=["course_enrolled"])

    assert hidden.items[0].target_name == "Yoga"
    assert gone.items[0].target == life.course
    assert gone.items[0].target_name is None
    assert await ids(one, target=life.course, since=10**13) == []


async def test_an_id_that_names_nothing_is_refused(one: Session) -> None:
    for wanted in ({"actor": NOWHERE}, {"target": NOWHERE}, {"entity": "per_nobody"}):
        with pytest.raises(NotFoundError):
            await found(one, **wanted)
    with pytest.raises(InvalidArgumentError):
        await found(one, target="Yoga")
    with pytest.raises(UnknownTypeError):
        await found(one, types=["viewing"])
    for limit in (0, -1, 201):
        with pytest.raises(InvalidArgumentError):
            await found(one, limit=limit)


async def test_another_organizations_events_are_not_there(app: App, life: Life) -> None:
    door = app.session(Call("t"), Principal("org_other", "per_other", "other", Role.ORG_OWNER))

    assert await ids(door) == []
    with pytest.raises(NotFoundError):
        await found(door, target=life.course)


@pytest.mark.parametrize("types", [None, ["content_interacted", "course_enrolled"]])
@pytest.mark.parametrize("role", ["target", "entity", "both"])
async def test_pages_go_on_among_events_of_one_moment(
    one: Session, life: Life, clock: HandClock, types: list[str] | None, role: str
) -> None:
    made: list[str] = []
    since = clock.now + 1
    clock.forward(1)
    for number in range(5):
        made.append(await viewed(one, life.course, life.ann))
        clock.forward(number == 2)
    around = {"target": life.course, "actor": life.ann}
    wanted = around if role == "both" else {role: life.course}

    seen: list[str] = []
    cursor = None
    while True:
        page = await found(one, **wanted, types=types, since=since, limit=2, cursor=cursor)
        seen += [event.id for event in page.items]
        cursor = page.cursor
        if cursor is None:
            break

    assert seen == made[::-1]


async def test_large_metadata_is_cut_and_long_pages_end_early(one: Session, life: Life) -> None:
    for _ in range(40):
        await viewed(one, life.course, life.ann, {"note": "x" * 2_000})

    page = await found(one, target=life.course, limit=40)
    full = await found(one, target=life.course, limit=40, detail="full")

    assert len(page.model_dump_json()) < 10_000
    assert page.items[0].shortened == ["note (2,000 characters)"]
    assert page.cut
    assert page.cursor
    assert full.items[0].shortened is None


TWO = ["content_interacted", "course_enrolled"]


@pytest.mark.parametrize("until", [None, 10**13])
@pytest.mark.parametrize(
    ("who", "types", "indexes"),
    [
        ([], None, {"events_by_timestamp"}),
        ([], TWO, {"events_by_type"}),
        (["actor"], None, {"events_by_actor"}),
        (["actor"], TWO, {"events_by_actor_type"}),
        (["target"], None, {"events_by_target"}),
        (["target"], TWO, {"events_by_target_type"}),
        (["actor", "target"], None, {"events_by_target"}),
        (["actor", "target"], TWO, {"events_by_target_type"}),
        (["entity"], None, {"events_by_actor", "events_by_target"}),
        (["entity"], TWO, {"events_by_actor_type", "events_by_target_type"}),
    ],
)
async def test_every_page_walks_an_index_in_its_order(
    life: Life, who: list[str], types: list[str] | None, indexes: set[str], until: int | None
) -> None:
    ids = {"actor": life.ann, "target": life.course, "entity": life.course}
    around = Around(**{role: ids[role] for role in who})

    def two_pages(work: Work) -> None:
        first = finding.find(work, around, types=types, limit=1, since=0, until=until)
        finding.find(work, around, types=types, limit=1, since=0, until=until, cursor=first.cursor)

    planned = await life.one.read(lambda work: steps(work, "events", lambda: two_pages(work)))

    walked = [step for step in planned if "COVERING" not in step]  # those only count
    assert {step.split()[4] for step in walked} == indexes
    assert all(step.startswith("SEARCH events USING INDEX") for step in walked)
    bounds = ("at>?)", "at>? AND at<?)", "at=? AND rowid<?)")
    assert all(step.endswith(bounds) for step in walked)


async def test_of_a_busy_target_and_a_rare_actor_the_actor_leads(one: Session, life: Life) -> None:
    def crowd(work: Work) -> Saved:
        for _ in range(finding.GROWING[0]):
            event.record(work, "user_engaged", life.course)
        return entity.create(work, "course", "Other")

    await one.write(crowd)
    around = Around(actor=life.ann, target=life.course)

    planned = await one.read(lambda work: steps(work, "events", lambda: finding.find(work, around)))

    assert any("USING INDEX events_by_actor " in step for step in planned)
    assert await ids(one, actor=life.ann, target=life.course) == [life.enrolled, life.by_ann]


async def test_a_hundred_types_are_not_too_many(one: Session, life: Life) -> None:
    every = list(one.ontology.event_types)

    assert (await ids(one, entity=life.course, types=every))[:2] == [life.enrolled, life.by_owner]


async def test_the_id_of_another_kind_is_told_apart(one: Session) -> None:
    with pytest.raises(InvalidArgumentError, match="kno_1 is the id of a document"):
        await found(one, actor="kno_1")
