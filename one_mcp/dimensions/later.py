"""Later changes: which of them did something to a row since a change, and what."""

from collections.abc import Iterator
from dataclasses import dataclass

from one_mcp.dimensions import changes, logged
from one_mcp.dimensions.logged import Logged
from one_mcp.store.work import Row, Work

# fragments for queries that call the change's own rows of the log `mine`
SAME_ROW = """
    newer.organization_id = :organization
    AND newer.row_id = mine.row_id
    AND newer.kind = mine.kind
    AND (
        mine.kind <> 'tag'
        OR coalesce(newer.after, newer.before) = coalesce(mine.after, mine.before)
    )
"""
FIRST_OF_ITS_ROW = f"""
    NOT EXISTS (
        SELECT 1
        FROM change_rows AS newer
        WHERE {SAME_ROW}
          AND newer.change = :number
          AND newer.row < mine.row
    )
"""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A change, and what it did that stands in the way."""

    change: int
    what: str


def since(work: Work, number: int, mine: Row) -> Iterator[Obstacle]:
    """Name the changes to one row since a change that are still in effect."""
    rows = work.all(
        f"""
        SELECT {changes.ROW}, undone_by, undoes
        FROM change_rows
        JOIN changes
          ON changes.organization_id = change_rows.organization_id
         AND changes.number = change_rows.change
        WHERE change_rows.organization_id = :organization
          AND row_id = :id
          AND kind = :kind
          AND (kind <> 'tag' OR coalesce(after, before) = :image)
          AND change > :number
        ORDER BY row DESC
        """,
        id=mine["row_id"],
        kind=mine["kind"],
        image=mine["image"],
        number=number,
    )
    undone = {row["change"] for row in rows if row["undone_by"] is not None}
    effective = [row for row in rows if not undone & {row["change"], row["undoes"]}]
    for row in effective or rows[:1]:
        yield _obstacle(work, row)


def taking(work: Work, number: int, field: str, taker: Row) -> Iterator[Obstacle]:
    """Name the change by which an entity took an identity or external id."""
    for row in work.all(
        f"""
        SELECT {changes.ROW}
        FROM change_rows
        WHERE organization_id = :organization
          AND row_id = :id
          AND kind = 'entity'
          AND change > :number
          AND json_extract(after, '$.{field}') = :value
          AND json_extract(before, '$.{field}') IS NOT :value
        ORDER BY row DESC
        LIMIT 1
        """,
        id=taker["id"],
        value=taker["value"],
        number=number,
    ):
        yield _obstacle(work, row)


def turns(work: Work, number: int, entity_ids: list[str]) -> Iterator[Obstacle]:
    """Name the newest change by which each entity was removed, archived or restored."""
    for id in entity_ids:
        row = work.one(
            f"""
            SELECT {changes.ROW}
            FROM change_rows
            WHERE organization_id = :organization
              AND row_id = :id
              AND kind = 'entity'
              AND change > :number
              AND (
                  after IS NULL
                  OR (json_extract(before, '$.deleted_at') IS NULL)
                  <> (json_extract(after, '$.deleted_at') IS NULL)
              )
            ORDER BY row DESC
            LIMIT 1
            """,
            id=id,
            number=number,
        )
        if row is not None:
            yield _obstacle(work, row)


def _obstacle(work: Work, row: Row) -> Obstacle:
    found = Logged.from_row(row)
    label = found.label(work, logged.names_of(work, [found]))
    return Obstacle(
        found.change, f"{found.did} {label} ({found.id})" if label else f"{found.did} {found.id}"
    )
