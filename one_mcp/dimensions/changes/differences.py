"""Differences: what changes did to single rows, field by field, and the events they recorded."""

from collections import defaultdict
from collections.abc import Sequence

from one_mcp import ids, jsons
from one_mcp.answers import Answer
from one_mcp.dimensions.changes import entries
from one_mcp.dimensions.changes.entries import Logged
from one_mcp.dimensions.changes.log import NEWEST
from one_mcp.jsons import JsonObject
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work

FEW_FIELDS, MANY_FIELDS = 2_000, 30_000  # characters of a row's fields, of many rows or of few


class Difference(Answer):
    """What a change did to one row. `fields` has [before, after] of everything that differs.

    `more_fields` counts those that a short answer has no room for; the history of the change itself
    shows more of them. `purged` says that a purge emptied this, and which.
    """

    id: str
    kind: str
    did: str
    type: str | None = None
    name: str | None = None
    fields: JsonObject | None = None
    more_fields: int | None = None
    purged: str | None = None


def by_change(
    work: Work, rows: Sequence[Row], number: str = "change"
) -> dict[int, list[Difference]]:
    """Tell rows of the log by the number in one of their columns, a few fields of each."""
    found: dict[int, list[Difference]] = defaultdict(list)
    for row, told in zip(rows, of_rows(work, rows, FEW_FIELDS), strict=True):
        found[row[number]].append(told)
    return found


def of_rows(work: Work, rows: Sequence[Row], room: int = MANY_FIELDS) -> list[Difference]:
    """Tell rows of the log, each by itself, with as many of its fields as there is room for."""
    found = entries.read(work, rows)
    names = entries.names_of(work, found)
    return [_told(work, one, names, room) for one in found]


def _told(work: Work, one: Logged, names: dict[str, str], room: int) -> Difference:
    fields = one.fields(work.ontology)
    shown: JsonObject = {}
    for name, sides in fields.items():
        room -= len(jsons.dumps({name: sides}))
        if room < 0 and shown:
            break
        shown[name] = sides
    return Difference(
        id=one.id,
        kind=one.kind,
        did=one.did,
        type=str(one.image["type"]) if "type" in one.image else None,
        name=one.label(work, names),
        fields=shown or None,
        more_fields=len(fields) - len(shown) or None,
        purged=None if one.purged_by is None else ids.change(one.purged_by),
    )


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
