"""Readings: the rows of a selection in an order, each way of reading bounded.

Rows come with `at` and `row`, which together are the place that the next page begins after. Where
an outer query has no order of its own, it keeps its subquery's; tests watch over that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from one_mcp import jsons
from one_mcp.dimensions.selections import FEW, Members, Selection
from one_mcp.jsons import JsonValue
from one_mcp.store import search
from one_mcp.store.search import Words
from one_mcp.store.work import Row, Work

LOOKED_THROUGH = 10_000
FIRST = 2**63 - 1
CONCISE = "entities.row, entities.id, entities.type, entities.name, entities.status"
FULL = (
    f"{CONCISE}, entities.properties, entities.external_id, entities.created_at, "
    "entities.updated_at, entities.version"
)
ORDERS = {
    "created": "entities.created_at",
    "updated": "entities.updated_at",
    "name": "entities.name COLLATE NOCASE",
}
Place = list[JsonValue]


@dataclass(frozen=True, slots=True)
class Order:
    """The column to sort by, and which way; rows that are equal in it sort by `row`."""

    column: str
    descending: bool

    @property
    def clause(self) -> str:
        way = "DESC" if self.descending else "ASC"
        return f"ORDER BY {self.column} {way}, entities.row {way}"

    def after(self, selection: Selection, place: Place | None) -> list[str]:
        """Say in SQL that a row comes later than a place."""
        if place is None:
            return []
        at, row = (selection.bind(key) for key in place)
        sign = "<" if self.descending else ">"
        return [
            f"{self.column} {sign}= {at}",
            f"({self.column}, entities.row) {sign} ({at}, {row})",
        ]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reading is to bring: how many rows of which selection, after which place."""

    selection: Selection
    count: int
    columns: str = CONCISE
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """Up to the wanted number of rows; `stopped` is where a bound ended the reading early."""

    rows: Sequence[Row]
    stopped: Place | None = None


def order(sort: str) -> Order:
    """Read `created`, `-created`, `name` and so on."""
    return Order(ORDERS[sort.removeprefix("-")], sort.startswith("-"))


def walked(work: Work, wanted: Wanted, order: Order) -> Reading:
    """Walk an index in its order; with filters, look through a bounded number of rows."""
    selection = wanted.selection
    scope = " AND ".join([*selection.scope, *order.after(selection, wanted.place)])
    walk = f"FROM entities WHERE organization_id = :organization AND {scope} {order.clause}"
    tests = selection.tests()
    source = f"FROM (SELECT {FULL} {walk} LIMIT {LOOKED_THROUGH}) AS entities"
    source = f"{source} WHERE {' AND '.join(tests)}" if tests else walk
    rows = work.all(
        f"SELECT {wanted.columns}, {order.column} AS at {source} LIMIT :count",
        **selection.parameters,
        count=wanted.count,
    )
    if not tests or len(rows) == wanted.count:
        return Reading(rows)
    last = work.one(
        f"SELECT {order.column} AS at, entities.row {walk} LIMIT 1 OFFSET {LOOKED_THROUGH - 1}",
        **selection.parameters,
    )
    return Reading(rows, [last["at"], last["row"]] if last else None)


def sorted_few(work: Work, wanted: Wanted, members: Members, order: Order) -> Reading:
    """Read all of a small set and sort it."""
    selection = wanted.selection
    tests = [
        *selection.scope,
        *selection.tests(members),
        *order.after(selection, wanted.place),
    ]
    rows = work.all(
        f"""
        SELECT {wanted.columns}, {order.column} AS at
        FROM (SELECT DISTINCT id FROM ({members.ids})) AS known
        CROSS JOIN entities
        WHERE entities.organization_id = :organization
          AND entities.id = known.id
          AND {" AND ".join(tests)}
        {order.clause}
        LIMIT :count
        """,
        **selection.parameters,
        count=wanted.count,
    )
    return Reading(rows)


def ranked(work: Work, wanted: Wanted, words: Words) -> Reading:
    """Read all hits of a narrow search, best first."""
    selection = wanted.selection
    best = Order("hits.score", descending=False)
    tests = [*selection.scope, *selection.tests(), *best.after(selection, wanted.place)]
    rows = work.all(
        f"""
        SELECT {wanted.columns}, hits.score AS at
        FROM (
            SELECT rowid AS row, {search.RANK} AS score
            FROM entities_fts
            WHERE entities_fts MATCH :words
        ) AS hits
        CROSS JOIN entities
        WHERE entities.organization_id = :organization
          AND entities.row = hits.row
          AND {" AND ".join(tests)}
        {best.clause}
        LIMIT :count
        """,
        **selection.parameters,
        words=words.some,
        count=wanted.count,
    )
    return Reading(rows)


def tiered(work: Work, wanted: Wanted, words: Words) -> Reading:
    """Read the hits of a broad search, newest first within each tier."""
    first, before = wanted.place or (0, FIRST)
    rows: list[Row] = []
    for tier, query in enumerate(words.tiers):
        if isinstance(first, int) and tier >= first:
            start = before if tier == first else FIRST
            reading = _tier(
                work, replace(wanted, count=wanted.count - len(rows)), query, [tier, start]
            )
            rows.extend(reading.rows)
            if len(rows) == wanted.count or reading.stopped:
                return Reading(rows, reading.stopped)
    return Reading(rows)


def _tier(work: Work, wanted: Wanted, query: str, place: Place) -> Reading:
    selection = wanted.selection
    hits = (
        "SELECT rowid AS row FROM entities_fts"
        " WHERE entities_fts MATCH :query AND rowid < :before ORDER BY rowid DESC"
    )
    tier, before = place
    rows = work.all(
        f"""
        SELECT {wanted.columns}, :tier AS at
        FROM ({hits} LIMIT {LOOKED_THROUGH}) AS hits
        CROSS JOIN entities
        WHERE entities.organization_id = :organization
          AND entities.row = hits.row
          AND {" AND ".join([*selection.scope, *selection.tests()])}
        LIMIT :count
        """,
        **selection.parameters,
        query=query,
        before=before,
        tier=tier,
        count=wanted.count,
    )
    if len(rows) == wanted.count:
        return Reading(rows)
    last = work.value(f"{hits} LIMIT 1 OFFSET {LOOKED_THROUGH - 1}", query=query, before=before)
    return Reading(rows, None if last is None else [tier, last])


def best(work: Work, selection: Selection, words: Words) -> tuple[Members, bool]:
    """Collect the best hits of a broad search, to be sorted; tell whether there are more."""
    reading = tiered(work, Wanted(selection, FEW + 1, "entities.row"), words)
    rows = selection.bind(jsons.dumps([row["row"] for row in reading.rows[:FEW]]))
    ids = (
        "SELECT id FROM entities WHERE organization_id = :organization"
        f" AND row IN (SELECT value FROM json_each({rows}))"
    )
    more = len(reading.rows) > FEW or reading.stopped is not None
    return Members(ids, test="1", count=f"SELECT {FEW}"), more


def matching(selection: Selection, words: Words) -> str:
    """Say in SQL that a row has one of the words; slow for each row, so for small sets only."""
    return (
        "EXISTS (SELECT 1 FROM entities_fts"
        f" WHERE entities_fts MATCH {selection.bind(words.some)} AND rowid = entities.row)"
    )
