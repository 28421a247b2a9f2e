"""Many connections: an entity with very many is purged in parts, out of sight from the first on."""

from one_mcp.access import Permission
from one_mcp.answers import Written
from one_mcp.dimensions import lookup
from one_mcp.dimensions.changes import touched
from one_mcp.dimensions.connections import hubs
from one_mcp.dimensions.entities import archive
from one_mcp.dimensions.purge import traces
from one_mcp.dimensions.purge.purge import confirmed
from one_mcp.store import dialect
from one_mcp.store.work import Work

SLICE = 200


class Removed(Written):
    """How many connections a part of a purge has removed; none at the end."""

    connections: int


def is_large(work: Work, id: str) -> bool:
    """Tell whether an entity has more connections than one transaction should remove."""
    return hubs.count(work, id) > hubs.MANY or hubs.is_large(work, id)


def begin(work: Work, id: str, confirm: str) -> Removed:
    """Take an entity that is purged out of sight with its connections.

    Raises ConfirmationError unless `confirm` is the name or the id.
    """
    work.principal.require(Permission.ADMIN)
    work.keeps_reason = False
    row = confirmed(work, id, confirm)
    if row["deleted_at"] is None:
        work.run(
            """
            UPDATE entities
            SET status = :archived, status_before = status, deleted_at = :now, version = :change
            WHERE organization_id = :organization
              AND id = :id
            """,
            id=id,
            archived=lookup.ARCHIVED,
            now=work.now,
            change=work.change,
        )
        hubs.hide(work, id)
    return Removed(connections=0)


def take(work: Work, id: str) -> Removed:
    """Remove a slice of the connections of an entity that is purged, with what history knows."""
    work.principal.require(Permission.ADMIN)
    for end in archive.ENDS:
        gone = [
            row["id"]
            for row in work.all(
                f"""
                SELECT id
                FROM connections
                WHERE organization_id = :organization
                  AND {end} = :id
                ORDER BY created_at
                {dialect.most("slice")}
                """,
                id=id,
                slice=SLICE,
            )
        ]
        if gone:
            work.run(
                f"""
                DELETE FROM connections
                WHERE organization_id = :organization
                  AND id {dialect.any_of("gone")}
                """,
                gone=gone,
            )
            traces.of_connections(work, gone)
            work.touch(touched.EVERYTHING)
            return Removed(connections=len(gone))
    return Removed(connections=0)
