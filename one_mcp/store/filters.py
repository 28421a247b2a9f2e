"""Conditions on properties, as SQL from fixed pieces with everything of the caller's bound.

A condition holds for a value, or for any element of a list (D-15). Numbers are compared by value
with numbers and with decimal strings ("12.50"), in which money is kept. ISO 8601 times are compared
with text, and with the milliseconds that times are stored as.
"""

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from one_mcp import clock
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology.shape import DECIMAL

MOST_CONDITIONS = 20
MOST_OPTIONS = 100
_PATH = re.compile(r"[^\W\d]\w{0,99}(\.[^\W\d]\w{0,99}){0,9}")

_NUMERIC = (
    "({type} IN ('integer', 'real') OR ({type} = 'text'"
    " AND {value} GLOB '[-+0-9]*' AND {value} GLOB '*[0-9]'"
    " AND substr({value}, 2) NOT GLOB '*[^0-9.]*' AND {value} NOT GLOB '*.*.*'))"
)
_COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


@dataclass(slots=True)
class Filter:
    """A condition in SQL on `entities.properties`, and the parameters it binds."""

    conditions: list[str] = field(default_factory=list[str])
    parameters: dict[str, object] = field(default_factory=dict[str, object])

    def bind(self, value: object) -> str:
        """Bind a value under a new name and return the placeholder."""
        name = f"w{len(self.parameters)}"
        self.parameters[name] = value
        return f":{name}"


def properties(where: JsonObject) -> Filter:
    """Read conditions such as {"niche": {"contains": "yoga"}, "price": {"gte": 10, "lt": 50}}.

    A value in place of operators means `eq`. Raises InvalidArgumentError for what cannot work.
    """
    made = Filter()
    count = 0
    for path, wanted in where.items():
        _check_path(path)
        place = made.bind("$" + "".join(f'."{name}"' for name in path.split(".")))
        operators = wanted if isinstance(wanted, dict) else {"eq": wanted}
        count += len(operators)
        if not operators or count > MOST_CONDITIONS:
            raise _refusal(f"where takes 1 to {MOST_CONDITIONS} conditions, such as {EXAMPLE}")
        for operator, operand in operators.items():
            make = _OPERATORS.get(operator)
            if make is None:
                raise _unknown(path, operator)
            made.conditions.append(make(made, place, operand, f"where.{path}.{operator}"))
    return made


def _check_path(path: str) -> None:
    if not _PATH.fullmatch(path):
        raise _refusal(
            "where names properties by letters, digits and _, with dots between the names of "
            f"nested ones, such as price or brandColors.primary; for example {EXAMPLE}"
        )


def _unknown(path: str, operator: str) -> InvalidArgumentError:
    near = difflib.get_close_matches(operator, _OPERATORS, 1)
    hint = f"; did you mean {near[0]}?" if near else "."
    nested = f" A nested property is written {path}.name." if not near else ""
    return _refusal(f"where.{path} takes the operators {', '.join(_OPERATORS)}{hint}{nested}")


def _refusal(sentence: str) -> InvalidArgumentError:
    return InvalidArgumentError(sentence, argument="where")


def _any(place: str, test: str) -> str:
    """Let a test hold for the value at a place, or for any element when it is a list."""
    scalar = test.format(
        type=f"json_type(entities.properties, {place})",
        value=f"json_extract(entities.properties, {place})",
    )
    element = test.format(type="element.type", value="element.value")
    return (
        f"(CASE json_type(entities.properties, {place}) WHEN 'array' THEN EXISTS ("
        f"SELECT 1 FROM json_each(entities.properties, {place}) AS element WHERE {element}) "
        f"ELSE coalesce({scalar}, 0) END)"
    )


def _equal_test(made: Filter, operand: JsonValue, at: str) -> str:
    match operand:
        case bool():
            return f"{{type}} = '{'true' if operand else 'false'}'"
        case int() | float():
            return f"({_NUMERIC} AND CAST({{value}} AS NUMERIC) = {made.bind(operand)})"
        case str():
            text = f"({{type}} = 'text' AND {{value}} = {made.bind(operand)})"
            number = _number_of(operand)
            if number is None:
                return text
            same = f"({{type}} IN ('integer', 'real') AND {{value}} = {made.bind(number)})"
            return f"({text} OR {same})"
        case _:
            raise _refusal(
                f"{at} takes a string, a number, true, false or null; "
                "for several values use in, for a list's element contains."
            )


def _equal(made: Filter, place: str, operand: JsonValue, at: str) -> str:
    if operand is None:
        return _exists(made, place, False, at)
    return _any(place, _equal_test(made, operand, at))


def _unequal(made: Filter, place: str, operand: JsonValue, at: str) -> str:
    return f"NOT {_equal(made, place, operand, at)}"


def _one_of(made: Filter, place: str, operand: JsonValue, at: str) -> str:
    if not isinstance(operand, list) or not 0 < len(operand) <= MOST_OPTIONS:
        raise _refusal(f"{at} takes a list of 1 to {MOST_OPTIONS} values.")
    tests = [_equal_test(made, option, at) for option in operand]
    return _any(place, f"({' OR '.join(tests)})")


def _comparison(sign: str) -> "Make":
    def make(made: Filter, place: str, operand: JsonValue, at: str) -> str:
        if isinstance(operand, bool) or not isinstance(operand, int | float | str):
            raise _refusal(
                f"{at} takes a number, a decimal string, a time such as 2026-01-31 or a text."
            )
        number = operand if not isinstance(operand, str) else _number_of(operand)
        if number is None:
            text = made.bind(operand)
            return _any(place, f"({{type}} = 'text' AND {{value}} {sign} {text})")
        bound = made.bind(number)
        if isinstance(operand, str) and not DECIMAL.fullmatch(operand):
            text = made.bind(operand)
            test = (
                f"(({{type}} = 'text' AND {{value}} {sign} {text}) OR "
                f"({{type}} IN ('integer', 'real') AND {{value}} {sign} {bound}))"
            )
        else:
            test = f"({_NUMERIC} AND CAST({{value}} AS NUMERIC) {sign} {bound})"
        return _any(place, test)

    return make


def _contains(made: Filter, place: str, operand: JsonValue, at: str) -> str:
    if not isinstance(operand, str):
        return _any(place, _equal_test(made, operand, at))
    text = made.bind(operand)
    value = f"json_extract(entities.properties, {place})"
    return (
        f"(CASE json_type(entities.properties, {place}) "
        f"WHEN 'text' THEN instr(lower({value}), lower({text})) > 0 "
        f"WHEN 'array' THEN EXISTS ("
        f"SELECT 1 FROM json_each(entities.properties, {place}) AS element "
        f"WHERE element.type = 'text' AND lower(element.value) = lower({text})) "
        "ELSE 0 END)"
    )


def _starts_with(made: Filter, place: str, operand: JsonValue, at: str) -> str:
    if not isinstance(operand, str) or not operand:
        raise _refusal(f"{at} takes a text.")
    text = made.bind(operand)
    start = f"lower(substr({{value}}, 1, length({text})))"
    return _any(place, f"({{type}} = 'text' AND {start} = lower({text}))")


def _exists(_made: Filter, place: str, operand: JsonValue, at: str) -> str:
    if not isinstance(operand, bool):
        raise _refusal(f"{at} takes true or false.")
    sign = "<>" if operand else "="
    return f"coalesce(json_type(entities.properties, {place}), 'null') {sign} 'null'"


def _number_of(text: str) -> float | None:
    """Return the number that a decimal string or a time stands for among stored numbers."""
    if DECIMAL.fullmatch(text):
        return float(text) if "." in text or len(text) > 15 else int(text)  # noqa: PLR2004  # more digits than a float keeps
    try:
        return clock.from_text(text)
    except (ValueError, OverflowError):
        return None


Make = Callable[[Filter, str, JsonValue, str], str]
EXAMPLE = '{"niche": {"contains": "yoga"}, "price": {"gte": 10, "lt": 50}}'
_OPERATORS: dict[str, Make] = {
    "eq": _equal,
    "ne": _unequal,
    **{name: _comparison(sign) for name, sign in _COMPARISONS.items()},
    "in": _one_of,
    "contains": _contains,
    "exists": _exists,
    "starts_with": _starts_with,
}
OPERATORS = tuple(_OPERATORS)
