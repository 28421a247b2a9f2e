"""Scans: the rows of a selection in an order, each way of reading bounded but `sorted_all`.

Rows come with `at` and `row`, which together are the place that the next page begins after. Where
an outer query has no order of its own, it keeps its subquery's; tests watch over that.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from one_mcp import jsons
from one_mcp.dimensions.entities.orders import AnyOrder, Order, Place, ValueOrder
from one_mcp.dimensions.entities.selection import Members, Selection
from one_mcp.store import dialect, fulltext
from one_mcp.store.fulltext import ENTITIES, Words
from one_mcp.store.work import Row, Work

LOOKED_THROUGH = 10_000
FIRST = 2**63 - 1
CONCISE = "entities.seq, entities.id, entities.type, entities.name, entities.status"
FULL = (
    f"{CONCISE}, entities.properties, entities.external_id, entities.created_at, "
    "entities.updated_at, entities.version"
)


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


def walked(work: Work, wanted: Wanted, order: Order) -> Reading:
    """Walk an index in its order; with filters, look through a bounded number of rows."""
    selection = wanted.selection
    scope = " AND ".join([*selection.scope, *order.after(selection, wanted.place)])
    walk = f"FROM entities WHERE organization_id = :organization AND {scope} {order.clause}"
    tests = selection.tests()
    source = f"FROM (SELECT {FULL} {walk} LIMIT {LOOKED_THROUGH}) AS entities"
    source = f"{source} WHERE {' AND '.join(tests)}" if tests else walk
    rows = work.all(
        f"SELECT {wanted.columns}, {order.column} AS at {source}{dialect.most('count')}",
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


def sorted_all(work: Work, wanted: Wanted, order: ValueOrder) -> Reading:
    """Sort all of a selection by what has to be worked out for each row, however many there are."""
    selection = wanted.selection
    tests = [*selection.scope, *selection.tests(), *order.after(selection, wanted.place)]
    rows = work.all(
        f"""
        SELECT {wanted.columns}, {order.column} AS at
        FROM entities
        WHERE organization_id = :organization
          AND {" AND ".join(tests)}
        {order.clause}
        {dialect.most("count")}
        """,
        **selection.parameters,
        count=wanted.count,
    )
    return Reading(rows)


def sorted_few(work: Work, wanted: Wanted, members: Members, order: AnyOrder) -> Reading:
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
        FROM (SELECT DISTINCT {members.key} FROM ({members.ids}) AS given) AS known
        CROSS JOIN entities
        WHERE entities.organization_id = :organization
          AND entities.{members.key} = known.{members.key}
          AND {" AND ".join(tests)}
        {order.clause}
        {dialect.most("count")}
        """,
        **selection.parameters,
        count=wanted.count,
    )
    return Reading(rows)


def matching(work: Work, selection: Selection, members: Members, words: Words) -> str:
    """Say in SQL that an entity of a small set has one of the words."""
    found = fulltext.among(work, ENTITIES, words.some, numbers(work, selection, members))
    return f"entities.seq {dialect.any_of(selection.bind(jsons.dumps(found))[1:])}"


def numbers(work: Work, selection: Selection, members: Members) -> list[int]:
    """List the row numbers of a small set, of whatever other conditions there are."""
    rows = work.all(
        f"""
        SELECT DISTINCT entities.seq
        FROM (SELECT DISTINCT {members.key} FROM ({members.ids}) AS given) AS known
        CROSS JOIN entities
        WHERE entities.organization_id = :organization
          AND entities.{members.key} = known.{members.key}
        """,
        **selection.parameters,
    )
    return [row["seq"] for row in rows]
