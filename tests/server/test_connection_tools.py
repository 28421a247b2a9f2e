"""The tools on connections and the graph, as a client calls them in either protocol generation."""

import json
from typing import Any

import pytest
from mcp import Client

from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.server.results import STORED_TEXT
from one_mcp.session import Session

pytestmark = pytest.mark.anyio


async def call(client: Client, name: str, **arguments: Any) -> Any:
    result = await client.call_tool(name, arguments)
    return result.structured_content


async def connect(one: Session, start: str, type: str, end: str) -> None:
    await one.write(connection.connect, start, type, end)


async def new(one: Session, type: str, name: str) -> str:
    return (await one.write(entity.create, type, name)).id


@pytest.fixture
async def course(one: Session) -> str:
    return await new(one, "course", "Yoga")


async def test_entities_are_connected_found_and_disconnected(
    client: Client, jane: Saved, course: str
) -> None:
    ends = {"from": jane.id, "type": "owns", "to": course}

    made = await call(client, "connect_entities", **ends, metadata={"share": 0.5})
    merged = await call(client, "connect_entities", **ends, metadata='{"since": "2026-01-31"}')
    found = await call(client, "find_connections", **{"from": jane.id})
    cut = await call(client, "disconnect_entities", **ends, reason="sold")
    left = await call(client, "find_connections", to=course)

    assert made["sentence"] == "Jane owns Yoga"
    assert made["created"]
    assert merged["metadata"] == {"share": 0.5, "since": "2026-01-31T00:00:00Z"}
    assert found == {
        "items": [
            {
                "id": made["id"],
                "from": jane.id,
                "from_name": "Jane",
                "type": "owns",
                "to": course,
                "to_name": "Yoga",
                "to_type": "course",
                "metadata": merged["metadata"],
            }
        ],
        "total": 1,
        "stored_text": STORED_TEXT,
    }
    assert cut["sentence"] == "Jane owns Yoga"
    assert left == {"items": [], "total": 0, "stored_text": STORED_TEXT}


async def test_a_repeated_key_answers_as_the_first_time(
    client: Client, jane: Saved, course: str
) -> None:
    ends = {"from": jane.id, "type": "owns", "to": course, "idempotency_key": "k"}

    first = await call(client, "connect_entities", **ends)
    again = await call(client, "connect_entities", **ends)

    assert again == {**first, "replayed": True}


async def test_a_turned_connection_is_answered_with_the_call_that_works(
    client: Client, one: Session, course: str
) -> None:
    lesson = await new(one, "lesson", "Breathing")

    turned = {"from": course, "type": "part_of", "to": lesson}

    error = (await call(client, "connect_entities", **turned))["error"]
    made = await call(client, "connect_entities", **error["use_instead"])

    assert error["code"] == "WRONG_DIRECTION"
    assert made["sentence"] == "Breathing is part of Yoga"


async def test_connections_between_two_and_of_several_types(
    client: Client, one: Session, jane: Saved, course: str
) -> None:
    for type in ("owns", "teaching", "authored"):
        await connect(one, jane.id, type, course)

    both = await call(client, "find_connections", between=[course, jane.id], limit=2)
    rest = await call(
        client, "find_connections", between=[course, jane.id], limit=2, cursor=both["cursor"]
    )
    some = await call(client, "find_connections", types=["owns", "teaching"], detail="full")

    assert [edge["type"] for edge in both["items"] + rest["items"]] == [
        "authored",
        "teaching",
        "owns",
    ]
    assert [edge["type"] for edge in some["items"]] == ["teaching", "owns"]
    assert some["items"][0]["from_properties"]["niche"] == ["yoga"]
    assert some["items"][0]["created"] == "2026-11-23T12:00:00Z"


async def test_the_graph_is_walked_and_ways_are_found(
    client: Client, one: Session, jane: Saved, course: str
) -> None:
    lesson = await new(one, "lesson", "Breathing")
    student = await new(one, "audience_member", "Ann")
    await connect(one, jane.id, "owns", course)
    await connect(one, lesson, "part_of", course)
    await connect(one, student, "completed", lesson)

    around = await call(client, "explore_graph", id=jane.id, depth=2)
    way = await call(client, "explore_graph", id=student, to=jane.id)
    short = await call(client, "explore_graph", id=student, to=jane.id, depth=2)

    assert [(node["name"], node["depth"]) for node in around["nodes"]] == [
        ("Jane", 0),
        ("Yoga", 1),
        ("Breathing", 2),
    ]
    assert around["edges"] == [
        {"from": jane.id, "type": "owns", "to": course},
        {"from": lesson, "type": "part_of", "to": course},
    ]
    assert way["paths"] == [
        {
            "ids": [student, lesson, course, jane.id],
            "steps": ["Ann completed Breathing", "Breathing is part of Yoga", "Jane owns Yoga"],
        }
    ]
    assert short["paths"] == []
    assert "at most 2 steps" in short["note"]


async def test_answers_stay_short_around_a_hub(client: Client, one: Session, jane: Saved) -> None:
    for number in range(60):
        follower = await new(one, "audience_member", f"A rather long name of follower {number}")
        await connect(one, follower, "following", jane.id)

    around = await call(client, "explore_graph", id=jane.id, depth=1, limit=200)
    listed = await call(client, "find_connections", to=jane.id, limit=200)

    assert len(json.dumps(around)) < 9_500
    assert "of Jane" in around["cut"]
    assert len(json.dumps(listed)) < 9_500
    assert listed["total"] == 60
    assert listed["cursor"]


async def test_tools_say_by_name_what_is_wrong(client: Client, jane: Saved) -> None:
    for name, arguments, argument in [
        ("find_connections", {"from": jane.id, "limit": 0}, "limit"),
        ("find_connections", {"between": [jane.id]}, "between"),
        ("find_connections", {"to": "Jane"}, "to"),
        ("connect_entities", {"from": jane.id, "type": "owns", "to": "per_local"}, "to"),
        ("disconnect_entities", {"from": "Jane", "type": "owns", "to": jane.id}, "from"),
        ("find_connections", {"from_": jane.id}, "from_"),
        ("explore_graph", {"id": jane.id, "depth": 5}, "depth"),
        ("explore_graph", {"id": jane.id, "to": jane.id}, "to"),
        ("explore_graph", {"id": jane.id, "direction": "up"}, "direction"),
    ]:
        error = (await call(client, name, **arguments))["error"]

        assert error["code"] == "INVALID_ARGUMENT"
        assert error["argument"] == argument
