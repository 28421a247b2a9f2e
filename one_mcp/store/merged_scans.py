"""Newest first from several alternatives: each walks an index of its own, and SQLite merges them.

`type IN (…)` or `actor = … OR target = …` would read and sort everything that fits before the first
row comes out. Here every walk comes in order already, and no more of it is read than shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from one_mcp.jsons import JsonValue
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work


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


def read(
    work: Work,
    listing: Listing,
    walks: Sequence[Walk],
    parameters: dict[str, object],
    *,
    after: list[JsonValue] | None,
    limit: int,
) -> list[Row]:
    """Read the newest rows of all walks; no row may be on two of them.

    `after` is the time and the row number of the last row seen.
    """
    if after is not None:
        parameters = {**parameters, "after_time": after[0], "after_row": after[1]}
        walks = [part for walk in walks for part in _beyond(walk, listing.time)]
    arms = [
        f"SELECT {listing.columns} FROM {listing.table} {dialect.by_index(walk.index)} WHERE "
        + " AND ".join(("organization_id = :organization", *walk.conditions))
        for walk in walks
    ]
    order = f" ORDER BY {listing.time} DESC, seq DESC {dialect.most('limit')}"
    return work.all(" UNION ALL ".join(arms) + order, **parameters, limit=limit)


def _beyond(walk: Walk, time: str) -> tuple[Walk, Walk]:
    """Cut what comes after a row in two, for an index leads to the beginning of each.

    Of `(time, row) < (…)` it would serve the time only, and rows of one import share their time.
    """
    return (
        walk.also(f"{time} = :after_time", "seq < :after_row"),
        walk.also(f"{time} < :after_time"),
    )
