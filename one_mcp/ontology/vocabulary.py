"""The vocabulary as text: the names of all types, and a line for a group, an edge or a field."""

from collections.abc import Iterable
from typing import TypeVar

from one_mcp.ontology.model import (
    ANY,
    Dimension,
    EntityType,
    EventType,
    FieldSource,
    Ontology,
    Property,
    RelationshipType,
)

Grouped = TypeVar("Grouped", EntityType, RelationshipType, EventType)
WORDS = ("dimensions", "entity_types", "relationship_types", "event_types", "statuses", "tag_keys")
ORDER = ("organizations", "people", "entities", "connections", "events", "knowledge")


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
        "tag_keys": ", ".join(ontology.tag_keys),
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


def field(property: Property) -> str:
    """Describe a property or a metadata field: its type, range, unit, default and meaning."""
    kind = "|".join(property.options) if property.options else property.type
    parts = [
        kind,
        _range(property),
        "required" if property.required else "",
        f"in {property.unit.removeprefix('of ')}" if property.unit else "",
        f"default {property.default}" if property.default not in (None, []) else "",
        _source(property.told) if property.told else "",
        f"computed from {property.computed.words}" if property.computed else "",
    ]
    inner = f" {{{', '.join(property.properties)}}}" if property.properties else ""
    return f"{', '.join(part for part in parts if part)}{inner}: {property.meaning}".rstrip(": ")


def _source(told: FieldSource) -> str:
    """Say where a field is told from that nobody gives."""
    source = told.source.removeprefix("entity.")
    return f"from {source}" + (f" or {told.otherwise}" if told.otherwise else "")


def _range(property: Property) -> str:
    low, high = property.minimum, property.maximum
    if high is not None:
        return f"<= {high:g}" if low is None else f"{low:g} to {high:g}"
    return "" if low in (None, 0) else f">= {low:g}"


def _lines(types: Iterable[Grouped]) -> str:
    return "\n".join(f"- {group}: {found}" for group, found in by_group(types).items())


def _edge(ontology: Ontology, edge: RelationshipType) -> str:
    """Read an edge aloud between all its usual ends: that shows its direction, too."""
    start, end = (_all(ontology, types) for types in (edge.from_types, edge.to_types))
    return f"- {edge.name}: {start} {edge.reading} {end}"


def _all(ontology: Ontology, types: tuple[str, ...]) -> str:
    """Name all types, or those that are missing where that is shorter."""
    listed = "/".join(shortened(ontology, types))
    missing = tuple(name for name in ontology.entity_types if name not in types)
    but = "anything but " + "/".join(shortened(ontology, missing))
    return listed if ANY in types or len(listed) <= len(but) else but
