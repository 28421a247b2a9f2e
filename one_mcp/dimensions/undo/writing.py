"""Writing back: each row of a change becomes what it was, the last write of the change first."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby

from one_mcp.dimensions.changes import images, touched
from one_mcp.dimensions.undo import tables
from one_mcp.jsons import JsonObject
from one_mcp.store.work import Row, Work

STEPS = 500  # held in memory at a time, of a change of any size
CHARACTERS = 8 * 1024**2
_Write = tuple[str, str, JsonObject]  # kind, what to do, columns


def write_back(work: Work, number: int) -> None:
    """Make each row what it was before the change, down to its number and version."""
    for steps in _some(_steps(work, number)):
        made = [it["row_id"] for it in steps if (it["kind"], it["act"]) == ("entity", "delete")]
        if made:
            touched.texts(work, made)
        for (kind, act), writes in groupby(_writes(work, steps), key=lambda write: write[:2]):
            statement = getattr(tables.TABLES[kind], act)
            work.many(statement, (columns for _, _, columns in writes))


def _steps(work: Work, number: int) -> Iterator[Row]:
    """Stream what has to be done to each row, the last write of the change first."""
    return work.each(
        f"""
        SELECT
            kind,
            row_id,
            CASE
                WHEN before IS NULL THEN 'delete'
                WHEN after IS NULL THEN 'insert'
                ELSE 'update'
            END AS act,
            CASE
                -- all of such a row is key, and its deletion needs it
                WHEN kind IN {tables.WHOLE_KINDS} THEN coalesce(before, after)
                ELSE before
            END AS kept
        FROM change_rows
        WHERE organization_id = :organization
          AND change = :number
          AND purged_by IS NULL
        ORDER BY seq DESC
        """,
        number=number,
    )


def _some(steps: Iterator[Row]) -> Iterator[list[Row]]:
    """Cut the steps into lots of a size that memory has room for."""
    lot: list[Row] = []
    characters = 0
    for step in steps:
        lot.append(step)
        characters += len(step["kept"] or "")
        if len(lot) == STEPS or characters > CHARACTERS:
            yield lot
            lot, characters = [], 0
    if lot:
        yield lot


def _writes(work: Work, steps: list[Row]) -> list[_Write]:
    """Say what to write, step by step: what a row becomes follows from what it is by then."""
    now = _now(work, steps)
    writes: list[_Write] = []
    for step in steps:
        kind, id, act = step["kind"], step["row_id"], step["act"]
        kept: JsonObject = (
            {tables.row_id(kind): id} if step["kept"] is None else images.load(step["kept"])
        )
        image = images.before(now.get((kind, id), {}), kept) if act == "update" else kept
        now[kind, id] = image
        writes.append((kind, act, images.columns(kind, image)))
    return writes


def _now(work: Work, steps: list[Row]) -> dict[tuple[str, str], JsonObject]:
    """Read the rows that are to be changed as they are now."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for step in steps:
        if step["act"] == "update":
            wanted[step["kind"]].add(step["row_id"])
    return {
        (kind, id): image
        for kind, some in wanted.items()
        for id, image in images.current(work, kind, sorted(some)).items()
    }
