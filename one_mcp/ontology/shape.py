"""Fit values to declared properties: the type, the range, the fields inside."""

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from one_mcp import clock, relative
from one_mcp.jsons import MAX_INTEGER, JsonObject, JsonValue
from one_mcp.ontology import currencies, decimals, names
from one_mcp.ontology.limits import absence, kind_of, refusal
from one_mcp.ontology.model import Property, PropertyType

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")
_WORD = re.compile(r"\S{1,2048}")


@dataclass(slots=True)
class Fitted:
    """Fields after the check. `extra` are names that no shape declares; they are kept.

    `currency` is one that is no code of ISO 4217.
    """

    values: JsonObject = field(default_factory=dict[str, JsonValue])
    extra: list[str] = field(default_factory=list[str])
    hints: list[str] = field(default_factory=list[str])
    currency: str | None = None


def expected(declared: Property) -> str:
    """Describe what a property takes, in words that end a sentence."""
    if declared.type == "enum":
        return "one of " + ", ".join(declared.options)
    words = _EXPECTED[declared.type]
    if declared.type == "timestamp_ms" and relative.is_taken():
        words += f", or one of {relative.EXAMPLES}"
    low, high = declared.minimum, declared.maximum
    if low is not None and high is not None:
        return f"{words} from {low:g} to {high:g}"
    if low is not None:
        return f"{words} of at least {low:g}"
    if high is not None:
        return f"{words} of at most {high:g}"
    return words


def fit(declared: Property, value: JsonValue, at: str) -> JsonValue:
    """Return one value as it is stored, or raise InvalidPropertyError.

    A time becomes milliseconds and an integral float an integer; a number that came as text is one
    of JSON if that keeps all digits; the rest stays.
    """
    if declared.type == "object" and isinstance(value, dict):
        return fields(declared.properties, value, at).values
    if declared.type == "object_list" and isinstance(value, list):
        return [_item(declared, item, f"{at}[{index}]") for index, item in enumerate(value)]
    if declared.type == "enum" and isinstance(value, str) and value in declared.options:
        return value
    if isinstance(value, float) and declared.type == "integer" and abs(value) > MAX_INTEGER:
        got = "a number beyond 2^53, of which digits may be lost"
        raise refusal(at, got, 'an integer, there as a string such as "9007199254740993"')
    fitted = _FITS[declared.type](value)
    if fitted is None:
        raise refusal(at, kind_of(value), expected(declared))
    if not _within(declared, fitted):
        raise refusal(at, "a number out of range", expected(declared))
    return fitted


def _within(declared: Property, fitted: JsonValue) -> bool:
    low, high = declared.minimum, declared.maximum
    amount = None if low is None and high is None else _number_of(declared, fitted)
    return amount is None or (
        (low is None or amount >= Decimal(str(low)))
        and (high is None or amount <= Decimal(str(high)))
    )


def _number_of(declared: Property, fitted: JsonValue) -> Decimal | None:
    """Return a number to be compared with bounds; it may be written as a string."""
    if isinstance(fitted, str) and declared.type in {"integer", "number", "decimal"}:
        return Decimal(fitted)
    if isinstance(fitted, int | float) and not isinstance(fitted, bool):
        return Decimal(fitted)
    return None


def fields(
    declared: dict[str, Property],
    given: JsonObject,
    at: str,
    *,
    patch: bool = False,
    fill: bool = False,
) -> Fitted:
    """Fit every field of an object.

    In a patch nothing is missing, and null removes a field (RFC 7396); otherwise null is the same
    as absent, required fields must be there, and `fill` adds the defaults of what is not given: a
    field that is null is to be absent, so that the same as a patch changes nothing.
    """
    fitted = Fitted()
    for name, value in given.items():
        known = declared.get(name) or by_alias(declared, name)
        if known is None:
            if value is not None or not fill:
                _keep(fitted, declared, name, value, at)
            continue
        if known.name != name and known.name in given:
            raise refusal(f"{at}.{name}", f"a second {known.name}", "only one of the two names")
        if value is not None:
            fitted.values[known.name] = fit(known, value, f"{at}.{known.name}")
        elif patch and not known.required:
            fitted.values[known.name] = None
        elif patch:
            raise refusal(f"{at}.{known.name}", "null", expected(known))
    _fold(fitted)
    if not patch:
        _require(declared, fitted.values, at)
    if fill:
        _fill(declared, fitted.values, given)
    return fitted


def _fold(fitted: Fitted) -> None:
    value = fitted.values.get(currencies.FIELD)
    if not isinstance(value, str):
        return
    code = currencies.kept(value)
    fitted.values[currencies.FIELD] = code
    fitted.currency = None if currencies.is_code(code) else value


def spelled(declared: dict[str, Property], stored: JsonObject) -> JsonObject:
    """Write the times of stored values out: a number that was stored is milliseconds, always."""
    return {name: _spelled(declared.get(name), value) for name, value in stored.items()}


def _spelled(declared: Property | None, value: JsonValue) -> JsonValue:
    if declared is None:
        return value
    match value:
        case int() if declared.type == "timestamp_ms" and not isinstance(value, bool):
            return clock.shown(value)
        case dict():
            return spelled(declared.properties, value)
        case list():
            return [
                spelled(declared.properties, item) if isinstance(item, dict) else item
                for item in value
            ]
        case _:
            return value


def _keep(
    fitted: Fitted, declared: dict[str, Property], name: str, value: JsonValue, at: str
) -> None:
    fitted.values[name] = value
    fitted.extra.append(f"{at}.{name}")
    near = names.near(name, tuple(declared))
    if near:
        fitted.hints.append(f"{at}.{name} is kept as it is; did you mean {near[0]}?")


def _require(declared: dict[str, Property], values: JsonObject, at: str) -> None:
    for known in declared.values():
        if known.required and known.name not in values:
            raise absence(f"{at}.{known.name}", expected(known))


def _fill(declared: dict[str, Property], values: JsonObject, given: JsonObject) -> None:
    for known in declared.values():
        if known.default is not None and given.keys().isdisjoint((known.name, *known.aliases)):
            values[known.name] = copy.copy(known.default)


def by_alias(declared: dict[str, Property], name: str) -> Property | None:
    """Find the property that a name is another name of."""
    for known in declared.values():
        if name in known.aliases:
            return known
    return None


def _item(declared: Property, value: JsonValue, at: str) -> JsonValue:
    if not isinstance(value, dict):
        raise refusal(at, kind_of(value), "an object")
    return fields(declared.properties, value, at).values


def _string(value: JsonValue) -> JsonValue:
    return value if isinstance(value, str) else None


def _word(value: JsonValue) -> JsonValue:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def _email(value: JsonValue) -> JsonValue:
    return value if isinstance(value, str) and _EMAIL.fullmatch(value) else None


def _number(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return decimals.read(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _integer(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        whole = decimals.read(value)
        return None if isinstance(whole, float) or "." in str(whole) else whole
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _decimal(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return value if decimals.DECIMAL.fullmatch(value) else None
    return _number(value)


def _boolean(value: JsonValue) -> JsonValue:
    return value if isinstance(value, bool) else None


def _timestamp(value: JsonValue) -> JsonValue:
    try:
        moment = relative.given(value)
    except ValueError:
        return None
    return moment if isinstance(moment, int) and not isinstance(moment, bool) else None


def _strings(value: JsonValue) -> JsonValue:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    return None


def _anything(value: JsonValue) -> JsonValue:
    return value


def _nothing(_: JsonValue) -> JsonValue:
    return None


_FITS: dict[PropertyType, Callable[[JsonValue], JsonValue]] = {
    "string": _string,
    "text": _string,
    "url": _word,
    "id": _word,
    "email": _email,
    "integer": _integer,
    "number": _number,
    "decimal": _decimal,
    "boolean": _boolean,
    "timestamp_ms": _timestamp,
    "string_list": _strings,
    "json": _anything,
    "enum": _nothing,  # fitted before, with what the property declares
    "object": _nothing,
    "object_list": _nothing,
}

_EXPECTED: dict[PropertyType, str] = {
    "string": "a string",
    "text": "a string",
    "url": "a URL, as a string without spaces",
    "id": "an id, as a string without spaces",
    "email": "an e-mail address",
    "integer": "an integer",
    "number": "a number",
    "decimal": 'a decimal number, as a string such as "12.5" or as a number',
    "boolean": "true or false",
    "timestamp_ms": 'a time, as ISO 8601 ("2025-01-15T09:00:00Z") or as seconds or milliseconds '
    "since 1970",
    "string_list": "a list of strings",
    "json": "any JSON value",
    "enum": "one of its options",
    "object": "an object",
    "object_list": "a list of objects",
}
PROPERTY_TYPES: tuple[PropertyType, ...] = tuple(_EXPECTED)
