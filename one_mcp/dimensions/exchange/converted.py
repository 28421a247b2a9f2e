"""Converted entities: those that were of a line's type until somebody gave them another one.

A line that told of such an entity before means it still, and changes nothing unless it says
something new.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from one_mcp import jsons
from one_mcp.dimensions.changes import images
from one_mcp.dimensions.exchange import keyed, likeness
from one_mcp.dimensions.exchange.context import RowSet
from one_mcp.dimensions.exchange.former import Former
from one_mcp.dimensions.exchange.keyed import NAME, ROW, Key
from one_mcp.dimensions.exchange.likeness import Likely
from one_mcp.jsons import JsonObject
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work

LOOKED_AT = 2_000  # conversions from the types of a batch, the newest
_CONVERTED = f"""
    FROM {dialect.each("types", "wanted")}
    CROSS JOIN change_rows {dialect.by_index("change_rows_conversions")}
    JOIN change_log
      ON change_log.organization_id = :organization
     AND change_log.number = change_rows.change
    LEFT JOIN change_log AS taken_back
      ON taken_back.organization_id = :organization
     AND taken_back.number = change_log.undoes
    WHERE change_rows.organization_id = :organization
      AND change_rows.kind = 'entity'
      AND change_rows.before ->> 'type' <> change_rows.after ->> 'type'
      AND change_rows.before ->> 'type' = wanted.value
      AND change_rows.purged_by IS NULL
      -- what an undo took back was no conversion, unless that was undone
      AND change_log.undone_by IS NULL
      AND (change_log.undoes IS NULL OR taken_back.undoes IS NOT NULL)
"""


@dataclass(frozen=True, slots=True)
class _Once:
    """An entity as it is now, and as it was: when it was made, and before it was converted."""

    row: Row
    images: tuple[JsonObject, ...]  # before it was converted, and if the log has it, when made
    since: int

    @property
    def former(self) -> Former:
        return Former(self.row, self.row["id"], self.images[0], self.since)


class ConvertedEntities:
    """The live entities that were of some types once, by what lines say that told of them."""

    def __init__(self, work: Work, types: Collection[str]) -> None:
        self._by_key: dict[tuple[str, str, str], _Once] = {}
        self._by_name: dict[tuple[str, str], list[_Once]] = defaultdict(list)
        self._of_type: dict[str, list[_Once]] = defaultdict(list)
        entries = _entries(work, types) if types else []
        if not entries:
            return
        ids = [entry["row_id"] for entry in entries]
        rows, made = _live(work, ids), likeness.makings(work, ids)
        left = images.left(work, [*entries, *made])
        first = {it["row_id"]: left[it["seq"]] for it in made if it["seq"] in left}
        for entry in entries:
            id = entry["row_id"]
            if id in rows and entry["seq"] in left:
                before = images.before(left[entry["seq"]], images.load(entry["before"]))
                some = (before, first[id]) if id in first else (before,)
                self._keep(str(before["type"]), _Once(rows[id], some, entry["change"]))

    def _keep(self, type: str, once: _Once) -> None:
        self._of_type[type].append(once)
        for image in once.images:
            for what in ("id", "external_id", "identity"):
                if image.get(what) is not None:
                    self._by_key.setdefault((type, what, str(image[what])), once)
        for name in {str(image["name"]) for image in once.images}:
            self._by_name[type, name].append(once)

    def known(self, type: str, what: str, value: str | None) -> Former | None:
        """Return the entity that had an id, external id or identity as one of a type."""
        found = value and self._by_key.get((type, what, value))
        return found.former if found else None

    def keyed(self, key: Key) -> Former | None:
        """Return the entity that a key named while it was of the key's type."""
        for once in self._of_type.get(key.type, ()):
            for image in once.images:
                properties = image["properties"]
                fields = properties if isinstance(properties, dict) else {}
                values = [image[NAME] if it == NAME else fields.get(it) for it in key.fields]
                if keyed.text(key.type, values) == key.text:
                    return once.former
        return None

    def alike(self, line: Likely, taken: RowSet) -> Row | None:
        """Return the first entity that was what a line says, and that no other line took."""
        for once in self._by_name.get((line.type, line.name), ()):
            said = any(jsons.same(image["properties"], line.properties) for image in once.images)
            if said and once.row["seq"] not in taken:
                return once.row
        return None


def were_once(work: Work, type: str, ids: Collection[str]) -> set[str]:
    """Tell which of some entities were of a type before they were converted."""
    rows = work.all(
        f"""
        SELECT DISTINCT change_rows.row_id
        {_CONVERTED}
          AND change_rows.row_id {dialect.any_of("ids")}
        """,
        types=[type],
        ids=list(ids),
    )
    return {row["row_id"] for row in rows}


def _entries(work: Work, types: Collection[str]) -> list[Row]:
    return work.all(
        f"""
        SELECT
            change_rows.seq, change_rows.change, change_rows.kind, change_rows.row_id,
            change_rows.before, change_rows.after, change_rows.purged_by
        {_CONVERTED}
        ORDER BY change_rows.seq DESC
        {dialect.most("limit")}
        """,
        types=list(types),
        limit=LOOKED_AT,
    )


def _live(work: Work, ids: Collection[str]) -> dict[str, Row]:
    rows = work.all(
        f"""
        SELECT {ROW}
        FROM entities
        WHERE organization_id = :organization
          AND id {dialect.any_of("ids")}
          AND deleted_at IS NULL
        """,
        ids=list(ids),
    )
    return {row["id"]: row for row in rows}
