"""Tallies: how often each value of a field stands in each group, as one query reads it.

The engine counts; whatever is computed from the counts is exact, since it is done in decimals.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TypeAlias

from one_mcp.dimensions.graph.summary import measures, periods
from one_mcp.dimensions.graph.summary.measures import Measure, Numbers
from one_mcp.dimensions.graph.summary.sources import RowSource
from one_mcp.errors import InvalidArgumentError
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work

MOST_GROUP_BY = 3
MOST_LINES = 1_000_000
Value: TypeAlias = str | int | float | bool | None
Key: TypeAlias = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Grouping:
    """What rows are grouped by, in the caller's words, and the unit of time among it."""

    names: tuple[str, ...]
    unit: str | None
    zone: str


@dataclass(slots=True)
class GroupTally:
    """What a group's rows hold: their number, and by field their numbers and distinct values."""

    rows: int = 0
    numbers: dict[str, dict[str | None, Numbers]] = field(
        default_factory=dict[str, dict[str | None, Numbers]]
    )
    distinct: dict[str, set[object]] = field(default_factory=dict[str, set[object]])
    missing: Counter[str] = field(default_factory=Counter[str])

    def add(self, other: "GroupTally") -> None:
        self.rows += other.rows
        self.missing.update(other.missing)
        for name, units in other.numbers.items():
            for unit, numbers in units.items():
                self.numbers.setdefault(name, {}).setdefault(unit, Numbers()).add(numbers)
        for name, values in other.distinct.items():
            self.distinct.setdefault(name, set()).update(values)


@dataclass(slots=True)
class Tallies:
    """The tallies of all groups, and of all rows: one with several tags is in several groups."""

    groups: dict[Key, GroupTally] = field(default_factory=dict[Key, GroupTally])
    total: GroupTally = field(default_factory=GroupTally)
    starts: list[int] = field(default_factory=list[int])  # of all buckets, the empty ones, too


def group_by(names: Sequence[str], zone: str) -> Grouping:
    """Check what to group by. Raises InvalidArgumentError for more than it can be."""
    units = [name for name in names if name in periods.UNITS]
    if len(names) > MOST_GROUP_BY or len(set(names)) != len(names) or len(units) > 1:
        raise InvalidArgumentError(
            f"group_by takes up to {MOST_GROUP_BY} different names, one of them a unit of time.",
            argument="group_by",
        )
    return Grouping(tuple(names), units[0] if units else None, zone)


def read(work: Work, source: RowSource, grouping: Grouping, wanted: Sequence[Measure]) -> Tallies:
    """Count all rows of a source, and the values of each field that a measure reads."""
    cuts = _buckets(work, source, grouping)
    found = Tallies(starts=[start for start, _ in cuts])
    if grouping.unit is not None and not cuts:
        return found
    fields = dict.fromkeys((it.field, it.does == measures.DISTINCT) for it in wanted if it.field)
    for name, distinct in [(None, False), *fields]:
        query = _Query(source, grouping, cuts)
        statement = query.statement(name, distinct=distinct)
        for line, row in enumerate(work.each(statement, **query.parameters)):
            if line == MOST_LINES:
                raise _too_many(name)
            tally = _of_row(row, name, distinct=distinct)
            found.total.add(tally)
            for key in query.keys(row):
                found.groups.setdefault(key, GroupTally()).add(tally)
    return found


def _too_many(name: str | None) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"{name or 'group_by'} has more than {MOST_LINES:,} different values by group; "
        "a part would be no answer: narrow it by since, until or where.",
        argument="measures" if name else "group_by",
    )


def _of_row(row: Row, name: str | None, *, distinct: bool) -> GroupTally:
    """Make the tally of one line of the engine's answer: of rows that are alike in all it asks."""
    times: int = row["times"]
    if name is None:
        return GroupTally(rows=times)
    value, kind = row["value"], row["kind"]
    if distinct:
        seen: set[object] = set() if kind in {None, "null"} else {(kind, value)}
        return GroupTally(distinct={name: seen})
    read = measures.number(value, kind)
    if read is None:
        return GroupTally(missing=Counter({name: times}))
    unit = row["unit"].lower() if row["unit_kind"] == "text" else None
    return GroupTally(numbers={name: {unit: Numbers(Counter({read: times}), {kind})}})


def _buckets(work: Work, source: RowSource, grouping: Grouping) -> list[tuple[int, int]]:
    if grouping.unit is None:
        return []
    span = work.one(
        f"""
        SELECT min({source.time}) AS first, max({source.time}) AS last
        FROM {source.table}
        WHERE {source.table}.organization_id = :organization
          AND {" AND ".join(_conditions(source))}
        """,
        **source.parameters,
        since=source.since,
        until=source.until,
    )
    if span is None or span["first"] is None:
        return []
    return periods.buckets(grouping.unit, span["first"], span["last"], grouping.zone)


def _conditions(source: RowSource) -> list[str]:
    bounds = [
        *([] if source.since is None else [f"{source.time} >= :since"]),
        *([] if source.until is None else [f"{source.time} < :until"]),
    ]
    return [*source.conditions, *bounds]


class _Query:
    """The statement of one field: each line the number of rows that are alike in key and value."""

    def __init__(self, source: RowSource, grouping: Grouping, cuts: list[tuple[int, int]]) -> None:
        self._source = source
        self._grouping = grouping
        self._cuts = cuts
        bounds = {"since": source.since, "until": source.until}
        self.parameters: dict[str, object] = {**source.parameters, **bounds}

    def statement(self, name: str | None, *, distinct: bool) -> str:
        columns: list[str] = []
        for index, key in enumerate(self._grouping.names):
            value, kind = self._key(key, f"key{index}")
            columns += [f"{value} AS key{index}", f"{kind} AS kind{index}"]
        if name is not None:
            columns += self._value(name, distinct=distinct)
        source = self._source
        places = ", ".join(str(index + 1) for index in range(len(columns)))
        cut, within = "", ""
        if self._cuts:
            self.parameters["cuts"] = self._cuts
            cut = f"{dialect.each_list('cuts', 'cut')} CROSS JOIN "
            within = (
                f" AND {source.time} >= CAST(cut.value ->> 0 AS BIGINT)"
                f" AND {source.time} < CAST(cut.value ->> 1 AS BIGINT)"
            )
        # the bound ranges stand first, so that each of them seeks in an index on the time
        return f"""
            SELECT {", ".join([*columns, "count(*) AS times"])}
            FROM {cut}{source.table}
            WHERE {source.table}.organization_id = :organization{within}
              AND {" AND ".join(_conditions(source))}
            {f"GROUP BY {places}" if places else ""}
            LIMIT {MOST_LINES + 1}
        """

    def _key(self, name: str, place: str) -> tuple[str, str]:
        if name in periods.UNITS:
            return "CAST(cut.value ->> 0 AS BIGINT)", "'time'"
        if column := self._source.column(name):
            return column, "'text'"
        if name.startswith("tag:") and self._source.table == "entities":
            self.parameters[place] = name.removeprefix("tag:")
            values = f"""(
                SELECT {dialect.json_list("carried.value")}
                FROM (
                    SELECT tags.value
                    FROM tags
                    WHERE tags.organization_id = :organization
                      AND tags.entity_id = entities.id
                      AND tags.key = :{place}
                    ORDER BY tags.value
                ) AS carried
            )"""
            return values, "'array'"
        return self._json(name, place)

    def _value(self, name: str, *, distinct: bool) -> list[str]:
        if column := self._source.column(name):
            if not distinct:
                raise _no_number(name)
            kind = f"CASE WHEN {column} IS NULL THEN 'null' ELSE 'text' END"
            return [f"{column} AS value", f"{kind} AS kind"]
        value, kind = self._json(name, "path")
        if distinct:
            return [f"{value} AS value", f"{kind} AS kind"]
        beside = name.rpartition(".")
        unit, unit_kind = self._json(f"{beside[0]}{beside[1]}currency", "currency")
        return [
            f"{value} AS value",
            f"{kind} AS kind",
            f"{unit} AS unit",
            f"{unit_kind} AS unit_kind",
        ]

    def _json(self, name: str, place: str) -> tuple[str, str]:
        argument = "group_by" if place.startswith("key") else "measures"
        self.parameters[place] = self._source.path(name, argument)
        return (
            dialect.json_value(self._source.fields, f":{place}"),
            dialect.json_kind(self._source.fields, f":{place}"),
        )

    def keys(self, row: Row) -> Iterator[Key]:
        """Return the groups of a line's rows: one, or one for each value of a list."""
        each = [
            _values(row[f"key{index}"], row[f"kind{index}"])
            for index in range(len(self._grouping.names))
        ]
        return product(*each)


def _no_number(name: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"{name} is no number; count:distinct {name} counts the different ones.",
        argument="measures",
    )


def _values(value: Value, kind: str | None) -> list[Value]:
    match kind:
        case "array":
            found = json.loads(str(value))
            plain = [it if isinstance(it, str | int | float) else json.dumps(it) for it in found]
            return list(dict.fromkeys(plain)) or [None]
        case "true" | "false":
            return [kind == "true"]
        case None | "null":
            return [None]
        case _:
            return [value]
