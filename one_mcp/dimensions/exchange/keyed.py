"""Keyed lines: which entity a line means that names the values it is known by."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from one_mcp import jsons
from one_mcp.errors import BrokenLineError, ConflictError, shown
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work

NAME = "name"
ROW = "seq, id, type, name, properties, status, external_id, deleted_at, version"


@dataclass(frozen=True, slots=True)
class Key:
    """What a line is known by: the type of its entity, and the values of some of its fields."""

    type: str
    fields: tuple[str, ...]
    values: tuple[JsonValue, ...]

    @property
    def what(self) -> str:
        return " and ".join(self.fields)

    @property
    def text(self) -> str:
        return jsons.dumps([self.type, self.values])


def key(type: str, fields: Sequence[str], name: str, properties: JsonObject) -> Key:
    """Read the key of a line; raises BrokenLineError where a value is missing."""
    values = [name if field == NAME else properties.get(field) for field in fields]
    for field, value in zip(fields, values, strict=True):
        if value is None or isinstance(value, list | dict):
            raise BrokenLineError(f"{shown(field)} is the key, and this row has no single value.")
    return Key(type, tuple(fields), tuple(values))


class KeyedEntities:
    """The live entities that the keys of a batch name."""

    def __init__(self, work: Work, keys: Sequence[Key]) -> None:
        self._rows: dict[tuple[tuple[str, ...], str], list[Row]] = defaultdict(list)
        groups: dict[tuple[str, tuple[str, ...]], list[Key]] = defaultdict(list)
        for each in keys:
            groups[each.type, each.fields].append(each)
        for (type, fields), wanted in groups.items():
            for row in _candidates(work, type, fields[0], [each.values[0] for each in wanted]):
                properties = jsons.load_object(row["properties"])
                values = [row[NAME] if field == NAME else properties.get(field) for field in fields]
                self._rows[fields, jsons.dumps([type, values])].append(row)

    def find(self, key: Key) -> Row | None:
        """Return the entity that a key names; raises ConflictError where there are several."""
        found = self._rows.get((key.fields, key.text), [])
        if len(found) > 1:
            some = ", ".join(row["id"] for row in found[:3])
            raise ConflictError(
                f"{len(found)} entities have the same {key.what} ({some}); name a key that one has."
            )
        return found[0] if found else None


def _candidates(work: Work, type: str, field: str, values: list[JsonValue]) -> list[Row]:
    """List the live entities of a type with one of some values in a field."""
    place = "name" if field == NAME else "properties ->> :field"
    return work.all(
        f"""
        SELECT {ROW}
        FROM entities
        WHERE organization_id = :organization
          AND type = :type
          AND deleted_at IS NULL
          AND {place} {dialect.any_of("values")}
        """,
        type=type,
        field=field,
        values=values,
    )
