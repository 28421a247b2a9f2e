"""Differences: what changes did to single rows, field by field, and the events they recorded."""

from collections import defaultdict
from collections.abc import Sequence

from one_mcp import ids
from one_mcp.answers import Answer
from one_mcp.dimensions.changes import entries
from one_mcp.dimensions.changes.log import NEWEST
from one_mcp.jsons import JsonObject
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work


class Difference(Answer):
    """What a change did to one row. `fields` has [before, after] of everything that differs.

    `purged` says that a purge emptied this, and which.
    """

    id: str
    kind: str
    did: str
    type: str | None = None
    name: str | None = None
    fields: JsonObject | None = None
    purged: str | None = None


def by_change(work: Work, rows: Sequence[Row]) -> dict[int, list[Difference]]:
    """Tell rows of the log by the number of their change."""
    found: dict[int, list[Difference]] = defaultdict(list)
    for row, told in zip(rows, of_rows(work, rows), strict=True):
        found[row["change"]].append(told)
    return found


def of_rows(work: Work, rows: Sequence[Row]) -> list[Difference]:
    """Tell rows of the log, each by itself."""
    found = entries.read(work, rows)
    names = entries.names_of(work, found)
    return [
        Difference(
            id=one.id,
            kind=one.kind,
            did=one.did,
            type=str(one.image["type"]) if "type" in one.image else None,
            name=one.label(work, names),
            fields=one.fields(work.ontology) or None,
            purged=None if one.purged_by is None else ids.change(one.purged_by),
        )
        for one in found
    ]


def of_events(work: Work, numbers: Sequence[int], limit: int) -> dict[int, list[Difference]]:
    """List the first events of changes, by the number of the change."""
    rows = work.all(
        f"""
        SELECT
            events.id, events.type, events.version,
            coalesce(entities.name, events.target_id) AS target
        FROM {dialect.each_number("numbers", "number")}
        CROSS JOIN events
        LEFT JOIN entities
          ON entities.organization_id = :organization
         AND entities.id = events.target_id
        WHERE events.organization_id = :organization
          AND events.version = number.value
          -- up to the last of the first few, or to the newest where there are fewer
          AND events.seq <= coalesce(
              (
                  SELECT first.seq
                  FROM events AS first
                  WHERE first.organization_id = :organization
                    AND first.version = number.value
                  ORDER BY first.seq
                  LIMIT 1
                  OFFSET :beyond
              ),
              :newest
          )
        ORDER BY events.seq
        """,
        numbers=numbers,
        beyond=limit - 1,
        newest=NEWEST,
    )
    found: dict[int, list[Difference]] = defaultdict(list)
    for row in rows:
        found[row["version"]].append(
            Difference(
                id=row["id"], kind="event", did="recorded", type=row["type"], name=row["target"]
            )
        )
    return found
