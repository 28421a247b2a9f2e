"""Tallies: how often each value of a field stands in each group, as one query reads it.

The engine counts; whatever is computed from the counts is exact, since it is done in decimals.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from one_mcp.dimensions.graph.summary import keys, measures, periods, queries, wholes
from one_mcp.dimensions.graph.summary.measures import Folded, Measure, Numbers
from one_mcp.dimensions.graph.summary.queries import (
    MOST_LINES,
    Extent,
    Grouping,
    Key,
    Query,
)
from one_mcp.dimensions.graph.summary.sources import RowSource
from one_mcp.dimensions.graph.summary.wholes import CountedLines, Told
from one_mcp.errors import InvalidArgumentError
from one_mcp.store.work import Row, Work

MOST_GROUP_BY = 3


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

    def without(self, other: "GroupTally") -> "GroupTally":
        """Take away a part whose numbers are only known by their sums, as these are."""
        left = GroupTally(self.rows - other.rows, missing=self.missing - other.missing)
        for name, units in self.numbers.items():
            gone = other.numbers.get(name, {})
            for unit, numbers in units.items():
                if rest := numbers.without(gone.get(unit)):
                    left.numbers.setdefault(name, {})[unit] = rest
        return left


@dataclass(slots=True)
class Tallies:
    """The tallies of all groups, and of all rows: one with several tags is in several groups."""

    groups: dict[Key, GroupTally] = field(default_factory=dict[Key, GroupTally])
    total: GroupTally = field(default_factory=GroupTally)
    starts: list[int] = field(default_factory=list[int])  # of all buckets, the empty ones, too
    in_all: int | None = None  # how many groups there are, if only some are told

    @property
    def is_folded(self) -> bool:
        """Tell whether the engine has added up all numbers there are."""
        return not any(
            numbers.each for units in self.total.numbers.values() for numbers in units.values()
        )

    @property
    def rest(self) -> GroupTally:
        """Return what is in none of the groups that are told."""
        left = self.total
        for one in self.groups.values():
            left = left.without(one)
        return left


@dataclass(frozen=True, slots=True)
class Ranking:
    """The groups that are wanted: the first `most` by their rows, or by the sum of a field.

    Money that names no currency is in that of `home`; it is ranked by one currency, if not by
    that with most rows.
    """

    measure: Measure
    most: int
    descending: bool
    home: str | None
    currency: str | None = None

    @property
    def by_sum(self) -> bool:
        return self.measure.field is not None


def group_by(names: Sequence[str], zone: str) -> Grouping:
    """Check what to group by. Raises InvalidArgumentError for more than it can be."""
    names = [name.strip() for name in names]
    units = [name for name in names if name.partition(":")[0] in (*periods.UNITS, *periods.CYCLES)]
    if len(names) > MOST_GROUP_BY or len(set(names)) != len(names) or len(units) > 1:
        raise InvalidArgumentError(
            f"group_by takes up to {MOST_GROUP_BY} different names, one of them a unit of time.",
            argument="group_by",
        )
    if not units:
        return Grouping(tuple(names), None, zone)
    unit, _, of = units[0].partition(":")
    return Grouping(tuple(names), unit, zone, units[0], of or None)


def read(
    work: Work,
    source: RowSource,
    grouping: Grouping,
    wanted: Sequence[Measure],
    best: Ranking | None = None,
    *,
    by_index: bool = True,
) -> Tallies:
    """Count all rows of a source, and the values of each field that a measure reads.

    Of groups that may be very many only the `best` are told, if the engine can rank them. Amounts
    are read from their index, if all rows have one.
    """
    cuts = _buckets(work, source, grouping)
    found = Tallies(starts=[start for start, _ in cuts])
    if grouping.has_buckets and not cuts:
        return found
    fields = _fields(wanted) or [(None, Extent.ROWS)]
    if best is not None:
        fields.sort(key=lambda field: field[0] != best.measure.field and best.by_sum)
    for index, (name, how) in enumerate(fields):
        query = Query(work.ontology, source, grouping, cuts)
        indexed = by_index and query.has_index(name, how)
        lines = query.lines(name, how, by_index=indexed)
        statement = _statement(query, lines, found, best)
        for line, row in enumerate(work.each(statement, **query.parameters)):
            if line == MOST_LINES:
                raise _too_many(name)
            _take(found, row, grouping, name, how, counts=index == 0)
        if indexed and not _are_all(work, source, found, name):
            return read(work, source, grouping, wanted, best, by_index=False)
        if best is not None and not found.is_folded:
            return read(work, source, grouping, wanted)
    return found


def _are_all(work: Work, source: RowSource, found: Tallies, name: str | None) -> bool:
    """Tell whether all rows had what was read from an index."""
    query = Query(work.ontology, source, Grouping((), None, ""), [])
    counted: int = work.value(query.lines(None, Extent.ROWS).statement, **query.parameters)
    read = found.total.numbers.get(name or "", {})
    return counted == sum(one.count for one in read.values())


def _statement(query: Query, lines: CountedLines, found: Tallies, best: Ranking | None) -> str:
    if query.has_neighbours:
        statement = wholes.joined(lines)
    elif best is None:
        statement = lines.statement
    elif found.in_all is None:
        query.parameters |= {"best": best.most, "home": best.home, "ranked_unit": best.currency}
        statement = wholes.best(
            lines, by_sum=best.by_sum, descending=best.descending, chosen=bool(best.currency)
        )
    else:
        query.parameters["chosen"] = [key[0] or "" for key in found.groups]
        statement = wholes.chosen(lines)
    return f"{statement} LIMIT {MOST_LINES + 1}"


def _take(
    found: Tallies, row: Row, grouping: Grouping, name: str | None, how: Extent, *, counts: bool
) -> None:
    """Add a line to its groups, to the whole, or to both if no other line tells of that."""
    about = row["whole"] if "whole" in row.keys() else None  # noqa: SIM118  # of a row, not of its values
    if about == Told.GROUPS:
        found.in_all = row["times"]
        return
    tally = _of_row(row, name, how)
    tally.rows = row["times"] if counts else 0  # each statement reads all rows
    if about != Told.GROUP:
        found.total.add(tally)
    if about != Told.WHOLE:
        for key in keys.of(row, grouping, found.starts):
            found.groups.setdefault(key, GroupTally()).add(tally)


def _fields(wanted: Sequence[Measure]) -> list[tuple[str, Extent]]:
    """List the fields that measures read, and how: as little of each as they need."""
    found: dict[tuple[str, bool], Extent] = {}
    for it in wanted:
        if it.field is None:
            continue
        distinct = it.does == measures.DISTINCT
        how = Extent.FOLDED if it.does in measures.FOLDING else Extent.VALUES
        if found.get((it.field, distinct)) is not Extent.VALUES:
            found[it.field, distinct] = Extent.DISTINCT if distinct else how
    return [(name, how) for (name, _), how in found.items()]


def _too_many(name: str | None) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"{name or 'group_by'} has more than {MOST_LINES:,} different values by group; "
        "a part would be no answer: narrow it by since, until or where.",
        argument="measures" if name else "group_by",
    )


def _of_row(row: Row, name: str | None, how: Extent) -> GroupTally:
    """Make the tally of one line of the engine's answer: of rows that are alike in all it asks."""
    times: int = row["times"]
    if name is None:
        return GroupTally()
    value, kind = row["value"], row["kind"]
    if how is Extent.DISTINCT:
        value = keys.folded(name, value)
        seen: set[object] = set() if kind in {None, "null"} else {(kind, value)}
        return GroupTally(distinct={name: seen})
    unit = (row["unit"].strip().upper() or None) if row["unit_kind"] == "text" else None
    if how is Extent.FOLDED and row["total"] is not None:
        sums = (Decimal(row[it]).scaleb(-measures.PLACES) for it in ("total", "least", "most"))
        folded = Numbers(kinds={kind}, folded=Folded(times, *sums))
        return GroupTally(numbers={name: {unit: folded}})
    read = measures.number(value, kind)
    if read is None:
        return GroupTally(missing=Counter({name: times}))
    return GroupTally(numbers={name: {unit: Numbers(Counter({read: times}), {kind})}})


def _buckets(work: Work, source: RowSource, grouping: Grouping) -> list[tuple[int, int]]:
    if grouping.unit is None or not grouping.has_buckets:
        return []
    first, last = (_edge(work, source, way) for way in ("ASC", "DESC"))
    if first is None or last is None:
        return []
    return periods.buckets(grouping.unit, first, last, grouping.zone)


def _edge(work: Work, source: RowSource, way: str) -> int | None:
    """Return the first or the last time of all rows, by an index where that is possible."""
    also = "".join(f" AND {condition}" for condition in queries.conditions(source))
    return work.value(
        f"""
        SELECT {source.time}
        FROM {source.table}
        WHERE {source.table}.organization_id = :organization
        {also}
        ORDER BY {source.time} {way}
        LIMIT 1
        """,
        **source.parameters,
        since=source.since,
        until=source.until,
    )
