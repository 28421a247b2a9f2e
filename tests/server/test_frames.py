import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from mcp_types import JSONRPCError, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse

from one_mcp.server.stdio import frames
from one_mcp.server.stdio.frames import LineBuffer, Overlong, Refusal

CALL = '"jsonrpc":"2.0","method":"tools/call"'


def refusal(line: str | bytes) -> tuple[Any, int, str]:
    found = frames.parse(line.encode() if isinstance(line, str) else line)
    assert isinstance(found, Refusal)
    (answer,) = found.answers
    return answer.id, answer.error.code, answer.error.message


@pytest.mark.parametrize(
    "value",
    [
        "NaN",
        "-Infinity",
        "1e400",
        "9" * 400 + ".5",
        "9" * 5000,
        '"\\ud800"',
        '"\\udc00 alone"',
        "[" * 250 + "]" * 250,
        "[" * 100_000 + "]" * 100_000,
        '"control \x01 character"',
        "[1,]",
        "{'single': 1}",
    ],
)
def test_unreadable_values_are_refused_under_the_id_of_their_request(value: str) -> None:
    first = f'{{"id":7,{CALL},"params":{{"arguments":{{"id":8,"x":{value}}}}}}}'
    last = f'{{{CALL},"params":{{"arguments":{{"x":{value},"id":8}}}},"id":"seven"}}'

    assert refusal(first)[:2] == (7, -32700)
    assert refusal(last)[:2] == ("seven", -32700)


def test_bytes_that_are_no_text_are_refused_under_their_id() -> None:
    assert refusal(b'{"id":7,"method":"x","params":{"t":"\xff"}}')[:2] == (7, -32700)


@pytest.mark.parametrize("line", ["nonsense", '{"id":7', '{"x":{"id":7', "'", '"', '{"id'])
def test_half_a_message_is_refused(line: str) -> None:
    expected = 7 if line == '{"id":7' else None

    assert refusal(line)[:2] == (expected, -32700)


def test_the_sentence_names_the_place_of_the_flaw() -> None:
    sentence = refusal(f'{{"id":7,{CALL},"params":{{"arguments":{{"name":"\\ud800"}}}}}}')[2]

    assert sentence.startswith("INVALID_JSON: params.arguments.name ")


@pytest.mark.parametrize(
    ("line", "id", "code"),
    [
        ("5", None, -32600),
        ("null", None, -32600),
        ("{}", None, -32600),
        ("[]", None, -32600),
        ('{"id":7}', 7, -32600),
        ('{"id":7,"method":"ping"}', 7, -32600),
        ('{"id":7,"method":"ping","jsonrpc":"1.0"}', 7, -32600),
        ('{"id":7,"method":5,"jsonrpc":"2.0"}', 7, -32600),
        ('{"id":7,"method":"ping","jsonrpc":"2.0","params":[1]}', 7, -32602),
        ('{"id":null,"method":"ping","jsonrpc":"2.0"}', None, -32600),
        ('{"id":1.5,"method":"ping","jsonrpc":"2.0"}', None, -32600),
        ('{"id":true,"method":"ping","jsonrpc":"2.0"}', None, -32600),
        ('{"id":[1],"method":"ping","jsonrpc":"2.0"}', None, -32600),
        ('{"method":5,"jsonrpc":"2.0"}', None, -32600),
    ],
)
def test_json_that_is_no_message_is_refused(line: str, id: Any, code: int) -> None:
    assert refusal(line)[:2] == (id, code)


def test_a_batch_is_refused_request_by_request() -> None:
    found = frames.parse(b'[{"id":1,"method":"ping"},{"id":"b","method":"ping"},{"method":"n"}]')

    assert isinstance(found, Refusal)
    assert [(answer.id, answer.error.code) for answer in found.answers] == [
        (1, -32600),
        ("b", -32600),
    ]


def test_of_two_members_with_one_name_the_last_counts() -> None:
    message = frames.parse(b'{"jsonrpc":"2.0","id":1,"id":2,"method":"a","method":"b"}')

    assert isinstance(message, JSONRPCRequest)
    assert (message.id, message.method) == (2, "b")
    assert refusal('{"id":1,"id":2,"x":NaN}')[0] == 2


def test_messages_of_all_kinds_are_read() -> None:
    request = frames.parse(b'{"jsonrpc":"2.0","id":1,"method":"a","params":{"x":1e300}}\r')
    notification = frames.parse(b' {"jsonrpc":"2.0","method":"a"} ')
    answer = frames.parse(b'{"jsonrpc":"2.0","id":1,"result":{}}')
    failure = frames.parse(b'{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"no"}}')

    assert isinstance(request, JSONRPCRequest)
    assert isinstance(notification, JSONRPCNotification)
    assert isinstance(answer, JSONRPCResponse)
    assert isinstance(failure, JSONRPCError)


def test_a_malformed_answer_is_not_answered() -> None:
    assert frames.parse(b'{"jsonrpc":"2.0","id":1,"result":5}') is None


def test_an_answer_that_cannot_be_encoded_becomes_an_error_answer() -> None:
    line = frames.encode(JSONRPCResponse(jsonrpc="2.0", id=7, result={"text": "\ud800"}))

    assert line is not None
    assert json.loads(line)["id"] == 7
    assert json.loads(line)["error"]["code"] == -32603


def test_a_notification_that_cannot_be_encoded_is_not_sent() -> None:
    notification = JSONRPCNotification(jsonrpc="2.0", method="n", params={"text": "\ud800"})

    assert frames.encode(notification) is None


@given(some.lists(some.binary(max_size=12)), some.integers(1, 9))
def test_lines_come_out_the_same_however_they_are_cut(parts: list[bytes], step: int) -> None:
    stream = b"\n".join(parts)
    expected = [part for part in stream.split(b"\n") if part.strip(b" \t\r\n\x0b\x0c")]

    lines = LineBuffer()
    cut = [stream[at : at + step] for at in range(0, len(stream), step)]
    found = [line for chunk in cut for line in lines.feed(chunk)]
    if last := lines.end():
        found.append(last)

    assert found == expected


@pytest.mark.parametrize("step", [1, 7, 64])
def test_an_overlong_line_keeps_only_its_ends(step: int) -> None:
    long = b"a" * 30 + b"b" * 30
    stream = long + b"\nshort\n"

    lines = LineBuffer(limit_bytes=20)
    found = [
        line for at in range(0, len(stream), step) for line in lines.feed(stream[at : at + step])
    ]

    assert isinstance(found[0], Overlong)
    assert found[0].head.startswith(b"a" * 20)
    assert found[0].tail.endswith(b"b" * 30)
    assert found[1] == b"short"


@pytest.mark.parametrize(
    ("head", "tail", "id"),
    [
        (b'{"jsonrpc":"2.0","id":7,"method":"x","params":{"t":"aaa', b'aaa"}}', 7),
        (b'{"method":"x","params":{"t":"{\\"id\\": 5', b'aaa"},"jsonrpc":"2.0","id":"k"}\r', "k"),
        (b'{"method":"x","params":{"t":"aaa', b'aaa"},"id":7,"jsonrpc":"2.0"}', 7),
        (b'{"method":"x","params":{"t":"aaa', b'aaa","id":5}}', None),
    ],
)
def test_an_overlong_line_is_refused_under_its_id(head: bytes, tail: bytes, id: Any) -> None:
    found = frames.parse(Overlong(head, tail))

    assert isinstance(found, Refusal)
    assert found.answers[0].id == id
    assert "16 MiB" in found.answers[0].error.message


@given(some.text(alphabet='{}[]",:\\ id7\n', max_size=60))
def test_every_line_of_noise_is_answered(noise: str) -> None:
    found = frames.parse(noise.encode())

    assert isinstance(found, Refusal)
    assert found.answers
