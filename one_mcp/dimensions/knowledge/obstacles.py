"""Obstacles that documents are: what is filed or linked later, and what would come back to nothing.

Links and labels are rows without an id: one is the same as another if it says the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

from one_mcp.dimensions import later
from one_mcp.dimensions.later import Obstacle
from one_mcp.store.work import Work


@dataclass(frozen=True, slots=True)
class _Part:
    """A table of what hangs on documents, its kind in the log, and SQL for its image there."""

    table: str
    kind: str
    image: str


_LINKS = _Part(
    "knowledge_links",
    "knowledge_link",
    "json_object('knowledge_id', part.knowledge_id, 'entity_id', part.entity_id, "
    "'role', part.role)",
)
_LABELS = _Part(
    "knowledge_labels",
    "knowledge_label",
    "json_object('knowledge_id', part.knowledge_id, 'key', part.key, 'value', part.value)",
)


def find(work: Work, number: int) -> Iterator[Obstacle]:
    """Find what about documents keeps a change from being undone."""
    return chain(
        _told_of(work, number), _filed(work, number), _taken(work, number), _bare(work, number)
    )


def _told_of(work: Work, number: int) -> Iterator[Obstacle]:
    """Find later links to entities that would vanish; texts of their own fields go with them."""
    written = """
        part.entity_id = mine.row_id
        AND EXISTS (
            SELECT 1
            FROM knowledge
            WHERE knowledge.organization_id = :organization
              AND knowledge.id = part.knowledge_id
              AND knowledge.source_id IS NULL
        )
    """
    return _later(work, number, _LINKS, "entity", written)


def _filed(work: Work, number: int) -> Iterator[Obstacle]:
    """Find later links and labels of documents that would vanish."""
    for part in (_LINKS, _LABELS):
        yield from _later(work, number, part, "knowledge", "part.knowledge_id = mine.row_id")


def _later(work: Work, number: int, part: _Part, made: str, written: str) -> Iterator[Obstacle]:
    """Find parts that hang on rows which the change made, and were not written by it."""
    for row in work.each(
        f"""
        SELECT part.knowledge_id AS row_id, '{part.kind}' AS kind, {part.image} AS image
        FROM change_rows AS mine
        CROSS JOIN {part.table} AS part
        WHERE mine.organization_id = :organization
          AND mine.change = :number
          AND mine.kind = '{made}'
          AND mine.before IS NULL
          AND mine.purged_by IS NULL
          AND part.organization_id = :organization
          AND {written}
          AND NOT EXISTS (
              SELECT 1
              FROM change_rows AS own
              WHERE own.organization_id = :organization
                AND own.row_id = part.knowledge_id
                AND own.change = :number
                AND own.kind = '{part.kind}'
                AND own.after = {part.image}
          )
        """,
        number=number,
    ):
        yield from islice(later.since(work, number, row), 1)


def _taken(work: Work, number: int) -> Iterator[Obstacle]:
    """Find documents that come from a source whose document would come back."""
    for row in work.each(
        f"""
        SELECT taker.id, taker.source AS value
        FROM change_rows AS mine
        CROSS JOIN knowledge AS taker
        WHERE mine.organization_id = :organization
          AND mine.change = :number
          AND mine.kind = 'knowledge'
          AND mine.before IS NOT NULL
          AND taker.organization_id = :organization
          AND taker.source = json_extract(mine.before, '$.source')
          AND taker.source_id IS NULL
          AND taker.id <> mine.row_id
          AND {later.FIRST_OF_ITS_ROW}
          AND NOT EXISTS (
              SELECT 1
              FROM change_rows AS own
              WHERE own.organization_id = :organization
                AND own.row_id = taker.id
                AND own.change = :number
                AND own.kind = 'knowledge'
          )
        """,
        number=number,
    ):
        yield from later.taking(work, number, "source", row, "knowledge")


def _bare(work: Work, number: int) -> Iterator[Obstacle]:
    """Find links and labels that would come back to a document or an entity that is gone."""
    for row in work.each(
        f"""
        SELECT
            mine.row_id AS document,
            json_extract(mine.before, '$.entity_id') AS entity,
            {_gone("knowledge", "mine.row_id")} AS document_gone,
            mine.kind = 'knowledge_link'
                AND {_gone("entities", "json_extract(mine.before, '$.entity_id')")} AS entity_gone
        FROM change_rows AS mine
        WHERE mine.organization_id = :organization
          AND mine.change = :number
          AND mine.kind IN ('knowledge_link', 'knowledge_label')
          AND mine.purged_by IS NULL
          AND mine.before IS NOT NULL
        """,
        number=number,
    ):
        if row["document_gone"]:
            yield from later.turns(work, number, [row["document"]], "knowledge")
        if row["entity_gone"]:
            yield from later.turns(work, number, [row["entity"]])


def _gone(table: str, id: str) -> str:
    """Write SQL for whether a row is not there, and will not be once the change is undone."""
    kind = "knowledge" if table == "knowledge" else "entity"
    return f"""(
        NOT EXISTS (
            SELECT 1
            FROM {table}
            WHERE {table}.organization_id = :organization
              AND {table}.id = {id}
        )
        AND NOT EXISTS (
            SELECT 1
            FROM change_rows AS own
            WHERE own.organization_id = :organization
              AND own.row_id = {id}
              AND own.change = :number
              AND own.kind = '{kind}'
        )
    )"""
