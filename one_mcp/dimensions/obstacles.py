"""Obstacles: the later changes that stand in the way of undoing a change.

Each query streams over the rows of the change in the log and stops at the first few finds, so that
a change of a hundred thousand rows needs no more memory than one of two.
"""

from collections.abc import Iterator
from itertools import chain, islice

from one_mcp.dimensions import later
from one_mcp.dimensions.knowledge import obstacles as documents
from one_mcp.dimensions.later import Obstacle
from one_mcp.store.work import Work

SHOWN = 10
LOOKED_AT = 1_000


def _state_of(end: str) -> str:
    """Write SQL for the state an end of `mine` will have: live, archived or gone."""
    return f"""coalesce(
        (
            SELECT iif(json_extract(own.before, '$.deleted_at') IS NULL, 'live', 'archived')
            FROM change_rows AS own
            WHERE own.organization_id = :organization
              AND own.row_id = json_extract(mine.before, '$.{end}')
              AND own.change = :number
              AND own.kind = 'entity'
              AND own.before IS NOT NULL
            ORDER BY own.row
            LIMIT 1
        ),
        (
            SELECT iif(entities.deleted_at IS NULL, 'live', 'archived')
            FROM entities
            WHERE entities.organization_id = :organization
              AND entities.id = json_extract(mine.before, '$.{end}')
        ),
        'gone'
    )"""


def find(work: Work, number: int) -> list[Obstacle]:
    """List up to ten changes that keep a change from being undone, the newest first."""
    found: dict[int, Obstacle] = {}
    everything = chain(
        _purged(work, number),
        _changed(work, number),
        _attached(work, number),
        _tagged(work, number),
        _taken(work, number),
        _doubled(work, number),
        _ends(work, number),
        _bare(work, number),
        documents.find(work, number),
    )
    _add(found, everything)
    known = 0
    while known < len(found) < SHOWN:
        known = len(found)
        _add(found, later.uncovered(work, number, list(found)))
    return sorted(found.values(), key=lambda obstacle: -obstacle.change)


def _add(found: dict[int, Obstacle], more: Iterator[Obstacle]) -> None:
    for obstacle in islice(more, LOOKED_AT):
        found.setdefault(obstacle.change, obstacle)
        if len(found) == SHOWN:
            return


def _purged(work: Work, number: int) -> Iterator[Obstacle]:
    """Find what a purge emptied: it cannot be brought back.

    A document comes back without its links to what was purged.
    """
    for row in work.each(
        f"""
        SELECT mine.purged_by AS change, mine.row_id
        FROM change_rows AS mine
        WHERE mine.organization_id = :organization
          AND mine.change = :number
          AND mine.purged_by IS NOT NULL
          AND mine.before IS NOT NULL
          AND mine.kind <> 'knowledge_link'
          AND {later.FIRST_OF_ITS_ROW}
        """,
        number=number,
    ):
        yield Obstacle(row["change"], f"purged {row['row_id']} for good")


def _changed(work: Work, number: int) -> Iterator[Obstacle]:
    """Find rows that are no longer as the change left them."""
    for mine in work.each(
        f"""
        SELECT mine.kind, mine.row_id, coalesce(mine.after, mine.before) AS image
        FROM change_rows AS mine
        WHERE mine.organization_id = :organization
          AND mine.change = :number
          AND mine.purged_by IS NULL
          AND EXISTS (
              SELECT 1
              FROM change_rows AS newer
              WHERE {later.SAME_ROW}
                AND newer.change > :number
          )
          AND (
              SELECT newer.after
              FROM change_rows AS newer
              WHERE {later.SAME_ROW}
              ORDER BY newer.change DESC, newer.row DESC
              LIMIT 1
          ) IS NOT (
              SELECT newer.after
              FROM change_rows AS newer
              WHERE {later.SAME_ROW}
                AND newer.change = :number
              ORDER BY newer.row DESC
              LIMIT 1
          )
        """,
        number=number,
    ):
        yield from later.since(work, number, mine)


def _attached(work: Work, number: int) -> Iterator[Obstacle]:
    """Find later connections of entities that would vanish."""
    for end in ("from_id", "to_id"):
        for row in work.each(
            f"""
            SELECT connections.id AS row_id, 'connection' AS kind, NULL AS image
            FROM change_rows AS mine
            CROSS JOIN connections
            WHERE mine.organization_id = :organization
              AND mine.change = :number
              AND mine.kind = 'entity'
              AND mine.purged_by IS NULL
              AND connections.organization_id = :organization
              AND connections.{end} = mine.row_id
              AND connections.version > :number
              AND (
                  mine.before IS NULL
                  OR json_extract(mine.before, '$.deleted_at') IS NOT NULL
                  AND connections.deleted_at IS NULL
              )
            """,
            number=number,
        ):
            yield from later.since(work, number, row)


def _tagged(work: Work, number: int) -> Iterator[Obstacle]:
    """Find later tags of entities that would vanish."""
    for row in work.each(
        """
        SELECT tags.entity_id, json_object(
            'entity_id', tags.entity_id, 'key', tags.key, 'value', tags.value
        ) AS image
        FROM change_rows AS mine
        CROSS JOIN tags
        WHERE mine.organization_id = :organization
          AND mine.change = :number
          AND mine.kind = 'entity'
          AND mine.before IS NULL
          AND tags.organization_id = :organization
          AND tags.entity_id = mine.row_id
          AND NOT EXISTS (
              SELECT 1
              FROM change_rows AS own
              WHERE own.organization_id = :organization
                AND own.row_id = mine.row_id
                AND own.change = :number
                AND own.kind = 'tag'
                AND own.after = json_object(
                    'entity_id', tags.entity_id, 'key', tags.key, 'value', tags.value
                )
          )
        """,
        number=number,
    ):
        tag = {"row_id": row["entity_id"], "kind": "tag", "image": row["image"]}
        yield from islice(later.since(work, number, tag), 1)


def _taken(work: Work, number: int) -> Iterator[Obstacle]:
    """Find entities that have taken an identity or external id that would come back."""
    for field in ("identity", "external_id"):
        for row in work.each(
            f"""
            SELECT taker.id, taker.{field} AS value
            FROM change_rows AS mine
            CROSS JOIN entities AS taker
            WHERE mine.organization_id = :organization
              AND mine.change = :number
              AND mine.kind = 'entity'
              AND mine.before IS NOT NULL
              AND taker.organization_id = :organization
              AND taker.type = json_extract(mine.before, '$.type')
              AND taker.{field} = json_extract(mine.before, '$.{field}')
              AND taker.id <> mine.row_id
              AND {later.FIRST_OF_ITS_ROW}
              AND NOT EXISTS (
                  SELECT 1
                  FROM change_rows AS own
                  WHERE own.organization_id = :organization
                    AND own.row_id = taker.id
                    AND own.change = :number
                    AND own.kind = 'entity'
              )
            """,
            number=number,
        ):
            yield from later.taking(work, number, field, row)


def _doubled(work: Work, number: int) -> Iterator[Obstacle]:
    """Find connections that were made anew between the same two entities."""
    for row in work.each(
        f"""
        SELECT other.id AS row_id, 'connection' AS kind, NULL AS image
        FROM change_rows AS mine
        CROSS JOIN connections AS other
        WHERE mine.organization_id = :organization
          AND mine.change = :number
          AND mine.kind = 'connection'
          AND mine.before IS NOT NULL
          AND other.organization_id = :organization
          AND other.from_id = json_extract(mine.before, '$.from_id')
          AND other.to_id = json_extract(mine.before, '$.to_id')
          AND other.type = json_extract(mine.before, '$.type')
          AND other.id <> mine.row_id
          AND other.version > :number
          AND {later.FIRST_OF_ITS_ROW}
        """,
        number=number,
    ):
        yield from later.since(work, number, row)


def _ends(work: Work, number: int) -> Iterator[Obstacle]:
    """Find connections that would come back to ends that are gone or archived."""
    for row in work.each(
        f"""
        SELECT from_id, to_id, from_state, to_state
        FROM (
            SELECT
                json_extract(mine.before, '$.from_id') AS from_id,
                json_extract(mine.before, '$.to_id') AS to_id,
                json_extract(mine.before, '$.deleted_at') IS NULL AS visible,
                {_state_of("from_id")} AS from_state,
                {_state_of("to_id")} AS to_state
            FROM change_rows AS mine
            WHERE mine.organization_id = :organization
              AND mine.change = :number
              AND mine.kind = 'connection'
              AND mine.purged_by IS NULL
              AND mine.before IS NOT NULL
              AND {later.FIRST_OF_ITS_ROW}
        )
        WHERE 'gone' IN (from_state, to_state)
           OR (visible AND 'archived' IN (from_state, to_state))
        """,
        number=number,
    ):
        ends = {row["from_id"]: row["from_state"], row["to_id"]: row["to_state"]}
        wrong = [id for id, state in ends.items() if state != "live"]
        yield from later.turns(work, number, wrong)


def _bare(work: Work, number: int) -> Iterator[Obstacle]:
    """Find tags that would come back to an entity that is gone."""
    for row in work.each(
        """
        SELECT mine.row_id
        FROM change_rows AS mine
        WHERE mine.organization_id = :organization
          AND mine.change = :number
          AND mine.kind = 'tag'
          AND mine.purged_by IS NULL
          AND mine.before IS NOT NULL
          AND NOT EXISTS (
              SELECT 1
              FROM entities
              WHERE entities.organization_id = :organization
                AND entities.id = mine.row_id
          )
          AND NOT EXISTS (
              SELECT 1
              FROM change_rows AS own
              WHERE own.organization_id = :organization
                AND own.row_id = mine.row_id
                AND own.change = :number
                AND own.kind = 'entity'
          )
        """,
        number=number,
    ):
        yield from later.turns(work, number, [row["row_id"]])
