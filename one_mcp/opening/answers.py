"""The server's first answers, read from a recording: what they fit, and how they are given.

Every member of a message is looked at, and anything unexpected is left to the real server, so that
an answer given here is one that the real server would have given too.
"""

from collections.abc import Mapping
from json import JSONDecoder, dumps

Recording = Mapping[str, Mapping[str, str]]
Json = dict[str, object]
Id = int | str

MODERN = "2026-07-28"
LONGEST_LINE_BYTES = 16 * 1024

_LISTEN = "subscriptions/listen"
_PREFIX = "io.modelcontextprotocol/"
_VERSION, _INFO = f"{_PREFIX}protocolVersion", f"{_PREFIX}clientInfo"
_ABILITIES, _STREAM = f"{_PREFIX}clientCapabilities", f"{_PREFIX}subscriptionId"
_HANDSHAKE = frozenset({"protocolVersion", "capabilities", "clientInfo"})
_KNOWN_ABILITIES = frozenset({"elicitation", "experimental", "extensions", "roots", "sampling"})
_NOTICES = frozenset({"toolsListChanged", "promptsListChanged", "resourcesListChanged"})
_MOST_BRACKETS = 64
_MOST_DIGITS = 15


class RecordedAnswers:
    """One conversation, as far as its answers are known: by protocol version, then by method."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._version = ""  # the first request decides it
        self.replay = b""  # what the real server has to hear, too
        self.answered: set[Id] = set()  # requests in `replay` that have their answer
        self.acknowledged: set[Id] = set()  # streams in `replay` that have their acknowledgement

    def answer(self, line: bytes) -> bytes | None:
        """Return what to send for a line, if only nothing, or None when it is not known."""
        if not line.strip():
            return b""
        message = _parsed(line)
        method, id = message.get("method"), message.get("id")
        params = _object(message.get("params", {}))
        if not isinstance(method, str) or params is None:
            return None
        if "id" not in message:
            return self._note(line, method, params)
        if not isinstance(id, Id) or isinstance(id, bool):
            return None
        return self._request(line, id, method, params)

    def _note(self, line: bytes, method: str, params: Json) -> bytes | None:
        if method != "notifications/initialized" or params or self._version in ("", MODERN):
            return None
        self.replay += line + b"\n"
        return b""

    def _request(self, line: bytes, id: Id, method: str, params: Json) -> bytes | None:
        opens = not self._version
        if opens and method == "initialize":
            version = str(params.get("protocolVersion"))
        else:
            version = self._version or MODERN
        if not _ordinary(method, params, version, opens=opens):
            return None
        if method == _LISTEN:
            frame = _acknowledgement(id, params)
        else:
            frame = _response(id, self._recording.get(version, {}).get(method))
        if frame is None:
            return None
        if method == _LISTEN:
            self.acknowledged.add(id)
        elif opens:
            self.answered.add(id)
        if opens or method == _LISTEN:
            self.replay += line + b"\n"
        self._version = version
        return frame


def _parsed(line: bytes) -> Json:
    """Read an ordinary message; any other becomes an empty one."""
    brackets = line.count(b"{") + line.count(b"[")
    if len(line) > LONGEST_LINE_BYTES or brackets > _MOST_BRACKETS or b"\\u" in line:
        return {}
    try:
        message = _object(_DECODER.decode(line.decode())) or {}
    except ValueError:
        return {}
    plain = message.keys() <= {"jsonrpc", "id", "method", "params"}
    return message if plain and message.get("jsonrpc") == "2.0" else {}


def _unusual(_: str) -> int:
    raise ValueError


def _integer(digits: str) -> int:
    return int(digits) if len(digits) <= _MOST_DIGITS else _unusual(digits)


_DECODER = JSONDecoder(parse_constant=_unusual, parse_float=_unusual, parse_int=_integer)


def _object(value: object) -> Json | None:
    return value if isinstance(value, dict) else None  # pyright: ignore[reportUnknownVariableType]  # of decoded JSON


def _ordinary(method: str, params: Json, version: str, *, opens: bool) -> bool:
    meta = _object(params.get("_meta", {}))
    if meta is None or type(meta.get("progressToken", 0)) not in (int, str):
        return False
    envelope = {name for name in meta if name.startswith(_PREFIX)}
    if version == MODERN:
        members = {"_meta", "notifications"} if method == _LISTEN else {"_meta"}
        return params.keys() <= members and _enveloped(meta, envelope)
    if envelope or opens != (method == "initialize"):
        return False
    if not opens:
        return params.keys() <= {"_meta"}
    return (
        _HANDSHAKE <= params.keys() <= _HANDSHAKE | {"_meta"}
        and _able(params["capabilities"])
        and _named(params["clientInfo"])
    )


def _enveloped(meta: Json, envelope: set[str]) -> bool:
    return (
        {_VERSION, _ABILITIES} <= envelope <= {_VERSION, _ABILITIES, _INFO}
        and meta[_VERSION] == MODERN
        and _able(meta[_ABILITIES])
        and (_INFO not in meta or _named(meta[_INFO]))
    )


def _able(value: object) -> bool:
    """Say whether this declares capabilities in their usual shape."""
    abilities = _object(value)
    if abilities is None or not abilities.keys() <= _KNOWN_ABILITIES:
        return False
    for name, declared in abilities.items():
        settings = _object(declared)
        if settings is None:
            return False
        for setting, chosen in settings.items():
            flag = (name, setting) == ("roots", "listChanged")
            if not (isinstance(chosen, bool) if flag else _object(chosen) is not None):
                return False
    return True


def _named(value: object) -> bool:
    """Say whether this describes a program in its usual shape."""
    program = _object(value) or {}
    texts = all(isinstance(text, str) for text in program.values())
    return texts and {"name", "version"} <= program.keys()


def _acknowledgement(id: Id, params: Json) -> bytes | None:
    """Acknowledge a stream of notices that no server sends before it is wholly there."""
    wanted = _object(params.get("notifications"))
    if wanted is None or not wanted.keys() <= _NOTICES:
        return None
    if not all(isinstance(flag, bool) for flag in wanted.values()):
        return None
    granted = {name: True for name, flag in wanted.items() if flag}
    notice = {
        "jsonrpc": "2.0",
        "method": "notifications/subscriptions/acknowledged",
        "params": {"notifications": granted, "_meta": {_STREAM: id}},
    }
    return dumps(notice).encode() + b"\n"


def _response(id: Id, result: str | None) -> bytes | None:
    if result is None:
        return None
    return f'{{"jsonrpc":"2.0","id":{dumps(id)},"result":{result}}}\n'.encode()
