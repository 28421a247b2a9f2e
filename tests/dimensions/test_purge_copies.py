"""What events took over from an entity goes with it; what was paid stays paid."""

from typing import Any

import pytest
from mcp import Client

pytestmark = pytest.mark.anyio


async def call(client: Client, tool: str, **arguments: Any) -> Any:
    answer = await client.call_tool(tool, arguments)
    assert not answer.is_error, answer.content
    return answer.structured_content


async def test_a_purge_takes_texts_out_of_events_and_leaves_amounts(client: Client) -> None:
    jane = await call(
        client,
        "create_entity",
        type="creator",
        name="Jane Doe",
        properties={"email": "jane@example.com"},
    )
    paid = await call(
        client,
        "create_entity",
        type="payment",
        name="Jane's course",
        properties={"amount": 12.5, "currency": "EUR", "status": "completed"},
    )
    before = await call(client, "find_events", detail="full", limit=50)

    for id in (jane["id"], paid["id"]):
        await call(client, "purge_entity", id=id, confirm=id)

    after = await call(client, "find_events", detail="full", limit=50)
    summed = await call(
        client, "summarize", of="events", types=["payment_processed"], measures=["sum:amount"]
    )
    assert "jane@example.com" in str(before)
    assert "jane@example.com" not in str(after)
    assert "Jane" not in str(after)
    told = [event["type"] for event in after["items"]]
    assert {"creator_created", "payment_processed"} <= set(told)
    assert summed["total"] == {"sum:amount": {"EUR": 12.5}}
