"""Conflicts: the later changes that stand in the way of undoing a change.

Each query streams over the rows of the change in the log and stops at the first few finds, so that
a change of a hundred thousand rows needs no more memory than one of two.
"""

from collections.abc import Iterator
from itertools import chain, islice

from one_mcp import jsons
from one_mcp.dimensions.undo import (
    connection_conflicts,
    document_conflicts,
    doubled,
    later_changes,
    tables,
)
from one_mcp.dimensions.undo.contents import Contents
from one_mcp.dimensions.undo.later_changes import Obstacle, Question
from one_mcp.store.tables import LOGGED
from one_mcp.store.work import Work

SHOWN = 10
LOOKED_AT = 1_000


def _version_now() -> str:
    """Write SQL for the version that the row of `mine` has now; NULL where it is gone."""
    cases = (
        f"""
        WHEN '{kind}' THEN (
            SELECT {table.name}.version
            FROM {table.name}
            WHERE {table.name}.organization_id = :organization
              AND {table.name}.{table.logged.row_id} = mine.row_id
        )
        """
        for kind, table in LOGGED.items()
        if table.logged is not None and not table.is_whole
    )
    return f"CASE mine.kind {' '.join(cases)} END"


def find(work: Work, number: int, contents: Contents) -> list[Obstacle]:
    """List up to ten changes that keep a change from being undone, the newest first."""
    found: dict[int, Obstacle] = {}
    _add(found, chain.from_iterable(find(work, number) for find in _questions(contents)))
    known = 0
    while known < len(found) < SHOWN:
        known = len(found)
        _add(found, later_changes.uncovered(work, number, list(found)))
    return sorted(found.values(), key=lambda obstacle: -obstacle.change)


def _questions(contents: Contents) -> Iterator[Question]:
    """List what has to be asked of a change that did this."""
    if contents.purged:
        yield _purged
    yield _changed
    if contents.has("entity", "made"):
        yield _tagged
    if contents.has_keys:
        yield _taken
    if contents.has("tag", "gone"):
        yield _bare
    yield from doubled.questions(contents)
    yield from connection_conflicts.questions(contents)
    yield from document_conflicts.questions(contents)


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
          AND {later_changes.FIRST_OF_ITS_ROW}
        """,
        number=number,
    ):
        yield Obstacle(row["change"], f"purged {row['row_id']} for good")


def _changed(work: Work, number: int) -> Iterator[Obstacle]:
    """Find rows that are no longer as the change left them.

    What has a version (0 where it is gone) is the same again when that is, also thanks to an undo:
    the next entry that keeps one, as those of an upgrade do not, has what this change left.
    """
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
              WHERE {later_changes.SAME_ROW}
                AND newer.change > :number
          )
          AND CASE -- such a row is there or not, so compare before the next change with now
              WHEN mine.kind IN {tables.WHOLE_KINDS} THEN (
                  SELECT newer.before IS NULL
                  FROM change_rows AS newer
                  WHERE {later_changes.SAME_ROW} AND newer.change > :number
                  ORDER BY newer.change, newer.seq
                  LIMIT 1
              ) <> (
                  SELECT newer.after IS NULL
                  FROM change_rows AS newer
                  WHERE {later_changes.SAME_ROW}
                  ORDER BY newer.change DESC, newer.seq DESC
                  LIMIT 1
              )
              ELSE coalesce(
                  (
                      SELECT coalesce(CAST(newer.before ->> 'version' AS BIGINT), 0)
                      FROM change_rows AS newer
                      WHERE {later_changes.SAME_ROW}
                        AND newer.change > :number
                        AND (newer.before IS NULL OR newer.before -> 'version' IS NOT NULL)
                      ORDER BY newer.change, newer.seq
                      LIMIT 1
                  ),
                  :number
              ) <> coalesce({_version_now()}, 0)
          END
        """,
        number=number,
    ):
        yield from later_changes.since(work, number, mine)


def _tagged(work: Work, number: int) -> Iterator[Obstacle]:
    """Find later tags of entities that would vanish."""
    for row in work.each(
        """
        SELECT tags.entity_id, tags.key, tags.value
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
                AND own.after ->> 'key' = tags.key
                AND own.after ->> 'value' = tags.value
          )
        """,
        number=number,
    ):
        image = jsons.dumps({name: row[name] for name in ("entity_id", "key", "value")})
        tag = {"row_id": row["entity_id"], "kind": "tag", "image": image}
        yield from islice(later_changes.since(work, number, tag), 1)


def _taken(work: Work, number: int) -> Iterator[Obstacle]:
    """Find entities that have taken an identity or external id that would come back.

    They belong to a type, so what comes back to its type may meet one with them, too.
    """
    for field in ("identity", "external_id"):
        for row in work.each(
            f"""
            SELECT taker.id, taker.{field} AS value
            FROM change_rows AS mine
            CROSS JOIN entities AS taker
            WHERE mine.organization_id = :organization
              AND mine.change = :number
              AND mine.kind = 'entity'
              AND (mine.before -> '{field}' IS NOT NULL OR mine.before -> 'type' IS NOT NULL)
              AND taker.organization_id = :organization
              AND taker.type = {later_changes.before_all("type")}
              AND taker.{field} = {later_changes.before_all(field)}
              AND taker.id <> mine.row_id
              AND {later_changes.untouched("taker.id", "entity")}
            """,
            number=number,
        ):
            yield from later_changes.taking(work, number, field, row)


def _bare(work: Work, number: int) -> Iterator[Obstacle]:
    """Find tags that would come back to an entity that is gone."""
    for row in work.each(
        f"""
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
          AND {later_changes.untouched("mine.row_id", "entity")}
        """,
        number=number,
    ):
        yield from later_changes.turns(work, number, [row["row_id"]])
