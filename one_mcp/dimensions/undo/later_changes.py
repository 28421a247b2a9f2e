"""Later changes: which of them did something to a row since a change, and what."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from one_mcp.dimensions.changes import entries, log
from one_mcp.dimensions.undo import tables
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work

# fragments for queries that call the change's own rows of the log `mine`
# of tags, links and labels `row_id` is whose they are, so only all that they say tells them apart
SAME_ROW = f"""
    newer.organization_id = :organization
    AND newer.row_id = mine.row_id
    AND newer.kind = mine.kind
    AND (
        mine.kind NOT IN {tables.WHOLE_KINDS}
        OR coalesce(newer.after, newer.before) = coalesce(mine.after, mine.before)
    )
"""
FIRST_OF_ITS_ROW = f"""
    NOT EXISTS (
        SELECT 1
        FROM change_rows AS newer
        WHERE {SAME_ROW}
          AND newer.change = :number
          AND newer.seq < mine.seq
    )
"""


def first_with(column: str) -> str:
    """Write SQL for whether `mine` is where the change first took a value away from its row."""
    return f"""
        -- an arrow with one head asks whether the entry keeps the column, if only as null
        mine.before -> '{column}' IS NOT NULL
        AND NOT EXISTS (
            SELECT 1
            FROM change_rows AS newer
            WHERE {SAME_ROW}
              AND newer.change = :number
              AND newer.seq < mine.seq
              AND (newer.before IS NULL OR newer.before -> '{column}' IS NOT NULL)
        )
    """


def before_all(column: str) -> str:
    """Write SQL for what the row of `mine`, an entity, had in a column before the change.

    That stands in the first of the change's entries that keeps it, or else in the row. A row that
    the change made had nothing.
    """
    first = f"""
        FROM change_rows AS first
        WHERE first.organization_id = :organization
          AND first.row_id = mine.row_id
          AND first.change = :number
          AND first.kind = mine.kind
          -- an arrow with one head asks whether the entry keeps the column, if only as null
          AND (first.before IS NULL OR first.before -> '{column}' IS NOT NULL)
    """
    return f"""
        CASE WHEN EXISTS (SELECT 1 {first})
        THEN (SELECT first.before ->> '{column}' {first} ORDER BY first.seq LIMIT 1)
        ELSE (
            SELECT entities.{column}
            FROM entities
            WHERE entities.organization_id = :organization
              AND entities.id = mine.row_id
        ) END
    """


def untouched(id: str, kind: str) -> str:
    """Write SQL for whether the change itself did nothing to a row, whose id is SQL, too."""
    return f"""
        NOT EXISTS (
            SELECT 1
            FROM change_rows AS own
            WHERE own.organization_id = :organization
              AND own.row_id = {id}
              AND own.change = :number
              AND own.kind = '{kind}'
        )
    """


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A change, and what it did that stands in the way."""

    change: int
    what: str


Question = Callable[[Work, int], Iterator[Obstacle]]


def since(work: Work, number: int, mine: Row) -> Iterator[Obstacle]:
    """Name the changes to one row since a change that are still in effect."""
    rows = work.all(
        f"""
        SELECT {log.ROW}, undone_by, undoes
        FROM change_rows
        JOIN change_log
          ON change_log.organization_id = change_rows.organization_id
         AND change_log.number = change_rows.change
        WHERE change_rows.organization_id = :organization
          AND row_id = :id
          AND kind = :kind
          AND (kind NOT IN {tables.WHOLE_KINDS} OR coalesce(after, before) = :image)
          AND change > :number
          AND tool <> :upgrade
        ORDER BY seq DESC
        """,
        upgrade=log.UPGRADE,
        id=mine["row_id"],
        kind=mine["kind"],
        image=mine["image"],
        number=number,
    )
    undone = {row["change"] for row in rows if row["undone_by"] is not None}
    effective = [row for row in rows if not undone & {row["change"], row["undoes"]}]
    for row in effective or rows[:1]:
        yield _obstacle(work, row)


_SAME_OR_PART = f"""
    mine.row_id = newer.row_id
    AND (
        {SAME_ROW}
        OR mine.kind = 'knowledge'
        AND mine.before IS NULL
        AND newer.kind IN {tables.WHOLE_KINDS}
        OR mine.kind = 'entity'
        AND mine.before IS NULL
        AND newer.kind = 'tag'
        AND newer.after IS NULL
    )
"""
_LED_THERE = """
    mine.row_id = newer.before ->> '{end}'
    AND mine.kind = 'entity'
    AND mine.before IS NULL
    AND newer.kind = '{kind}'
    AND newer.after IS NULL
"""
_UNCOVERING = (
    _SAME_OR_PART,
    _LED_THERE.format(kind="connection", end="from_id"),
    _LED_THERE.format(kind="connection", end="to_id"),
    _LED_THERE.format(kind="knowledge_link", end="entity_id"),
)


def uncovered(work: Work, number: int, standing: Sequence[int]) -> Iterator[Obstacle]:
    """Name what else was done to rows that are as the change left them only thanks to later ones.

    A label that was removed and added again is no obstacle until its adding is undone; one that
    went with its document is none until the document is back, and so it is with what a merge took
    away from an entity.
    """
    found = " UNION ALL ".join(
        f"""
        SELECT newer.kind, newer.row_id, coalesce(newer.after, newer.before) AS image
        FROM {dialect.each_number("standing", "standing")}
        CROSS JOIN change_rows AS newer
        CROSS JOIN change_rows AS mine
        WHERE newer.organization_id = :organization
          AND newer.change = standing.value
          AND mine.organization_id = :organization
          AND mine.change = :number
          AND mine.purged_by IS NULL
          AND newer.purged_by IS NULL
          AND {tie}
        """
        for tie in _UNCOVERING
    )
    for row in work.each(found, number=number, standing=standing):
        yield from since(work, number, row)


def taking(
    work: Work, number: int, field: str, taker: Row, kind: str = "entity"
) -> Iterator[Obstacle]:
    """Name the change by which a row took a value that no other may have.

    That is the newest which made the row, or before which it had another value.
    """
    for row in work.all(
        f"""
        SELECT {log.ROW}
        FROM change_rows
        WHERE organization_id = :organization
          AND row_id = :id
          AND kind = :kind
          AND change > :number
          AND (
              before IS NULL
              OR before -> '{field}' IS NOT NULL AND before ->> '{field}' IS DISTINCT FROM :value
              -- only a conversion keeps the type: what it shares a value with is another one now
              OR kind = 'entity' AND after IS NOT NULL AND before -> 'type' IS NOT NULL
          )
        ORDER BY change DESC, seq DESC
        LIMIT 1
        """,
        id=taker["id"],
        kind=kind,
        value=taker["value"],
        number=number,
    ):
        yield _obstacle(work, row)


def turns(work: Work, number: int, gone: list[str], kind: str = "entity") -> Iterator[Obstacle]:
    """Name the newest change by which each row was removed, archived or restored."""
    for id in gone:
        row = work.one(
            f"""
            SELECT {log.ROW}
            FROM change_rows
            WHERE organization_id = :organization
              AND row_id = :id
              AND kind = :kind
              AND change > :number
              AND (
                  after IS NULL
                  OR (before ->> 'deleted_at' IS NULL) <> (after ->> 'deleted_at' IS NULL)
              )
            ORDER BY change DESC, seq DESC
            LIMIT 1
            """,
            id=id,
            kind=kind,
            number=number,
        )
        if row is not None:
            yield _obstacle(work, row)


def _obstacle(work: Work, row: Row) -> Obstacle:
    (found,) = entries.read(work, [row])
    label = found.label(work, entries.names_of(work, [found]))
    return Obstacle(
        found.change, f"{found.did} {label} ({found.id})" if label else f"{found.did} {found.id}"
    )
