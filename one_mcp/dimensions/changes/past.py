"""The past: rows as they were at a time, read back from the log of changes."""

from collections.abc import Collection

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


def images_of(
    work: Work, kind: str, ids: Collection[str], first: int
) -> dict[str, JsonObject | None]:
    """Return what rows were before the first of their changes from a number on.

    None stands for one that was not there, or that a purge emptied; one that has not changed since
    is not in the answer.
    """
    entries = work.all(
        f"""
        SELECT
            entry.seq, entry.change, entry.kind, entry.row_id, entry.before, entry.after,
            entry.image, entry.purged_by
        FROM {dialect.each("ids", "wanted")}
        CROSS JOIN change_rows AS entry
        WHERE {dialect.unindexed("entry.organization_id")} = :organization
          AND entry.seq = (
              SELECT later.seq
              FROM change_rows AS later
              WHERE later.organization_id = :organization
                AND later.row_id = wanted.value
                AND later.kind = :kind
                AND later.change >= :first
              ORDER BY later.change, later.seq
              LIMIT 1
          )
        """,
        ids=list(ids),
        kind=kind,
        first=first,
    )
    left = images.left(work, entries)
    return {entry["row_id"]: _before(entry, left) for entry in entries}


def first_after(work: Work, at: int) -> int | None:
    """Return the number of the first change after a time, or nothing where there is none.

    Raises InvalidArgumentError for a time of which it is not known any more what there was.
    """
    compaction.require_known(work, at)
    return work.value(
        """
        SELECT number
        FROM change_log
        WHERE organization_id = :organization
          AND at > :at
        ORDER BY at, number
        LIMIT 1
        """,
        at=at,
    )


def _before(entry: Row, left: dict[int, JsonObject]) -> JsonObject | None:
    if entry["before"] is None or entry["purged_by"] is not None:
        return None
    kept = images.load(entry["before"])
    if entry["after"] is None:
        return kept
    return images.before(left[entry["seq"]], kept)
