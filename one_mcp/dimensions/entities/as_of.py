"""As of: an entity and its tags as they were at a time."""

from one_mcp import jsons
from one_mcp.dimensions import lookup
from one_mcp.dimensions.changes import images, past
from one_mcp.dimensions.entities import tags
from one_mcp.store.work import Row, Work


def entity(work: Work, id: str, at: int) -> Row:
    """Return the entity's row as it was at a time.

    Raises NotFoundError where it was not there yet, or not any more.
    """
    image = past.image(work, "entity", id, at)
    return lookup.any_state(work, id) if image is None else images.columns("entity", image)


def tags_of(work: Work, id: str, at: int) -> list[str]:
    """List the tags that an entity had at a time, by taking back what came later."""
    carried = set(tags.of(work, id))
    later = work.all(
        f"""
        SELECT before, after
        FROM change_rows
        WHERE organization_id = :organization
          AND row_id = :id
          AND kind = 'tag'
          AND {past.LATER}
        ORDER BY change DESC, seq DESC
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
