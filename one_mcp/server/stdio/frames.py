"""What travels over stdio: bytes into lines, lines into messages, messages into bytes.

The SDK's stdio transport drops a line that it cannot read, and its client then waits for an answer
until it gives up. Here every request is answered: what cannot be read is refused with a sentence,
under its own id wherever one can be found.

Of two members with the same name the last one counts, as in both decoders used here.
"""

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass

from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    PARSE_ERROR,
    ErrorData,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
)
from pydantic import ValidationError
from pydantic_core import from_json

from one_mcp import jsons
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.texts import visible

log = logging.getLogger(__name__)

LIMIT_BYTES = 16 * 1024 * 1024
_EDGE_BYTES = 64 * 1024  # how much of each end of an unreadable line is searched for its id

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[{}\[\]:,]|[^\s{}\[\]:,"]+|"', re.DOTALL)
_LAST_MEMBERS = re.compile(
    rb'[{,]\s*"id"\s*:\s*(-?\d{1,18}|"(?:[^"\\]|\\.)*+")'
    rb'(?:\s*,\s*"(?:jsonrpc|method)"\s*:\s*"[^"\\]*")*\s*\}\s*\Z',
    re.DOTALL,
)
_HUGE_EXPONENT = re.compile(rb"[0-9][eE]\+?[0-9]{3}")
_HUGE_NUMBER = re.compile(rb"[0-9]{309}")

Id = int | str


@dataclass(frozen=True, slots=True)
class Overlong:
    """A line beyond the limit: its first and last bytes, where its id may be."""

    head: bytes
    tail: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answers to a line that is no message this server can serve."""

    answers: tuple[JSONRPCError, ...]


class LineBuffer:
    """Cut a stream of bytes into lines, without ever holding more than the limit."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit = limit_bytes
        self._pending = bytearray()
        self._head: bytes | None = None  # set while the rest of an overlong line passes by

    def feed(self, chunk: bytes) -> Iterator[bytes | Overlong]:
        """Yield the lines that this chunk completes, without blank ones."""
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            self._pending += part
            line = self._take()
            if line:
                yield line
        self._pending += rest
        self._trim()

    def end(self) -> bytes | Overlong | None:
        """Return the last line when its newline is missing."""
        return self._take() or None

    def _take(self) -> bytes | Overlong:
        line = bytes(self._pending)
        self._pending.clear()
        head, self._head = self._head, None
        if head is not None:
            return Overlong(head, line[-_EDGE_BYTES:])
        if len(line) > self._limit:
            return Overlong(line[:_EDGE_BYTES], line[-_EDGE_BYTES:])
        return line if not line.isspace() else b""

    def _trim(self) -> None:
        if self._head is None and len(self._pending) > self._limit:
            self._head = bytes(self._pending[:_EDGE_BYTES])
        if self._head is not None:
            del self._pending[:-_EDGE_BYTES]


def parse(line: bytes | Overlong) -> JSONRPCMessage | Refusal | None:
    """Read one line: a message, its refusal, or None for an answer that answers nothing."""
    if isinstance(line, Overlong):
        mebibytes = LIMIT_BYTES // (1024 * 1024)
        sentence = f"MESSAGE_TOO_LONG: one message may have {mebibytes} MiB; send less at a time"
        return _refusal(_id_in(line.head, line.tail), INVALID_REQUEST, sentence)
    try:
        value: JsonValue = from_json(line, allow_inf_nan=False)
    except ValueError as error:
        found = _id_in(line[:_EDGE_BYTES], line[-_EDGE_BYTES:])
        return _refusal(found, PARSE_ERROR, f"INVALID_JSON: {_flaw(line) or error}")
    if (_HUGE_EXPONENT.search(line) or _HUGE_NUMBER.search(line)) and not _finite(value):
        return _refusal(_id_of(value), PARSE_ERROR, f"INVALID_JSON: {_flaw(line)}")
    return _message(value)


def encode(message: JSONRPCMessage) -> bytes | None:
    """Write one message as a line; an answer that cannot be written becomes an error answer."""
    try:
        return message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"
    except ValueError:
        log.exception("a message could not be encoded")
    if not isinstance(message, JSONRPCResponse | JSONRPCError):
        return None
    answer = _error(message.id, INTERNAL_ERROR, "INTERNAL: the answer could not be encoded")
    return _escaped(message if isinstance(message, JSONRPCError) else answer)


def _escaped(answer: JSONRPCError) -> bytes:
    """Write an error in ASCII: its id may hold half a surrogate pair, as the request's did."""
    return json.dumps(answer.model_dump(by_alias=True, exclude_unset=True)).encode() + b"\n"


def _message(value: JsonValue) -> JSONRPCMessage | Refusal | None:
    match value:
        case {"method": _, "id": _}:
            return _request(value)
        case {"method": _}:
            return _notification(value)
        case {"result": _} | {"error": _}:
            return _answer(value)
        case dict():
            sentence = 'INVALID_REQUEST: a request names its "method"'
            return _refusal(_id_of(value), INVALID_REQUEST, sentence)
        case list():
            return _batch(value)
        case _:
            return _refusal(None, INVALID_REQUEST, "INVALID_REQUEST: a message is a JSON object")


def _request(value: JsonObject) -> JSONRPCRequest | Refusal:
    found = _id_of(value)
    try:
        if found is not None:
            return JSONRPCRequest.model_validate(value, by_name=False)
    except ValidationError as error:
        if all(flaw["loc"][:1] == ("params",) for flaw in error.errors(include_input=False)):
            sentence = 'INVALID_ARGUMENT: "params" must be a JSON object'
            return _refusal(found, INVALID_PARAMS, sentence)
    sentence = (
        'INVALID_REQUEST: a request has "jsonrpc": "2.0", an "id" that is a string or an integer, '
        'and a "method" that is a string'
    )
    return _refusal(found, INVALID_REQUEST, sentence)


def _notification(value: JsonObject) -> JSONRPCNotification | Refusal:
    try:
        return JSONRPCNotification.model_validate(value, by_name=False)
    except ValidationError:
        sentence = 'INVALID_REQUEST: a notification has "jsonrpc": "2.0" and a string "method"'
        return _refusal(None, INVALID_REQUEST, sentence)


def _answer(value: JsonObject) -> JSONRPCResponse | JSONRPCError | None:
    model = JSONRPCResponse if "result" in value else JSONRPCError
    try:
        return model.model_validate(value, by_name=False)
    except ValidationError:
        log.warning("an answer from the client was malformed")  # to answer it could go on forever
        return None


def _batch(values: list[JsonValue]) -> Refusal:
    """Refuse a batch, each request under its own id."""
    ids = [found for value in values if (found := _id_of(value)) is not None]
    sentence = "INVALID_REQUEST: batches are not accepted; send one message per line"
    return Refusal(tuple(_error(found, INVALID_REQUEST, sentence) for found in ids or [None]))


def _refusal(found: Id | None, code: int, sentence: str) -> Refusal:
    return Refusal((_error(found, code, sentence),))


def _error(found: Id | None, code: int, sentence: str) -> JSONRPCError:
    return JSONRPCError(
        jsonrpc="2.0", id=found, error=ErrorData(code=code, message=visible.text(sentence))
    )


def _id_of(value: JsonValue) -> Id | None:
    found = value.get("id") if isinstance(value, dict) else None
    return found if isinstance(found, Id) and not isinstance(found, bool) else None


def _id_in(head: bytes, tail: bytes) -> Id | None:
    """Find the id of a message that cannot be read, in its first or in its last bytes."""
    found = _id_token(head) or ((last := _LAST_MEMBERS.search(tail)) and last[1])
    try:
        return _id_of({"id": json.loads(found)}) if found else None
    except ValueError:
        return None


def _id_token(head: bytes) -> bytes | None:
    depth, previous, name = 0, b"", b""
    found = None
    for match in _TOKEN.finditer(head):
        token = match[0]
        if token == b'"':  # the head ends inside a text
            break
        if token in b"{[":
            depth += 1
        elif token in b"}]":
            depth -= 1
        elif depth == 1 and previous == b":" and name == b'"id"':
            found = token
        name, previous = previous, token
    return found


def _finite(value: JsonValue) -> bool:
    match value:
        case float():
            return value - value == 0
        case dict():
            return all(map(_finite, value.values()))
        case list():
            return all(map(_finite, value))
        case _:
            return True


def _flaw(line: bytes) -> str | None:
    """Say what is wrong with a line in the words of its sender, or None."""
    try:
        found = jsons.flaw(json.loads(line))
    except RecursionError:
        return "the message is nested too deep"
    except ValueError as error:
        return "a number has too many digits" if _HUGE_NUMBER.search(line) else f"{error}"
    return found and f"{found[0][:100]} {found[1]}"
