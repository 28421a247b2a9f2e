"""Newest first from several alternatives: each walks an index of its own, and SQLite merges them.

`type IN (…)` or `actor = … OR target = …` would read and sort everything that fits before the first
row comes out. Here every walk comes in order already, and no more of it is read than shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from one_mcp.jsons import JsonValue
from one_mcp.store import dialect, pages
from one_mcp.store.work import Row, Work

LOOKED_THROUGH = 10_000


@dataclass(frozen=True, slots=True)
class Listing:
    """A table that is read by its time, the last first, and then by its row number."""

    table: str
    time: str
    columns: str


@dataclass(frozen=True, slots=True)
class Walk:
    """An index and the conditions on its leading columns, behind which it is in order of time.

    The index is named, since without statistics SQLite takes one that reads far more.
    """

    index: str
    conditions: tuple[str, ...] = ()

    def also(self, *conditions: str) -> "Walk":
        return Walk(self.index, (*self.conditions, *conditions))


def of_types(walks: Sequence[Walk], types: Sequence[str]) -> tuple[list[Walk], dict[str, object]]:
    """Make a walk for each type of each walk, and the parameters of the types; all types if none.

    SQLite takes 500 parts of a compound SELECT: 100 types on two walks, each cut by a cursor.
    """
    if not types:
        return list(walks), {}
    named: dict[str, object] = {f"type{place}": type for place, type in enumerate(types)}
    return [walk.also(f"type = :{name}") for walk in walks for name in named], named


@dataclass(frozen=True, slots=True)
class NewestRows:
    """Up to the wanted number of rows; `stopped` is where a bound ended the reading early."""

    rows: list[Row]
    stopped: list[JsonValue] | None = None

    @property
    def cut(self) -> str | None:
        """Say why there are fewer rows than there may be."""
        return pages.STOPPED if self.stopped else None


@dataclass(frozen=True, slots=True)
class Scan:
    """What is read: the walks, on which no row may be twice, and the parameters of all conditions.

    `tests` are conditions on the columns of `looked` that no index answers.
    """

    listing: Listing
    walks: Sequence[Walk]
    parameters: dict[str, object]
    tests: Sequence[str] = ()


def read(work: Work, scan: Scan, *, after: list[JsonValue] | None, limit: int) -> NewestRows:
    """Read the newest rows; with tests, a bounded number of them is looked through.

    `after` is the time and the row number of the last row seen.
    """
    listing, walks, parameters = scan.listing, scan.walks, scan.parameters
    if after is not None:
        parameters = {**parameters, "after_time": after[0], "after_row": after[1]}
        walks = [part for walk in walks for part in _beyond(walk, listing.time)]
    order = f" ORDER BY {listing.time} DESC, seq DESC"
    newest = f"{_arms(listing, walks, listing.columns)}{order}"
    if not scan.tests:
        return NewestRows(work.all(f"{newest}{dialect.most('limit')}", **parameters, limit=limit))
    rows = work.all(
        f"SELECT {listing.columns} FROM ({newest}{dialect.most('bound')}) AS looked"
        f" WHERE {' AND '.join(scan.tests)}{order}{dialect.most('limit')}",
        **parameters,
        bound=LOOKED_THROUGH,
        limit=limit,
    )
    if len(rows) == limit:
        return NewestRows(rows)
    last = work.one(f"{newest} LIMIT 1 OFFSET {LOOKED_THROUGH - 1}", **parameters)
    return NewestRows(rows, [last[listing.time], last["seq"]] if last else None)


def total(work: Work, scan: Scan) -> int | str | None:
    """Count the rows, exactly up to a number that is looked through."""
    columns = scan.listing.columns if scan.tests else "seq"
    held = f"FILTER (WHERE {' AND '.join(scan.tests)})" if scan.tests else ""
    row = work.one(
        f"SELECT count(*) AS seen, count(*) {held} AS fits"
        f" FROM ({_arms(scan.listing, scan.walks, columns)}{dialect.most('bound')}) AS looked",
        **scan.parameters,
        bound=pages.MOST_COUNTED + 1,
    )
    return pages.total(row["seen"], row["fits"]) if row else None


def _arms(listing: Listing, walks: Sequence[Walk], columns: str) -> str:
    return " UNION ALL ".join(
        f"SELECT {columns} FROM {listing.table} {dialect.by_index(walk.index)} WHERE "
        + " AND ".join(("organization_id = :organization", *walk.conditions))
        for walk in walks
    )


def _beyond(walk: Walk, time: str) -> tuple[Walk, Walk]:
    """Cut what comes after a row in two, for an index leads to the beginning of each.

    Of `(time, row) < (…)` it would serve the time only, and rows of one import share their time.
    """
    return (
        walk.also(f"{time} = :after_time", "seq < :after_row"),
        walk.also(f"{time} < :after_time"),
    )
