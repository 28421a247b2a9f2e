"""Conflicts of documents: what is filed or linked later, and what would come back to nothing.

Links and labels are rows without an id: one is the same as another if it says the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from one_mcp import jsons
from one_mcp.dimensions.undo import later_changes
from one_mcp.dimensions.undo.contents import Contents
from one_mcp.dimensions.undo.later_changes import Obstacle, Question
from one_mcp.store.work import Row, Work


@dataclass(frozen=True, slots=True)
class _Attachment:
    """A table of what hangs on documents, its kind in the log, and what tells its rows apart."""

    table: str
    kind: str
    columns: tuple[str, ...]

    @property
    def listed(self) -> str:
        return ", ".join(f"part.{column}" for column in self.columns)

    @property
    def is_own(self) -> str:
        """SQL for whether an entry of the log, called `own`, made the row that is called `part`."""
        return " AND ".join(f"own.after ->> '{name}' = part.{name}" for name in self.columns)

    def image(self, row: Row) -> str:
        """Return the image of a row as the log has it."""
        return jsons.dumps({column: row[column] for column in self.columns})


_LINKS = _Attachment("knowledge_links", "knowledge_link", ("knowledge_id", "entity_id", "role"))
_LABELS = _Attachment("knowledge_labels", "knowledge_label", ("knowledge_id", "key", "value"))


def questions(contents: Contents) -> Iterator[Question]:
    """List what has to be asked about documents, of a change that did this."""
    if contents.has("entity", "made"):
        yield _told_of
    if contents.has("knowledge", "made"):
        yield _filed
    if contents.has_keys:
        yield _taken
    if contents.has("knowledge_link", "gone") or contents.has("knowledge_label", "gone"):
        yield _bare


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


def _later(
    work: Work, number: int, part: _Attachment, made: str, written: str
) -> Iterator[Obstacle]:
    """Find parts that hang on rows which the change made, and were not written by it."""
    for row in work.each(
        f"""
        SELECT {part.listed}
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
                AND {part.is_own}
          )
        """,
        number=number,
    ):
        found = {"row_id": row["knowledge_id"], "kind": part.kind, "image": part.image(row)}
        yield from islice(later_changes.since(work, number, found), 1)


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
          AND taker.organization_id = :organization
          AND taker.source = mine.before ->> 'source'
          AND taker.source_id IS NULL
          AND taker.id <> mine.row_id
          AND {later_changes.first_with("source")}
          AND {later_changes.untouched("taker.id", "knowledge")}
        """,
        number=number,
    ):
        yield from later_changes.taking(work, number, "source", row, "knowledge")


def _bare(work: Work, number: int) -> Iterator[Obstacle]:
    """Find links and labels that would come back to a document or an entity that is gone."""
    for row in work.each(
        f"""
        SELECT
            mine.row_id AS document,
            mine.before ->> 'entity_id' AS entity,
            {_gone("knowledge", "mine.row_id")} AS document_gone,
            mine.kind = 'knowledge_link'
                AND {_gone("entities", "mine.before ->> 'entity_id'")} AS entity_gone
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
            yield from later_changes.turns(work, number, [row["document"]], "knowledge")
        if row["entity_gone"]:
            yield from later_changes.turns(work, number, [row["entity"]])


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
        AND {later_changes.untouched(id, kind)}
    )"""
