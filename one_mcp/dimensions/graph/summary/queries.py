"""Queries: the statements that count rows, and read of a field as little as a measure needs."""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from one_mcp.dimensions.graph.summary import ends, fields, measures, periods, sources
from one_mcp.dimensions.graph.summary.ends import SummaryColumn
from one_mcp.dimensions.graph.summary.sources import RowSource
from one_mcp.dimensions.graph.summary.wholes import CountedLines
from one_mcp.errors import InvalidArgumentError
from one_mcp.ontology.model import Ontology
from one_mcp.store import dialect

MOST_LINES = 1_000_000
QUARTER_MS = 900_000  # of an hour, with which any bucket of any time zone begins
_ALL = f"LIMIT {2**63 - 1}"  # keeps SQLite from reading the JSON anew wherever a value is named
Value: TypeAlias = str | int | float | bool | None
Key: TypeAlias = tuple[Value, ...]


class Extent(Enum):
    """What is read of a field: how often each value stands, only which do, or sums of numbers."""

    ROWS = "rows"
    VALUES = "values"
    DISTINCT = "distinct"
    FOLDED = "folded"


@dataclass(frozen=True, slots=True)
class Grouping:
    """What rows are grouped by, in the caller's words, and the unit of time among it.

    `time` is the name with the unit; `of` the field that the time is taken from, as in
    `month:processedAt`, and None for the time of the rows themselves.
    """

    names: tuple[str, ...]
    unit: str | None
    zone: str
    time: str | None = None
    of: str | None = None

    @property
    def is_cycle(self) -> bool:
        """Tell whether times are grouped by what comes round: weekdays, hours of the day."""
        return self.unit in periods.CYCLES

    @property
    def has_buckets(self) -> bool:
        """Tell whether the time of the rows is cut into ranges, which an index counts."""
        return self.unit is not None and not self.of and not self.is_cycle

    @property
    def fields(self) -> list[str]:
        """The names, with the field in the place of a unit of its time."""
        return [self.of if self.of and name == self.time else name for name in self.names]


def conditions(source: RowSource) -> list[str]:
    bounds = [
        *([] if source.since is None else [f"{source.time} >= :since"]),
        *([] if source.until is None else [f"{source.time} < :until"]),
    ]
    return [*source.conditions, *bounds]


class Query:
    """The statement of one field: each line the number of rows that are alike in key and value."""

    def __init__(
        self,
        ontology: Ontology,
        source: RowSource,
        grouping: Grouping,
        cuts: list[tuple[int, int]],
    ) -> None:
        self._ontology = ontology
        self._source = source
        self._grouping = grouping
        self._cuts = cuts
        bounds = {"since": source.since, "until": source.until}
        self.parameters: dict[str, object] = {**source.parameters, **bounds}
        if cuts:
            self.parameters["cuts"] = cuts
        self._keys = [self._key(name, f"key{n}") for n, name in enumerate(grouping.names)]

    @property
    def has_neighbours(self) -> bool:
        """Tell whether a row may be in several groups, or none, for its neighbours."""
        return any(key.beside for key in self._keys)

    def has_index(self, name: str | None, how: Extent) -> bool:
        """Tell whether an index has all of a field that is to be added up."""
        if name is None or how is not Extent.FOLDED or not self._source.whole_types:
            return False
        return name.removeprefix("metadata.") == sources.AMOUNT

    def lines(self, name: str | None, how: Extent, *, by_index: bool = False) -> CountedLines:
        """Write the statement that counts the rows, and reads of a field what is wanted.

        By the index of the amounts only those rows are counted that have one.
        """
        columns = [
            column
            for index, key in enumerate(self._keys)
            for column in (f"{key.value} AS key{index}", f"{key.kind} AS kind{index}")
        ]
        if by_index:
            columns += self._amount()
        elif name is not None:
            columns += self._value(name, distinct=how is Extent.DISTINCT)
        told = self._told(columns, name, how, by_index=by_index)
        return CountedLines(told, self._keys, columns, how is Extent.FOLDED)

    def _told(self, columns: list[str], name: str | None, how: Extent, *, by_index: bool) -> str:
        if how is Extent.FOLDED:
            return self._folded(columns, self._rows(by_index=by_index))
        if name is None and self._cuts and len(self._keys) == 1:
            return self._counted(columns)
        places = ", ".join(str(index + 1) for index in range(len(columns)))
        return f"""
            SELECT {", ".join([*columns, "count(*) AS times"])}
            {self._rows()}
            {f"GROUP BY {places}" if places else ""}
        """

    def _rows(self, *, by_index: bool = False) -> str:
        """All rows; the bound ranges stand first, so that each seeks in an index on the time."""
        source = self._source
        cut = f"{dialect.each_list('cuts', 'cut')} CROSS JOIN " if self._cuts else ""
        rows, also = source.rows, self._also
        if by_index:
            rows = f"{source.table} {dialect.by_index(sources.BY_AMOUNT)}"
            also += f" AND {dialect.member_is_plain(source.fields, sources.AMOUNT)}"
        return f"FROM {cut}{rows} WHERE {source.table}.organization_id = :organization{also}"

    @property
    def _also(self) -> str:
        source = self._source
        within = (
            f" AND {source.time} >= CAST(cut.value ->> 0 AS BIGINT)"
            f" AND {source.time} < CAST(cut.value ->> 1 AS BIGINT)"
        )
        tests = [within if self._cuts else "", *conditions(source)]
        return " AND ".join(tests)

    def _counted(self, columns: list[str]) -> str:
        """Count bucket by bucket, which needs no sorting and reads an index alone."""
        table = self._source.table
        return f"""
            SELECT {", ".join(columns)}, (
                SELECT count(*)
                FROM {self._source.rows}
                WHERE {table}.organization_id = :organization
                {self._also}
            ) AS times
            FROM {dialect.each_list("cuts", "cut")}
        """

    def _folded(self, columns: list[str], rows: str) -> str:
        """Add numbers up as whole ten-thousandths, exactly; those that are none come one by one.

        A number with a fraction is one where so many of them make the same number again.
        """
        keys = [column.rpartition(" AS ")[2] for column in columns]
        alike = ", ".join(name for name in keys if name != "value")
        number, most = "CAST(value AS NUMERIC)", measures.MOST_FOLDED
        one = 10**measures.PLACES
        parts = f"CAST(round({number} * {one}) AS BIGINT)"
        inner = f"SELECT {', '.join(columns)} {rows} {_ALL}"
        return f"""
            SELECT {alike}, CASE WHEN part IS NULL THEN value END AS value, count(*) AS times,
                sum(part) AS total, min(part) AS least, max(part) AS most
            FROM (
                SELECT {", ".join(keys)},
                    CASE WHEN kind IN ('integer', 'real') THEN
                        CASE WHEN abs({number}) <= {most} AND {parts} / {one}.0 = {number}
                            THEN {parts} END
                    END AS part
                FROM ({inner}) AS read
                {_ALL}
            ) AS parted
            GROUP BY {alike}, CASE WHEN part IS NULL THEN value END
        """

    def _key(self, name: str, place: str) -> SummaryColumn:
        if name == self._grouping.time and self._grouping.of:
            read = self._json(self._grouping.of, place)
            if read.beside:
                raise InvalidArgumentError(f"{name} has no time.", argument="group_by")
            begin = _quarter(f"CAST({read.value} AS BIGINT)")
            value = (
                f"CASE WHEN {read.kind} IN ('integer', 'real') THEN {dialect.any_kind(begin)}"
                f" ELSE {dialect.any_kind(read.value)} END"
            )
            return SummaryColumn(value, read.kind)
        if name == self._grouping.time:
            return self._time()
        if column := self._source.column(name):
            return SummaryColumn(column, "'text'")
        if self._source.table == "entities" and name == fields.TAGS:
            return _tags("tags.key || ':' || tags.value", "")
        if self._source.table == "entities" and name.startswith(fields.TAG):
            self.parameters[place] = name.removeprefix(fields.TAG)
            return _tags("tags.value", f"AND tags.key = :{place}")
        return self._json(name, place)

    def _time(self) -> SummaryColumn:
        if self._grouping.is_cycle:
            return SummaryColumn(_quarter(self._source.time), "'integer'")
        return SummaryColumn("cut.key", "'bucket'")  # its place, which costs no reading of JSON

    def _value(self, name: str, *, distinct: bool) -> list[str]:
        if column := self._source.column(name):
            if not distinct:
                raise _no_number(name)
            kind = f"CASE WHEN {column} IS NULL THEN 'null' ELSE 'text' END"
            return [f"{column} AS value", f"{kind} AS kind"]
        read = self._json(name, "path")
        if read.beside:
            raise InvalidArgumentError(
                f"{name} are neighbours, which group_by takes and measures do not.",
                argument="measures",
            )
        columns = [f"{read.value} AS value", f"{read.kind} AS kind"]
        if distinct:
            return columns
        if fields.is_count(self._ontology, self._source, name):
            return [*columns, "CAST(NULL AS TEXT) AS unit", "CAST(NULL AS TEXT) AS unit_kind"]
        beside = name.rpartition(".")
        unit = self._json(f"{beside[0]}{beside[1]}currency", "currency")
        return [*columns, f"{unit.value} AS unit", f"{unit.kind} AS unit_kind"]

    def _amount(self) -> list[str]:
        """Read amount and currency in the very words of their index."""
        fields = self._source.fields
        names = ((sources.AMOUNT, "value", "kind"), (sources.CURRENCY, "unit", "unit_kind"))
        return [
            column
            for name, value, kind in names
            for column in (
                f"{dialect.member_value(fields, name)} AS {value}",
                f"{dialect.member_kind(fields, name)} AS {kind}",
            )
        ]

    def _json(self, name: str, place: str) -> SummaryColumn:
        argument = "group_by" if place.startswith("key") else "measures"
        if far := ends.read(self._ontology, self._source, self.parameters, name, place):
            return far
        self.parameters[place] = self._source.path(name, argument)
        return SummaryColumn(
            dialect.json_value(self._source.fields, f":{place}"),
            dialect.json_kind(self._source.fields, f":{place}"),
        )


def _quarter(ms: str) -> str:
    """Say in SQL when the quarter of an hour began that a moment is part of."""
    return f"{ms} - (({ms} % {QUARTER_MS}) + {QUARTER_MS}) % {QUARTER_MS}"


def _no_number(name: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"{name} is no number; count:distinct {name} counts the different ones.",
        argument="measures",
    )


def _tags(value: str, condition: str) -> SummaryColumn:
    """Gather what an entity's tags say, those that meet a condition."""
    values = f"""(
        SELECT {dialect.json_list("carried.value")}
        FROM (
            SELECT {value} AS value
            FROM tags
            WHERE tags.organization_id = :organization
              AND tags.entity_id = entities.id
              {condition}
            ORDER BY 1
        ) AS carried
    )"""
    return SummaryColumn(values, "'array'")
