"""Unlikely conditions: connections and events that the vocabulary never has with such an end."""

from collections.abc import Callable, Sequence

from one_mcp.dimensions.connections.directions import Way
from one_mcp.dimensions.entities.existence import ANY, Existence
from one_mcp.ontology import check, names
from one_mcp.ontology.model import ANY as ANY_TYPE
from one_mcp.ontology.model import EventType, Ontology, RelationshipType

MOST_LISTED = 4
OTHER: dict[Way, Way] = {"in": "out", "out": "in"}


def told(
    ontology: Ontology,
    wanted: Sequence[Existence],
    types_of: Callable[[Existence], Sequence[str]],
) -> list[str]:
    """Tell of has and lacks that entities of some types usually cannot fulfil, or always do.

    `types_of` says which entity types a condition is about; none are all, or unknown.
    """
    found: list[str] = []
    for each in wanted:
        types = types_of(each)
        if not types or ANY_TYPE in types or ANY in (*each.event, *each.connection):
            continue
        if each.connection:
            kinds = [check.relationship_type(ontology, name) for name in each.connection]
            found += _of_connections(kinds, each, types)
        elif each.role == "target":
            events = [check.event_type(ontology, name) for name in each.event]
            found += _of_events(events, types)
    return list(dict.fromkeys(found))


def _of_connections(
    kinds: Sequence[RelationshipType], wanted: Existence, types: Sequence[str]
) -> list[str]:
    ways: tuple[Way, ...] = (
        (wanted.direction,) if wanted.direction in ("in", "out") else ("in", "out")
    )
    if any(_has(kind, type, way) for kind in kinds for type in types for way in ways):
        return []
    one, way = kinds[0], f" {ways[0]}" if len(ways) == 1 else ""
    leads = f"{one.name} leads from {_listed(one.from_types)} to {_listed(one.to_types)}"
    turned = any(_has(kind, type, OTHER[ways[0]]) for kind in kinds for type in types)
    hint = f'; direction "{OTHER[ways[0]]}" is the usual one' if way and turned else ""
    return [f"{names.a(types[0]).capitalize()} usually has no {one.name}{way}: {leads}{hint}."]


def _of_events(kinds: Sequence[EventType], types: Sequence[str]) -> list[str]:
    if any(
        not kind.targets or ANY_TYPE in kind.targets or set(types) & set(kind.targets)
        for kind in kinds
    ):
        return []
    one = kinds[0]
    usual = f"{one.name} usually happens to {_listed(one.targets)}"
    return [f'{usual}, not to {names.a(types[0])}; as: "actor" is who does it.']


def _has(kind: RelationshipType, type: str, way: Way) -> bool:
    return any(ends.leave(type) if way == "out" else ends.arrive(type) for ends in kind.ends)


def _listed(types: Sequence[str]) -> str:
    more = len(types) - MOST_LISTED
    return ", ".join(types[:MOST_LISTED]) + (f" or {more} more types" if more > 0 else "")
