"""Wholes: statements that tell of groups and, apart from them, of all rows.

What is counted of the rows is made once, as the table `told`; of it come the lines of the groups
that are wanted, then those of the whole, since not every row is in one group that is shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from one_mcp.dimensions.graph.summary.ends import SummaryColumn
from one_mcp.store import dialect

_SUMS = (
    "coalesce(sum(times), 0) AS times",  # of all rows, of which there may be none
    "sum(total) AS total",
    "min(least) AS least",
    "max(most) AS most",
)
_UNIT = "coalesce(CASE WHEN unit_kind = 'text' THEN nullif(trim(upper(unit)), '') END, :home)"
_KEY = "coalesce(key0, '')"  # an id is never empty


class Told(IntEnum):
    """What a line is about: a group, all rows, or how many groups there are."""

    GROUP = 0
    WHOLE = 1
    GROUPS = 2


@dataclass(frozen=True, slots=True)
class CountedLines:
    """A statement whose lines are rows that are alike: its columns, those of the keys first."""

    statement: str
    keys: Sequence[SummaryColumn]
    columns: Sequence[str]
    folded: bool

    @property
    def names(self) -> list[str]:
        return [column.rpartition(" AS ")[2] for column in self.columns]

    @property
    def values(self) -> list[str]:
        return self.names[2 * len(self.keys) :]

    @property
    def sums(self) -> list[str]:
        return list(_SUMS if self.folded else _SUMS[:1])

    @property
    def whole(self) -> str:
        """Say of all rows what is told of groups."""
        keys = [f"NULL AS {name}" for name in self.names[: 2 * len(self.keys)]]
        by = f"GROUP BY {', '.join(self.values)}" if self.values else ""
        columns = ", ".join([*keys, *self.values, *self.sums])
        return f"SELECT {Told.WHOLE} AS whole, {columns} FROM told {by}"


def joined(lines: CountedLines) -> str:
    """Join neighbours to what was counted of each end.

    So each end is looked up once, however many rows it has.
    """
    shown = {name: f"told.{name}" for name in lines.names}
    tables: list[str] = ["told"]
    for index, key in enumerate(lines.keys):
        if key.beside:
            beside = f"beside{index}"
            tables.append(f"LEFT JOIN {dialect.each_of(key.beside, beside)} ON TRUE")
            shown[f"key{index}"] = f"{beside}.value"
            shown[f"kind{index}"] = f"CASE WHEN {beside}.value IS NULL THEN 'null' ELSE 'text' END"
    columns = [f"{value} AS {name}" for name, value in shown.items()]
    return f"""
        WITH told AS MATERIALIZED ({lines.statement})
        SELECT {Told.GROUP} AS whole, {", ".join([*columns, *lines.sums])}
        FROM {" ".join(tables)}
        GROUP BY {", ".join(str(index + 2) for index in range(len(columns)))}
        UNION ALL
        {lines.whole}
    """


def chosen(lines: CountedLines) -> str:
    """Tell of the groups whose keys are bound as `chosen`."""
    return f"""
        WITH told AS MATERIALIZED ({lines.statement})
        {_of_groups(lines)}
        WHERE {_KEY} {dialect.any_of("chosen")}
        UNION ALL
        {lines.whole}
    """


def best(lines: CountedLines, *, by_sum: bool, descending: bool, chosen: bool) -> str:
    """Tell of the first groups by their rows, or by their sum in the currency of most rows.

    Bound are `best`, how many, and `home`, the currency of what names none; where one is `chosen`,
    `ranked_unit` is summed instead. The last line says how many groups there are.
    """
    way = "DESC" if descending else "ASC"
    rank, main = "sum(times)", ""
    if by_sum and chosen:
        rank = f"sum(total) FILTER (WHERE {_UNIT} = :ranked_unit)"
    elif by_sum:
        rank = f"sum(total) FILTER (WHERE {_UNIT} IS NOT DISTINCT FROM (SELECT unit FROM main))"
        main = f""",
            main AS MATERIALIZED (
                SELECT {_UNIT} AS unit
                FROM told
                WHERE total IS NOT NULL
                GROUP BY 1
                ORDER BY sum(times) DESC, 1
                LIMIT 1
            )"""
    nothing = ", ".join(f"NULL AS {name}" for name in lines.names)
    rest = ", NULL, NULL, NULL" if lines.folded else ""
    return f"""
        WITH told AS MATERIALIZED ({lines.statement}){main},
        ranked AS MATERIALIZED (
            SELECT {_KEY} AS ranked_key
            FROM told
            GROUP BY key0
            ORDER BY {rank} IS NULL, {rank} {way}, key0 IS NULL, key0
            {dialect.most("best")}
        )
        {_of_groups(lines)}
        WHERE {_KEY} IN (SELECT ranked_key FROM ranked)
        UNION ALL
        {lines.whole}
        UNION ALL
        SELECT {Told.GROUPS} AS whole, {nothing}, count(DISTINCT {_KEY}){rest}
        FROM told
    """


def _of_groups(lines: CountedLines) -> str:
    sums = ["times", "total", "least", "most"] if lines.folded else ["times"]
    return f"SELECT {Told.GROUP} AS whole, {', '.join([*lines.names, *sums])} FROM told"
