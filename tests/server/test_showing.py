"""A connection and an event are shown by their ids, as an entity is."""

import json
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp_types import TextResourceContents

from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.connections.connection import Connected
from one_mcp.dimensions.entities import archive, entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.events import event, retraction
from one_mcp.dimensions.purge import purge
from one_mcp.session import Session
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio
BEFORE, HOUR_MS = "2026-11-23T12:00:00Z", 3_600_000


@pytest.fixture
async def course(one: Session) -> Saved:
    return await one.write(entity.create, "course", "Yoga")


@pytest.fixture
async def owned(one: Session, jane: Saved, course: Saved) -> Connected:
    return await one.write(connection.connect, jane.id, "owns", course.id, {"share": 1})


async def called(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert result.structured_content
    return result.structured_content


async def read(client: Client, uri: str) -> dict[str, Any]:
    (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    return json.loads(content.text)


async def test_a_connection_is_shown_with_both_ends(
    client: Client, jane: Saved, course: Saved, owned: Connected
) -> None:
    shown = await called(client, "get_entity", id=owned.id)

    assert (shown["name"], shown["status"]) == ("Jane owns Yoga", "active")
    assert shown["from"] == {"id": jane.id, "type": "creator", "name": "Jane"}
    assert shown["to"]["id"] == course.id
    assert shown["metadata"] == {"share": 1}
    assert shown["version"] == owned.version
    assert await read(client, f"one://connections/{owned.id}") == shown


async def test_a_connection_is_shown_as_it_was(
    client: Client,
    one: Session,
    clock: HandClock,
    *,
    jane: Saved,
    course: Saved,
    owned: Connected,
) -> None:
    clock.forward(HOUR_MS)
    await one.write(connection.connect, jane.id, "owns", course.id, {"share": 0.5})
    await one.write(entity.update, jane.id, name="Jane Doe")
    clock.forward(HOUR_MS)
    await one.write(connection.disconnect, jane.id, "owns", course.id)

    first = await called(client, "get_entity", id=owned.id, as_of=BEFORE)
    later = await called(client, "get_entity", id=owned.id, as_of="2026-11-23T13:30:00Z")
    gone = await called(client, "get_entity", id=owned.id)
    unborn = await called(client, "get_entity", id=owned.id, as_of="2020-01-01")

    assert (first["name"], first["metadata"]) == ("Jane owns Yoga", {"share": 1})
    assert (later["name"], later["metadata"]) == ("Jane Doe owns Yoga", {"share": 0.5})
    assert gone["error"]["code"] == unborn["error"]["code"] == "NOT_FOUND"
    assert "as_of" in gone["error"]["message"]


async def test_a_hidden_connection_says_what_hides_it(
    client: Client, one: Session, course: Saved, owned: Connected
) -> None:
    await one.write(archive.archive, course.id)

    refused = await called(client, "get_entity", id=owned.id)
    shown = await called(client, "get_entity", id=owned.id, include=["archived"])

    assert refused["error"]["code"] == "ARCHIVED"
    assert course.id in refused["error"]["message"]
    assert shown["status"] == "hidden"


async def test_an_event_is_shown_with_who_did_it_to_what(
    client: Client, one: Session, jane: Saved, course: Saved
) -> None:
    told = {"note": "twice"}
    mistyped = await one.write(
        event.record, "course_completed", course.id, actor=jane.id, metadata=told
    )
    right = await one.write(event.record, "course_completed", course.id, actor=jane.id)
    taken = await one.write(retraction.retract, mistyped.id, "mistyped", right.id)

    shown = await called(client, "get_entity", id=mistyped.id)
    other = await called(client, "get_entity", id=right.id)

    assert (shown["actor"]["name"], shown["target"]["name"]) == ("Jane", "Yoga")
    assert (shown["at"], shown["metadata"]) == (BEFORE, told)
    assert (shown["status"], shown["reason"]) == ("retracted", "mistyped")
    assert (shown["retracted"], shown["replaced_by"]) == (taken.change, right.id)
    assert other["status"] == "in effect"
    assert await read(client, f"one://events/{mistyped.id}") == shown


async def test_an_event_outlives_what_it_was_about(
    client: Client, one: Session, jane: Saved
) -> None:
    done = await one.write(event.record, "creator_updated", jane.id)
    await one.write(purge.purge, jane.id, jane.id)

    shown = await called(client, "get_entity", id=done.id)

    assert shown["target"] == {"id": jane.id}


async def test_what_only_an_entity_has_is_refused(
    client: Client, one: Session, owned: Connected, jane: Saved
) -> None:
    done = await one.write(event.record, "creator_updated", jane.id)

    for id, more in (
        (owned.id, {"include": ["events"]}),
        (owned.id, {"relationships": ["owns"]}),
        (done.id, {"as_of": BEFORE}),
        ("con_0000000000000001", {}),
        ("evt_0000000000000001", {}),
    ):
        refused = await called(client, "get_entity", id=id, **more)
        assert refused["error"]["code"] in ("INVALID_ARGUMENT", "NOT_FOUND")


async def test_the_wrong_kind_of_id_leads_to_where_it_is_shown(
    client: Client, one: Session, jane: Saved, owned: Connected
) -> None:
    done = await one.write(event.record, "creator_updated", jane.id)
    note = await called(client, "add_knowledge", text="A note.")

    async def refused(id: str) -> str:
        return (await called(client, "update_entity", id=id))["error"]["message"]

    assert "get_entity" in await refused(owned.id)
    assert "get_entity" in await refused(done.id)
    assert "get_knowledge" in await refused(note["id"])
    assert "get_history" in await refused("chg_2")
    unread = await called(client, "get_knowledge", id=owned.id)
    assert "get_entity" in unread["error"]["message"]


async def test_an_address_shows_its_own_kind_only(
    client: Client, jane: Saved, owned: Connected
) -> None:
    for uri in (f"one://connections/{jane.id}", f"one://events/{owned.id}"):
        with pytest.raises(MCPError):
            await client.read_resource(uri)
