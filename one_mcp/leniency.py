"""What a client may have meant: other readings of arguments that do not fit as they stand.

Clients send numbers and booleans as text, one value where a list is wanted, or a list as JSON text.
Only what was refused is read anew, and only as what the schema asks for at that place; what fits as
it stands is never touched. What confirms something, and what says how much money moves, is taken by
its letters alone.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from one_mcp import jsons
from one_mcp.errors import InvalidArgumentError, shown
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.refusals import MOST_TOLD_APART, Form, Step, refusal, steps

MOST_READINGS = 3  # a list as text, whose object is a text, in which a number is a text
WORDS = {"true": True, "false": False}
_EXACT = re.compile(r"(^|_)(confirm|again|now|keep|price|amount|cents|balance|units|count)(_|$)")
_INTEGER = re.compile(r"[+-]?[0-9]{1,16}(?:\.0*)?")
_NUMBER = re.compile(r"[+-]?[0-9]{1,16}(?:\.[0-9]{1,16})?(?:[eE][+-]?[0-9]{1,2})?")
_LISTS = frozenset({"list_type", "tuple_type"})
_OBJECTS = frozenset({"dict_type", "model_type", "model_attributes_type"})
_INTEGERS = frozenset({"int_type", "int_from_float"})

R = TypeVar("R")


def read(given: JsonObject, check: Callable[[JsonObject], R], form: Form) -> tuple[R, JsonObject]:
    """Check arguments as they stand, then as they may have been meant; return them with what fits.

    Raises InvalidArgumentError, which tells what fits in no reading, at its place in `given`.
    """
    first = last = None
    reading = given
    for _ in range(MOST_READINGS + 1):
        try:
            return check(reading), reading
        except ValidationError as error:
            first, last = first or error, error
        again = _meant(reading, last)
        if again is None:
            break
        reading = again
    raise _refusal(first, last, given, reading, form) from None


def _refusal(
    first: ValidationError | None,
    last: ValidationError | None,
    given: JsonObject,
    reading: JsonObject,
    form: Form,
) -> InvalidArgumentError:
    assert first is not None  # noqa: S101  # there is at least one reading
    assert last is not None  # noqa: S101
    if last is first:
        return refusal(first, given, form)
    unfit = {
        steps(detail, reading) for detail in last.errors(include_url=False, include_input=False)
    }
    return refusal(first, given, form, only=lambda place: _stands_above(place, unfit))


def _stands_above(place: tuple[Step, ...], others: set[tuple[Step, ...]]) -> bool:
    return any(other[: len(place)] == place for other in others)


def _meant(given: JsonObject, error: ValidationError) -> JsonObject | None:
    """Read anew what was refused; None where nothing can be read otherwise."""
    if error.error_count() > MOST_TOLD_APART:
        return None
    wanted: dict[tuple[Step, ...], set[str]] = {}
    for detail in error.errors(include_url=False, include_input=False):
        wanted.setdefault(steps(detail, given), set()).add(detail["type"])
    reading = given
    for place, kinds in wanted.items():
        named = [step for step in place if isinstance(step, str)]
        if not named or _EXACT.search(named[-1]):
            continue
        value = _at(given, place)
        other = _otherwise(value, kinds)
        if other is not value:
            reading = _with(reading, place, other)
    return reading if reading is not given else None


def _otherwise(value: JsonValue, kinds: set[str]) -> JsonValue:
    """Read a value as one of the kinds that were wanted, or return the very same."""
    if isinstance(value, str):
        value = _of_text(value, kinds)
    elif isinstance(value, float) and kinds & _INTEGERS and value.is_integer():
        value = int(value)
    fits_list = isinstance(value, list) or value is None
    return [value] if kinds & _LISTS and not fits_list else value


def _of_text(text: str, kinds: set[str]) -> JsonValue:
    bare = text.strip()
    found: JsonValue = None
    if kinds & (_LISTS | _OBJECTS):
        read = of_json(bare)
        fits = (isinstance(read, list) and kinds & _LISTS) or (
            isinstance(read, dict) and kinds & _OBJECTS
        )
        found = read if fits and not jsons.flaw(read) else None
    elif kinds & _INTEGERS and _INTEGER.fullmatch(bare):
        found = int(bare.partition(".")[0])
    elif "float_type" in kinds and _NUMBER.fullmatch(bare):
        found = float(bare)
    elif "bool_type" in kinds:
        found = WORDS.get(bare.casefold())
    return text if found is None else found


def of_json(text: str) -> JsonValue:
    """Read an object or array that a client sent as a JSON string; leave other strings alone."""
    if text.lstrip()[:1] not in ("{", "["):
        return text
    try:
        return jsons.loads(text)
    except (ValueError, RecursionError):
        return text


def unpacked(value: object) -> object:
    """Read such a string where it was not looked at with the other arguments."""
    if not isinstance(value, str):
        return value
    read = of_json(value)
    if found := jsons.flaw(read):
        raise ValueError(f"sound JSON: in the string, {shown(found[0])} {found[1]}")
    return read


def _at(value: JsonValue, place: Sequence[Step]) -> JsonValue:
    for step in place:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _with(root: Any, place: Sequence[Step], value: JsonValue) -> Any:  # noqa: ANN401  # JSON
    """Return arguments with another value at a place; the rest is shared with the old ones."""
    step, *rest = place
    whole: Any = [*root] if isinstance(root, list) else {**root}
    whole[step] = _with(whole[step], rest, value) if rest else value
    return whole
