"""The past: rows as they were at a time, read back from the log of changes."""

from one_mcp import clock
from one_mcp.dimensions.changes import compaction, images
from one_mcp.errors import NotFoundError
from one_mcp.jsons import JsonObject
from one_mcp.store import dialect
from one_mcp.store.patches import IMAGE_EVERY
from one_mcp.store.work import Row, Work

# times rise with numbers, and entries are indexed by number; if nothing is later, this is NULL, and
# no entry fits
LATER = """
    change_rows.change >= (
        SELECT number
        FROM change_log
        WHERE organization_id = :organization
          AND at > :at
        ORDER BY at, number
        LIMIT 1
    )
"""


def image(work: Work, kind: str, id: str, at: int) -> JsonObject | None:
    """Return a row as it was at a time: before the first change that came later.

    None where nothing came later, and the row is as it is today. The way back starts from where the
    log has the row as a whole, or from the row of today. Raises NotFoundError where it was not
    there yet, or not any more.
    """
    compaction.require_known(work, at)
    later = work.all(
        f"""
        SELECT before, image, steps, purged_by
        FROM change_rows
        WHERE organization_id = :organization
          AND row_id = :id
          AND kind = :kind
          AND {LATER}
        ORDER BY change, seq
        {dialect.most("limit")}
        """,
        id=id,
        kind=kind,
        at=at,
        limit=IMAGE_EVERY,
    )
    if not later:
        return None
    if later[0]["before"] is None or later[0]["purged_by"] is not None:
        raise NotFoundError(
            f"There was no {id} at {clock.to_text(at)}; get_history shows when it came and went.",
            id=id,
        )
    return _first(work, kind, id, later)


def _first(work: Work, kind: str, id: str, later: list[Row]) -> JsonObject:
    """Return what the row was before the first of its changes."""
    whole = next((place for place, row in enumerate(later) if row["steps"] == 0), None)
    if whole is None:
        way, image = later, images.current(work, kind, [id])[id]
    else:
        way, start = later[:whole], later[whole]
        image = images.load(start["image"] or start["before"])
    for row in reversed(way):
        image = images.before(image, images.load(row["before"]))
    return image
