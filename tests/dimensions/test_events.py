"""Recording events: who acted, on what, when, and what is refused."""

import pytest

from one_mcp.app import App
from one_mcp.dimensions.entities import archive, entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.events import event
from one_mcp.dimensions.organizations.founding import LOCAL_OWNER
from one_mcp.errors import (
    ArchivedError,
    InvalidArgumentError,
    InvalidPropertyError,
    NotFoundError,
    UnknownTypeError,
)
from one_mcp.jsons import JsonObject
from one_mcp.session import Session
from one_mcp.store.work import Work

pytestmark = pytest.mark.anyio

NOWHERE = "ent_0000000000000000"
VIEWED: JsonObject = {"interaction": "viewed"}


@pytest.fixture
async def course(one: Session) -> str:
    return (await one.write(entity.create, "course", "Yoga")).id


async def test_the_caller_acts_and_the_entity_is_the_target(one: Session, course: str) -> None:
    """The text has the entity act on itself; here it is what the event is about (D-16)."""
    said = await one.write(event.record, "content_interacted", course, metadata=VIEWED)

    assert said.actor == LOCAL_OWNER
    assert said.target == course
    assert said.at == "2026-11-23T12:00:00Z"


async def test_an_entity_may_act(one: Session, jane: Saved, course: str) -> None:
    said = await one.write(
        event.record, "content_interacted", course, actor=jane.id, metadata=VIEWED
    )

    assert said.actor == jane.id


async def test_nobody_acts_in_another_persons_name(one: Session, course: str) -> None:
    with pytest.raises(InvalidArgumentError):
        await one.write(
            event.record, "content_interacted", course, actor="per_other", metadata=VIEWED
        )


async def test_required_metadata_is_demanded(one: Session, course: str) -> None:
    with pytest.raises(InvalidPropertyError) as failure:
        await one.write(event.record, "content_interacted", course, metadata={"rating": 5})

    assert failure.value.fields["field"] == "metadata.interaction"


async def test_metadata_is_stored_under_its_declared_names(one: Session, course: str) -> None:
    said = await one.write(
        event.record,
        "content_interacted",
        course,
        metadata={"interactionType": "viewed", "duration": 1200, "mood": "calm"},
    )

    stored = await one.read(
        lambda work: work.value(
            "SELECT metadata FROM events WHERE organization_id = :organization AND id = :id",
            id=said.id,
        )
    )
    assert stored == '{"interaction":"viewed","durationMs":1200,"mood":"calm"}'
    assert said.extra == ["mood"]


async def test_a_synonym_is_recorded_as_its_type(one: Session, jane: Saved, course: str) -> None:
    said = await one.write(event.record, "enrolled", course, actor=jane.id)

    assert said.type == "course_enrolled"


async def test_an_unknown_type_is_refused(one: Session, course: str) -> None:
    with pytest.raises(UnknownTypeError):
        await one.write(event.record, "course_burned", course)


@pytest.mark.parametrize("role", ["target", "actor"])
async def test_a_missing_or_archived_entity_is_refused(
    one: Session, course: str, role: str
) -> None:
    with pytest.raises(NotFoundError):
        await one.write(event.record, "user_engaged", **{role: NOWHERE})  # pyright: ignore[reportArgumentType]
    await one.write(archive.archive, course)
    with pytest.raises(ArchivedError):
        await one.write(event.record, "user_engaged", **{role: course})  # pyright: ignore[reportArgumentType]


async def test_an_unusual_or_missing_target_is_recorded_with_a_warning(
    one: Session, jane: Saved
) -> None:
    without = await one.write(event.record, "course_enrolled")
    unusual = await one.write(event.record, "course_enrolled", jane.id)

    assert without.warnings is not None
    assert "course" in without.warnings[0]
    assert unusual.warnings is not None
    assert "creator" in unusual.warnings[0]


async def test_an_event_may_lie_in_the_past(one: Session, course: str) -> None:
    said = await one.write(
        event.record, "content_interacted", course, metadata=VIEWED, at=-86_400_000
    )

    assert said.at == "1969-12-31T00:00:00Z"


@pytest.mark.parametrize("at", [10**18, -(10**18)])
async def test_an_event_lies_in_a_year_that_calendars_have(
    one: Session, course: str, at: int
) -> None:
    with pytest.raises(InvalidArgumentError) as failure:
        await one.write(event.record, "content_interacted", course, metadata=VIEWED, at=at)

    assert failure.value.fields["argument"] == "at"


async def test_whoever_watches_actor_target_or_type_is_told(
    app: App, one: Session, jane: Saved, course: str
) -> None:
    told: list[frozenset[str]] = []
    app.listeners.append(told.append)

    said = await one.write(event.record, "course_enrolled", course, actor=jane.id)

    assert {said.id, jane.id, course, "course_enrolled"} <= told[0]


async def test_an_event_said_in_so_many_words_is_not_recorded_twice(one: Session) -> None:
    def create_and_say(work: Work) -> Saved:
        made = entity.create(work, "course", "Yoga")
        event.record(work, "course_created", made.id)
        return made

    made = await one.write(create_and_say)

    count = await one.read(
        lambda work: work.value(
            """
            SELECT count(*)
            FROM events
            WHERE organization_id = :organization
              AND type = 'course_created'
              AND target_id = :id
            """,
            id=made.id,
        )
    )
    assert count == 1
