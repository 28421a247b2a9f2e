"""Announcing: the events that entities record by themselves, of all that an import wrote."""

from collections.abc import Iterable

from one_mcp import ids, jsons
from one_mcp.dimensions.events import rows
from one_mcp.dimensions.events.rows import EventRow
from one_mcp.dimensions.exchange.context import Loading
from one_mcp.ontology import automatic
from one_mcp.ontology.automatic import Occasion
from one_mcp.store import dialect, patches
from one_mcp.store.work import BEGINS, Row, Work

ANNOUNCED = 1_000


def announce(loading: Loading) -> None:
    """Record the automatic events of all entities that the open change created or updated.

    None where the import itself has an event of the same type and target.
    """
    after: int | None = 0
    while after is not None:
        after = announce_some(loading, loading.work.change, after)


def announce_some(loading: Loading, change: int, after: int) -> int | None:
    """Do so for some of what one of the import's changes wrote; say after which row to go on."""
    written = _written(loading.work, change, after)
    expected = list(_automatic(loading.work, written))
    said = _said(loading.work, change, [event.target for event in expected])
    created = {row["row_id"] for row in written if row["created"]}
    new = [
        event
        for event in expected
        if not (own := said.get((event.type, event.target or "")))
        and (own is None or event.target not in created)  # a thing is created once, whoever told it
    ]
    rows.insert(loading.work, new)
    loading.report.created["automatic_events"] += len(new)
    return written[-1]["seq"] if len(written) == ANNOUNCED else None


def _written(work: Work, change: int, after: int) -> list[Row]:
    return work.all(
        f"""
        SELECT
            change_rows.seq, change_rows.row_id, change_rows.before,
            change_rows.before IS NULL AS created, entities.type, entities.properties,
            entities.created_at, entities.updated_at
        FROM change_rows
        JOIN entities
          ON entities.organization_id = change_rows.organization_id
         AND entities.id = change_rows.row_id
        WHERE change_rows.organization_id = :organization
          AND change_rows.change = :change
          AND change_rows.kind = 'entity'
          AND change_rows.seq > :after
        ORDER BY change_rows.seq
        {dialect.most("limit")}
        """,
        change=change,
        after=after,
        limit=ANNOUNCED,
    )


def _automatic(work: Work, written: list[Row]) -> Iterable[EventRow]:
    """Tell what came of lines, at the time that they say: it was not the import that made it so."""
    for row in written:
        found = automatic.event(work.ontology, _occasion(work, row))
        if found is not None:
            written_at = row["created_at"] if row["created"] else row["updated_at"]
            at = written_at if found.at is None else found.at
            yield EventRow(
                ids.new(ids.EVENT, work.now),
                found.type.name,
                work.principal.person,
                row["row_id"],
                found.metadata,
                min(at, work.now),
            )


def _occasion(work: Work, row: Row) -> Occasion:
    kind = work.ontology.entity_types[row["type"]]
    properties = jsons.load_object(row["properties"])
    if row["created"]:
        return Occasion(kind, "created", row["row_id"], properties)
    before = jsons.load_object(row["before"])
    patch = before.get("properties")
    changed = [
        *(name for name in ("name", "status", "external_id") if name in before),
        *(sorted(patches.keys(patch)) if isinstance(patch, list) else []),
    ]
    return Occasion(kind, "updated", row["row_id"], properties, changed)


def _said(work: Work, change: int, targets: list[str | None]) -> dict[tuple[str, str], bool]:
    """Find what was recorded about targets, and whether this import did that or the change's own.

    By the index of targets, since the import may be huge.
    """
    found = work.all(
        f"""
        SELECT events.type, events.target_id, max(
            CASE WHEN events.version = :open
                OR told.part_of = :first
                OR told.part_of = (
                    SELECT wrote.part_of
                    FROM change_log AS wrote
                    WHERE wrote.organization_id = :organization
                      AND wrote.number = :change
                )
            THEN 1 ELSE 0 END
        ) AS own
        FROM events
        LEFT JOIN change_log AS told
          ON told.organization_id = :organization
         AND told.number = events.version
        WHERE events.organization_id = :organization
          AND events.target_id {dialect.any_of("targets")}
          AND told.undone_by IS NULL
        GROUP BY events.type, events.target_id
        """,
        open=work.change,
        first=work.part_of or BEGINS,
        change=change,
        targets=targets,
    )
    return {(row["type"], row["target_id"]): bool(row["own"]) for row in found}
