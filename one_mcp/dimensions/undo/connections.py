"""Connections that follow: an undo that archives or restores an entity hides or shows them.

Those of which the log tells are written back; of an entity with very many it tells none.
"""

from one_mcp.dimensions.connections import hubs
from one_mcp.dimensions.entities import archive
from one_mcp.store.work import Work

LOOKED_AT = 10_000  # entities that one change turned


def follow(work: Work, number: int) -> None:
    """Let the connections of all entities follow that a change archived or restored."""
    for row in work.all(
        """
        SELECT DISTINCT entities.id, entities.deleted_at
        FROM change_rows
        CROSS JOIN entities
        WHERE change_rows.organization_id = :organization
          AND change_rows.change = :number
          AND change_rows.kind = 'entity'
          AND change_rows.before -> 'deleted_at' IS NOT NULL
          AND entities.organization_id = :organization
          AND entities.id = change_rows.row_id
        ORDER BY entities.id
        """,
        number=number,
    ):
        (archive.reveal if row["deleted_at"] is None else archive.conceal)(work, row["id"])


def coming_back(work: Work, number: int) -> list[str]:
    """List the archived entities with very many connections that the undo of a change restores."""
    rows = work.all(
        """
        SELECT DISTINCT entities.id
        FROM change_rows
        CROSS JOIN entities
        WHERE change_rows.organization_id = :organization
          AND change_rows.change = :number
          AND change_rows.kind = 'entity'
          AND change_rows.before -> 'deleted_at' IS NOT NULL
          AND change_rows.before ->> 'deleted_at' IS NULL
          AND entities.organization_id = :organization
          AND entities.id = change_rows.row_id
          AND entities.deleted_at IS NOT NULL
        ORDER BY entities.id
        LIMIT 100
        """,
        number=number,
    )
    return [row["id"] for row in rows if hubs.is_large(work, row["id"])]
