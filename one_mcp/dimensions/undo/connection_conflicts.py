"""Conflicts of connections: made later, made anew, or about to come back to a lost end."""

from collections.abc import Iterator

from one_mcp.dimensions.undo import later_changes
from one_mcp.dimensions.undo.contents import Contents
from one_mcp.dimensions.undo.later_changes import Obstacle, Question
from one_mcp.store.work import Work

# the state that a row had before the change hid, showed or removed it; NULL where it did not
_STATE_BEFORE = """(
    SELECT CASE WHEN own.before ->> 'deleted_at' IS NULL THEN 'live' ELSE 'archived' END
    FROM change_rows AS own
    WHERE own.organization_id = :organization
      AND {row}
      AND own.change = :number
      AND own.before -> 'deleted_at' IS NOT NULL
    ORDER BY own.seq
    LIMIT 1
)"""


def _was(column: str) -> str:
    """Write SQL for what a column that never changes was in a row which the change removed."""
    return f"""(
        SELECT own.before ->> '{column}'
        FROM change_rows AS own
        WHERE own.organization_id = :organization
          AND own.row_id = mine.row_id
          AND own.change = :number
          AND own.before -> '{column}' IS NOT NULL
        ORDER BY own.seq
        LIMIT 1
    )"""


def _state_of(end: str) -> str:
    """Write SQL for the state that an end will have: live, archived or gone."""
    return f"""coalesce(
        {_STATE_BEFORE.format(row=f"own.row_id = {end}")},
        (
            SELECT CASE WHEN entities.deleted_at IS NULL THEN 'live' ELSE 'archived' END
            FROM entities
            WHERE entities.organization_id = :organization
              AND entities.id = {end}
        ),
        'gone'
    )"""


def questions(contents: Contents) -> Iterator[Question]:
    """List what has to be asked about connections, of a change that did this."""
    if contents.has("entity", "made", "turned"):
        yield _attached
    if contents.has("connection", "gone"):
        yield _doubled
    if contents.has("connection", "gone", "turned"):
        yield _ends


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
              AND (mine.before IS NULL OR mine.before ->> 'deleted_at' IS NOT NULL)
              AND (mine.before IS NULL OR connections.deleted_at IS NULL)
            """,
            number=number,
        ):
            yield from later_changes.since(work, number, row)


def _doubled(work: Work, number: int) -> Iterator[Obstacle]:
    """Find connections that were made anew between the same two entities."""
    for row in work.each(
        """
        SELECT other.id AS row_id, 'connection' AS kind, NULL AS image
        FROM change_rows AS mine
        CROSS JOIN connections AS other
        WHERE mine.organization_id = :organization
          AND mine.change = :number
          AND mine.kind = 'connection'
          AND mine.after IS NULL
          AND other.organization_id = :organization
          AND other.from_id = mine.before ->> 'from_id'
          AND other.to_id = mine.before ->> 'to_id'
          AND other.type = mine.before ->> 'type'
          AND other.id <> mine.row_id
          AND other.version > :number
          AND NOT EXISTS (
              SELECT 1
              FROM change_rows AS own
              WHERE own.organization_id = :organization
                AND own.row_id = mine.row_id
                AND own.change = :number
                -- a connection that the change made itself does not come back
                AND own.before IS NULL
          )
        """,
        number=number,
    ):
        yield from later_changes.since(work, number, row)


def _ends(work: Work, number: int) -> Iterator[Obstacle]:
    """Find connections that would come back to ends that are gone or archived."""
    for row in work.each(
        f"""
        SELECT from_id, to_id, from_state, to_state
        FROM (
            SELECT
                from_id, to_id, state,
                {_state_of("from_id")} AS from_state,
                {_state_of("to_id")} AS to_state
            FROM (
                SELECT
                    coalesce({_was("from_id")}, there.from_id) AS from_id,
                    coalesce({_was("to_id")}, there.to_id) AS to_id,
                    coalesce(
                        {_STATE_BEFORE.format(row="own.row_id = mine.row_id")},
                        CASE WHEN there.deleted_at IS NULL THEN 'live' ELSE 'archived' END
                    ) AS state
                FROM change_rows AS mine
                LEFT JOIN connections AS there
                  ON there.organization_id = :organization
                 AND there.id = mine.row_id
                WHERE mine.organization_id = :organization
                  AND mine.change = :number
                  AND mine.kind = 'connection'
                  AND mine.purged_by IS NULL
                  AND mine.before IS NOT NULL
                  AND {later_changes.FIRST_OF_ITS_ROW}
            ) AS back
        ) AS ended
        WHERE 'gone' IN (from_state, to_state)
           OR state = 'live' AND 'archived' IN (from_state, to_state)
        """,
        number=number,
    ):
        ends = {row["from_id"]: row["from_state"], row["to_id"]: row["to_state"]}
        wrong = [id for id, state in ends.items() if state != "live"]
        yield from later_changes.turns(work, number, wrong)
