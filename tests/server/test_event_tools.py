"""The tools on events, as a client calls them in either protocol generation."""

from typing import Any

import pytest
from mcp import Client

from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.server.results import STORED_TEXT
from one_mcp.session import Session
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio


async def call(client: Client, name: str, **arguments: Any) -> Any:
    result = await client.call_tool(name, arguments)
    return result.structured_content


@pytest.fixture
async def video(one: Session) -> str:
    return (await one.write(entity.create, "video", "Breathing")).id


async def test_what_happened_is_recorded_and_found(client: Client, jane: Saved, video: str) -> None:
    said = await call(
        client,
        "record_event",
        type="content_interacted",
        target=video,
        actor=jane.id,
        metadata={"interactionType": "viewed", "duration": 1200},
        at="2026-11-22T08:00:00+01:00",
    )
    history = await call(client, "find_events", target=video, types=["content_interacted"])

    assert said["at"] == "2026-11-22T07:00:00Z"
    assert said["actor"] == jane.id
    assert history == {
        "stored_text": STORED_TEXT,
        "items": [
            {
                "id": said["id"],
                "type": "content_interacted",
                "at": "2026-11-22T07:00:00Z",
                "actor": jane.id,
                "actor_name": "Jane",
                "target": video,
                "target_name": "Breathing",
                "metadata": {"interaction": "viewed", "durationMs": 1200},
            }
        ],
        "total": 1,
    }


async def test_a_content_history_of_a_hundred_is_one_call(
    client: Client, jane: Saved, video: str, clock: HandClock
) -> None:
    for _ in range(100):
        clock.forward(1000)
        await call(
            client,
            "record_event",
            type="content_interacted",
            target=video,
            actor=jane.id,
            metadata={"interaction": "viewed", "durationMs": 1200},
        )

    history = await call(
        client,
        "find_events",
        target=video,
        types=["content_interacted"],
        limit=100,
        detail="full",
    )

    assert len(history["items"]) == 100
    assert "cursor" not in history
    assert history["items"] == sorted(history["items"], key=lambda event: event["at"], reverse=True)


async def test_time_narrows_and_pages_go_on(client: Client, video: str, clock: HandClock) -> None:
    for day in range(3):
        clock.now = 1_795_478_400_000 + day * 86_400_000  # 2026-11-24T00:00:00Z
        await call(client, "record_event", type="user_engaged", target=video)

    window = await call(
        client, "find_events", entity=video, since="2026-11-25", until="2026-11-26T00:00:00Z"
    )
    first = await call(client, "find_events", types=["user_engaged"], limit=2)
    rest = await call(
        client, "find_events", types=["user_engaged"], limit=2, cursor=first["cursor"]
    )

    assert [event["at"] for event in window["items"]] == ["2026-11-25T00:00:00Z"]
    assert [event["at"][8:10] for event in first["items"] + rest["items"]] == ["26", "25", "24"]
    assert "cursor" not in rest


async def test_tools_say_by_name_what_is_wrong(client: Client, video: str) -> None:
    for name, arguments, argument in [
        ("record_event", {"type": "user_engaged", "at": "sometime"}, "at"),
        ("record_event", {"type": "user_engaged", "at": 2026}, "at"),
        ("record_event", {"type": "user_engaged", "actor": "per_other"}, "actor"),
        ("record_event", {"type": "user_engaged", "target": "Jane"}, "target"),
        ("find_events", {"entity": video, "target": video}, "entity"),
        ("find_events", {"limit": 201}, "limit"),
    ]:
        error = (await call(client, name, **arguments))["error"]

        assert error["code"] == "INVALID_ARGUMENT"
        assert error["argument"] == argument
