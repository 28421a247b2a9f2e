"""Doubled: what would come back beside what an import has brought again since.

Rows of an import may have no key, and its events may be known by nothing but what they say. A file
that was taken back and came again has made them anew, and no constraint tells.
"""

from collections.abc import Iterator

from one_mcp.dimensions.changes import log
from one_mcp.dimensions.undo.contents import Contents
from one_mcp.dimensions.undo.later_changes import Obstacle, Question
from one_mcp.errors import shown
from one_mcp.store import dialect
from one_mcp.store.work import Work

_IMPORTED = """
    made.organization_id = :organization
    AND made.number > :number
    AND made.tool = :tool
    AND made.undone_by IS NULL
"""
# the change is an undo, of what an import had made
_COMES_BACK = """
    EXISTS (
        SELECT 1
        FROM change_log AS undo
        CROSS JOIN change_rows AS born
        CROSS JOIN change_log AS first
        WHERE undo.organization_id = :organization
          AND undo.number = :number
          AND undo.undoes IS NOT NULL
          AND born.organization_id = :organization
          AND born.row_id = mine.row_id
          AND born.kind = mine.kind
          AND born.before IS NULL
          AND first.organization_id = :organization
          AND first.number = born.change
          AND first.tool = :tool
    )
"""


def questions(contents: Contents) -> Iterator[Question]:
    """List what has to be asked of a change that took away what an import may bring again."""
    if contents.has("entity", "gone"):
        yield _entities
    if contents.has("knowledge", "gone"):
        yield _documents
    if contents.has("retraction", "made"):
        yield _events


def _entities(work: Work, number: int) -> Iterator[Obstacle]:
    """Find entities of the same type and name; of very many the newest is looked at."""
    for row in work.each(
        f"""
        SELECT again.id, again.name, made.number AS change
        FROM change_rows AS mine
        CROSS JOIN entities AS again
        CROSS JOIN change_rows AS making {dialect.by_index("change_rows_by_row_id")}
        CROSS JOIN change_log AS made
        WHERE mine.organization_id = :organization
          AND mine.change = :number
          AND mine.kind = 'entity'
          AND mine.after IS NULL
          AND mine.purged_by IS NULL
          AND {_COMES_BACK}
          AND again.organization_id = :organization
          AND again.seq = (
              SELECT max(other.seq)
              FROM entities AS other
              WHERE other.organization_id = :organization
                AND other.type = mine.before ->> 'type'
                AND lower(other.name) = lower(mine.before ->> 'name')
                AND other.deleted_at IS NULL
          )
          AND making.organization_id = :organization
          AND making.row_id = again.id
          AND making.kind = 'entity'
          AND making.before IS NULL
          AND made.number = making.change
          AND {_IMPORTED}
        """,
        number=number,
        tool=log.IMPORT,
    ):
        yield Obstacle(row["change"], f"imported {row['id']} ({shown(row['name'])}) again")


def _documents(work: Work, number: int) -> Iterator[Obstacle]:
    """Find documents with the same title and text."""
    for row in work.each(
        f"""
        SELECT again.id, made.number AS change
        FROM change_rows AS mine
        CROSS JOIN knowledge AS again {dialect.by_index("knowledge_by_hash")}
        CROSS JOIN change_log AS made
        WHERE mine.organization_id = :organization
          AND mine.change = :number
          AND mine.kind = 'knowledge'
          AND mine.after IS NULL
          AND mine.purged_by IS NULL
          AND {_COMES_BACK}
          AND again.organization_id = :organization
          AND again.hash = mine.before ->> 'hash'
          AND again.title = mine.before ->> 'title'
          AND again.source_id IS NULL
          AND made.number = again.version
          AND {_IMPORTED}
        """,
        number=number,
        tool=log.IMPORT,
    ):
        yield Obstacle(row["change"], f"imported {row['id']} again")


def _events(work: Work, number: int) -> Iterator[Obstacle]:
    """Find events that say the same; one without a time happened when it was imported."""
    same = (
        ("events_by_external_id", "again.external_id = told.external_id"),
        (
            "events_by_type",
            "again.type = told.type AND again.at = told.at AND again.metadata = told.metadata",
        ),
        (
            "events_by_actor_type",
            """
            again.type = told.type AND again.at = made.at AND again.metadata = told.metadata
            AND told.at = first.at AND again.at >= told.at
            """,
        ),
    )
    for row in work.each(
        " UNION ALL ".join(
            f"""
            SELECT again.id, again.type, made.number AS change
            FROM change_rows AS mine
            CROSS JOIN events AS told
            CROSS JOIN change_log AS first
            CROSS JOIN events AS again {dialect.by_index(index)}
            CROSS JOIN change_log AS made
            WHERE mine.organization_id = :organization
              AND mine.change = :number
              AND mine.kind = 'retraction'
              AND mine.before IS NULL
              AND mine.purged_by IS NULL
              AND told.organization_id = :organization
              AND told.id = mine.row_id
              AND first.organization_id = :organization
              AND first.number = told.version
              AND first.tool = :tool
              AND again.organization_id = :organization
              AND again.actor_id = told.actor_id
              AND again.target_id IS NOT DISTINCT FROM told.target_id
              AND {condition}
              AND made.number = again.version
              AND {_IMPORTED}
            """
            for index, condition in same
        ),
        number=number,
        tool=log.IMPORT,
    ):
        yield Obstacle(row["change"], f"imported {row['id']} ({row['type']}) again")
