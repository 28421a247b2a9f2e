"""Connections that follow: an undo that archives or restores an entity hides or shows them.

Those of which the log tells are written back; of an entity with very many it tells none.
"""

from one_mcp.dimensions.connections import hubs
from one_mcp.dimensions.entities import archive
from one_mcp.store import sight
from one_mcp.store.work import Work


def follow(work: Work, number: int) -> int:
    """Let the connections of all entities follow that a change archived or restored.

    Returns how many did of which the log tells nothing.
    """
    followed = 0
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
        id = row["id"]
        if row["deleted_at"] is not None:
            followed += archive.conceal(work, id)
            continue
        was_marked = hubs.is_marked(work, id)
        shown, _ = archive.reveal(work, id)
        followed += shown - (_written_back(work, number, id) if was_marked else 0)
    return followed


def _written_back(work: Work, number: int, id: str) -> int:
    """Count the connections of an entity that an undo has written back from the log, in sight."""
    return work.value(
        f"""
        SELECT count(DISTINCT connections.id)
        FROM change_rows
        CROSS JOIN connections
        WHERE change_rows.organization_id = :organization
          AND change_rows.change = :number
          AND change_rows.kind = 'connection'
          AND connections.organization_id = :organization
          AND connections.id = change_rows.row_id
          AND :id IN (connections.from_id, connections.to_id)
          AND {sight.visible("connections")}
        """,
        number=number,
        id=id,
    )


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
