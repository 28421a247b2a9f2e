"""Likeness: which rows lines without a key mean, so that repeating an import changes nothing.

A line is known by what it says and by its place among equal lines: of two equal rows that are there
the first is the first line's, the second the second's, and a third line is new.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from one_mcp import jsons
from one_mcp.dimensions.changes import images
from one_mcp.dimensions.exchange import export
from one_mcp.dimensions.exchange.context import RowSet
from one_mcp.jsons import JsonObject
from one_mcp.ontology import currencies
from one_mcp.store import dialect
from one_mcp.store.work import BEGINS, Row, Work

EDITED = 2_000  # rows of the names of a batch, of which the log is asked what they were at first
_ENTITY = f"""
    entities.seq, entities.id, entities.type, entities.name, entities.properties, entities.status,
    entities.external_id, entities.deleted_at, entities.version,
    (
        SELECT {dialect.json_list("key || ':' || value")}
        FROM tags
        WHERE tags.organization_id = :organization
          AND tags.entity_id = entities.id
    ) AS tags
"""
_NOT_OWN = """
    entities.version <> :open
    AND NOT EXISTS (
        SELECT 1
        FROM change_log AS own
        WHERE own.organization_id = :organization
          AND own.number = entities.version
          AND own.part_of = :first
    )
"""


@dataclass(frozen=True, slots=True)
class Likely:
    """What an entity would be if the line made it."""

    type: str
    name: str
    status: str | None
    properties: JsonObject
    tags: frozenset[str]


class AlikeEntities:
    """The live entities that are what lines of a batch say, or were so when they were made."""

    def __init__(self, work: Work, wanted: Sequence[Likely]) -> None:
        """Look for what lines want among what the import itself has not written."""
        self._rows: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
        self._made: dict[tuple[str, str], list[tuple[Row, JsonObject]]] = defaultdict(list)
        names = sorted({(it.type, it.name) for it in wanted})
        texts = sorted({text for it in wanted for text in _texts(it.properties)})
        for row in _same(work, names, texts) if wanted else ():
            kept = currencies.folded(jsons.load_object(row["properties"]))
            self._rows[row["type"], row["name"], jsons.dumps(kept)].append(row)
        if wanted and sum(map(len, self._rows.values())) < len(wanted):
            self._look_back(work, names)

    def take(self, line: Likely, taken: RowSet) -> Row | None:
        """Return the first row like a line that no other line took."""
        for row in self._rows.get((line.type, line.name, jsons.dumps(line.properties)), ()):
            if row["seq"] not in taken and _fits(row, line):
                return row
        for row, properties in self._made.get((line.type, line.name), ()):
            if row["seq"] not in taken and jsons.same(
                currencies.folded(properties), line.properties
            ):
                return row
        return None

    def _look_back(self, work: Work, names: list[tuple[str, str]]) -> None:
        edited = {row["id"]: row for row in _edited(work, names)}
        made = makings(work, list(edited))
        left = images.left(work, made)
        for entry in made:
            row, properties = edited[entry["row_id"]], left.get(entry["seq"], {}).get("properties")
            if isinstance(properties, dict):
                self._made[row["type"], row["name"]].append((row, properties))


def _texts(properties: JsonObject) -> set[str]:
    """Write properties as they may be stored: older currencies are in small letters."""
    code = properties.get(currencies.FIELD)
    small = {currencies.FIELD: code.lower()} if isinstance(code, str) else {}
    return {jsons.dumps(properties), jsons.dumps({**properties, **small})}


def _fits(row: Row, line: Likely) -> bool:
    return (line.status is None or row["status"] == line.status) and line.tags.issubset(
        export.tags(row)
    )


def _same(work: Work, names: list[tuple[str, str]], texts: list[str]) -> list[Row]:
    return work.all(
        f"""
        SELECT {_ENTITY}
        FROM {dialect.each_list("wanted", "wanted")}
        CROSS JOIN entities
        WHERE entities.organization_id = :organization
          AND entities.type = wanted.value ->> 0
          AND lower(entities.name) = lower(wanted.value ->> 1)
          AND entities.name = wanted.value ->> 1
          AND entities.deleted_at IS NULL
          AND {_NOT_OWN}
          AND entities.properties {dialect.any_of("texts")}
        ORDER BY entities.seq
        """,
        wanted=names,
        texts=texts,
        open=work.change,
        first=work.part_of or BEGINS,
    )


def _edited(work: Work, names: list[tuple[str, str]]) -> list[Row]:
    return work.all(
        f"""
        SELECT {_ENTITY}
        FROM {dialect.each_list("wanted", "wanted")}
        CROSS JOIN entities
        WHERE entities.organization_id = :organization
          AND entities.type = wanted.value ->> 0
          AND lower(entities.name) = lower(wanted.value ->> 1)
          AND entities.name = wanted.value ->> 1
          AND entities.deleted_at IS NULL
          AND {_NOT_OWN}
          AND entities.updated_at > entities.created_at
        ORDER BY entities.seq
        {dialect.most("limit")}
        """,
        wanted=names,
        open=work.change,
        first=work.part_of or BEGINS,
        limit=EDITED,
    )


def makings(work: Work, entity_ids: list[str]) -> list[Row]:
    """Read the entries of the log that made some entities, the newest of each."""
    rows = work.all(
        f"""
        SELECT seq, change, kind, row_id, before, after, purged_by
        FROM change_rows
        WHERE organization_id = :organization
          AND row_id {dialect.any_of("ids")}
          AND kind = 'entity'
          AND before IS NULL
        ORDER BY change, seq
        """,
        ids=entity_ids,
    )
    return list({row["row_id"]: row for row in rows}.values())


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """An event as a line tells it; without a time it happened when it was recorded."""

    type: str
    actor: str
    target: str | None
    at: int | None
    metadata: JsonObject


class AlikeEvents:
    """The events that say what lines of a batch say, and that no undo has taken back."""

    def __init__(self, work: Work, wanted: Iterable[ToldEvent]) -> None:
        """Look for what lines want among what the import itself has not recorded."""
        wanted = list(wanted)
        self._rows: dict[tuple[str, str, str | None, int | None], list[Row]] = defaultdict(list)
        timed = sorted({(it.type, it.at) for it in wanted if it.at is not None})
        for row in _at(work, timed) if timed else ():
            self._rows[row["type"], row["actor_id"], row["target_id"], row["at"]].append(row)
        untimed = sorted({(it.type, it.target or "") for it in wanted if it.at is None})
        for row in _untimed(work, untimed) if untimed else ():
            self._rows[row["type"], row["actor_id"], row["target_id"], None].append(row)

    def take(self, line: ToldEvent, taken: RowSet) -> Row | None:
        """Return the first event like a line that no other line took."""
        for row in self._rows.get((line.type, line.actor, line.target, line.at), ()):
            if row["seq"] not in taken and jsons.same(
                currencies.folded(jsons.load_object(row["metadata"])), line.metadata
            ):
                return row
        return None


_EVENT = """
    events.seq, events.id, events.type, events.actor_id, events.target_id, events.at,
    events.metadata, events.external_id, events.version, change_log.undone_by
"""
_OF_CHANGE = """
    JOIN change_log
      ON change_log.organization_id = :organization
     AND change_log.number = events.version
     AND change_log.undone_by IS NULL
     AND change_log.part_of IS DISTINCT FROM :first
"""


def _at(work: Work, wanted: list[tuple[str, int]]) -> list[Row]:
    return work.all(
        f"""
        SELECT {_EVENT}
        FROM {dialect.each_list("wanted", "wanted")}
        CROSS JOIN events {dialect.by_index("events_by_type")}
        {_OF_CHANGE}
        WHERE events.organization_id = :organization
          AND events.type = wanted.value ->> 0
          AND events.at = CAST(wanted.value ->> 1 AS BIGINT)
        ORDER BY events.seq
        """,
        wanted=wanted,
        first=work.part_of or BEGINS,
    )


def _untimed(work: Work, wanted: list[tuple[str, str]]) -> list[Row]:
    """Read events that happened when they were recorded, by type and target ("" for none)."""
    arms = (
        ("events_by_target_type", "events.target_id = wanted.value ->> 1"),
        ("events_by_type", "events.target_id IS NULL AND wanted.value ->> 1 = ''"),
    )
    return work.all(
        " UNION ALL ".join(
            f"""
            SELECT {_EVENT}
            FROM {dialect.each_list("wanted", "wanted")}
            CROSS JOIN events {dialect.by_index(index)}
            {_OF_CHANGE}
            WHERE events.organization_id = :organization
              AND events.type = wanted.value ->> 0
              AND {condition}
              AND events.at = change_log.at
            """
            for index, condition in arms
        )
        + " ORDER BY seq",
        wanted=wanted,
        first=work.part_of or BEGINS,
    )
