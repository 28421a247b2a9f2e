"""The tools on entities, as a model calls them: with JSON, and reading the structured answer."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from one_mcp.app import LOCAL, App
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.jsons import JsonObject
from one_mcp.server.caller import Caller
from one_mcp.server.results import STORED_TEXT
from one_mcp.server.toolbox import Toolbox
from one_mcp.server.tools import entities
from one_mcp.store import filters
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio

Call = Callable[..., Awaitable[Any]]
NONE = {"items": [], "total": 0, "stored_text": STORED_TEXT}


@pytest.fixture
def tool(app: App) -> Call:
    """Call a tool and return its structured answer."""
    box = Toolbox(entities.TOOLS, ("entities",))

    async def quiet(_done: float, _total: float | None, _message: str | None) -> None:
        pass

    async def call(name: str, /, **arguments: object) -> JsonObject | None:
        caller = Caller(LOCAL, lambda call: app.session(call, LOCAL), quiet)
        result = await box.call(name, arguments, caller)  # pyright: ignore[reportArgumentType]
        return result.structured_content

    return call


async def test_entity_lives_from_creation_to_archive_and_back(tool: Call) -> None:
    made = await tool(
        "create_entity", type="course", name="Yoga", properties={"price": 49}, tags=["skill:yoga"]
    )
    changed = await tool(
        "update_entity", id=made["id"], properties={"price": 59}, expected_version=made["version"]
    )
    tagged = await tool("tag_entity", id=made["id"], add=["topic:health"], remove=["skill:yoga"])
    shown = await tool("get_entity", id=made["id"])
    archived = await tool("archive_entity", id=made["id"])
    gone = await tool("find_entities", type="course")
    restored = await tool("restore_entity", id=made["id"])
    back = await tool("find_entities", type="course")

    assert changed["changed"] == ["properties.price"]
    assert tagged["tags"] == ["topic:health"]
    assert shown["properties"]["price"] == 59
    assert shown["tags"] == ["topic:health"]
    assert archived["status"] == "archived"
    assert gone == NONE
    assert restored["status"] == "active"
    assert [item["id"] for item in back["items"]] == [made["id"]]


async def test_a_null_is_absent_in_what_is_created_or_replaced(tool: Call) -> None:
    given: JsonObject = {"currency": None, "x": None, "y": {"a": None, "b": 1}}
    made = await tool("create_entity", type="course", name="Yoga", properties=given)
    created = await tool("get_entity", id=made["id"])
    await tool("update_entity", id=made["id"], properties={**given, "z": 1}, replace=True)
    replaced = await tool("get_entity", id=made["id"])

    assert "currency" not in created["properties"]
    assert created["properties"]["y"] == {"b": 1}
    assert "x" not in created["properties"]
    assert replaced["properties"] == {"y": {"b": 1}, "z": 1}


async def test_answers_have_no_nulls(tool: Call, jane: Saved) -> None:
    for answer in (
        await tool("find_entities"),
        await tool("find_entities", detail="full"),
        await tool("get_entity", id=jane.id, include=["neighbours", "events", "stats"]),
        await tool("create_entity", type="course", name="Yoga"),
    ):
        assert None not in leaves(answer)


def leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


async def test_page_of_twenty_is_short_to_read(tool: Call) -> None:
    for number in range(25):
        await tool("create_entity", type="course", name=f"A course with a usual name {number}")

    first = await tool("find_entities", type="course")
    second = await tool("find_entities", type="course", cursor=first["cursor"])

    assert len(first["items"]) == 20
    assert len(second["items"]) == 5
    assert "cursor" not in second
    assert len(str(first)) < 8_000


async def test_structures_may_come_as_json_strings(tool: Call, jane: Saved) -> None:
    found = await tool(
        "find_entities",
        where='{"niche": {"contains": "yoga"}}',
        tags="[]",
        connected_to=None,
        sort="name",
    )
    none = await tool("find_entities", connected_to=f'{{"id": "{jane.id}", "direction": "in"}}')

    assert [item["name"] for item in found["items"]] == ["Jane"]
    assert none == NONE


async def test_past_is_asked_for_in_iso_or_milliseconds(
    tool: Call, jane: Saved, clock: HandClock
) -> None:
    start = clock.now
    clock.forward(60_000)
    await tool("update_entity", id=jane.id, name="Jane Doe")

    for as_of in ("2026-11-23T12:00:30Z", start, str(start)):
        shown = await tool("get_entity", id=jane.id, as_of=as_of)
        assert shown["name"] == "Jane"


async def test_repeat_with_the_same_key_returns_the_first_answer(tool: Call) -> None:
    first = await tool("create_entity", type="course", name="Yoga", idempotency_key="k")
    again = await tool("create_entity", type="course", name="Yoga", idempotency_key="k")
    other = await tool("create_entity", type="course", name="Running", idempotency_key="k")

    assert again == {**first, "replayed": True}
    assert other["error"]["code"] == "IDEMPOTENCY_KEY_REUSED"


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("get_entity", {"id": "ent_0000000000000000"}, "NOT_FOUND"),
        ("get_entity", {"id": "per_local"}, "INVALID_ARGUMENT"),
        ("get_entity", {"id": "ent_1", "include": ["everything"]}, "INVALID_ARGUMENT"),
        ("get_entity", {"id": "ent_1", "as_of": 2026}, "INVALID_ARGUMENT"),
        ("get_entity", {"id": "ent_1", "as_of": "soon"}, "INVALID_ARGUMENT"),
        ("find_entities", {"limit": 0}, "INVALID_ARGUMENT"),
        ("find_entities", {"limit": -1}, "INVALID_ARGUMENT"),
        ("find_entities", {"limit": 10**9}, "INVALID_ARGUMENT"),
        ("find_entities", {"limit": "twenty"}, "INVALID_ARGUMENT"),
        ("find_entities", {"sort": "price up"}, "INVALID_ARGUMENT"),
        ("find_entities", {"cursor": "abc"}, "INVALID_ARGUMENT"),
        ("find_entities", {"type": "blogpost"}, "UNKNOWN_TYPE"),
        ("find_entities", {"status": "gone"}, "INVALID_ARGUMENT"),
        ("find_entities", {"typ": "course"}, "INVALID_ARGUMENT"),
        ("find_entities", {"where": {"a') --": 1}}, "INVALID_ARGUMENT"),
        ("find_entities", {"where": {"$.a": 1}}, "INVALID_ARGUMENT"),
        ("find_entities", {"where": {"a": {"like": 1}}}, "INVALID_ARGUMENT"),
        ("find_entities", {"where": {"a": float("inf")}}, "INVALID_ARGUMENT"),
        ("find_entities", {"where": {"a": 2**63}}, "INVALID_ARGUMENT"),
        ("find_entities", {"text": "\ud800"}, "INVALID_ARGUMENT"),
        ("find_entities", {"tags": ["nonsense"]}, "INVALID_ARGUMENT"),
        ("find_entities", {"connected_to": {"id": "ent_1", "typo": 1}}, "INVALID_ARGUMENT"),
        ("create_entity", {"type": "course", "name": ""}, "INVALID_ARGUMENT"),
        ("create_entity", {"type": "course", "name": "x" * 10_000}, "INVALID_ARGUMENT"),
        ("create_entity", {"type": "course", "name": "a\0b"}, "INVALID_ARGUMENT"),
        ("create_entity", {"type": "corse", "name": "x"}, "UNKNOWN_TYPE"),
        ("create_entity", {"type": "creator", "name": "x"}, "INVALID_PROPERTY"),
        (
            "create_entity",
            {"type": "course", "name": "x", "status": "archived"},
            "INVALID_ARGUMENT",
        ),
        ("create_entity", {"type": "course", "name": "x", "tags": ["yoga"]}, "INVALID_ARGUMENT"),
        ("update_entity", {"id": "ent_0000000000000000", "name": "x"}, "NOT_FOUND"),
        ("archive_entity", {"id": "con_0000000000000000"}, "INVALID_ARGUMENT"),
        ("restore_entity", {"id": "ent_0000000000000000"}, "NOT_FOUND"),
        ("tag_entity", {"id": "ent_0000000000000000", "add": ["skill:x"]}, "NOT_FOUND"),
    ],
)
async def test_bad_input_is_answered_with_its_code(
    tool: Call, name: str, arguments: JsonObject, code: str
) -> None:
    answer = await tool(name, **arguments)

    assert answer["error"]["code"] == code
    assert await tool("find_entities") == NONE


async def test_megabyte_and_depth_beyond_reason_are_refused_whole(tool: Call) -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = [deep]

    for properties in ({"bio": "x" * 1_100_000}, {"deep": deep}, {"number": float("nan")}):
        answer = await tool("create_entity", type="course", name="Yoga", properties=properties)
        assert "error" in answer
    assert await tool("find_entities") == NONE


def test_schema_names_every_operator_of_where() -> None:
    schema = Toolbox(entities.TOOLS, ("entities",)).arguments_schema("find_entities")

    for operator in filters.OPERATORS:
        assert operator in str(schema)


async def test_lost_race_for_an_update_is_a_conflict(tool: Call, jane: Saved) -> None:
    await tool("update_entity", id=jane.id, name="Jane Doe")

    answer = await tool("update_entity", id=jane.id, name="Jo", expected_version=jane.version)

    assert answer["error"]["code"] == "CONFLICT"


async def test_archived_entity_says_so_to_every_tool(tool: Call, jane: Saved) -> None:
    await tool("archive_entity", id=jane.id)

    for name, arguments in (
        ("get_entity", {}),
        ("update_entity", {"name": "Jo"}),
        ("tag_entity", {"add": ["skill:yoga"]}),
    ):
        answer = await tool(name, id=jane.id, **arguments)
        assert answer["error"]["code"] == "ARCHIVED"
        assert "restore_entity" in answer["error"]["message"]
