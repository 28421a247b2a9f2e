"""Whatever is sent gets an answer: a code, and a sentence that says what would work."""

from typing import Any

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, Request
from pydantic import TypeAdapter

from one_mcp.app import App
from one_mcp.dimensions.entities.entity import Saved

pytestmark = pytest.mark.anyio

DEEP: dict[str, Any] = {}
for _ in range(150):
    DEEP = {"a": DEEP}

CALLS: dict[str, tuple[str, dict[str, Any], str]] = {
    "unknown id": ("get_entity", {"id": "ent_0000000000000000"}, "NOT_FOUND"),
    "id of another kind": ("get_entity", {"id": "kno_0000000000000000"}, "INVALID_ARGUMENT"),
    "no id at all": ("get_entity", {"id": "Jane"}, "INVALID_ARGUMENT"),
    "unknown argument": ("get_entity", {"id": "{jane}", "depht": 2}, "INVALID_ARGUMENT"),
    "argument of a wrong type": ("find_entities", {"limit": "many"}, "INVALID_ARGUMENT"),
    "word for a number": ("find_entities", {"limit": "five"}, "INVALID_ARGUMENT"),
    "limit 0": ("find_entities", {"limit": 0}, "INVALID_ARGUMENT"),
    "limit -1": ("find_entities", {"limit": -1}, "INVALID_ARGUMENT"),
    "limit 10^9": ("find_entities", {"limit": 10**9}, "INVALID_ARGUMENT"),
    "made-up cursor": ("find_entities", {"cursor": "abc"}, "INVALID_ARGUMENT"),
    "unknown type": ("create_entity", {"type": "blogpost", "name": "x"}, "UNKNOWN_TYPE"),
    "role word": ("create_entity", {"type": "buyer", "name": "x"}, "UNKNOWN_TYPE"),
    "empty name": ("create_entity", {"type": "video", "name": " "}, "INVALID_ARGUMENT"),
    "10,000 characters of name": (
        "create_entity",
        {"type": "video", "name": "x" * 10_000},
        "INVALID_ARGUMENT",
    ),
    "NUL in a name": ("create_entity", {"type": "video", "name": "a\0b"}, "INVALID_ARGUMENT"),
    "1 MB property": (
        "create_entity",
        {"type": "video", "name": "x", "properties": {"transcript": "x" * 1_200_000}},
        "INVALID_PROPERTY",
    ),
    "deep property": (
        "create_entity",
        {"type": "video", "name": "x", "properties": {"extra": DEEP}},
        "INVALID_ARGUMENT",
    ),
    "integer beyond 2^53": (
        "create_entity",
        {"type": "video", "name": "x", "properties": {"views": 2**53 + 1}},
        "INVALID_ARGUMENT",
    ),
    "integer beyond 2^63": (
        "create_entity",
        {"type": "video", "name": "x", "properties": {"views": 10**20}},
        "INVALID_ARGUMENT",
    ),
    "wrong property type": (
        "create_entity",
        {"type": "course", "name": "x", "properties": {"lessons": "many"}},
        "INVALID_PROPERTY",
    ),
    "missing identity": ("create_entity", {"type": "creator", "name": "x"}, "INVALID_PROPERTY"),
    "same identity": (
        "create_entity",
        {"type": "creator", "name": "x", "properties": {"email": "JANE@example.com"}},
        "DUPLICATE",
    ),
    "unknown status": (
        "create_entity",
        {"type": "video", "name": "x", "status": "gone"},
        "INVALID_ARGUMENT",
    ),
    "stale version": (
        "update_entity",
        {"id": "{jane}", "name": "Janet", "expected_version": 999_999},
        "CONFLICT",
    ),
    "self-edge": (
        "connect_entities",
        {"from": "{jane}", "type": "following", "to": "{jane}"},
        "INVALID_ARGUMENT",
    ),
    "missing end": (
        "connect_entities",
        {"from": "{jane}", "type": "owns", "to": "ent_0000000000000000"},
        "NOT_FOUND",
    ),
    "unknown relationship": (
        "connect_entities",
        {"from": "{jane}", "type": "ownz", "to": "{course}"},
        "UNKNOWN_TYPE",
    ),
    "turned around": (
        "connect_entities",
        {"from": "{agent}", "type": "generated_by", "to": "{course}"},
        "WRONG_DIRECTION",
    ),
    "no such connection": (
        "disconnect_entities",
        {"from": "{jane}", "type": "owns", "to": "{course}"},
        "NOT_FOUND",
    ),
    "event at what may be a year": (
        "record_event",
        {"type": "content_interacted", "target": "{course}", "at": 2026},
        "INVALID_ARGUMENT",
    ),
    "a past that no year has": (
        "get_entity",
        {"id": "{jane}", "as_of": "9999-12-31T23:59:59-23:59"},
        "INVALID_ARGUMENT",
    ),
    "event at no time": (
        "record_event",
        {"type": "course_created", "target": "{course}", "at": "sometime"},
        "INVALID_ARGUMENT",
    ),
    "depth 5": ("explore_graph", {"id": "{jane}", "depth": 5}, "INVALID_ARGUMENT"),
    "invisible name": ("create_entity", {"type": "video", "name": "\u200b"}, "INVALID_ARGUMENT"),
    "a property's endless name": (
        "create_entity",
        {"type": "video", "name": "x", "properties": {"k" * 60_000: 1}},
        "INVALID_PROPERTY",
    ),
    "a second e-mail with its accent apart": (
        "create_entity",
        {"type": "creator", "name": "x", "properties": {"email": "zoe\u0308@example.com"}},
        "DUPLICATE",
    ),
    "SQL in a field name": (
        "find_entities",
        {"where": {"x') OR 1=1 --": 1}},
        "INVALID_ARGUMENT",
    ),
    "JSON path in a field name": (
        "find_entities",
        {"where": {"$.email[0]": 1}},
        "INVALID_ARGUMENT",
    ),
    "unknown operator": (
        "find_entities",
        {"where": {"price": {"like": "1"}}},
        "INVALID_ARGUMENT",
    ),
    "tag without a colon": ("tag_entity", {"id": "{jane}", "add": ["yoga"]}, "INVALID_ARGUMENT"),
    "unknown change": ("undo_change", {"change": "chg_999999"}, "NOT_FOUND"),
    "no change's id": ("undo_change", {"change": "last"}, "INVALID_ARGUMENT"),
    "unknown local name": (
        "apply_changes",
        {"operations": [{"op": "tag_entity", "id": "$nobody", "add": ["a:b"]}]},
        "INVALID_ARGUMENT",
    ),
    "unknown operation": (
        "apply_changes",
        {"operations": [{"op": "drop_table", "id": "{jane}"}]},
        "INVALID_ARGUMENT",
    ),
    "unknown topic": ("describe_ontology", {"topic": "qwxyz"}, "UNKNOWN_TYPE"),
}


async def _scene(client: Client) -> dict[str, str]:
    made: dict[str, str] = {}
    zoe = {"type": "creator", "name": "Zoe", "properties": {"email": "ZO\u00cb@example.com"}}
    await client.call_tool("create_entity", zoe)
    for name, type in (("course", "course"), ("agent", "sales_agent")):
        answer = await client.call_tool("create_entity", {"type": type, "name": name})
        assert answer.structured_content
        made[name] = answer.structured_content["id"]
    return made


def _filled(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner, ids) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, ids) for inner in value]
    return ids.get(value[1:-1], value) if isinstance(value, str) else value


@pytest.mark.parametrize("what", CALLS)
async def test_bad_input_is_answered_and_changes_nothing(
    client: Client, app: App, jane: Saved, what: str
) -> None:
    tool, arguments, code = CALLS[what]
    ids = {"jane": jane.id, **await _scene(client)}
    before = await app.database.read(_counts)

    answer = await client.call_tool(tool, _filled(arguments, ids))

    assert answer.is_error
    assert answer.structured_content
    assert answer.structured_content["error"]["code"] == code
    assert answer.content[0].text.startswith(f"{code}: ")
    assert await app.database.read(_counts) == before


def _counts(raw: Any) -> list[int]:
    tables = ("entities", "connections", "events", "tags", "change_log", "change_rows")
    return [raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]


@pytest.mark.parametrize("text", ['"', "*", "yo*", "NEAR(a b)", "-yoga", "AND", "a AND", "(", "'"])
@pytest.mark.usefixtures("jane")
async def test_search_operators_are_plain_words(client: Client, text: str) -> None:
    answer = await client.call_tool("find_entities", {"text": text})

    assert not answer.is_error


async def test_an_archived_entity_says_so(client: Client, jane: Saved) -> None:
    await client.call_tool("archive_entity", {"id": jane.id})

    answer = await client.call_tool("get_entity", {"id": jane.id})

    assert answer.structured_content
    assert answer.structured_content["error"]["code"] == "ARCHIVED"
    assert "restore_entity" in answer.structured_content["error"]["message"]


async def test_an_archived_twin_is_to_be_restored(client: Client, jane: Saved) -> None:
    await client.call_tool("archive_entity", {"id": jane.id})
    again = {"type": "creator", "name": "Jane", "properties": {"email": "jane@example.com"}}

    answer = await client.call_tool("create_entity", again)

    assert answer.structured_content
    assert answer.structured_content["error"]["id"] == jane.id
    assert "restore" in answer.structured_content["error"]["message"]


async def test_a_circle_is_refused(client: Client) -> None:
    ids = await _scene(client)
    lesson = await client.call_tool("create_entity", {"type": "lesson", "name": "One"})
    assert lesson.structured_content
    pair = {"from": lesson.structured_content["id"], "type": "part_of", "to": ids["course"]}
    await client.call_tool("connect_entities", pair)

    answer = await client.call_tool(
        "apply_changes",
        {
            "operations": [
                {"op": "create_entity", "as": "$module", "type": "lesson", "name": "Module"},
                {
                    "op": "connect_entities",
                    "from": "$module",
                    "type": "part_of",
                    "to": pair["from"],
                },
                {
                    "op": "connect_entities",
                    "from": pair["from"],
                    "type": "part_of",
                    "to": "$module",
                },
            ]
        },
    )

    assert answer.structured_content
    assert answer.structured_content["error"]["code"] == "CYCLE"
    assert answer.structured_content["error"]["at"] == "operations[2]"


@pytest.mark.usefixtures("jane")
async def test_a_cursor_belongs_to_its_query(client: Client) -> None:
    await _scene(client)
    first = await client.call_tool("find_entities", {"limit": 1})
    assert first.structured_content

    answer = await client.call_tool(
        "find_entities",
        {"limit": 1, "type": "course", "cursor": first.structured_content["cursor"]},
    )

    assert answer.structured_content
    assert answer.structured_content["error"]["code"] == "INVALID_ARGUMENT"


async def test_values_are_never_echoed(client: Client) -> None:
    answer = await client.call_tool("find_entities", {"limit": "sk_live_secret", "toke": "sk_2"})

    assert "sk_" not in answer.content[0].text


async def test_objects_may_come_as_json_text(client: Client) -> None:
    answer = await client.call_tool(
        "create_entity", {"type": "course", "name": "Yoga", "properties": '{"lessons": 3}'}
    )

    assert not answer.is_error


async def test_a_tag_is_the_same_however_its_accent_is_written(client: Client, jane: Saved) -> None:
    await client.call_tool("tag_entity", {"id": jane.id, "add": ["topic:caf\u00e9"]})

    answer = await client.call_tool("tag_entity", {"id": jane.id, "add": ["topic:cafe\u0301"]})
    found = await client.call_tool("find_entities", {"tags": ["topic:cafe\u0301"]})

    assert answer.structured_content
    assert answer.structured_content["tags"] == ["topic:caf\u00e9"]
    assert found.structured_content
    assert [item["id"] for item in found.structured_content["items"]] == [jane.id]


async def test_a_write_of_very_much_is_answered_in_short(client: Client, jane: Saved) -> None:
    properties = {f"unheard_of_{number}": number for number in range(5_000)}
    tags = [f"key{number}:{'x' * 190}" for number in range(100)]

    answers = [
        await client.call_tool("update_entity", {"id": jane.id, "properties": properties}),
        await client.call_tool("tag_entity", {"id": jane.id, "add": tags}),
        await client.call_tool(
            "apply_changes",
            {"operations": [{"op": "tag_entity", "id": jane.id, "add": tags}] * 100},
        ),
    ]

    assert [answer.is_error for answer in answers] == [False] * 3
    assert max(len(answer.content[0].text) for answer in answers) <= 10_000
    assert answers[0].structured_content
    assert answers[0].structured_content["extra"][-1].endswith("more")


@pytest.mark.parametrize(
    ("method", "params", "place"),
    [
        ("tools/call", {"name": "find_entities", "arguments": ["sk_live"]}, "params.arguments "),
        ("tools/call", {"arguments": {}}, "params.name "),
        ("resources/read", {"uri": 5}, "params.uri "),
        ("prompts/get", {"name": "map_feature", "arguments": {"feature": 5}}, "params.arguments."),
    ],
)
async def test_a_misshapen_request_is_told_which_parameter(
    client: Client, method: str, params: dict[str, Any], place: str
) -> None:
    misshapen = Request[Any, str](method=method, params=params)

    with pytest.raises(MCPError) as failure:
        await client.session.send_request(misshapen, TypeAdapter(object))

    assert failure.value.code == INVALID_PARAMS
    assert failure.value.message.startswith(f"INVALID_ARGUMENT: {place}")
    assert "sk_" not in failure.value.message


async def test_very_many_unknown_arguments_are_counted_not_compared(client: Client) -> None:
    names = {f"k{number}": 1 for number in range(50_000)}

    answer = await client.call_tool("create_entity", {"type": "video", "name": "x", **names})

    assert answer.structured_content
    assert answer.structured_content["error"]["code"] == "INVALID_ARGUMENT"
    assert "50,000 names or values" in answer.structured_content["error"]["message"]
