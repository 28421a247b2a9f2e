"""Newest first from several alternatives: each walks an index of its own, and SQLite merges them.

`type IN (…)` or `actor = … OR target = …` would read and sort everything that fits before the first
row comes out. Here every alternative comes in order already, and no more of it is read than shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from one_mcp.jsons import JsonValue
from one_mcp.store.work import Row, Work

MOST_ARMS = 400  # SQLite takes 500 parts of a compound SELECT
Conditions = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """A table (and an index, if need be) that is read by its time and then by its row number."""

    table: str
    time: str
    columns: str


def read(
    work: Work,
    listing: Listing,
    alternatives: Sequence[Conditions],
    parameters: dict[str, object],
    *,
    after: list[JsonValue] | None,
    limit: int,
) -> list[Row]:
    """Read the newest rows that fulfil one of the alternatives; no row may fulfil two.

    `after` is the time and the row number of the last row seen.
    """
    bounds = [()] if after is None else _bounds(listing.time)
    arms = [
        f"SELECT {listing.columns} FROM {listing.table} WHERE organization_id = :organization AND "
        + " AND ".join((*conditions, *bound))
        for conditions in alternatives
        for bound in bounds
    ]
    # the plus keeps SQLite from planning the statement anew for every other limit: 10 µs, not 22
    order = f" ORDER BY {listing.time} DESC, row DESC LIMIT +:limit"
    if after is not None:
        parameters = {**parameters, "after_time": after[0], "after_row": after[1]}
    return work.all(" UNION ALL ".join(arms) + order, **parameters, limit=limit)


def _bounds(time: str) -> list[Conditions]:
    """Say "later in the list" in two parts, for an index serves each of them to the row.

    Of `(time, row) < (…)` it would serve the time only, and rows of one import share their time.
    """
    return [(f"{time} = :after_time", "row < :after_row"), (f"{time} < :after_time",)]
