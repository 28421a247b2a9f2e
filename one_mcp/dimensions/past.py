"""The past: an entity and its tags as they were, read back from the log of changes."""

from one_mcp import clock, jsons
from one_mcp.dimensions import subjects, tags
from one_mcp.errors import NotFoundError
from one_mcp.store.work import Row, Work


def entity(work: Work, id: str, at: int) -> Row:
    """Return the entity's row as it was at a time: before the first change that came later.

    Raises NotFoundError where it was not there yet, or not any more.
    """
    later = work.one(
        """
        SELECT change_rows.before
        FROM change_rows
        JOIN changes ON changes.number = change_rows.change
        WHERE change_rows.organization_id = :organization
          AND changes.organization_id = :organization
          AND change_rows.row_id = :id
          AND change_rows.kind = 'entity'
          AND changes.at > :at
        ORDER BY change_rows.change, change_rows.row
        LIMIT 1
        """,
        id=id,
        at=at,
    )
    if later is None:
        return subjects.any_state(work, id)
    before = {} if later["before"] is None else jsons.load_object(later["before"])
    if not before:  # it was created later, or a purge has emptied its images
        raise NotFoundError(
            f"There was no {id} at {clock.to_text(at)}; get_history shows when it came and went.",
            id=id,
        )
    return before


def tags_of(work: Work, id: str, at: int) -> list[str]:
    """List the tags that an entity had at a time, by taking back what came later."""
    carried = set(tags.of(work, id))
    later = work.all(
        """
        SELECT change_rows.before, change_rows.after
        FROM change_rows
        JOIN changes ON changes.number = change_rows.change
        WHERE change_rows.organization_id = :organization
          AND changes.organization_id = :organization
          AND change_rows.row_id = :id
          AND change_rows.kind = 'tag'
          AND changes.at > :at
        ORDER BY change_rows.change DESC, change_rows.row DESC
        """,
        id=id,
        at=at,
    )
    for row in later:
        tag = jsons.load_object(row["before"] or row["after"])
        text = f"{tag['key']}:{tag['value']}"
        if row["before"] is None:
            carried.discard(text)
        else:
            carried.add(text)
    return sorted(carried)
