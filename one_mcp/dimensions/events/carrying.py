"""Carrying: the events of an entity that is merged become those of its survivor.

Events never change, so each is recorded anew, at its own time, and the first one is retracted.
"""

from collections.abc import Iterator
from itertools import islice

from one_mcp import ids, jsons
from one_mcp.dimensions.events import retracted, retraction, rows
from one_mcp.dimensions.events.rows import EventRow
from one_mcp.store.work import Row, Work

AT_ONCE = 500


def carry(work: Work, gone: str, survivor: str) -> int:
    """Carry the events in effect of which an entity is the target or the actor; count them."""
    carried = 0
    reason = f"{gone} was merged into {survivor}"
    for column in ("target_id", "actor_id"):
        found = _of(work, column, gone)
        while some := list(islice(found, AT_ONCE)):
            anew = [_anew(work, row, gone, survivor) for row in some]
            rows.insert(work, anew)
            retraction.put(
                work, [(row["id"], reason, new.id) for row, new in zip(some, anew, strict=True)]
            )
            carried += len(some)
    return carried


def _of(work: Work, column: str, id: str) -> Iterator[Row]:
    return work.each(
        f"""
        SELECT id, type, actor_id, target_id, at, metadata, external_id
        FROM events
        WHERE organization_id = :organization
          AND {column} = :id
          AND {retracted.LIVE}
        ORDER BY at, seq
        """,
        id=id,
    )


def _anew(work: Work, row: Row, gone: str, survivor: str) -> EventRow:
    return EventRow(
        ids.new(ids.EVENT, work.now),
        row["type"],
        survivor if row["actor_id"] == gone else row["actor_id"],
        survivor if row["target_id"] == gone else row["target_id"],
        jsons.load_object(row["metadata"]),
        row["at"],
        row["external_id"],
    )
