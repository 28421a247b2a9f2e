"""Selection: which entities a search is about, as SQL from fixed pieces.

A set of entities that hangs on a tag or a neighbour may have three members or a million. It is
counted first, up to a bound: a small set is read and sorted, a large one only asked for membership
while the entities are walked in the order of an index. So no search reads more than its bounds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from one_mcp.dimensions import lookup
from one_mcp.dimensions.connections.directions import SIDES, Direction, Followed
from one_mcp.dimensions.entities import identity
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.ontology import check, operands
from one_mcp.ontology.model import EntityType, Property
from one_mcp.store import dialect, filters, property_values, sight
from one_mcp.store.property_values import Range
from one_mcp.store.work import Work

FEW = 1_000
_SINGLE = frozenset({"integer", "number", "decimal", "timestamp_ms"})  # a list is none of these
_PLAIN = _SINGLE | operands.TEXTS | {"enum"}


@dataclass(frozen=True, slots=True)
class NeighbourOf:
    """A neighbour's connections: "out" from `id` to the wanted entities, "in" from them to it."""

    id: str
    type: str | None = None
    direction: Direction = "both"


@dataclass(frozen=True, slots=True)
class Members:
    """A set of entities: its ids, whether `entities.id` is one of them, and how many there are.

    Where `key` is `seq`, `ids` are the numbers of its rows.
    """

    ids: str
    test: str
    count: str
    key: Literal["id", "seq"] = "id"


@dataclass(slots=True)
class Selection:
    """What the wanted entities have in common.

    `scope` are conditions that an index answers, `filters` those that a row has to be read for.
    `ranges` are those of indexed properties that have one value: it is in one of each list.
    """

    scope: list[str] = field(default_factory=list[str])
    filters: list[str] = field(default_factory=list[str])
    sets: list[Members] = field(default_factory=list[Members])
    ranges: dict[str, list[list[Range]]] = field(default_factory=dict[str, list[list[Range]]])
    parameters: dict[str, object] = field(default_factory=dict[str, object])
    archived: bool = False

    def bind(self, value: object) -> str:
        """Bind a value under a new name and return the placeholder."""
        name = f"s{len(self.parameters)}"
        self.parameters[name] = value
        return f":{name}"

    def smallest(self, work: Work, bound: int = FEW) -> Members | None:
        """Return the smallest set with at most `bound` members, if there is one."""
        counted = [(self._count(work, members, bound), members) for members in self.sets]
        small = [(count, members) for count, members in counted if count <= bound]
        return min(small, key=lambda pair: pair[0])[1] if small else None

    def tests(self, known: Members | None = None) -> list[str]:
        """List everything that a row still has to fulfil where it is known to be in one set."""
        return [*(one.test for one in self.sets if one is not known), *self.filters]

    def _count(self, work: Work, members: Members, bound: int) -> int:
        return work.value(members.count, **self.parameters, bound=bound + 1)


def select(
    work: Work,
    kind: EntityType | None,
    status: str | None,
    where: JsonObject,
    tagged: Sequence[str],
    *,
    connected_to: NeighbourOf | None,
    by_created: bool,
) -> Selection:
    """Make a selection of the conditions that are given; only `by_created` has status indexes.

    Raises InvalidArgumentError, UnknownTypeError or NotFoundError for what cannot be meant.
    """
    archived = status == lookup.ARCHIVED
    hidden = "NOT NULL" if archived else "NULL"
    selection = Selection(scope=[f"entities.deleted_at IS {hidden}"], archived=archived)
    if kind is not None:
        selection.scope.append(f"entities.type = {selection.bind(kind.name)}")
        where = _identified(selection, kind, where)
    if status is not None:
        _in_status(work, selection, kind, status, by_created=by_created)
    if connected_to is not None:
        (lookup.any_state if archived else lookup.live)(work, connected_to.id)
        selection.sets.append(_linked(work, selection, connected_to, hidden=archived))
    selection.sets += [_tagged(selection, tag) for tag in tagged]
    selection.sets += _valued(work, selection, kind, where)
    made = filters.properties(where)
    selection.filters += made.conditions
    selection.parameters |= made.parameters
    return selection


def _valued(
    work: Work, selection: Selection, kind: EntityType | None, where: JsonObject
) -> list[Members]:
    """Choose by values of indexed properties who may fulfil the conditions, which are asked yet."""
    sets: list[Members] = []
    if not where.keys() & work.ontology.indexed:
        return sets
    indexed = property_values.indexed(work, where.keys(), kind and kind.name)
    for name, fields in indexed.items():
        wanted = where[name]
        operators: JsonObject = wanted if isinstance(wanted, dict) else {"eq": wanted}
        shapes = [_declared(work, field.type, name) for field in fields]
        plain = all(it is not None and it.type in _PLAIN for it in shapes)
        for some in property_values.ranges(
            operators,
            single=all(it is not None and it.type in _SINGLE for it in shapes),
            listed=all(it is not None and it.type == "string_list" for it in shapes),
        ):
            if plain:
                selection.ranges.setdefault(name, []).append(some)
            rows = property_values.rows(some, fields, selection.bind)
            count = f"SELECT count(*) FROM ({rows}{dialect.most('bound')}) AS counted"
            sets.append(Members(rows, "TRUE", count, key="seq"))
    return sets


def _declared(work: Work, type: str, name: str) -> Property | None:
    kind = work.ontology.entity_types.get(type)
    return None if kind is None else kind.properties.get(name)


def _identified(selection: Selection, kind: EntityType, where: JsonObject) -> JsonObject:
    """Look an identity up in its index, regardless of case, instead of reading every entity."""
    name = kind.identity
    wanted = where.get(name) if name else None
    if isinstance(wanted, dict) and wanted.keys() == {"eq"}:
        wanted = wanted["eq"]
    unique = identity.of(kind, {name: wanted}) if name else None
    if unique is None:
        return where
    selection.scope.append(f"entities.identity = {selection.bind(unique)}")
    return {path: condition for path, condition in where.items() if path != name}


def _in_status(
    work: Work, selection: Selection, kind: EntityType | None, status: str, *, by_created: bool
) -> None:
    if status not in work.ontology.statuses:
        known = ", ".join(work.ontology.statuses)
        own = lookup.own_status(work.ontology, kind, status, "where")
        raise InvalidArgumentError(f"A status is one of {known}.{own}", argument="status")
    test = f"entities.status = {selection.bind(status)}"
    if by_created:
        selection.scope.append(test)
        return
    typed = f" AND type = {selection.bind(kind.name)}" if kind else ""
    ids = f"SELECT id FROM entities WHERE organization_id = :organization AND {test}{typed}"
    count = f"SELECT count(*) FROM ({ids}{dialect.most('bound')}) AS counted"
    selection.sets.append(Members(ids, test, count))


def _tagged(selection: Selection, tag: str) -> Members:
    """Choose by `key:value`, or by `key:` with any value."""
    any_value = tag.strip().endswith(":") and tag.count(":") == 1
    key, value = check.tag(f"{tag}any" if any_value else tag)
    same = f"key = {selection.bind(key)}"
    if not any_value:
        same += f" AND value = {selection.bind(value)}"
    ids = f"SELECT entity_id AS id FROM tags WHERE organization_id = :organization AND {same}"
    return Members(
        ids=ids,
        test=(
            "EXISTS (SELECT 1 FROM tags WHERE organization_id = :organization"
            f" AND entity_id = entities.id AND {same})"
        ),
        count=f"SELECT count(*) FROM ({ids}{dialect.most('bound')}) AS counted",
    )


def _linked(work: Work, selection: Selection, link: NeighbourOf, *, hidden: bool) -> Members:
    """Choose by neighbour; `hidden` connections, those of archived ends, count among archived."""
    id = selection.bind(link.id)
    typed = ""
    if link.type is not None:
        kind = check.relationship_type(work.ontology, link.type)
        typed = f" AND type = {selection.bind(kind.name)}"
    same = typed if hidden else f"{typed} AND {sight.visible('connections')}"
    ways = Followed(direction=link.direction).ways
    ends = [SIDES[way][:2] for way in ways]
    ids = " UNION ALL ".join(
        f"SELECT {far} AS id FROM connections"
        f" WHERE organization_id = :organization AND {near} = {id}{same}"
        for near, far in ends
    )
    tests = [
        "EXISTS (SELECT 1 FROM connections WHERE organization_id = :organization"
        f" AND {near} = {id} AND {far} = entities.id{same})"
        for near, far in ends
    ]
    kept = (
        f"SELECT coalesce(sum({sight.counted('kept')}), 0) FROM connection_counts AS kept"
        f" WHERE organization_id = :organization AND entity_id = {id}{typed}"
        f" AND direction IN ({', '.join(selection.bind(way) for way in ways)})"
    )
    count = f"SELECT count(*) FROM ({ids}{dialect.most('bound')}) AS counted" if hidden else kept
    return Members(ids, f"({' OR '.join(tests)})", count)
