"""Cells of a table: text that becomes a value of its property's type, and back."""

import re
from collections.abc import Callable
from decimal import Decimal

from one_mcp import clock, jsons
from one_mcp.errors import InvalidPropertyError, shown
from one_mcp.jsons import JsonValue
from one_mcp.ontology import decimals
from one_mcp.ontology.model import Property, PropertyType
from one_mcp.ontology.shape import expected

SEPARATOR = ";"
_NUMBER = re.compile(r"[+-]?[0-9]{1,400}(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?")
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def read(declared: Property | None, text: str) -> JsonValue:
    """Read a cell as its property's type wants it; what no shape declares stays text.

    Raises InvalidPropertyError.
    """
    if declared is None:
        return text
    reader = _READERS.get(declared.type)
    try:
        return text if reader is None else reader(text)
    except (ValueError, OverflowError, RecursionError) as error:
        wanted = expected(declared)
        raise InvalidPropertyError(
            f"{declared.name}: expected {wanted}",
            field=declared.name,
            expected=wanted,
            cell=shown(text.strip()),
        ) from error


def words(text: str) -> list[JsonValue]:
    """Read a list: a JSON array, or words with semicolons between them."""
    if text.lstrip().startswith("["):
        value = jsons.loads(text)
        if not isinstance(value, list):
            raise ValueError("no list")
        return value
    return [word.strip() for word in text.split(SEPARATOR) if word.strip()]


def show(declared: Property | None, value: JsonValue) -> str:
    """Write a value as a cell that `read` turns back into it."""
    match value:
        case None:
            return ""
        case str():
            return value
        case int() if declared is not None and declared.type == "timestamp_ms":
            return clock.to_text(value)
        case list():
            return joined(value)
        case _:
            return jsons.dumps(value)


def joined(value: list[JsonValue]) -> str:
    """Write a list with semicolons between words that bear it, else as JSON."""
    plain = [item for item in value if isinstance(item, str)]
    text = SEPARATOR.join(plain)
    return text if len(plain) == len(value) and words_safely(text) == value else jsons.dumps(value)


def words_safely(text: str) -> list[JsonValue] | None:
    return None if text.lstrip().startswith("[") else words(text)


def _trimmed(text: str) -> JsonValue:
    return text.strip()


def _number(text: str) -> JsonValue:
    trimmed = text.strip()
    if not _NUMBER.fullmatch(trimmed):
        raise ValueError("no number")
    if "e" in trimmed.lower():
        return float(trimmed)
    return decimals.kept(Decimal(trimmed))


def _boolean(text: str) -> JsonValue:
    word = text.strip().lower()
    if word not in _WORDS:
        raise ValueError("neither true nor false")
    return _WORDS[word]


def _timestamp(text: str) -> JsonValue:
    return clock.from_text(text.strip())


def _anything(text: str) -> JsonValue:
    try:
        return jsons.loads(text)
    except ValueError:
        return text


_READERS: dict[PropertyType, Callable[[str], JsonValue]] = {
    "integer": _number,
    "number": _number,
    "decimal": _trimmed,
    "boolean": _boolean,
    "timestamp_ms": _timestamp,
    "url": _trimmed,
    "email": _trimmed,
    "enum": _trimmed,
    "id": _trimmed,
    "string_list": words,
    "object": jsons.loads,
    "object_list": jsons.loads,
    "json": _anything,
}
