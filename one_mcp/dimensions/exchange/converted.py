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
from one_mcp.store import dialect, property_values
from one_mcp.store.work import Row, Work

LOOKED_AT = 2_000  # the newest conversions, for lines that only what was known then tells of
_ENTRY = """
    change_rows.seq, change_rows.change, change_rows.kind, change_rows.row_id, change_rows.before,
    change_rows.after, change_rows.purged_by
"""
_OF_ROWS = f"""
    FROM {dialect.each("ids", "wanted")}
    CROSS JOIN change_rows {dialect.by_index("change_rows_by_row_id")}
"""
_OF_TYPES = f"""
    FROM {dialect.each("types", "wanted")}
    CROSS JOIN change_rows {dialect.by_index("change_rows_conversions")}
"""
_CONVERSIONS = """
    JOIN change_log
      ON change_log.organization_id = :organization
     AND change_log.number = change_rows.change
    LEFT JOIN change_log AS taken_back
      ON taken_back.organization_id = :organization
     AND taken_back.number = change_log.undoes
    WHERE change_rows.organization_id = :organization
      AND change_rows.kind = 'entity'
      AND change_rows.before ->> 'type' <> change_rows.after ->> 'type'
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


@dataclass(frozen=True, slots=True)
class Sought:
    """What the lines of a batch say of entities that may be of another type by now.

    Ids are those of lines, and of who has a line's external id; names have the line's type.
    """

    types: Collection[str]
    ids: Collection[str]
    names: Collection[tuple[str, str]]
    addresses: Collection[str]


class ConvertedEntities:
    """The live entities that were of some types once, by what lines say that told of them."""

    def __init__(self, work: Work, wanted: Sought) -> None:
        """Look for them by their ids, and by the names and addresses that they have now.

        What they were called before they were edited tells of the newest conversions only.
        """
        self._by_key: dict[tuple[str, str, str], _Once] = {}
        self._by_name: dict[tuple[str, str], list[_Once]] = defaultdict(list)
        self._of_type: dict[str, list[_Once]] = defaultdict(list)
        types = _with_conversions(work, wanted.types)
        if not types:
            return
        some = {*wanted.ids, *_named(work, wanted.names), *_with_address(work, wanted.addresses)}
        entries = _of_rows(work, types, some) if some else []
        if wanted.names or wanted.addresses:
            known = {entry["seq"] for entry in entries}
            entries += [it for it in _newest(work, types) if it["seq"] not in known]
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
    return {row["row_id"] for row in _of_rows(work, [type], ids)}


def _with_conversions(work: Work, types: Collection[str]) -> list[str]:
    """Return those of some types that entities were given another type instead of."""
    rows = work.all(
        f"""
        SELECT wanted.value AS type
        FROM {dialect.each("types", "wanted")}
        WHERE EXISTS (
            SELECT 1
            FROM change_rows
            WHERE change_rows.organization_id = :organization
              AND change_rows.kind = 'entity'
              AND change_rows.before ->> 'type' <> change_rows.after ->> 'type'
              AND change_rows.before ->> 'type' = wanted.value
        )
        """,
        types=sorted(types),
    )
    return [row["type"] for row in rows]


def _of_rows(work: Work, types: Collection[str], ids: Collection[str]) -> list[Row]:
    return work.all(
        f"""
        SELECT {_ENTRY}
        {_OF_ROWS}
        {_CONVERSIONS}
          AND change_rows.row_id = wanted.value
          AND change_rows.before ->> 'type' {dialect.any_of("types")}
        ORDER BY change_rows.seq DESC
        """,
        types=list(types),
        ids=list(ids),
    )


def _newest(work: Work, types: Collection[str]) -> list[Row]:
    return work.all(
        f"""
        SELECT {_ENTRY}
        {_OF_TYPES}
        {_CONVERSIONS}
          AND change_rows.before ->> 'type' = wanted.value
        ORDER BY change_rows.seq DESC
        {dialect.most("limit")}
        """,
        types=list(types),
        limit=LOOKED_AT,
    )


def _named(work: Work, names: Collection[tuple[str, str]]) -> list[str]:
    """List the live entities of a name that are not of the type that lines say."""
    rows = work.all(
        f"""
        SELECT entities.id
        FROM {dialect.each_list("names", "wanted")}
        CROSS JOIN entities
        WHERE entities.organization_id = :organization
          AND lower(entities.name) = lower(wanted.value ->> 1)
          AND entities.name = wanted.value ->> 1
          AND entities.type <> wanted.value ->> 0
          AND entities.deleted_at IS NULL
        """,
        names=sorted(names),
    )
    return [row["id"] for row in rows]


def _with_address(work: Work, addresses: Collection[str]) -> list[str]:
    """List the entities with what is an identity in the type that lines say, if it is indexed."""
    if not addresses:
        return []
    names = {it.identity for it in work.ontology.entity_types.values() if it.identity}
    indexed = property_values.indexed(work, sorted(names), None)
    rows = work.all(
        f"""
        SELECT entities.id
        FROM {dialect.each_number("fields", "field")}
        CROSS JOIN {dialect.each("addresses", "wanted")}
        CROSS JOIN property_texts
        CROSS JOIN entities
        WHERE property_texts.organization_id = :organization
          AND property_texts.field = field.value
          AND property_texts.value = substr(wanted.value, 1, :longest)
          AND {dialect.unindexed("entities.organization_id")} = :organization
          AND entities.seq = property_texts.entity
        """,
        fields=[field.number for some in indexed.values() for field in some],
        addresses=sorted(addresses),
        longest=property_values.LONGEST,
    )
    return [row["id"] for row in rows]


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
