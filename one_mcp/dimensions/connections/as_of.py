"""As of: connections with their ends as they were at a time, by the log of changes (D-66)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from one_mcp import clock, ids
from one_mcp.dimensions import lookup
from one_mcp.dimensions.changes import images, past
from one_mcp.dimensions.connections.directions import SIDES, Followed, Way
from one_mcp.dimensions.connections.validity import Span
from one_mcp.errors import ArchivedError, InvalidArgumentError, NotFoundError
from one_mcp.store import dialect
from one_mcp.store.tables import CONNECTIONS
from one_mcp.store.work import Row, Work

MOST = 10_000
_COLUMNS = ", ".join(f"c.{name}" for name in CONNECTIONS.imaged)
Ends = tuple[str | None, str | None]  # what connections lead from and to; None for anything


@dataclass(frozen=True, slots=True)
class Past:
    """Connections as they were, and the entities at their ends."""

    rows: list[Row]
    entities: dict[str, Row]


def entities(work: Work, wanted: Collection[str], at: int) -> dict[str, Row]:
    """Read entities as they were at a time; those that were not there are left out."""
    first = past.first_after(work, at)
    then = {} if first is None else past.images_of(work, "entity", wanted, first)
    rows = work.all(
        f"""
        SELECT {lookup.COLUMNS}
        FROM entities
        WHERE organization_id = :organization
          AND id {dialect.any_of("wanted")}
        """,
        wanted=[id for id in wanted if id not in then],
    )
    return {row["id"]: row for row in rows} | {
        id: images.columns("entity", image) for id, image in then.items() if image is not None
    }


def require_live(work: Work, id: str, argument: str, at: int) -> Row:
    """Return an entity as it was; raises NotFoundError, or ArchivedError where it was archived."""
    row = entities(work, [id], at).get(id)
    if row is None:
        ids.require(id, argument, ids.ENTITY)
        raise NotFoundError(
            f"There was no {id} at {clock.to_text(at)}; get_history shows when it came and went.",
            id=id,
        )
    if row["deleted_at"] is not None:
        raise ArchivedError(
            f"{id} ({row['name'][:80]}) was archived at {clock.to_text(at)}; get_history shows "
            "since when.",
            id=id,
        )
    return row


def around(work: Work, whose: Sequence[str], scope: Followed, at: int) -> Past:
    """Read the connections that entities had at a time, and that held then."""
    found: dict[str, Row] = {}
    gone: set[str] = set()
    first = past.first_after(work, at)
    for way in scope.ways:
        found |= {row["id"]: row for row in _there(work, whose, scope, way)}
        gone |= {row["row_id"] for row in _gone(work, whose, scope, way, first)}
        _require_few(len(found.keys() | gone))
    return _as_they_were(work, found, gone, scope, at)


def between(work: Work, ends: Sequence[Ends], scope: Followed, at: int) -> Past:
    """Read the connections that led from and to some entities at a time, and that held then."""
    start, end = ends[0]
    if start is not None:
        out = "both" if len(ends) > 1 else "out"
        known = around(work, [start], replace(scope, direction=out), at)
    elif end is not None:
        known = around(work, [end], replace(scope, direction="in"), at)
    else:
        found = {row["id"]: row for row in _every(work, scope)}
        gone = {row["row_id"] for row in _every_gone(work, scope, past.first_after(work, at))}
        _require_few(len(found.keys() | gone))
        known = _as_they_were(work, found, gone, scope, at)
    rows = [row for row in known.rows if any(_fits(row, pair) for pair in ends)]
    rows.sort(key=lambda row: (row["created_at"], row["seq"]), reverse=True)
    return Past(rows, known.entities)


def _fits(row: Row, pair: Ends) -> bool:
    return pair[0] in (None, row["from_id"]) and pair[1] in (None, row["to_id"])


def _as_they_were(
    work: Work, found: dict[str, Row], gone: Iterable[str], scope: Followed, at: int
) -> Past:
    """Take back what came later; hidden is what has an archived end, whatever the row says."""
    first = past.first_after(work, at)
    if first is not None:
        wanted = [*found, *(id for id in gone if id not in found)]
        for id, image in past.images_of(work, "connection", wanted, first).items():
            if image is None:
                found.pop(id, None)
            else:
                found[id] = images.columns("connection", image)
    held_at = at if scope.valid_at is None else scope.valid_at
    rows = [
        row
        for row in found.values()
        if Span.of(row).holds(held_at) and (not scope.types or row["type"] in scope.types)
    ]
    ends = entities(work, {row[end] for row in rows for end in ("from_id", "to_id")}, at)
    live = {id: row for id, row in ends.items() if row["deleted_at"] is None}
    return Past([row for row in rows if row["from_id"] in live and row["to_id"] in live], live)


def _require_few(count: int) -> None:
    if count > MOST:
        raise InvalidArgumentError(
            f"as_of looks through up to {MOST:,} connections, and here are more; name types, one "
            "direction or other ends, or leave as_of out.",
            argument="as_of",
        )


def _there(work: Work, whose: Sequence[str], scope: Followed, way: Way) -> list[Row]:
    near, _, side = SIDES[way]
    index = f"connections_{side}_{'type' if scope.types else 'entity'}"
    typed = f"AND c.type {dialect.any_of('types')}" if scope.types else ""
    return work.all(
        f"""
        SELECT {_COLUMNS}
        FROM {dialect.each("whose", "f")}
        CROSS JOIN connections AS c {dialect.by_index(index)}
        WHERE c.organization_id = :organization
          AND c.{near} = f.value
          {typed}
        {dialect.most("most")}
        """,
        whose=list(whose),
        types=scope.types,
        most=MOST + 1,
    )


def _gone(
    work: Work, whose: Sequence[str], scope: Followed, way: Way, first: int | None
) -> list[Row]:
    """List the connections that were removed since; a merge removes them, and makes them anew."""
    near = SIDES[way][0]
    typed = f"AND change_rows.before ->> 'type' {dialect.any_of('types')}" if scope.types else ""
    if first is None:
        return []
    return work.all(
        f"""
        SELECT change_rows.row_id
        FROM {dialect.each("whose", "f")}
        CROSS JOIN change_rows
        WHERE change_rows.organization_id = :organization
          AND change_rows.kind = 'connection'
          AND change_rows.after IS NULL
          AND change_rows.before ->> '{near}' = f.value
          AND change_rows.change >= :first
          {typed}
        {dialect.most("most")}
        """,
        whose=list(whose),
        types=scope.types,
        first=first,
        most=MOST + 1,
    )


def _every(work: Work, scope: Followed) -> list[Row]:
    typed = f"AND c.type {dialect.any_of('types')}" if scope.types else ""
    return work.all(
        f"""
        SELECT {_COLUMNS}
        FROM connections AS c
        WHERE c.organization_id = :organization
          {typed}
        {dialect.most("most")}
        """,
        types=scope.types,
        most=MOST + 1,
    )


def _every_gone(work: Work, scope: Followed, first: int | None) -> list[Row]:
    typed = f"AND before ->> 'type' {dialect.any_of('types')}" if scope.types else ""
    if first is None:
        return []
    return work.all(
        f"""
        SELECT row_id
        FROM change_rows
        WHERE organization_id = :organization
          AND kind = 'connection'
          AND after IS NULL
          AND change >= :first
          {typed}
        {dialect.most("most")}
        """,
        types=scope.types,
        first=first,
        most=MOST + 1,
    )
