"""Purging: a document is gone for good, also from what history remembers."""

from one_mcp.access import Permission
from one_mcp.dimensions import changes
from one_mcp.dimensions.archive import Purged
from one_mcp.dimensions.knowledge import texts
from one_mcp.errors import ConfirmationError, ConflictError, NotFoundError
from one_mcp.jsons import load_object
from one_mcp.ontology.names import shown
from one_mcp.store.work import Work


def purge(work: Work, id: str, confirm: str) -> Purged:
    """Remove a document with its passages, links and labels, and what the change log knows of it.

    One that was forgotten before is still in the log, and can be purged from there. Raises
    ConfirmationError unless `confirm` is the document's title or id, ConflictError for the text of
    an entity, which goes with the entity.
    """
    work.principal.require(Permission.ADMIN)
    title, chunks = _present(work, id) or _forgotten(work, id)
    if confirm.strip() not in (title, id):
        raise ConfirmationError(
            f"To purge {id} ({shown(title)}) for good, with all that is known of it, send "
            f'confirm="{id}" or the exact title. To forget it can be taken back.',
            id=id,
            confirm=id,
        )
    work.touch(id, *_linked(work, id))
    work.run("DELETE FROM knowledge WHERE organization_id = :organization AND id = :id", id=id)
    changes.forget(work, id)
    return Purged(id=id, passages=chunks)


def _present(work: Work, id: str) -> tuple[str, int] | None:
    try:
        row = texts.one(work, id)
    except NotFoundError:
        return None
    if row["source_id"] is not None:
        raise ConflictError(
            f"{id} is the {row['source_field']} of {row['source_id']}, and goes when that is "
            "purged, or when the field is emptied.",
            id=id,
            entity=row["source_id"],
        )
    return row["title"], texts.count_chunks(work, row["row"])


def _forgotten(work: Work, id: str) -> tuple[str, int]:
    """Return the title that a document had when it was removed; raises NotFoundError."""
    last = work.value(
        """
        SELECT before
        FROM change_rows
        WHERE organization_id = :organization
          AND row_id = :id
          AND kind = 'knowledge'
          AND purged_by IS NULL
          AND after IS NULL
        ORDER BY row DESC
        LIMIT 1
        """,
        id=id,
    )
    if last is None:
        raise NotFoundError(f"There is no document {id}; find it with search_knowledge.", id=id)
    return str(load_object(last)["title"]), 0


def _linked(work: Work, id: str) -> list[str]:
    rows = work.all(
        """
        SELECT DISTINCT entity_id
        FROM knowledge_links
        WHERE organization_id = :organization
          AND knowledge_id = :id
        """,
        id=id,
    )
    return [row["entity_id"] for row in rows]
