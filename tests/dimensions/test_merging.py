"""Entities that are one become one: with all that belongs to them, and back again."""

from typing import Any

import pytest
from mcp import Client

from one_mcp.dimensions.batch import batch, operations
from one_mcp.dimensions.batch.batch import Applied
from one_mcp.dimensions.changes import history
from one_mcp.dimensions.connections import connection, finding
from one_mcp.dimensions.entities import details, entity, tags
from one_mcp.dimensions.entities import finding as entities
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.events import event
from one_mcp.dimensions.events import finding as happened
from one_mcp.dimensions.events.finding import Around
from one_mcp.dimensions.knowledge.documents import document, reading
from one_mcp.dimensions.knowledge.documents.drafts import Draft
from one_mcp.dimensions.purge import purge
from one_mcp.dimensions.undo import undo
from one_mcp.errors import ConflictError, CycleError, InvalidArgumentError, NotFoundError
from one_mcp.jsons import JsonValue, dumps
from one_mcp.services.exchange import exports, imports
from one_mcp.session import Session
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio
PAID = {"status": "completed", "amount": 40, "currency": "EUR"}


async def apply(one: Session, *given: JsonValue) -> Applied:
    return await one.write(batch.apply, operations.parse(list(given)))


async def merge(one: Session, survivor: Saved, *losers: Saved, **more: JsonValue) -> Applied:
    ids: list[JsonValue] = [loser.id for loser in losers]
    step: dict[str, JsonValue] = {"op": "merge_entities", "survivor": survivor.id, "losers": ids}
    return await apply(one, {**step, **more})


async def member(one: Session, name: str, **properties: JsonValue) -> Saved:
    return await one.write(entity.create, "audience_member", name, properties)


async def exported(one: Session) -> str:
    data = (await exports.everything(one)).data
    assert data
    return "\n".join(line for line in data.splitlines() if not line.startswith('{"event"'))


@pytest.fixture
async def twins(one: Session) -> tuple[Saved, Saved, Saved]:
    """Two entries of one member, both with a course, events, tags and a note."""
    ann = await member(one, "Ann", email="ann@example.com", interests=["yoga"])
    again = await member(one, "Anne", email="ann@work.example", interests=["tea"], city="Rome")
    course = await one.write(entity.create, "course", "Yoga")
    other = await one.write(entity.create, "course", "Tea")
    await one.write(connection.connect, ann.id, "enrolled_in", course.id, {"progress": 0.1})
    await one.write(connection.connect, again.id, "enrolled_in", course.id, {"progress": 0.2})
    await one.write(connection.connect, again.id, "enrolled_in", other.id)
    await one.write(connection.connect, again.id, "following", ann.id)
    await one.write(tags.change, ann.id, ["skill:yoga"])
    await one.write(tags.change, again.id, ["skill:yoga", "topic:tea"])
    await one.write(event.record, "payment_processed", again.id, metadata=PAID)
    await one.write(
        event.record,
        "content_interacted",
        course.id,
        actor=again.id,
        metadata={"interaction": "viewed"},
    )
    note = Draft(title="Note", text="About Ann", passages=[], entities=[again.id])
    await one.write(document.add, note)
    return ann, again, other


async def test_everything_follows_to_the_survivor(
    one: Session, twins: tuple[Saved, Saved, Saved]
) -> None:
    ann, again, other = twins

    applied = await merge(one, ann, again)

    shown = await one.read(details.portrait, ann.id)
    assert shown.properties
    assert shown.properties["interests"] == ["yoga", "tea"]
    assert shown.properties["city"] == "Rome"
    assert shown.properties["email"] == "ann@example.com"
    assert shown.tags == ["skill:yoga", "topic:tea"]
    edges = await one.read(finding.find, from_id=ann.id)
    assert {edge.to for edge in edges.items} >= {other.id}
    assert len(edges.items) == 2
    told = await one.read(happened.find, Around(entity=ann.id))
    assert {"payment_processed", "content_interacted"} <= {it.type for it in told.items}
    assert len((await one.read(reading.about, ann.id)).documents) == 1
    warned = " ".join(applied.warnings or [])
    assert f"email of {again.id}" in warned
    assert "enrolled_in metadata.progress" in warned


async def test_old_ids_lead_to_the_survivor(
    client: Client, one: Session, twins: tuple[Saved, Saved, Saved]
) -> None:
    ann, again, other = twins
    last = await member(one, "Anna")
    await merge(one, ann, again)
    await merge(one, last, ann)

    shown = (await client.call_tool("get_entity", {"id": again.id})).structured_content
    assert shown
    assert shown["id"] == last.id
    await one.write(entity.update, again.id, {"city": "Bari"})
    await one.write(connection.connect, again.id, "references", other.id)
    edges = await one.read(finding.find, from_id=last.id, types=["references"])
    assert len(edges.items) == 1
    with pytest.raises(NotFoundError) as failure:
        await one.read(finding.find, from_id=again.id)
    assert failure.value.fields["use_instead"] == last.id


async def test_a_merge_is_undone_as_if_it_had_not_been(
    one: Session, twins: tuple[Saved, Saved, Saved]
) -> None:
    ann, again, _ = twins
    before = await exported(one)

    async def of_both() -> list[list[str]]:
        return [
            sorted(it.type for it in (await one.read(happened.find, Around(entity=id))).items)
            for id in (ann.id, again.id)
        ]

    events = await of_both()
    applied = await merge(one, ann, again)
    assert applied.change

    undone = await one.write(undo.undo, applied.change)

    assert await exported(one) == before
    assert await of_both() == events
    assert undone.change
    await one.write(undo.undo, undone.change)
    assert (await one.read(details.portrait, again.id)).id == ann.id


async def test_a_rehearsal_tells_what_a_merge_does_and_does_nothing(
    client: Client, one: Session, twins: tuple[Saved, Saved, Saved]
) -> None:
    ann, again, _ = twins
    before = await exported(one)
    step = {"op": "merge_entities", "survivor": ann.id, "losers": [again.id]}

    answer = await client.call_tool("apply_changes", {"operations": [step], "dry_run": True})

    assert answer.structured_content
    (done,) = answer.structured_content["done"]
    assert "1 connections" in done["did"]
    assert "3 events" in done["did"]  # the two that were recorded, and that it was created
    assert await exported(one) == before


async def test_what_differs_is_settled_as_was_asked(one: Session, clock: HandClock) -> None:
    ann, again = await member(one, "Ann", city="Rome"), await member(one, "Ann", city="Bari")

    with pytest.raises(ConflictError):
        await merge(one, ann, again, prefer="none")
    clock.forward(1)
    await one.write(entity.update, again.id, {"city": "Pisa"})
    await merge(one, ann, again, prefer="newest")

    shown = await one.read(details.portrait, ann.id)
    assert shown.properties
    assert shown.properties["city"] == "Pisa"


async def test_what_is_not_one_is_not_merged(one: Session, jane: Saved) -> None:
    ann = await member(one, "Ann")
    root, leaf = [await one.write(entity.create, "course", name) for name in ("A", "B")]
    middle = await one.write(entity.create, "course", "C")
    await one.write(connection.connect, leaf.id, "part_of", middle.id)
    await one.write(connection.connect, middle.id, "part_of", root.id)

    with pytest.raises(InvalidArgumentError):
        await merge(one, ann, jane)
    with pytest.raises(InvalidArgumentError):
        await merge(one, ann, ann)
    with pytest.raises(CycleError):
        await merge(one, root, leaf)


async def test_a_merge_of_many_takes_all_along(one: Session) -> None:
    course, other = [await one.write(entity.create, "course", name) for name in ("A", "B")]
    for first in range(0, 1_200, 100):
        steps: list[JsonValue] = []
        for number in range(first, first + 100):
            steps += [
                {"op": "create_entity", "as": f"$m{number}", "type": "audience_member"}
                | {"name": f"M{number}"},
                {"op": "connect_entities", "from": f"$m{number}", "type": "enrolled_in"}
                | {"to": other.id},
            ]
        await apply(one, *steps)

    applied = await merge(one, course, other)

    assert "1,200 connections" in applied.done[0].did
    counts = (await one.read(details.portrait, course.id)).counts
    assert counts == {"enrolled_in in": 1_200}
    assert applied.change
    await one.write(undo.undo, applied.change)
    assert (await one.read(details.portrait, other.id)).counts == counts


async def test_a_purge_of_the_survivor_forgets_what_was_merged(
    one: Session, twins: tuple[Saved, Saved, Saved]
) -> None:
    ann, again, _ = twins
    await merge(one, ann, again)

    await one.write(purge.purge, ann.id, ann.id)

    told = await one.read(history.history, again.id)
    assert "ann@work.example" not in told.model_dump_json()
    with pytest.raises(NotFoundError):
        await one.read(details.portrait, again.id)


async def test_history_says_what_was_merged(
    client: Client, one: Session, twins: tuple[Saved, Saved, Saved]
) -> None:
    ann, again, _ = twins
    applied = await merge(one, ann, again)

    told = await client.call_tool("get_history", {"id": applied.change, "limit": 100})

    rows: list[dict[str, Any]] = (told.structured_content or {})["changes"][0]["rows"]
    assert [row["name"] for row in rows if row["kind"] == "merge"] == ["Anne into Ann"]


async def test_a_repeated_import_does_not_bring_back_what_was_merged(one: Session) -> None:
    records: list[JsonValue] = [
        {"entity": {"type": "audience_member", "name": "Ann", "external_id": "1"}},
        {"entity": {"type": "audience_member", "name": "Anne", "external_id": "2"}},
        {"entity": {"type": "course", "name": "Yoga", "external_id": "k"}},
        {"connection": {"from": "2", "type": "enrolled_in", "to": "k"}},
        {"event": {"type": "course_completed", "target": "2", "external_id": "p"}},
    ]
    lines = "\n".join(map(dumps, records))
    await imports.run(one, data=lines, format="jsonl")
    found = await one.read(entities.find, "audience_member", sort="name")
    ann, anne = found.items
    step: JsonValue = {"op": "merge_entities", "survivor": ann.id, "losers": [anne.id]}
    await apply(one, step)

    again = await imports.run(one, data=lines, format="jsonl")

    assert again.change is None
    assert again.failed is None
    assert [it.id for it in (await one.read(entities.find, "audience_member")).items] == [ann.id]


async def test_what_a_merge_took_away_is_named_before_it_is_back(one: Session) -> None:
    """A connection between two that became one is gone: undoing the merge brings it back."""
    course = await one.write(entity.create, "course", "A")
    other = await one.write(entity.create, "course", "B")
    tied = await one.write(connection.connect, other.id, "references", course.id)
    tagged = await one.write(tags.change, other.id, ["skill:yoga"])
    merged = await merge(one, course, other)

    assert other.change
    with pytest.raises(ConflictError) as refused:
        await one.write(undo.undo, other.change)

    later = [it["change"] for it in refused.value.fields["later"]]
    assert later == [merged.change, tagged.change, tied.change]
    for change in later:
        await one.write(undo.undo, change)
    await one.write(undo.undo, other.change)
