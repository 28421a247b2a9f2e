"""The vocabulary as text, for prompts: the names of all types, a line for each group or edge."""

from collections.abc import Iterable
from typing import TypeVar

from one_mcp.ontology.model import (
    ANY,
    Dimension,
    EntityType,
    EventType,
    Ontology,
    RelationshipType,
)

Grouped = TypeVar("Grouped", EntityType, RelationshipType, EventType)
WORDS = ("dimensions", "entity_types", "relationship_types", "event_types", "statuses", "tag_keys")
ORDER = ("organizations", "people", "entities", "connections", "events", "knowledge")
ENDS_SHOWN = 4


def vocabulary(ontology: Ontology) -> dict[str, str]:
    """Write each of the WORDS."""
    return {
        "dimensions": "\n".join(f"- {each.name}: {each.meaning}" for each in dimensions(ontology)),
        "entity_types": _lines(ontology.entity_types.values()),
        "relationship_types": "\n".join(
            _edge(ontology, edge) for edge in ontology.relationship_types.values()
        ),
        "event_types": _lines(ontology.event_types.values()),
        "statuses": ", ".join(ontology.statuses),
        "tag_keys": ", ".join(ontology.tag_prefixes),
    }


def dimensions(ontology: Ontology) -> list[Dimension]:
    """List the dimensions in the order in which a mapping works through them."""
    return sorted(ontology.dimensions.values(), key=lambda each: ORDER.index(each.name))


def by_group(types: Iterable[Grouped]) -> dict[str, str]:
    """Map each group to the names of its types."""
    groups: dict[str, list[str]] = {}
    for each in types:
        groups.setdefault(each.group, []).append(each.name)
    return {group: ", ".join(found) for group, found in groups.items()}


def shortened(ontology: Ontology, types: tuple[str, ...]) -> list[str]:
    """List types with the name of their group, in brackets, where all of the group are there."""
    if ANY in types:
        return ["anything"]
    groups: dict[str, set[str]] = {}
    for each in ontology.entity_types.values():
        groups.setdefault(each.group, set()).add(each.name)
    shown = {
        name: f"[{group}]"
        for group, members in groups.items()
        if len(members) > 1 and members <= set(types)
        for name in members
    }
    return list(dict.fromkeys(shown.get(name, name) for name in types))


def _lines(types: Iterable[Grouped]) -> str:
    return "\n".join(f"- {group}: {found}" for group, found in by_group(types).items())


def _edge(ontology: Ontology, edge: RelationshipType) -> str:
    """Read an edge aloud with its first usual ends: that shows its direction."""
    first = edge.ends[0]
    start, end = (_some(ontology, types) for types in (first.from_types, first.to_types))
    return f"- {edge.name}: {start} {edge.reading} {end}"


def _some(ontology: Ontology, types: tuple[str, ...]) -> str:
    listed = shortened(ontology, types)
    more = "/…" if len(listed) > ENDS_SHOWN else ""
    return "/".join(listed[:ENDS_SHOWN]) + more
