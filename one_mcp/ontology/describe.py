"""Describe the ontology to a model: all of it in brief, or one part in full."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from one_mcp.answers import Answer
from one_mcp.errors import UnknownTypeError
from one_mcp.jsons import JsonObject
from one_mcp.ontology import check, names
from one_mcp.ontology.model import (
    Alias,
    Dimension,
    EntityType,
    EventType,
    Kind,
    Ontology,
    Property,
    RelationshipType,
)

Grouped = TypeVar("Grouped", EntityType, RelationshipType, EventType)
DIMENSIONS_OF_KINDS = {
    "entities": "entity_types",
    "connections": "relationship_types",
    "events": "event_types",
}
THINGS = "things"  # another word for entities (D-03)


class Described(Answer):
    """What the ontology says of a topic; only the parts that fit the topic are there.

    `entity_types`, `relationship_types` and `event_types` map a group to its names, or a name to
    its meaning. `properties` maps a field to its type, unit and meaning.
    """

    topic: str
    meaning: str | None = None
    test: str | None = None
    group: str | None = None
    dimensions: dict[str, str] | None = None
    statuses: dict[str, str] | None = None
    entity_types: dict[str, str] | None = None
    relationship_types: dict[str, str] | None = None
    event_types: dict[str, str] | None = None
    properties: dict[str, str] | None = None
    terms: JsonObject | None = None
    unique: str | None = None
    reads: list[str] | None = None
    ends: list[str] | None = None
    acyclic: bool | None = None
    records: list[str] | None = None
    usually: list[str] | None = None
    targets: str | None = None
    packs: str | None = None


def describe(ontology: Ontology, topic: str | None = None) -> Described:
    """Describe everything, a dimension, a group, or a type.

    Raises UnknownTypeError with the nearest names, or with what to use for a role word.
    """
    if topic is None:
        return _overview(ontology)
    topic = topic.strip()
    wanted = "entities" if topic.lower() == THINGS else topic
    if wanted.lower() in ontology.dimensions:
        return _dimension(ontology, ontology.dimensions[wanted.lower()])
    for kind in ("entity", "relationship", "event"):
        found = _of_kind(ontology, kind, wanted)
        if found is not None:
            return found
    raise _unknown(ontology, topic)


def vocabulary(ontology: Ontology) -> dict[str, str]:
    """Write the names of all types as text, for prompts: one line a group."""
    return {
        "entity_types": _lines(_by_group(ontology.entity_types.values())),
        "relationship_types": "\n".join(
            f"- {edge.name}: {{from}} {edge.reading} {{to}} "
            f"({' or '.join(_shown(edge.from_types))} -> {' or '.join(_shown(edge.to_types))})"
            for edge in ontology.relationship_types.values()
        ),
        "event_types": _lines(_by_group(ontology.event_types.values())),
        "dimensions": "\n".join(f"- {each.name}: {each.meaning}" for each in _dims(ontology)),
        "statuses": ", ".join(ontology.statuses),
        "tag_keys": ", ".join(ontology.tag_prefixes),
    }


def _shown(types: tuple[str, ...]) -> tuple[str, ...]:
    limit = 6
    return types if len(types) <= limit else (*types[:limit], "…")


def _dims(ontology: Ontology) -> Iterable[Dimension]:
    return ontology.dimensions.values()


def _lines(groups: Mapping[str, str]) -> str:
    return "\n".join(f"- {group}: {found}" for group, found in groups.items())


def _overview(ontology: Ontology) -> Described:
    return Described(
        topic="ontology",
        dimensions={each.name: each.test for each in _dims(ontology)},
        statuses={"entity": ", ".join(ontology.statuses)},
        entity_types=_by_group(ontology.entity_types.values()),
        relationship_types=_by_group(ontology.relationship_types.values()),
        event_types=_by_group(ontology.event_types.values()),
        packs=", ".join(ontology.packs) or None,
    )


def _by_group(types: Iterable[Grouped]) -> dict[str, str]:
    groups: dict[str, list[str]] = {}
    for each in types:
        groups.setdefault(each.group, []).append(each.name)
    return {group: ", ".join(found) for group, found in groups.items()}


def _meanings(types: Iterable[Grouped], group: str | None = None) -> dict[str, str]:
    return {each.name: each.meaning for each in types if group is None or each.group == group}


def _dimension(ontology: Ontology, dimension: Dimension) -> Described:
    types: dict[str, dict[str, str]] = {
        "entities": {"entity_types": _meanings(ontology.entity_types.values())},
        "connections": {"relationship_types": _meanings(ontology.relationship_types.values())},
        "events": {"event_types": _meanings(ontology.event_types.values())},
    }.get(dimension.name, {})  # pyright: ignore[reportAssignmentType]
    return Described(
        topic=dimension.name,
        meaning=dimension.meaning,
        test=dimension.test,
        properties=_fields(_shape(ontology, dimension.name)) or None,
        terms=_terms(ontology, dimension.name) or None,
        **types,  # pyright: ignore[reportArgumentType]
    )


def _shape(ontology: Ontology, dimension: str) -> dict[str, Property]:
    return {"organizations": ontology.organization, "people": ontology.person}.get(dimension, {})


def _terms(ontology: Ontology, dimension: str) -> JsonObject:
    groups = {
        "organizations": {
            "statuses": ontology.organization_statuses,
            "plans": ontology.plans,
        },
        "people": {"roles": ontology.roles, "statuses": ontology.person_statuses},
        "entities": {"statuses": ontology.statuses},
        "knowledge": {
            "kinds": ontology.knowledge_kinds,
            "link_roles": ontology.link_roles,
            "tag_keys": ontology.tag_prefixes,
        },
    }.get(dimension, {})
    return {
        title: {term.name: term.meaning for term in terms.values()}
        for title, terms in groups.items()
    }


def _of_kind(ontology: Ontology, kind: Kind, topic: str) -> Described | None:
    match kind:
        case "entity":
            name = _synonym(topic, ontology.aliases)
            found = _entity_type(ontology, name) if name in ontology.entity_types else None
        case "relationship":
            name = _synonym(topic, ontology.relationship_aliases)
            known = name in ontology.relationship_types
            found = _relationship_type(ontology, name) if known else None
        case "event":
            name = _synonym(topic, ontology.event_aliases)
            found = _event_type(ontology, name) if name in ontology.event_types else None
    return found or _group(ontology, kind, topic)


def _group(ontology: Ontology, kind: Kind, topic: str) -> Described | None:
    groups = {group.casefold(): group for group in ontology.groups[kind]}
    group = groups.get(topic.casefold())
    if group is None:
        return None
    meaning = ontology.groups[kind][group]
    match kind:
        case "entity":
            meanings = _meanings(ontology.entity_types.values(), group)
            return Described(topic=group, meaning=meaning, entity_types=meanings)
        case "relationship":
            meanings = _meanings(ontology.relationship_types.values(), group)
            return Described(topic=group, meaning=meaning, relationship_types=meanings)
        case "event":
            meanings = _meanings(ontology.event_types.values(), group)
            return Described(topic=group, meaning=meaning, event_types=meanings)


def _synonym(topic: str, aliases: Mapping[str, Alias]) -> str:
    alias = aliases.get(topic)
    return alias.candidates[0] if alias is not None and alias.synonym else topic


def _entity_type(ontology: Ontology, name: str) -> Described:
    kind = ontology.entity_types[name]
    moments = [kind.on_create, kind.on_update, kind.on_archive, kind.on_restore]
    return Described(
        topic=f"entity type {name}",
        meaning=kind.meaning,
        group=kind.group,
        unique=kind.identity,
        properties=_fields(kind.properties),
        records=list(dict.fromkeys(moment for moment in moments if moment)) or None,
        usually=[usual.why for usual in kind.usual if usual.why] or None,
    )


def _relationship_type(ontology: Ontology, name: str) -> Described:
    kind = ontology.relationship_types[name]
    return Described(
        topic=f"relationship type {name}",
        meaning=kind.meaning,
        group=kind.group,
        reads=[f"from {kind.reading} to", f"to {kind.inverse_reading} from"],
        ends=[f"{', '.join(ends.from_types)} -> {', '.join(ends.to_types)}" for ends in kind.ends],
        acyclic=kind.acyclic or None,
        properties=_fields(kind.metadata) or None,
    )


def _event_type(ontology: Ontology, name: str) -> Described:
    kind = ontology.event_types[name]
    return Described(
        topic=f"event type {name}",
        meaning=kind.meaning,
        group=kind.group,
        targets=", ".join(kind.targets) or None,
        properties=_fields(kind.metadata) or None,
    )


def _fields(properties: Mapping[str, Property]) -> dict[str, str]:
    return {name: _field(each) for name, each in properties.items()}


def _field(property: Property) -> str:
    kind = "|".join(property.options) if property.options else property.type
    parts = [
        kind,
        "required" if property.required else "",
        f"in {property.unit}" if property.unit else "",
        f"default {property.default}" if property.default is not None else "",
    ]
    inner = f" {{{', '.join(property.properties)}}}" if property.properties else ""
    return f"{', '.join(part for part in parts if part)}{inner}: {property.meaning}".rstrip(": ")


def _unknown(ontology: Ontology, topic: str) -> UnknownTypeError:
    known = (
        *ontology.entity_types,
        *ontology.relationship_types,
        *ontology.event_types,
        *ontology.dimensions,
    )
    if topic in ontology.aliases or names.plain(topic) in ontology.aliases:
        try:
            check.entity_type(ontology, topic)
        except UnknownTypeError as error:
            return error
    near = names.near(topic, known)
    hint = f"did you mean {' or '.join(near)}?" if near else "call it without a topic for all names"
    return UnknownTypeError(
        f"The ontology has no {names.shown(topic)}; {hint}", did_you_mean=list(near) or None
    )
