"""Keyed lines: which entity a line means that names the values it is known by."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from one_mcp import jsons
from one_mcp.dimensions.exchange.key_maps import Keyed, KeyMaps
from one_mcp.errors import BrokenLineError, ConflictError, shown
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology import addresses
from one_mcp.store import dialect, property_values
from one_mcp.store.property_values import Field, Range
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
        return text(self.type, self.values)


def key(type: str, fields: Sequence[str], name: str, properties: JsonObject) -> Key:
    """Read the key of a line; raises BrokenLineError where a value is missing."""
    values = [name if field == NAME else properties.get(field) for field in fields]
    for field, value in zip(fields, values, strict=True):
        if value is None or isinstance(value, list | dict):
            raise BrokenLineError(f"{shown(field)} is the key, and this row has no single value.")
    return Key(type, tuple(fields), tuple(values))


def text(type: str, values: Sequence[JsonValue]) -> str:
    """Write the values of a key as they are compared."""
    return jsons.dumps([type, [addresses.folded(value) for value in values]])


def prepared(work: Work, wanted: Iterable[Keyed]) -> KeyMaps:
    """Read what is to be known of entities by keys that no index has, before anything is written.

    The names are those of files: aliases, and types that there are not, too.
    """
    maps = KeyMaps()
    for type, given in wanted:
        kind = work.ontology.entity_types.get(type)
        if kind is None:
            continue
        names = {alias: known.name for known in kind.properties.values() for alias in known.aliases}
        fields = tuple(names.get(field, field) for field in given)
        if NAME not in fields and not property_values.indexed(work, fields, kind.name):
            maps.prepare(work, [(kind.name, fields)])
    return maps


class KeyedEntities:
    """The live entities that the keys of a batch name."""

    def __init__(self, work: Work, keys: Sequence[Key], maps: KeyMaps) -> None:
        self._rows: dict[tuple[tuple[str, ...], str], list[Row]] = defaultdict(list)
        groups: dict[tuple[str, tuple[str, ...]], list[Key]] = defaultdict(list)
        for each in keys:
            groups[each.type, each.fields].append(each)
        for (type, fields), wanted in groups.items():
            for row in _candidates(work, (type, fields), wanted, maps):
                properties = jsons.load_object(row["properties"])
                values = [row[NAME] if field == NAME else properties.get(field) for field in fields]
                self._rows[fields, text(type, values)].append(row)

    def find(self, key: Key) -> Row | None:
        """Return the entity that a key names; raises ConflictError where there are several."""
        found = self._rows.get((key.fields, key.text), [])
        if len(found) > 1:
            some = ", ".join(row["id"] for row in found[:3])
            raise ConflictError(
                f"{len(found)} entities have the same {key.what} ({some}); name a key that one has."
            )
        return found[0] if found else None


def _candidates(work: Work, keyed: Keyed, wanted: Sequence[Key], maps: KeyMaps) -> list[Row]:
    """List the live entities of a type that may have the values of one of some keys.

    By the index of names, or of a property; without any, by what the import has read itself.
    """
    type, fields = keyed
    if NAME in fields:
        place = fields.index(NAME)
        return _named(work, type, [str(each.values[place]) for each in wanted])
    indexed = property_values.indexed(work, fields, type)
    for place, field in enumerate(fields):
        given: JsonObject = {"in": [each.values[place] for each in wanted]}
        found = property_values.ranges(given, single=True, listed=False) if field in indexed else []
        if found:
            return _valued(work, indexed[field], found[0])
    return _by_number(work, maps.seqs(work, keyed, (each.values for each in wanted)))


def _named(work: Work, type: str, names: list[str]) -> list[Row]:
    return work.all(
        f"""
        SELECT {", ".join(f"entities.{column}" for column in ROW.split(", "))}
        FROM {dialect.each("names", "wanted")}
        CROSS JOIN entities
        WHERE entities.organization_id = :organization
          AND entities.type = :type
          AND lower(entities.name) = lower(wanted.value)
          AND entities.name = wanted.value
          AND entities.deleted_at IS NULL
        ORDER BY entities.seq
        """,
        type=type,
        names=sorted(set(names)),
    )


def _valued(work: Work, fields: Sequence[Field], ranges: Sequence[Range]) -> list[Row]:
    given: dict[str, object] = {}

    def bind(value: object) -> str:
        name = f"v{len(given)}"
        given[name] = value
        return f":{name}"

    return work.all(
        f"""
        SELECT {ROW}
        FROM entities
        WHERE organization_id = :organization
          AND seq IN ({property_values.rows(ranges, fields, bind)})
          AND deleted_at IS NULL
        ORDER BY seq
        """,
        **given,
    )


def _by_number(work: Work, seqs: list[int]) -> list[Row]:
    return work.all(
        f"""
        SELECT {ROW}
        FROM entities
        WHERE organization_id = :organization
          AND seq {dialect.any_of("seqs")}
          AND deleted_at IS NULL
        ORDER BY seq
        """,
        seqs=seqs,
    )
