"""Conditions on properties, as SQL from fixed pieces with everything of the caller's bound.

A condition holds for a value, or for any element of a list (D-15). Numbers are compared by value
with numbers and with decimal strings ("12.50"), in which money is kept. ISO 8601 times are compared
with text, and with the milliseconds that times are stored as. The case of an e-mail address does
not count.
"""

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from one_mcp import clock
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import MAX_INTEGER, JsonObject, JsonValue
from one_mcp.ontology import addresses, currencies, decimals
from one_mcp.ontology.decimals import DECIMAL
from one_mcp.store import dialect

COLUMN = "entities.properties"
MOST_CONDITIONS = 20
MOST_OPTIONS = 100
_PATH = re.compile(r"[^\W\d]\w{0,99}(\.[^\W\d]\w{0,99}){0,9}")

SAFE_DIGITS = 15  # of which a float keeps all, whatever they are
_COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


@dataclass(slots=True)
class Filter:
    """A condition in SQL on `entities.properties`, and the parameters it binds."""

    conditions: list[str] = field(default_factory=list[str])
    parameters: dict[str, object] = field(default_factory=dict[str, object])
    prefix: str = "w"
    is_currency: bool = False  # what is compared now, and whatever the case it is in

    def bind(self, value: object) -> str:
        """Bind a value under a new name and return the placeholder."""
        name = f"{self.prefix}{len(self.parameters)}"
        self.parameters[name] = value
        return f":{name}"

    def text_test(self, sign: str, operand: str) -> "Test":
        """Compare a text."""
        bound = self.bind(operand)
        if self.is_currency:
            return lambda kind, value: f"({kind} = 'text' AND upper({value}) {sign} upper({bound}))"
        if addresses.is_address(operand):
            return lambda kind, value: f"({kind} = 'text' AND lower({value}) {sign} lower({bound}))"
        return lambda kind, value: f"({kind} = 'text' AND {value} {sign} {bound})"

    def decimal_test(self, sign: str, operand: float | str) -> "Test":
        """Compare a number, or a text that is one, by value; what a float cannot tell apart, too.

        A text is a number that is none of JSON's.
        """
        if isinstance(operand, int) and abs(operand) > MAX_INTEGER:
            operand = str(operand)
        bound = self.bind(operand)

        def test(kind: str, value: str) -> str:
            plain, text = f"{kind} IN ('integer', 'real')", dialect.is_decimal(value)
            exactly = f"{dialect.exact(value)} {sign} {dialect.exact(bound)}"
            if isinstance(operand, str):
                return f"CASE WHEN {plain} OR ({kind} = 'text' AND {text}) THEN {exactly} END"
            return (
                f"CASE WHEN {plain}"
                f" OR ({kind} = 'text' AND length({value}) <= {SAFE_DIGITS} AND {text})"
                f" THEN CAST({value} AS NUMERIC) {sign} {bound}"
                f" WHEN {kind} = 'text' AND {text} THEN {exactly} END"
            )

        return test


def json_path(path: str) -> str:
    """Write a path such as `a.b` as SQL's JSON functions read it."""
    return "$" + "".join(f'."{name}"' for name in path.split("."))


def properties(where: JsonObject, prefix: str = "w") -> Filter:
    """Read conditions such as {"niche": {"contains": "yoga"}, "price": {"gte": 10, "lt": 50}}.

    A value in place of operators means `eq`; names of parameters begin with `prefix`. Raises
    InvalidArgumentError for what cannot work.
    """
    made = Filter(prefix=prefix)
    count = 0
    for path, wanted in where.items():
        _check_path(path)
        place = made.bind(json_path(path))
        made.is_currency = currencies.is_field(path)
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


def of(where: JsonObject, column: str, prefix: str = "w") -> Filter:
    """Read conditions likewise, on what another JSON column holds."""
    made = properties(where, prefix)
    # what a caller wrote is bound, so the name of the column stands only where it is meant
    made.conditions = [condition.replace(COLUMN, column) for condition in made.conditions]
    return made


def is_path(path: str) -> bool:
    """Tell whether a text can be the path of a property."""
    return bool(_PATH.fullmatch(path))


def _check_path(path: str) -> None:
    if not is_path(path):
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


def _any(place: str, test: "Test") -> str:
    """Let a test hold for the value at a place, or for any element when it is a list."""
    kind = dialect.json_kind(COLUMN, place)
    scalar = test(kind, dialect.json_value(COLUMN, place))
    return (
        f"(CASE {kind} WHEN 'array' THEN EXISTS ("
        f"SELECT 1 FROM {dialect.json_elements(COLUMN, place)} "
        f"WHERE {test('element.type', 'element.value')}) "
        f"ELSE coalesce({scalar}, false) END)"
    )


def _number_test(sign: str, bound: str) -> "Test":
    """Compare a number; what is none is never cast to one, in whatever order an engine asks."""
    return lambda kind, value: (
        f"CASE WHEN {kind} IN ('integer', 'real') THEN CAST({value} AS NUMERIC) {sign} {bound} END"
    )


def _either(*tests: "Test") -> "Test":
    return lambda kind, value: f"({' OR '.join(test(kind, value) for test in tests)})"


def _equal_test(made: Filter, operand: JsonValue, at: str) -> "Test":
    match operand:
        case bool():
            return lambda kind, _value: f"{kind} = '{'true' if operand else 'false'}'"
        case int() | float():
            return made.decimal_test("=", operand)
        case str():
            text = made.text_test("=", operand)
            number = number_of(operand)
            if isinstance(number, str):
                return _either(text, made.text_test("=", number))
            return text if number is None else _either(text, _number_test("=", made.bind(number)))
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
    return _any(place, _either(*tests))


def _comparison(sign: str) -> "Make":
    def make(made: Filter, place: str, operand: JsonValue, at: str) -> str:
        if isinstance(operand, bool) or not isinstance(operand, int | float | str):
            raise _refusal(
                f"{at} takes a number, a decimal string, a time such as 2026-01-31 or a text."
            )
        number = operand if not isinstance(operand, str) else number_of(operand)
        if isinstance(operand, str) and number is None:
            return _any(place, made.text_test(sign, operand))
        if isinstance(operand, str) and not DECIMAL.fullmatch(operand):
            text = made.text_test(sign, operand)
            return _any(place, _either(text, _number_test(sign, made.bind(number))))
        return _any(place, made.decimal_test(sign, operand if number is None else number))

    return make


def _contains(made: Filter, place: str, operand: JsonValue, at: str) -> str:
    if not isinstance(operand, str):
        return _any(place, _equal_test(made, operand, at))
    text = made.bind(operand)
    kind = dialect.json_kind(COLUMN, place)
    found = dialect.position(f"lower({dialect.json_value(COLUMN, place)})", f"lower({text})")
    return (
        f"(CASE {kind} WHEN 'text' THEN {found} > 0 "
        f"WHEN 'array' THEN EXISTS (SELECT 1 FROM {dialect.json_elements(COLUMN, place)} "
        f"WHERE element.type = 'text' AND lower(element.value) = lower({text})) "
        "ELSE false END)"
    )


def _starts_with(made: Filter, place: str, operand: JsonValue, at: str) -> str:
    if not isinstance(operand, str) or not operand:
        raise _refusal(f"{at} takes a text.")
    text = made.bind(operand)
    return _any(
        place,
        lambda kind, value: (
            f"({kind} = 'text' AND lower(substr({value}, 1, length({text}))) = lower({text}))"
        ),
    )


def _exists(_made: Filter, place: str, operand: JsonValue, at: str) -> str:
    if not isinstance(operand, bool):
        raise _refusal(f"{at} takes true or false.")
    sign = "<>" if operand else "="
    return f"coalesce({dialect.json_kind(COLUMN, place)}, 'null') {sign} 'null'"


def is_decimal(text: str) -> bool:
    """Tell whether a text is a decimal number, such as -12.50."""
    return bool(DECIMAL.fullmatch(text))


def number_of(text: str) -> float | str | None:
    """Return the number that a decimal string or a time stands for among stored numbers.

    One that a number of JSON cannot be is a text.
    """
    if DECIMAL.fullmatch(text):
        return decimals.read(text)
    try:
        return clock.from_text(text)
    except (ValueError, OverflowError):
        return None


Test = Callable[[str, str], str]  # of the kind and the value of something, both in SQL
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
