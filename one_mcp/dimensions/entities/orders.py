"""Orders: by which column, property, or measure of what surrounds them entities are listed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from one_mcp import clock
from one_mcp.answers import cut
from one_mcp.dimensions.entities import existence
from one_mcp.dimensions.entities.existence import Existence
from one_mcp.dimensions.entities.selection import Selection
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import MAX_INTEGER, JsonValue
from one_mcp.ontology import check, currencies, operands
from one_mcp.ontology.model import EntityType
from one_mcp.store import dialect, filters, property_values
from one_mcp.store.property_values import Field
from one_mcp.store.work import Row, Work

COLUMNS = {
    "created": "entities.created_at",
    "updated": "entities.updated_at",
    "name": "lower(entities.name)",
}
SORTED_CHARACTERS = 120  # of a text; a page and its cursor carry no more of it
Place: TypeAlias = list[JsonValue]
# what an entity has that is neither a property nor in order, by plain spelling
_BESIDE = {
    "id": "ids sort as created",
    "type": "use type, or summarize",
    "status": "use status, or summarize",
    "tag": "use tags, or summarize",
    "created_at": "use created",
    "updated_at": "use updated",
}
_MEASURE = re.compile(r"(count|latest):\s*(\w+)(?: (in|out))?")
NUMBERS, TEXTS, NOTHING = 0, 1, 2  # in which order values of several kinds come


@dataclass(frozen=True, slots=True)
class Sort:
    """What a caller sorts by, and whether the most or the latest comes first."""

    name: str
    descending: bool

    @classmethod
    def of(cls, text: str) -> "Sort":
        plain = text.strip()
        return cls(plain.removeprefix("-").strip(), plain.startswith("-"))


USUAL = Sort("created", descending=True)


@dataclass(frozen=True, slots=True)
class Order:
    """The column to sort by, and which way; rows that are equal in it sort by `seq`."""

    column: str
    descending: bool

    @property
    def beside(self) -> str:
        """The columns that a row needs beside its place, each after a comma."""
        return ""

    @property
    def clause(self) -> str:
        way = "DESC" if self.descending else "ASC"
        return f"ORDER BY {self.column} {way}, entities.seq {way}"

    def after(self, selection: Selection, place: Place | None) -> list[str]:
        """Say in SQL that a row comes later than a place."""
        if place is None:
            return []
        at, row = (selection.bind(key) for key in place)
        sign = "<" if self.descending else ">"
        return [
            # follows from the next one, but only from this can an index on lower(name) begin
            f"{self.column} {sign}= {at}",
            f"({self.column}, entities.seq) {sign} ({at}, {row})",
        ]

    def place(self, row: Row) -> Place:
        return [row["at"], row["seq"]]


NEWEST = Order(COLUMNS["created"], descending=True)


@dataclass(frozen=True, slots=True)
class ValueOrder:
    """A value that is worked out for each row: numbers first, then texts, in the end those without.

    All are SQL: the kind of the value (0 number, 1 text, 2 none), the number, the text, and what is
    shown of it; of an indexed property also its `name` and its `fields` in the types asked for.
    """

    kind: str
    column: str
    text: str
    value: str
    descending: bool
    is_time: bool = False
    is_money: bool = False
    name: str | None = None
    fields: Sequence[Field] | None = None

    @property
    def beside(self) -> str:
        """The columns that a row needs beside its place, each after a comma."""
        return (
            f", {self.kind} AS sorted_kind, {self.text} AS sorted_text, {self.value} AS sorted_by"
        )

    @property
    def clause(self) -> str:
        way = "DESC" if self.descending else "ASC"
        return f"ORDER BY sorted_kind, at {way}, sorted_text {way}, entities.seq {way}"

    def after(self, selection: Selection, place: Place | None) -> list[str]:
        """Say in SQL that a row comes later than a place."""
        if place is None or not isinstance(place[0], list):
            return []
        kind, number, text = (selection.bind(key) for key in place[0])
        sign = "<" if self.descending else ">"
        later = (
            f"({self.column}, {self.text}, entities.seq) {sign}"
            f" ({number}, {text}, {selection.bind(place[1])})"
        )
        return [f"({self.kind} > {kind} OR ({self.kind} = {kind} AND {later}))"]

    def place(self, row: Row) -> Place:
        return [[row["sorted_kind"], row["at"], row["sorted_text"]], row["seq"]]

    def shown(self, row: Row) -> JsonValue:
        """Return what rows were sorted by: times as ISO 8601, None where there is nothing."""
        if row["sorted_kind"] == NOTHING:
            return None
        if self.is_time:
            return clock.to_text(row["at"]) if self.name is None else clock.shown(row["at"])
        shown = row["sorted_by"]
        return cut(shown, SORTED_CHARACTERS) if isinstance(shown, str) else shown


AnyOrder: TypeAlias = Order | ValueOrder


def read(work: Work, selection: Selection, kinds: Sequence[EntityType], sort: Sort) -> AnyOrder:
    """Read `created`, `-name`, `-price` (a property), `-count:` or `latest:` of a type.

    Raises InvalidArgumentError, or UnknownTypeError, for what is none.
    """
    name, descending = sort.name, sort.descending
    if column := COLUMNS.get(name):
        return Order(column, descending)
    if found := _MEASURE.fullmatch(name):
        return _measured(work, selection, found, descending=descending)
    if not filters.is_path(name):
        raise InvalidArgumentError(
            f"sort takes {', '.join(COLUMNS)}, a property such as price or a.b, or count: or"
            " latest: with the type of an event or a connection, such as -count:enrolled_in; with -"
            " in front the most or the latest comes first.",
            argument="sort",
        )
    return _by_property(work, selection, kinds, name, descending=descending)


def _by_property(
    work: Work, selection: Selection, kinds: Sequence[EntityType], name: str, *, descending: bool
) -> ValueOrder:
    shapes = [kind.properties for kind in kinds or work.ontology.entity_types.values()]
    operands.refuse_outside(shapes, [name], _BESIDE, "created, updated, name or properties", "sort")
    path, declared = operands.find(shapes, name)
    types = {each.type for each in declared}
    place = selection.bind(filters.json_path(path))
    kind = dialect.json_kind(filters.COLUMN, place)
    value = dialect.json_value(filters.COLUMN, place)
    fields = None
    if path in work.ontology.indexed and not selection.archived:
        type = kinds[0].name if len(kinds) == 1 else None
        fields = property_values.indexed(work, [path], type).get(path)
    is_number = f"{kind} IN ('integer', 'real')"
    if not types <= operands.TEXTS or not types:
        is_number = f"({is_number} OR ({kind} = 'text' AND {dialect.is_decimal(value)}))"
    truths = truth = ""
    if fields is None:  # in the tables of values truths do not stand, and come last there
        truths, truth = f" OR {kind} IN ('true', 'false')", f" WHEN {kind} = 'true' THEN 1"
    return ValueOrder(
        kind=(
            f"CASE WHEN {is_number}{truths} THEN {NUMBERS}"
            f" WHEN {kind} = 'text' THEN {TEXTS} ELSE {NOTHING} END"
        ),
        column=f"CASE WHEN {is_number} THEN CAST({value} AS NUMERIC){truth} ELSE 0 END",
        text=(
            f"CASE WHEN {kind} = 'text' AND NOT {is_number}"
            f" THEN lower(substr({value}, 1, {SORTED_CHARACTERS}))"
            f" WHEN {is_number} AND (abs(CAST({value} AS NUMERIC)) > {MAX_INTEGER}"
            f" OR ({kind} = 'text' AND length({value}) > {filters.SAFE_DIGITS}))"
            f" THEN {dialect.exact_tie(value)} ELSE '' END"
        ),
        value=value,
        descending=descending,
        is_time=types == {"timestamp_ms"},
        is_money=any(each.unit == currencies.UNIT for each in declared),
        name=path,
        fields=fields,
    )


def _measured(
    work: Work, selection: Selection, found: re.Match[str], *, descending: bool
) -> ValueOrder:
    measure, name, way = found.groups()
    wanted = _wanted(work, name, way)
    if measure == "count":
        count = existence.counting(work, wanted, selection, "entities.id")
        return ValueOrder(str(NUMBERS), count, "''", count, descending)
    latest = existence.latest(work, wanted, selection, "entities.id")
    return ValueOrder(
        f"CASE WHEN {latest} IS NULL THEN {NOTHING} ELSE {NUMBERS} END",
        f"coalesce({latest}, 0)",
        "''",
        latest,
        descending,
        is_time=True,
    )


def _wanted(work: Work, name: str, way: str | None) -> Existence:
    if name in {"events", "event"} and way is None:
        return Existence(event=[existence.ANY])
    if name in {"connections", "connection"}:
        return Existence(connection=[existence.ANY], direction=way)  # pyright: ignore[reportArgumentType]
    is_event = way is None and (
        name in work.ontology.event_types or name in work.ontology.event_aliases
    )
    if is_event:
        return Existence(event=[check.event_type(work.ontology, name).name])
    kind = check.relationship_type(work.ontology, name)
    return Existence(connection=[kind.name], direction=way)  # pyright: ignore[reportArgumentType]
