"""Undone means undone: events of an undone change are in no list, count or sum any more."""

import json
from typing import Any

import pytest
from mcp import Client

from one_mcp.dimensions import counts
from one_mcp.dimensions.entities import details, entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.events import event, finding
from one_mcp.dimensions.events.finding import Around
from one_mcp.dimensions.undo import undo
from one_mcp.session import Session

pytestmark = pytest.mark.anyio
PAID = {"status": "completed", "amount": 40, "currency": "EUR"}


async def types(one: Session, id: str, *, retracted: bool = False) -> list[str]:
    found = await one.read(finding.find, Around(target=id), retracted=retracted)
    return [it.type for it in found.items]


async def undone(one: Session, change: str | None) -> undo.Undone:
    assert change is not None
    return await one.write(undo.undo, change)


async def test_an_undone_event_is_in_no_list_and_no_number(one: Session, jane: Saved) -> None:
    paid = await one.write(event.record, "payment_processed", jane.id, metadata=PAID)
    before = await one.read(counts.take)

    answer = await undone(one, paid.change)

    assert answer.events_retracted == 1
    assert await types(one, jane.id) == ["creator_created"]
    shown = await one.read(details.portrait, jane.id, ["events", "stats"])
    assert [it.type for it in shown.events or []] == ["creator_created"]
    assert shown.stats is not None
    assert shown.stats.events == {"creator_created": 1}
    now = await one.read(counts.take)
    assert "payment_processed" in before.events
    assert "payment_processed" not in now.events


async def test_a_retracted_event_is_shown_with_a_mark_where_it_is_asked_for(
    one: Session, jane: Saved
) -> None:
    paid = await one.write(event.record, "payment_processed", jane.id, metadata=PAID)
    answer = await undone(one, paid.change)

    found = await one.read(finding.find, Around(target=jane.id), retracted=True)

    assert [(it.type, it.retracted) for it in found.items] == [
        ("payment_processed", answer.change),
        ("creator_created", None),
    ]


async def test_the_undo_of_an_undo_takes_events_up_again(one: Session, jane: Saved) -> None:
    paid = await one.write(event.record, "payment_processed", jane.id, metadata=PAID)
    first = await undone(one, paid.change)

    second = await undone(one, first.change)

    assert second.events_restored == 1
    assert await types(one, jane.id) == ["payment_processed", "creator_created"]

    await undone(one, second.change)

    assert await types(one, jane.id) == ["creator_created"]


async def test_an_update_undone_twice_over_has_its_event_once(one: Session, jane: Saved) -> None:
    renamed = await one.write(entity.update, jane.id, name="Janet")
    first = await undone(one, renamed.change)
    await undone(one, first.change)
    await undone(one, renamed.change)

    assert await types(one, jane.id) == ["creator_created"]
    assert await types(one, jane.id, retracted=True) == ["creator_updated", "creator_created"]


async def test_history_tells_what_an_undo_retracted(client: Client, jane: Saved) -> None:
    call = {"type": "payment_processed", "target": jane.id, "metadata": PAID}
    paid = (await client.call_tool("record_event", call)).structured_content
    assert paid
    back = (await client.call_tool("undo_change", {"change": paid["change"]})).structured_content
    assert back

    told = await client.call_tool("get_history", {"id": back["change"]})

    assert told.structured_content
    assert told.structured_content["changes"][0]["rows"] == [
        {
            "id": paid["id"],
            "kind": "retraction",
            "did": "retracted",
            "type": "payment_processed",
            "name": "payment_processed",
        }
    ]
    assert jane.id in json.dumps(
        (await client.call_tool("find_events", {"retracted": True})).structured_content
    )


async def applied(client: Client, *operations: dict[str, object]) -> dict[str, Any]:
    answer = await client.call_tool("apply_changes", {"operations": [*operations]})
    assert answer.structured_content
    return answer.structured_content


async def test_a_mistyped_event_is_taken_back_for_another(
    client: Client, one: Session, jane: Saved
) -> None:
    wrong = await one.write(
        event.record, "payment_processed", jane.id, metadata={**PAID, "amount": 400}
    )

    put_right = await applied(
        client,
        {"op": "record_event", "as": "$right", "type": "payment_processed", "target": jane.id}
        | {"metadata": PAID},
        {"op": "retract_event", "id": wrong.id, "reason": "a zero too many"}
        | {"replaced_by": "$right"},
    )

    assert await types(one, jane.id) == ["payment_processed", "creator_created"]
    found = await one.read(finding.find, Around(target=jane.id), retracted=True)
    (shown,) = [it for it in found.items if it.retracted]
    assert (shown.id, shown.reason) == (wrong.id, "a zero too many")
    assert shown.replaced_by == put_right["ids"]["$right"]

    await undone(one, put_right["change"])

    found = await one.read(finding.find, Around(target=jane.id))
    assert [it.id for it in found.items if it.type == "payment_processed"] == [wrong.id]


async def test_what_cannot_be_retracted_is_refused(
    client: Client, one: Session, jane: Saved
) -> None:
    paid = await one.write(event.record, "payment_processed", jane.id, metadata=PAID)
    back = {"op": "retract_event", "id": paid.id}

    codes = [
        (await applied(client, operation))["error"]["code"]
        for operation in (
            {**back, "id": jane.id},
            {**back, "id": "evt_0000000000000000"},
            {**back, "replaced_by": paid.id},
            {**back, "replaced_by": "evt_0000000000000000"},
        )
    ]
    await applied(client, back)
    again = await applied(client, back)

    assert codes == ["INVALID_ARGUMENT", "NOT_FOUND", "CONFLICT", "NOT_FOUND"]
    assert again["error"]["code"] == "CONFLICT"
