"""JSON values: their types, one compact encoder, one strict decoder."""

import json
from typing import Never

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]
JsonObject = dict[str, JsonValue]


def dumps(value: object) -> str:
    """Encode compactly, keeping key order; NaN and infinite numbers raise ValueError."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _refuse(constant: str) -> Never:
    raise ValueError(f"{constant} is no JSON number")


def loads(text: str | bytes) -> JsonValue:
    """Decode JSON; NaN and Infinity raise ValueError."""
    return json.loads(text, parse_constant=_refuse)


def load_object(text: str | bytes) -> JsonObject:
    """Decode a JSON object that this program wrote itself."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise TypeError("not a JSON object")
    return value  # pyright: ignore[reportUnknownVariableType]  # json.loads is untyped
