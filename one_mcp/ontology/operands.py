"""Operands of conditions: what can be compared with a property, by its declared type.

A condition that no stored value could fulfil is refused, so that an empty list means that there is
none. Properties that no type declares are kept as they came, and so are conditions on them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from one_mcp import clock, relative
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology import decimals, names, shape
from one_mcp.ontology.limits import kind_of
from one_mcp.ontology.model import Property

Shape = dict[str, Property]
Moment = Callable[[JsonValue, bool], int]  # a time, and whether it ends a span; or ValueError
_ORDERED = ("gt", "gte", "lt", "lte")
_PARTS = ("contains", "starts_with")
_COMPARING = frozenset({"eq", "ne", "in", *_ORDERED, *_PARTS})
OF_AN_END = (  # why a condition on connections and events is none, and what asks for it
    "that is of an end; find_entities finds such ends, with has the connection or event, and "
    "summarize of entities counts them, by their neighbours with group_by such as id.purchased"
)
_BESIDE_DAYS = ("gt", "lte")  # a day as their operand counts to its end
TEXTS = frozenset({"string", "text", "url", "id", "email"})
_NUMBERS = frozenset({"integer", "number", "decimal"})
_TIMES = frozenset({"timestamp_ms"})
_NO_PARTS = _NUMBERS | _TIMES | {"boolean"}  # that contains and starts_with could find


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator at a path, and how the types in scope declare what stands there."""

    path: str
    operator: str
    declared: Sequence[Property]

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(each.type for each in self.declared)

    def unfit(self, operand: JsonValue) -> InvalidArgumentError:
        """Say what would fit."""
        fits = " or ".join(dict.fromkeys(_fits(each, self.operator) for each in self.declared))
        options = tuple(option for each in self.declared for option in each.options)
        near = names.near(operand, options) if isinstance(operand, str) else ()
        hint = f"; did you mean {near[0]}?" if near else "."
        return InvalidArgumentError(
            f"where.{self.path}.{self.operator} is {kind_of(operand)} that no value of "
            f"{self.path} can be compared with: it takes {fits}{hint}",
            argument="where",
            property=self.path,
            expected=fits,
            did_you_mean=near[0] if near else None,
        )


def fitted(
    shapes: Sequence[Shape],
    where: JsonObject,
    moment: Moment,
    ways: Mapping[str, str],
    holder: str,
) -> JsonObject:
    """Return the conditions with properties and times as they are stored.

    Where several types declare a property, an operand has to fit one of them. Raises
    InvalidArgumentError for one that fits none, and for what `refuse_outside` does; other faults
    are left to who makes SQL of them.
    """
    refuse_outside(shapes, where, ways, holder)
    made: JsonObject = {}
    for given, wanted in where.items():
        path, declared = find(shapes, given)
        if path in made:
            raise InvalidArgumentError(
                f"where has {path} twice, once by another name.", argument="where"
            )
        if not isinstance(wanted, dict):
            made[path] = _operand(Condition(path, "eq", declared), wanted, moment)
            continue
        made[path] = {
            operator: _operand(Condition(path, operator, declared), operand, moment)
            for operator, operand in wanted.items()
        }
    return made


def refuse_outside(
    shapes: Sequence[Shape],
    paths: Iterable[str],
    ways: Mapping[str, str],
    holder: str,
    argument: str = "where",
) -> None:
    """Refuse what is beside the declared fields, and say which argument asks for it.

    `ways` has these arguments by the plain spelling of what they are about, with a dot behind it
    for whatever is within that. Raises InvalidArgumentError.
    """
    for path in paths:
        first, dot, _ = path.partition(".")
        way = ways.get(names.plain(path)) or ways.get(f"{names.plain(first)}{dot}" if dot else "")
        if way and not _are_called(shapes, path):
            raise InvalidArgumentError(
                f"{argument} looks at {holder} only, and {path} is none: {way}.", argument=argument
            )


def _are_called(shapes: Sequence[Shape], path: str) -> bool:
    """Tell whether a type calls a field so, or whether all mean one by that other name of it."""
    found = [_within(declared, path) for declared in shapes]
    called = {names.plain(each[0]) for each in found if each}
    return names.plain(path) in called or (bool(found) and all(found))


def find(shapes: Sequence[Shape], path: str) -> tuple[str, Sequence[Property]]:
    """Look a path such as brandColors.primary up, and spell it as it is stored.

    An alias may mean another property in each type: it is read as one only where all agree.
    """
    found = [each for each in (_within(declared, path) for declared in shapes) if each]
    spellings = {spelling for spelling, _ in found}
    return (
        spellings.pop() if len(spellings) == 1 else path,
        [declared for _, declared in found],
    )


def _within(declared: Shape, path: str) -> tuple[str, Property] | None:
    first, _, rest = path.partition(".")
    known = declared.get(first) or shape.by_alias(declared, first)
    if known is None or not rest:
        return known and (known.name, known)
    inner = _within(known.properties, rest)
    return inner and (f"{known.name}.{inner[0]}", inner[1])


def _operand(condition: Condition, operand: JsonValue, moment: Moment) -> JsonValue:
    if isinstance(operand, list):
        return [_operand(condition, each, moment) for each in operand]
    if operand is None or isinstance(operand, dict) or condition.operator not in _COMPARING:
        return operand
    if not condition.declared:
        return _perhaps_time(condition, operand, moment)
    if not any(_takes(each, condition.operator, operand, moment) for each in condition.declared):
        raise condition.unfit(operand)
    if condition.kinds == _TIMES:
        return _time(condition, operand, moment)
    if condition.kinds <= _NUMBERS and isinstance(operand, str):
        return decimals.read(operand)
    return _perhaps_time(condition, operand, moment) if condition.kinds & _TIMES else operand


def _perhaps_time(condition: Condition, operand: JsonValue, moment: Moment) -> JsonValue:
    """Read a relative time where not all declare a time, as text, which such a value may be."""
    if condition.operator in _ORDERED and isinstance(operand, str) and relative.is_one(operand):
        return clock.to_text(_time(condition, operand, moment))
    return operand


def _time(condition: Condition, operand: JsonValue, moment: Moment) -> int:
    begin, end = moment(operand, False), moment(operand, True)
    is_day = end != begin
    return end - 1 if is_day and condition.operator in _BESIDE_DAYS else begin


def _takes(declared: Property, operator: str, operand: JsonValue, moment: Moment) -> bool:
    if operator in _PARTS and declared.type in _NO_PARTS:
        return False
    is_text, is_flag = isinstance(operand, str), isinstance(operand, bool)
    match declared.type:
        case "boolean":
            return is_flag and operator not in _ORDERED
        case "enum":
            return is_text and (operator in _PARTS or operand in declared.options)
        case "integer" | "number" | "decimal":
            is_number = isinstance(operand, int | float) and not is_flag
            return is_number or (is_text and bool(decimals.DECIMAL.fullmatch(str(operand))))
        case "timestamp_ms":
            return _is_time(operand, moment)
        case _:
            fits_list = is_text or declared.type != "string_list"
            return fits_list and not (is_flag and declared.type in TEXTS)


def _is_time(operand: JsonValue, moment: Moment) -> bool:
    try:
        moment(operand, False)
    except (ValueError, OverflowError):
        return False
    return True


def _fits(declared: Property, operator: str) -> str:
    if operator in _PARTS and declared.type in _NO_PARTS:
        return "eq, ne, in or exists" if declared.type == "boolean" else "gt, gte, lt, lte or eq"
    match declared.type:
        case "boolean" if operator in _ORDERED:
            return "eq, ne, in or exists"
        case "timestamp_ms":
            return f"{clock.FORMS}, or {relative.EXAMPLES}"
        case "string_list":
            return "a text"
        case _:
            unit = f" ({declared.unit})" if declared.unit else ""
            return f"{shape.expected(declared)}{unit}"
