"""The form that Stripe's parameters have on the wire: `metadata[operation]=op_1&expand[0]=data`."""

import re
from urllib.parse import parse_qsl

from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.providers.simulated.stripe import objects

MOST_FIELDS = 200
_PART = re.compile(r"\[([^\[\]]*)\]")
_INTEGERS = frozenset(
    {"amount", "amount_to_capture", "expires_at", "limit", "quantity", "unit_amount"}
)
_BOOLEANS = frozenset({"cancel_at_period_end", "confirm", "off_session"})
_TRUTH = {"true": True, "false": False}


def decode(text: str) -> JsonObject:
    """Read parameters; a number or a truth value is one where the API has one by that name."""
    root: JsonObject = {}
    for field, value in parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS):
        name, *_ = field.partition("[")
        parts = [name, *_PART.findall(field[len(name) :])]
        _put(root, parts, value)
    return {name: _listed(value) for name, value in root.items()}


def _put(root: JsonObject, parts: list[str], value: str) -> None:
    here = root
    for part in parts[:-1]:
        inner = here.setdefault(part, {})
        if not isinstance(inner, dict):
            raise objects.invalid(f"Invalid object: {part}", param=parts[0])
        here = inner
    last = parts[-1] or str(len(here))  # `expand[]=a&expand[]=b` counts by itself
    is_free = "metadata" in parts[:-1]
    here[last] = value if is_free else _typed(last, value)


def _typed(name: str, value: str) -> JsonValue:
    if name in _INTEGERS:
        if not value.removeprefix("-").isdecimal():
            raise objects.invalid(
                f"Invalid integer: {value[:20]}", code="parameter_invalid_integer", param=name
            )
        return int(value[:20])
    if name in _BOOLEANS:
        return _TRUTH.get(value, value)
    return value


def _listed(value: JsonValue) -> JsonValue:
    """Make a list of what has the numbers from 0 on for names."""
    if not isinstance(value, dict):
        return value
    inner: JsonObject = {name: _listed(it) for name, it in value.items()}
    numbered = inner and list(inner) == [str(at) for at in range(len(inner))]
    return list(inner.values()) if numbered else inner
