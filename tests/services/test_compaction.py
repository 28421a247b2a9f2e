"""Compacting: old history goes, what is there stays, and everything says so."""

import pytest

from one_mcp import clock as clocks
from one_mcp import ids
from one_mcp.access import Principal, Role
from one_mcp.app import LOCAL, App
from one_mcp.dimensions import counts
from one_mcp.dimensions.batch import batch, operations
from one_mcp.dimensions.changes import compaction as rule
from one_mcp.dimensions.changes import history
from one_mcp.dimensions.entities import details, entity
from one_mcp.dimensions.organizations import founding
from one_mcp.dimensions.purge import purge
from one_mcp.dimensions.undo import undo
from one_mcp.errors import (
    ConflictError,
    ForbiddenError,
    InvalidArgumentError,
    NotFoundError,
    PurgedAnswerError,
)
from one_mcp.jsons import JsonObject
from one_mcp.services import compaction
from one_mcp.session import Call, Session
from one_mcp.store.work import Work
from tests.conftest import NOON, HandClock

pytestmark = pytest.mark.anyio

OTHER = Principal("org_other", "per_other", "owner", Role.ORG_OWNER)
BEFORE = clocks.to_text(NOON + 10 * clocks.DAY_MS)


def log_rows(work: Work) -> int:
    return work.value("SELECT count(*) FROM change_rows WHERE organization_id = :organization")


async def lived(one: Session, clock: HandClock) -> tuple[str, list[str]]:
    """Write an entity with a long past: changed on days 0 to 19, from which its history is told."""
    made = await one.write(entity.create, "course", "Day 0", {"price": 0})
    changes = [made.change or ""]
    for day in range(1, 20):
        clock.forward(clocks.DAY_MS)
        saved = await one.write(entity.update, made.id, {"price": day}, name=f"Day {day}")
        changes.append(saved.change or "")
    return made.id, changes


async def test_what_is_there_stays_and_recent_history_is_told_and_undone(
    one: Session, clock: HandClock
) -> None:
    id, changes = await lived(one, clock)

    done = await compaction.compact(one, BEFORE)

    assert done.rows == 10 + 2  # and the first change, which founded the organization
    told = await one.read(history.history, id)
    assert [change.change for change in told.changes] == changes[:9:-1]
    assert told.changes[-1].rows
    then = await one.read(details.portrait, id, as_of=NOON + 10 * clocks.DAY_MS)
    assert then.name == "Day 10"
    undone = await one.write(undo.undo, changes[-1])
    assert undone.entities == 1
    assert (await one.read(details.portrait, id)).name == "Day 18"


async def test_old_history_says_that_it_is_compacted(one: Session, clock: HandClock) -> None:
    id, changes = await lived(one, clock)

    await compaction.compact(one, BEFORE)

    with pytest.raises(ConflictError) as refused:
        await one.write(undo.undo, changes[9])
    assert BEFORE in str(refused.value)
    with pytest.raises(InvalidArgumentError) as unseen:
        await one.read(details.portrait, id, as_of=NOON + 9 * clocks.DAY_MS)
    assert BEFORE in str(unseen.value)
    old = await one.read(history.history, changes[3])
    assert [row.kind for row in old.changes[0].rows or ()] == ["event"]
    assert old.changes[0].tool == "test"
    assert BEFORE in (old.note or "")
    every = await one.read(history.history, limit=200)
    assert [change.change for change in every.changes[:-1]] == changes[::-1]
    assert BEFORE in (every.note or "")
    assert (await one.read(counts.take)).history_since == BEFORE


async def test_an_entity_that_has_not_changed_since_says_why_it_has_no_history(
    one: Session, clock: HandClock
) -> None:
    quiet = await one.write(entity.create, "course", "Quiet")
    await lived(one, clock)

    await compaction.compact(one, BEFORE)

    told = await one.read(history.history, quiet.id)
    assert told.changes == []
    assert BEFORE in (told.note or "")
    assert (await one.read(details.portrait, quiet.id)).name == "Quiet"
    with pytest.raises(NotFoundError):
        await one.read(history.history, ids.new(ids.ENTITY, NOON))


async def test_a_purge_forgets_what_was_merged_before_the_past_was_compacted(
    app: App, one: Session, clock: HandClock
) -> None:
    ann = await one.write(entity.create, "audience_member", "Ann", {"email": "ann@example.com"})
    anne = await one.write(entity.create, "audience_member", "Anne Old-Name")
    step: JsonObject = {"op": "merge_entities", "survivor": ann.id, "losers": [anne.id]}
    await one.write(batch.apply, operations.parse([step]))
    clock.forward(20 * clocks.DAY_MS)
    await one.write(entity.create, "course", "Tea")
    await compaction.compact(one, BEFORE)
    why = Call("create_entity", reason="as Anne Old-Name asked")
    await app.session(why, LOCAL).write(entity.create, "course", "Yoga")

    await one.write(purge.purge, ann.id, ann.id)

    told = await one.read(history.history, limit=200)
    assert "Old-Name" not in told.model_dump_json()


async def test_a_compaction_that_was_cut_short_goes_on(one: Session, clock: HandClock) -> None:
    _, changes = await lived(one, clock)
    below = await one.derive(rule.begin, NOON + 10 * clocks.DAY_MS)  # and here the process ends

    assert await one.read(rule.left)
    with pytest.raises(ConflictError):
        await one.write(undo.undo, changes[9])

    done = await compaction.compact(one, BEFORE)
    assert done.rows == 12
    assert not await one.read(rule.left)
    assert await one.derive(rule.take, below) == 0


async def test_an_earlier_time_brings_nothing_back(one: Session, clock: HandClock) -> None:
    await lived(one, clock)
    await compaction.compact(one, BEFORE)

    again = await compaction.compact(one, "2026-11-25")

    assert again.rows == 0
    assert (await one.read(counts.take)).history_since == BEFORE


async def test_everything_up_to_now_can_go(one: Session, clock: HandClock) -> None:
    id, _ = await lived(one, clock)
    clock.forward(1)

    await compaction.compact(one, "now")

    assert await one.read(log_rows) == 0
    saved = await one.write(entity.update, id, name="Later")
    assert saved.change
    await one.write(undo.undo, saved.change)
    assert (await one.read(details.portrait, id)).name == "Day 19"


async def test_another_organization_keeps_its_history(
    app: App, one: Session, clock: HandClock
) -> None:
    await one.read(log_rows)
    await app.database.write(
        lambda raw: founding.found(Work(raw, OTHER, app.ontology, app.clock()))
    )
    other = app.session(Call("test"), OTHER)
    theirs, _ = await lived(other, clock)

    await compaction.compact(one, "now")

    assert await other.read(log_rows) == 22
    assert len((await other.read(history.history, theirs)).changes) == 20


async def test_a_purge_still_finds_the_kept_answers_of_compacted_changes(
    app: App, one: Session, clock: HandClock
) -> None:
    keyed = app.session(Call("test", key="k", digest="d"), LOCAL)
    made = await keyed.write(entity.create, "course", "Secret")
    clock.forward(clocks.DAY_MS)
    await compaction.compact(one, "now")

    await one.write(purge.purge, made.id, made.id)

    with pytest.raises(PurgedAnswerError):
        await app.session(Call("test", key="k", digest="d"), LOCAL).write(
            entity.create, "course", "Secret"
        )


async def test_who_may_not_purge_may_not_compact_either(app: App, one: Session) -> None:
    await one.read(log_rows)
    user = app.session(Call("test"), Principal(LOCAL.organization, "per_u", "user", Role.ORG_USER))

    with pytest.raises(ForbiddenError):
        await compaction.compact(user, "now")


@pytest.mark.parametrize("wrong", ["soon", "2999-01-01"])
async def test_a_time_that_cannot_be_is_refused(one: Session, wrong: str) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        await compaction.compact(one, wrong)

    assert refused.value.fields["argument"] == "before"
