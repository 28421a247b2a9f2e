"""As of: what led from and to entities at a time, in the order in which the graph is walked."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from one_mcp.dimensions import lookup
from one_mcp.dimensions.connections import as_of
from one_mcp.dimensions.connections.directions import SIDES, Followed
from one_mcp.store.work import Row, Work


def begin(work: Work, id: str, argument: str, scope: Followed) -> Row:
    """Return the live entity where a walk begins, today or at a time; raises what is in the way."""
    if scope.as_of is None:
        return lookup.live(work, id, argument)
    return as_of.require_live(work, id, argument, scope.as_of)


def around(work: Work, frontier: Sequence[str], scope: Followed, at: int) -> list[Row]:
    """List the connections of entities, the newest first, with the `place` of the near one.

    One between two of the entities comes from either.
    """
    places = {id: place for place, id in enumerate(frontier)}
    rows = as_of.around(work, frontier, scope, at).rows
    rows.sort(key=lambda row: (row["created_at"], row["seq"]), reverse=True)
    return [
        {
            "place": places[row[near]],
            "way": way,
            "near": row[near],
            "far": row[far],
            **{name: row[name] for name in ("from_id", "type", "to_id", "created_at", "seq")},
        }
        for way, (near, far) in ((way, SIDES[way][:2]) for way in scope.ways)
        for row in rows
        if row[near] in places
    ]


def shares(rows: Sequence[Row], share: int, *, typed: bool) -> list[Row]:
    """Keep the newest of each entity and direction, of each type where these have their turns."""
    taken: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        hand = taken[row["place"], row["way"], row["type"] if typed else None]
        if len(hand) < share:
            hand.append(row)
    return [row for hand in taken.values() for row in hand]


def counts(work: Work, ids: Sequence[str], scope: Followed, at: int) -> dict[str, int]:
    """Count the connections that entities had."""
    return Counter(row["near"] for row in around(work, ids, scope, at)) if ids else {}
