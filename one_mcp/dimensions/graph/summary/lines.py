"""Lines: groups as an answer shows them, with the names of ids, and no longer than it may be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from one_mcp import clock, ids, jsons
from one_mcp.answers import cut
from one_mcp.dimensions.entities.orders import Sort
from one_mcp.dimensions.events import finding
from one_mcp.dimensions.graph.summary import periods, sources
from one_mcp.dimensions.graph.summary.figures import Figures
from one_mcp.dimensions.graph.summary.queries import Grouping, Key, Value
from one_mcp.dimensions.graph.summary.tally import GroupTally, Tallies
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.store.work import Work

VALUE_CHARACTERS = 120
ROOM = 6_500  # characters of all groups
L = TypeVar("L")
Group: TypeAlias = tuple[Key, GroupTally]


@dataclass(frozen=True, slots=True)
class ShownLines:
    """How many groups are shown, as objects or as a table of columns and rows."""

    count: int
    groups: list[JsonObject] | None
    table: JsonObject | None = None


def of(
    work: Work, groups: list[Group], grouping: Grouping, written: Figures, earlier: Tallies | None
) -> list[JsonObject]:
    known = {
        value
        for key, _ in groups
        for name, value in zip(grouping.names, key, strict=True)
        if _is_id(name, value)
    }
    names = finding.names(work, [str(id) for id in known]) if known else {}
    lines: list[JsonObject] = []
    for key, one in groups:
        line: JsonObject = {}
        for name, value in zip(grouping.names, key, strict=True):
            line[name] = _value(name, value, grouping, written)
            if _is_id(name, value) and value in names:
                line[f"{name}_name"] = cut(names[str(value)], VALUE_CHARACTERS)
        line |= written.of(one)
        if earlier is not None:
            line["previous"] = written.of(earlier.groups.get(key, GroupTally()))
        lines.append(line)
    return lines


def _is_id(name: str, value: Value) -> bool:
    """Tell whether a key is an end of the rows, or a neighbour of one."""
    return name.partition(".")[0] in sources.NAMED and isinstance(value, str) and ids.is_id(value)


def _value(name: str, value: Value, grouping: Grouping, written: Figures) -> JsonValue:
    if name == grouping.time and grouping.unit and isinstance(value, int):
        if grouping.is_cycle:
            return periods.turn_label(grouping.unit, value)
        return periods.label(grouping.unit, value, grouping.zone)
    if name in written.times and isinstance(value, int) and not isinstance(value, bool):
        return clock.shown(value)
    return cut(value, VALUE_CHARACTERS) if isinstance(value, str) else value


def fitting(
    lines: list[JsonObject], ranked: list[Group], grouping: Grouping, sort: Sort | None
) -> ShownLines:
    """Show as many groups as there is room for: as objects if all fit, else as a table's rows."""
    if _fit(lines, 0) == len(lines):
        return ShownLines(len(lines), _in_order(lines, ranked, grouping, sort))
    columns, rows = _table(lines)
    count = _fit(rows, len(jsons.dumps(columns)))
    shown: JsonObject = {
        "columns": [*columns],
        "rows": [*_in_order(rows[:count], ranked, grouping, sort)],
    }
    return ShownLines(count, None, shown)


def _fit(lines: Sequence[JsonObject | list[JsonValue]], used: int) -> int:
    room = ROOM - used
    for index, line in enumerate(lines):
        room -= len(jsons.dumps(line)) + 1
        if room < 0:
            return index
    return len(lines)


def _table(lines: list[JsonObject]) -> tuple[list[str], list[list[JsonValue]]]:
    """Write lines as rows: each currency is a column, and so is each figure of the period before.

    A sum of no money at all is 0 in no currency, which the table leaves out.
    """
    flat = [_with_previous(line) for line in lines]
    money = {name for line in flat for name, value in line.items() if isinstance(value, dict)}
    cells: list[JsonObject] = []
    for line in flat:
        row: JsonObject = {}
        for name, value in line.items():
            if isinstance(value, dict):
                row |= {f"{name} {unit}": amount for unit, amount in value.items()}
            elif name not in money:
                row[name] = value
        cells.append(row)
    columns = list(dict.fromkeys(name for row in cells for name in row))
    return columns, [[row.get(name) for name in columns] for row in cells]


def _with_previous(line: JsonObject) -> JsonObject:
    before = line.get("previous")
    if not isinstance(before, dict):
        return line
    now = {name: value for name, value in line.items() if name != "previous"}
    return now | {f"previous {name}": value for name, value in before.items()}


def _in_order(
    lines: list[L], ranked: list[Group], grouping: Grouping, sort: Sort | None
) -> list[L]:
    """Show times as they came, where they were only cut from the newest on."""
    if grouping.unit is None or sort is not None:
        return lines
    order = by_key(grouping.names.index(grouping.time or ""))
    shown = sorted(zip(ranked, lines, strict=False), key=lambda pair: order(pair[0]))
    return [line for _, line in shown]


def by_key(place: int) -> Callable[[Group], tuple[bool, float, str]]:
    def order(group: Group) -> tuple[bool, float, str]:
        value = group[0][place]
        number = float(value) if isinstance(value, int | float) else 0.0
        return value is not None, number, str(value).lower()

    return order
