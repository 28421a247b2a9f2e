"""Key maps: where the entities are that have the values of a key, by properties without an index.

All entities of a type are read once for an import, before its first transaction if it knows its
keys by then; later only those that were written since.
"""

from collections.abc import Iterable, Sequence

from one_mcp import jsons
from one_mcp.dimensions.changes import log
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology import addresses
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work

Keyed = tuple[str, tuple[str, ...]]  # a type, and the properties by which its entities are known


class KeyMaps:
    """The numbers of entities by the hash of their key's values; some may have others by now."""

    def __init__(self) -> None:
        self._maps: dict[Keyed, dict[int, int]] = {}
        self._others: dict[tuple[Keyed, int], list[int]] = {}
        self._since = 0

    def prepare(self, work: Work, wanted: Iterable[Keyed]) -> None:
        """Read the entities of types whose keys are not known yet."""
        self._refresh(work)
        for keyed in set(wanted).difference(self._maps):
            self._maps[keyed] = {}
            for row in _of_type(work, keyed[0]):
                self._add(keyed, row)

    def seqs(self, work: Work, keyed: Keyed, values: Iterable[Sequence[JsonValue]]) -> list[int]:
        """Return the numbers of the entities that may have one of some values."""
        self.prepare(work, [keyed])
        found: list[int] = []
        for each in values:
            key = _hash(each)
            if key in self._maps[keyed]:
                found.append(self._maps[keyed][key])
                found += self._others.get((keyed, key), ())
        return found

    def _refresh(self, work: Work) -> None:
        """Take in what was written since the last time, by whomever."""
        newest = work.change or log.latest(work)
        for row in _written(work, self._since) if self._maps else ():
            for keyed in self._maps:
                if keyed[0] == row["type"]:
                    self._add(keyed, row)
        # what the open change writes is still to come
        self._since = newest - 1 if work.change else newest

    def _add(self, keyed: Keyed, row: Row) -> None:
        key, seq = _hash(_values(keyed, jsons.load_object(row["properties"]))), row["seq"]
        first = self._maps[keyed].setdefault(key, seq)
        if first != seq and seq not in (others := self._others.setdefault((keyed, key), [])):
            others.append(seq)


def _values(keyed: Keyed, properties: JsonObject) -> list[JsonValue]:
    return [properties.get(field) for field in keyed[1]]


def _hash(values: Sequence[JsonValue]) -> int:
    return hash(jsons.dumps([addresses.folded(value) for value in values]))


def _of_type(work: Work, type: str) -> Iterable[Row]:
    return work.each(
        """
        SELECT seq, type, properties
        FROM entities
        WHERE organization_id = :organization
          AND type = :type
          AND deleted_at IS NULL
        ORDER BY created_at
        """,
        type=type,
    )


def _written(work: Work, since: int) -> list[Row]:
    return work.all(
        f"""
        SELECT DISTINCT entities.seq, entities.type, entities.properties
        FROM change_rows
        CROSS JOIN entities
        WHERE change_rows.organization_id = :organization
          AND {dialect.unindexed("change_rows.kind")} = 'entity'
          AND change_rows.change > :since
          AND entities.organization_id = :organization
          AND entities.id = change_rows.row_id
          AND entities.deleted_at IS NULL
        ORDER BY entities.seq
        """,
        since=since,
    )
