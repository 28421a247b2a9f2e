"""Addresses: e-mail addresses, which are kept as they came and compared whatever their case."""

import re

from one_mcp.jsons import JsonValue

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def is_address(text: str) -> bool:
    """Tell whether a text is an e-mail address, by how it is written."""
    return bool(_ADDRESS.fullmatch(text))


def folded(value: JsonValue) -> JsonValue:
    """Return a value as it is compared: an e-mail address in small letters, others as they are."""
    return value.casefold() if isinstance(value, str) and is_address(value) else value
