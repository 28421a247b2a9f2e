"""Leases: what waits in a queue is lent for a while to one of those who might do it.

A lease saves work, no more: what is done must be right whoever does it, and however often. It ends
by itself, so that what a killed process had borrowed is free again; and since processes have clocks
of their own, one that ends later than any that could be given now is no lease, either: a server
whose clock was a year ahead must not stop the others for a year. For the same reason leases go by
the clock of the process, not by the time of the change log, which stands still until the clocks
have reached it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from one_mcp.store import dialect
from one_mcp.store.work import Row, Work

LENGTH_MS = 30_000
MOST_FAILURES = 3
LAST = 2**62  # beyond every place in a queue
FREE = "(leased_until <= :now OR leased_until > :latest)"
WAITING = f"{FREE} AND failures < :failures"


@dataclass(frozen=True, slots=True)
class Queue:
    """A table of what waits, the column that tells its rows apart, and what is read of them.

    Rows are lent in the order of that column, the last first: the newest matters most. `where` is a
    condition on them.
    """

    table: str
    place: str
    columns: str
    where: str = "TRUE"


def times(now: int) -> dict[str, int]:
    """Return the parameters of WAITING at a time by the clock of the process."""
    return {"now": now, "latest": now + LENGTH_MS, "failures": MOST_FAILURES}


def take(work: Work, queue: Queue, most: int, last: int = LAST, **parameters: object) -> list[Row]:
    """Borrow the newest of what is free up to a place, and return it in no order."""
    return work.all(
        f"""
        UPDATE {queue.table}
        SET leased_until = :latest
        WHERE organization_id = :organization
          -- again, since a passage has the same place in the queue of each model
          AND {queue.where}
          AND {queue.place} IN (
              SELECT {queue.place}
              FROM {queue.table}
              WHERE organization_id = :organization
                AND {queue.where}
                AND {queue.place} <= :last
                AND {WAITING}
              ORDER BY {queue.place} DESC
              {dialect.most("most")}
          )
        RETURNING {queue.columns}
        """,
        most=most,
        last=last,
        **times(work.clock),
        **parameters,
    )


def give_back(work: Work, queue: Queue, places: Sequence[int], **parameters: object) -> None:
    """Return what was borrowed and not done; others may try at once."""
    _end(work, queue, places, 0, parameters)


def fail(work: Work, queue: Queue, places: Sequence[int], **parameters: object) -> None:
    """Return what could not be done; after a few failures it is left alone."""
    _end(work, queue, places, 1, parameters)


def ahead(work: Work, queue: Queue) -> int:
    """Count the leases that end later than any that could be given now."""
    return work.value(
        f"""
        SELECT count(*)
        FROM {queue.table}
        WHERE organization_id = :organization
          AND leased_until > :latest
        """,
        latest=work.clock + LENGTH_MS,
    )


def _end(
    work: Work, queue: Queue, places: Sequence[int], failed: int, parameters: dict[str, object]
) -> None:
    work.run(
        f"""
        UPDATE {queue.table}
        SET leased_until = 0, failures = failures + :failed
        WHERE organization_id = :organization
          AND {queue.where}
          AND {queue.place} {dialect.any_of("places")}
        """,
        places=list(places),
        failed=failed,
        **parameters,
    )
