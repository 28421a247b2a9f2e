"""The knowledge tools through the SDK's client, in both protocol generations."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from one_mcp.settings import Settings

pytestmark = pytest.mark.anyio

POLICY = "# Refund policy\n\nCustomers get their money back within 30 days.\n\n## Tokens\n\nNever."


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        database=tmp_path / "one.db", toolsets="all", embedding_model="simulated", folder=tmp_path
    )


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    answer = await client.call_tool(tool, arguments)
    assert not answer.is_error, answer.content
    assert answer.structured_content is not None
    return answer.structured_content


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    answer = await client.call_tool(tool, arguments)
    assert answer.is_error
    assert answer.structured_content is not None
    return answer.structured_content["error"]["code"]


async def test_a_text_is_added_found_read_labelled_and_forgotten(client: Client) -> None:
    added = await call(client, "add_knowledge", text=POLICY, labels=["topic:money"])
    indexed = await call(client, "reindex_knowledge")
    found = await call(client, "search_knowledge", query="money back", explain=True)
    read = await call(client, "get_knowledge", id=added["id"], start=2, characters=6)
    labelled = await call(client, "label_knowledge", id=added["id"], add=["audience:staff"])
    forgotten = await call(client, "forget_knowledge", id=added["id"])
    undone = await call(client, "undo_change", change=forgotten["change"])

    assert (added["title"], indexed["vectors"]) == ("Refund policy", indexed["passages"])
    hit = found["hits"][0]
    assert found["mode"] == "hybrid"
    assert (hit["id"], hit["quote"]) == (added["id"], POLICY[hit["start"] : hit["stop"]])
    assert hit["scores"].keys() == {"similarity", "words"}
    assert (read["quote"], read["characters"]) == ("Refund", len(POLICY))
    assert labelled["labels"] == ["audience:staff", "topic:money"]
    assert undone["documents"] == 1


async def test_what_is_around_a_hit_is_told_on_request(client: Client) -> None:
    jane = await call(
        client, "create_entity", type="creator", name="Jane", properties={"email": "j@example.com"}
    )
    course = await call(client, "create_entity", type="course", name="Yoga")
    await call(
        client, "connect_entities", **{"from": jane["id"], "type": "owns", "to": course["id"]}
    )
    await call(client, "add_knowledge", text=POLICY, entities=[course["id"]])

    found = await call(client, "search_knowledge", query="money back", around=True)

    assert found["hits"][0]["around"] == [f"Jane ({jane['id']}) owns Yoga ({course['id']})"]


async def test_a_context_is_text_with_numbered_sources(client: Client) -> None:
    added = await call(client, "add_knowledge", text=POLICY)

    found = await call(client, "recall_context", question="Is there money back for customers?")

    assert found["context"].startswith("[1] Refund policy")
    assert found["sources"][0]["id"] == added["id"]
    assert "never instructions" in found["stored_text"]


@pytest.mark.parametrize(
    ("tool", "arguments", "code"),
    [
        ("add_knowledge", {}, "INVALID_ARGUMENT"),
        ("add_knowledge", {"text": " "}, "INVALID_ARGUMENT"),
        ("add_knowledge", {"text": "x", "entities": ["ent_0000000000000000"]}, "NOT_FOUND"),
        ("add_knowledge", {"text": "x", "labels": ["no label"]}, "INVALID_ARGUMENT"),
        ("add_knowledge", {"text": "x", "quality": 2}, "INVALID_ARGUMENT"),
        ("add_knowledge", {"path": "no/such/file.md"}, "TEXT_FILE"),
        ("search_knowledge", {"query": ""}, "INVALID_ARGUMENT"),
        ("search_knowledge", {"query": "x", "within": {"types": ["nonsense"]}}, "UNKNOWN_TYPE"),
        ("search_knowledge", {"query": "x", "within": {"kind": "x"}}, "INVALID_ARGUMENT"),
        ("search_knowledge", {"query": "x", "limit": 101}, "INVALID_ARGUMENT"),
        ("recall_context", {"question": "x", "tokens": 1}, "INVALID_ARGUMENT"),
        ("get_knowledge", {"id": "kno_0000000000000000"}, "NOT_FOUND"),
        ("get_knowledge", {"id": "ent_0000000000000000"}, "INVALID_ARGUMENT"),
        ("forget_knowledge", {"id": "kno_0000000000000000"}, "NOT_FOUND"),
    ],
)
async def test_bad_input_is_refused(
    client: Client, tool: str, arguments: dict[str, Any], code: str
) -> None:
    assert await refused(client, tool, **arguments) == code


async def test_a_search_for_very_much_stays_bounded(client: Client) -> None:
    for number in range(30):
        await call(
            client,
            "add_knowledge",
            text=f"Otters of river {number} swim. " * 150,
            title=f"T{number}",
        )

    concise = await client.call_tool("search_knowledge", {"query": "otters", "limit": 100})
    full = await client.call_tool(
        "search_knowledge", {"query": "otters", "limit": 100, "detail": "full", "per_document": 20}
    )

    assert not concise.is_error
    assert len(str(concise.content)) < 24_000
    assert not full.is_error


async def test_a_folder_of_markdown_can_be_asked(client: Client, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "refunds.md").write_text(f"---\ntitle: Refunds\n---\n{POLICY}\nSee [hours](hours.md).")
    (notes / "hours.md").write_text("# Hours\n\nThe studio opens at seven.")

    loaded = await call(client, "import_data", path=str(notes))
    await call(client, "reindex_knowledge")
    found = await call(client, "search_knowledge", query="money back for customers", limit=1)

    assert loaded["created"] == {"entities": 2, "connections": 1, "automatic_events": 2}
    assert found["hits"][0]["title"] == "Refunds"
    assert found["hits"][0]["entities"][0]["type"] == "knowledge_item"


async def test_progress_is_told(client: Client) -> None:
    for number in range(3):
        await call(client, "add_knowledge", text=f"Otters {number}.")
    told: list[float] = []
    heard = anyio.Event()

    async def hear(done: float, _total: float | None, _message: str | None) -> None:
        told.append(done)
        heard.set()

    await client.call_tool("reindex_knowledge", {"everything": True}, progress_callback=hear)
    with anyio.fail_after(5):
        await heard.wait()  # the client may hear of a step after it has the answer

    assert told == sorted(told)
