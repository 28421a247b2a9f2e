import json
from typing import Any

import pytest

from one_mcp.opening.answers import RecordedAnswers

META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {
        "elicitation": {"form": {}, "url": {}},
        "roots": {"listChanged": True},
    },
    "io.modelcontextprotocol/clientInfo": {"name": "claude-code", "version": "2.1"},
}
HELLO: dict[str, Any] = {
    "protocolVersion": "2025-11-25",
    "capabilities": {"roots": {"listChanged": True}, "sampling": {}},
    "clientInfo": {"name": "cursor", "version": "1"},
}
CATALOGUE = {
    "2026-07-28": {"server/discover": '{"discovered":1}', "tools/list": '{"tools":[2]}'},
    "2025-11-25": {"initialize": '{"hello":1}', "tools/list": '{"tools":[1]}', "ping": "{}"},
}
FLAGS = {"toolsListChanged": True, "promptsListChanged": False}


def line(method: str, params: dict[str, Any] | None, id: Any = 1) -> bytes:
    message = {"jsonrpc": "2.0", "id": id, "method": method}
    return json.dumps(message if params is None else {**message, "params": params}).encode()


def modern(method: str, id: Any = 1, **params: Any) -> bytes:
    return line(method, {"_meta": META, **params}, id)


def with_meta(**meta: Any) -> bytes:
    given = {f"io.modelcontextprotocol/{name}": value for name, value in meta.items()}
    return line("tools/list", {"_meta": {**META, **given}})


@pytest.fixture
def recorded() -> RecordedAnswers:
    return RecordedAnswers(CATALOGUE)


@pytest.fixture
def greeted(recorded: RecordedAnswers) -> RecordedAnswers:
    """A conversation of a generation with a handshake, which is done."""
    assert recorded.answer(line("initialize", HELLO, 0))
    assert recorded.answer(b'{"jsonrpc":"2.0","method":"notifications/initialized"}') == b""
    return recorded


def said(answer: bytes | None) -> Any:
    assert answer is not None
    assert answer.endswith(b"\n")
    return json.loads(answer)


def test_modern_questions_are_answered_and_the_first_is_replayed(recorded: RecordedAnswers) -> None:
    first = modern("server/discover", "a")

    assert said(recorded.answer(first)) == {
        "jsonrpc": "2.0",
        "id": "a",
        "result": {"discovered": 1},
    }
    assert said(recorded.answer(modern("tools/list", 2)))["result"] == {"tools": [2]}
    assert recorded.replay == first + b"\n"
    assert recorded.answered == {"a"}


def test_a_handshake_is_answered_and_replayed(greeted: RecordedAnswers) -> None:
    assert said(greeted.answer(line("tools/list", None, 2)))["result"] == {"tools": [1]}
    assert said(greeted.answer(line("ping", {}, 3)))["result"] == {}
    assert greeted.replay.count(b"\n") == 2
    assert greeted.answered == {0}


def test_a_stream_of_list_changes_is_acknowledged_and_replayed(recorded: RecordedAnswers) -> None:
    recorded.answer(modern("server/discover", 1))

    notice = said(recorded.answer(modern("subscriptions/listen", 2, notifications=FLAGS)))

    assert notice["method"] == "notifications/subscriptions/acknowledged"
    assert notice["params"] == {
        "notifications": {"toolsListChanged": True},
        "_meta": {"io.modelcontextprotocol/subscriptionId": 2},
    }
    assert recorded.acknowledged == {2}
    assert b"subscriptions/listen" in recorded.replay


def test_a_stream_of_resources_is_left_to_the_server_that_knows_them(
    recorded: RecordedAnswers,
) -> None:
    wanted = {"resourceSubscriptions": ["one://ontology"]}

    assert recorded.answer(modern("subscriptions/listen", notifications=wanted)) is None


@pytest.mark.parametrize(
    "unusual",
    [
        b"nonsense",
        b"[]",
        b"5",
        b"\xff",
        modern("tools/call", name="echo"),
        modern("tools/list", cursor="x"),
        modern("tools/list", None),
        modern("tools/list", True),
        modern("tools/list", 1.5),
        modern("tools/list", 10**16),
        modern("tools/list").replace(b'"2.0"', b'"1.0"'),
        modern("tools/list").replace(b"claude", b"\\ud800"),
        modern("tools/list").replace(b'"id": 1', b'"id": 1, "more": 2'),
        with_meta(protocolVersion="2099-01-01"),
        with_meta(logLevel="info"),
        with_meta(clientCapabilities={"roots": 5}),
        with_meta(clientCapabilities={"roots": {"listChanged": "yes"}}),
        with_meta(clientCapabilities={"elicitation": {"form": True}}),
        with_meta(clientCapabilities={"tasks": {}}),
        with_meta(clientCapabilities=[]),
        with_meta(clientInfo={"name": "x"}),
        with_meta(clientInfo={"name": "x", "version": 1}),
        line("tools/list", {"_meta": {**META, "progressToken": [1]}}),
        line("tools/list", {"_meta": {**META, "deep": [[]] * 65}}),
        line("tools/list", {"_meta": {**META, "long": "x" * 20_000}}),
        line("tools/list", {"_meta": {**META, "number": 1.5}}),
        line("tools/list", {"_meta": {}}),
        line("tools/list", None),
        line("initialize", {**HELLO, "protocolVersion": "2024-11-05"}),
        line("initialize", {**HELLO, "protocolVersion": 5}),
        line("initialize", {**HELLO, "more": 1}),
        line("initialize", {**HELLO, "_meta": META}),
        line("initialize", {**HELLO, "capabilities": None}),
        line("initialize", {}),
        line("initialize", None),
        b'{"jsonrpc":"2.0","method":"notifications/initialized"}',
    ],
)
def test_what_is_unusual_is_left_to_the_server(recorded: RecordedAnswers, unusual: bytes) -> None:
    assert recorded.answer(unusual) is None


@pytest.mark.parametrize(
    "unusual",
    [
        line("initialize", HELLO),
        line("server/discover", None),
        modern("tools/list"),
        line("tools/list", {"_meta": {"io.modelcontextprotocol/x": 1}}),
        line("subscriptions/listen", {"notifications": FLAGS}),
        b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}',
        b'{"jsonrpc":"2.0","id":1,"method":"ping","params":null}',
    ],
)
def test_after_a_handshake_too(greeted: RecordedAnswers, unusual: bytes) -> None:
    assert greeted.answer(unusual) is None


def test_blank_lines_say_nothing(recorded: RecordedAnswers) -> None:
    assert recorded.answer(b"\r") == b""
    assert recorded.replay == b""
