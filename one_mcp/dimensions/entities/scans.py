"""Scans: the rows of a selection in an order, each way of reading bounded.

Rows come with `at` and `row`, which together are the place that the next page begins after. Where
an outer query has no order of its own, it keeps its subquery's; tests watch over that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from one_mcp import jsons
from one_mcp.dimensions.entities import scoring
from one_mcp.dimensions.entities.selection import FEW, Members, Selection
from one_mcp.jsons import JsonValue
from one_mcp.store import dialect, fulltext
from one_mcp.store.fulltext import ENTITIES, Words
from one_mcp.store.work import Row, Work

LOOKED_THROUGH = 10_000
FIRST_BLOCK = 250  # hits of a broad search, to look at first; then twice as many
FIRST = 2**63 - 1
CONCISE = "entities.seq, entities.id, entities.type, entities.name, entities.status"
FULL = (
    f"{CONCISE}, entities.properties, entities.external_id, entities.created_at, "
    "entities.updated_at, entities.version"
)
ORDERS = {
    "created": "entities.created_at",
    "updated": "entities.updated_at",
    "name": "lower(entities.name)",
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
        f"SELECT {order.column} AS at, entities.seq {walk} LIMIT 1 OFFSET {LOOKED_THROUGH - 1}",
        **selection.parameters,
    )
    return Reading(rows, [last["at"], last["seq"]] if last else None)


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
        -- DISTINCT, since neighbours may be connected in several ways
        FROM (SELECT DISTINCT id FROM ({members.ids}) AS given) AS known
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
    scores = scoring.scores(work, words)
    rows = work.all(
        f"""
        SELECT {wanted.columns}, hits.score AS at
        FROM (
            SELECT
                CAST(value ->> 0 AS BIGINT) AS seq,
                CAST(value ->> 1 AS DOUBLE PRECISION) AS score
            FROM {dialect.each_list("scores", "listed")}
        ) AS hits
        CROSS JOIN entities
        WHERE entities.organization_id = :organization
          AND entities.seq = hits.seq
          AND {" AND ".join(tests)}
        {best.clause}
        LIMIT :count
        """,
        **selection.parameters,
        scores=jsons.dumps([[seq, -score] for seq, score in scores.items()]),
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
    """Read hits block by block until enough of them fit, or enough were looked through."""
    tier, before = place[0], _number(place[1])
    rows: list[Row] = []
    looked_through, block = 0, FIRST_BLOCK
    while looked_through < LOOKED_THROUGH:
        seqs = fulltext.newest(work, ENTITIES, query, block, before)
        left = replace(wanted, count=wanted.count - len(rows))
        rows += _fitting(work, left, seqs, tier) if seqs else []
        if len(rows) == wanted.count or len(seqs) < block:
            return Reading(rows)
        before = seqs[-1]
        looked_through += block
        block = min(2 * block, LOOKED_THROUGH - looked_through)
    return Reading(rows, [tier, before])


def _fitting(work: Work, wanted: Wanted, seqs: Sequence[int], tier: JsonValue) -> list[Row]:
    selection = wanted.selection
    return work.all(
        f"""
        SELECT {wanted.columns}, :tier AS at
        FROM {dialect.each_number("seqs", "hits")}
        CROSS JOIN entities
        WHERE entities.organization_id = :organization
          AND entities.seq = hits.value
          AND {" AND ".join([*selection.scope, *selection.tests()])}
        ORDER BY entities.seq DESC
        LIMIT :count
        """,
        **selection.parameters,
        seqs=jsons.dumps(list(seqs)),
        tier=tier,
        count=wanted.count,
    )


def best(work: Work, selection: Selection, words: Words) -> tuple[Members, bool]:
    """Collect the best hits of a broad search, to be sorted; tell whether there are more."""
    reading = tiered(work, Wanted(selection, FEW + 1, "entities.seq"), words)
    rows = selection.bind(jsons.dumps([row["seq"] for row in reading.rows[:FEW]]))
    ids = (
        "SELECT id FROM entities WHERE organization_id = :organization"
        f" AND seq {dialect.any_of(rows[1:])}"
    )
    more = len(reading.rows) > FEW or reading.stopped is not None
    return Members(ids, test="TRUE", count=f"SELECT {FEW}"), more


def matching(work: Work, selection: Selection, members: Members, words: Words) -> str:
    """Say in SQL that an entity of a small set has one of the words."""
    rows = work.all(
        f"""
        SELECT DISTINCT entities.seq
        FROM ({members.ids}) AS known
        CROSS JOIN entities
        WHERE entities.organization_id = :organization
          AND entities.id = known.id
        """,
        **selection.parameters,
    )
    found = fulltext.among(work, ENTITIES, words.some, [row["seq"] for row in rows])
    return f"entities.seq {dialect.any_of(selection.bind(jsons.dumps(found))[1:])}"


def _number(key: JsonValue) -> int:
    return key if isinstance(key, int) else FIRST
