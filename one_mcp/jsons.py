"""JSON values: their types, one compact encoder, one strict decoder, and what is unfit to store."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Never, TypeAlias

from pydantic import GetPydanticSchema
from pydantic_core import PydanticSerializationError, core_schema, to_json
from typing_extensions import TypeAliasType

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
# In a pydantic model these two stand for JSON as it came: neither walked nor copied value by value,
# and nulls inside survive `exclude_none`.
JsonValue = TypeAliasType(
    "JsonValue",
    Annotated[Json, GetPydanticSchema(lambda _source, _handler: core_schema.any_schema())],
)
JsonObject = TypeAliasType(
    "JsonObject",
    Annotated[
        dict[str, Json],
        GetPydanticSchema(
            lambda _source, _handler: core_schema.dict_schema(core_schema.str_schema())
        ),
    ],
)

MAX_DEPTH = 64
MAX_INTEGER = 2**53 - 1  # beyond it JavaScript and SQLite's JSON functions lose digits
FLOAT_DIGITS = 17  # that tell any float from any other; fewer survive one (filters.SAFE_DIGITS)
MOST_DIGITS = 400  # more than any number a float can hold
_LONG_NUMBER = re.compile(rb"\d{16}")
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def dumps(value: object) -> str:
    """Encode compactly, keeping key order; NaN and infinite numbers raise ValueError."""
    try:
        text = to_json(value)
    except (PydanticSerializationError, RecursionError):
        return _compact(value)  # half a surrogate pair, for one: the caller gets it as it is
    if b"NaN" in text or b"Infinity" in text:
        return _compact(value)
    return text.decode()


def _refuse(constant: str) -> Never:
    raise ValueError(f"{constant} is no JSON number")


def _integer(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"it has a number of {len(digits):,} digits; send it as a string")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if len(digits) > FLOAT_DIGITS and value - value == 0:
        written = Decimal(digits)
        figures = len(written.as_tuple().digits)
        if figures > FLOAT_DIGITS and written != Decimal(repr(value)):
            raise ValueError(
                f"it has a number of {figures} digits, of which {FLOAT_DIGITS} would be kept; "
                "send it as a string"
            )
    return value


_strict = json.JSONDecoder(parse_constant=_refuse, parse_int=_integer, parse_float=_float).decode


def loads(text: str | bytes) -> JsonValue:
    """Decode JSON; NaN, Infinity, endless integers and lost digits raise ValueError."""
    return _strict(text if isinstance(text, str) else text.decode())


def canonical(value: JsonValue) -> bytes:
    """Encode in the one form that is hashed and signed: sorted keys, no spaces."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def text(value: JsonValue) -> str | None:
    """Return a value as text, and nothing for nothing."""
    return None if value is None else str(value)


def load_object(text: str | bytes) -> JsonObject:
    """Decode a JSON object that this program wrote itself."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise TypeError("not a JSON object")
    return value  # pyright: ignore[reportUnknownVariableType]  # json.loads is untyped


def same(left: JsonValue, right: JsonValue) -> bool:
    """Tell whether two values are the same JSON; Python's == takes 1, 1.0 and true for one."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and left == right


def differing(old: JsonObject, new: JsonObject) -> list[str]:
    """List the names whose values are not the same JSON in both objects."""
    return [
        name
        for name in {**old, **new}
        if not (name in old and name in new and same(old[name], new[name]))
    ]


def flaw(value: JsonValue) -> tuple[str, str] | None:
    """Find what makes a JSON value unfit to store: its path and a predicate ("is …"), or None.

    NaN, infinite numbers, integers beyond 2^53, NUL characters, lone surrogates, nesting beyond 64.
    """
    return weighed(value)[1]


def weighed(value: JsonValue) -> tuple[int, tuple[str, str] | None]:
    """Return the size of a value's JSON in bytes, and its flaw."""
    try:
        text = to_json(value)
    except (PydanticSerializationError, ValueError, RecursionError):
        return 0, next(_flaws(value), None)
    suspect = (
        text.count(b"[") + text.count(b"{") > MAX_DEPTH
        or b"\\u0000" in text
        or b"NaN" in text
        or b"Infinity" in text
        or _LONG_NUMBER.search(text)
    )
    return len(text), next(_flaws(value), None) if suspect else None


def _flaws(root: JsonValue) -> Iterator[tuple[str, str]]:
    open_values: list[tuple[str, JsonValue, int]] = [("", root, 0)]
    while open_values:
        path, value, depth = open_values.pop()
        if depth > MAX_DEPTH:
            yield path, f"is nested deeper than {MAX_DEPTH} levels"
        elif isinstance(value, dict):
            for key, item in value.items():
                if wrong := _scalar_flaw(key):
                    yield path, f"has a name that {wrong}"
                open_values.append((f"{path}.{key}" if path else key, item, depth + 1))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                open_values.append((f"{path}[{index}]", item, depth + 1))
        elif wrong := _scalar_flaw(value):
            yield path, wrong


def _scalar_flaw(value: bool | float | str | None) -> str | None:
    if isinstance(value, str):
        if "\0" in value:
            return "contains a NUL character"
        if not value.isascii() and re.search("[\ud800-\udfff]", value):
            return "contains half a surrogate pair, which is no text"
    elif isinstance(value, float) and value - value != 0:
        return "is NaN or infinite, which JSON does not know"
    elif isinstance(value, int) and abs(value) > MAX_INTEGER:
        return "is an integer beyond 2^53, which would lose digits: send it as a string"
    return None


def merged(old: JsonValue, patch: JsonObject) -> JsonObject:
    """Apply a JSON merge patch (RFC 7396): null removes, objects merge, the rest replaces."""
    result: JsonObject = dict(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = merged(result.get(key), value)
        else:
            result[key] = value
    return result
