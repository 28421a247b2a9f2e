"""Describe the ontology to a model: all of it in brief, or one part in full."""

from collections.abc import Iterable, Mapping
from typing import ClassVar

from pydantic import ConfigDict

from one_mcp.answers import Answer
from one_mcp.errors import UnknownTypeError, shown
from one_mcp.jsons import JsonObject
from one_mcp.ontology import check, names
from one_mcp.ontology.model import (
    Alias,
    Dimension,
    EntityType,
    Kind,
    Ontology,
    Property,
    Usual,
)
from one_mcp.ontology.vocabulary import Grouped, by_group, dimensions, field, shortened

KINDS: tuple[Kind, ...] = ("entity", "relationship", "event")
THINGS = "things"  # another word for entities (D-03)


class Described(Answer):
    """What the ontology says of a topic; only the parts that fit the topic are there.

    `entity_types`, `relationship_types` and `event_types` map a group to its names, or a name to
    its meaning. `properties` maps a field to its type, unit and meaning. Of an entity type, `out`
    and `in` name the connections that usually leave it and lead to it, `events` what happens to it,
    `records` what is recorded by itself, `usually` what should come with it. A name in brackets
    stands for all types of that group.
    """

    quotes: ClassVar[bool] = False

    topic: str
    meaning: str | None = None
    test: str | None = None
    group: str | None = None
    dimensions: dict[str, str] | None = None
    statuses: str | None = None
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
    out: str | None = None
    in_: str | None = None
    events: str | None = None
    targets: str | None = None
    packs: str | None = None

    model_config = ConfigDict(alias_generator=lambda name: name.rstrip("_"))


def describe(ontology: Ontology, topic: str | None = None) -> Described:
    """Describe everything, a dimension, a group, or a type.

    Raises UnknownTypeError with the nearest names, or with what to use for a role word.
    """
    if topic is None:
        return _overview(ontology)
    topic = topic.strip()
    wanted = "entities" if topic.casefold() == THINGS else topic.casefold()
    if wanted in ontology.dimensions:
        return _dimension(ontology, ontology.dimensions[wanted])
    for kind in KINDS:
        found = _of_kind(ontology, kind, topic)
        if found is not None:
            return found
    group = _group(ontology, topic)
    if group is None:
        raise _unknown(ontology, topic)
    return group


def _overview(ontology: Ontology) -> Described:
    return Described(
        topic="ontology",
        dimensions={each.name: each.test for each in dimensions(ontology)},
        statuses=", ".join(ontology.statuses),
        entity_types=by_group(ontology.entity_types.values()),
        relationship_types=by_group(ontology.relationship_types.values()),
        event_types=by_group(ontology.event_types.values()),
        packs=", ".join(ontology.packs) or None,
    )


def _dimension(ontology: Ontology, dimension: Dimension) -> Described:
    told = Described(
        topic=dimension.name,
        meaning=dimension.meaning,
        test=dimension.test,
        properties=_fields(_shape(ontology, dimension.name)) or None,
        terms=_terms(ontology, dimension.name) or None,
    )
    match dimension.name:
        case "entities":
            types = _meanings(ontology.entity_types.values())
            return told.model_copy(update={"entity_types": types})
        case "connections":
            types = _meanings(ontology.relationship_types.values())
            return told.model_copy(update={"relationship_types": types})
        case "events":
            types = _meanings(ontology.event_types.values())
            return told.model_copy(update={"event_types": types})
        case _:
            return told


def _meanings(types: Iterable[Grouped], group: str | None = None) -> dict[str, str]:
    return {each.name: each.meaning for each in types if group in (None, each.group)}


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
            "tag_keys": ontology.tag_keys,
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
            return _entity_type(ontology, name) if name in ontology.entity_types else None
        case "relationship":
            name = _synonym(topic, ontology.relationship_aliases)
            known = name in ontology.relationship_types
            return _relationship_type(ontology, name) if known else None
        case "event":
            name = _synonym(topic, ontology.event_aliases)
            return _event_type(ontology, name) if name in ontology.event_types else None


def _group(ontology: Ontology, topic: str) -> Described | None:
    """Describe a group; entity, relationship and event types may have groups of one name."""
    wanted = topic.strip("[]").casefold()
    found = {
        kind: (group, meaning)
        for kind, groups in ontology.groups.items()
        for group, meaning in groups.items()
        if group.casefold() == wanted
    }
    if not found:
        return None
    group = next(iter(found.values()))[0]
    word = ontology.aliases.get(wanted)  # "agent" is a group of events, and a word for ten types
    meant = [ontology.entity_types[name] for name in word.candidates] if word else []
    types = {
        "entity": _meanings(ontology.entity_types.values(), group) | _meanings(meant),
        "relationship": _meanings(ontology.relationship_types.values(), group),
        "event": _meanings(ontology.event_types.values(), group),
    }
    return Described(
        topic=group,
        meaning=" ".join(meaning for _, meaning in found.values()),
        entity_types=types["entity"] or None,
        relationship_types=types["relationship"] or None,
        event_types=types["event"] or None,
    )


def _synonym(topic: str, aliases: Mapping[str, Alias]) -> str:
    alias = aliases.get(topic)
    return alias.candidates[0] if alias is not None and alias.synonym else topic


def _entity_type(ontology: Ontology, name: str) -> Described:
    kind = ontology.entity_types[name]
    moments = [kind.on_create, kind.on_update, kind.on_archive, kind.on_restore]
    edges = ontology.relationship_types.values()
    happens = [
        event.name
        for event in ontology.event_types.values()
        if name in event.targets  # those that happen to anything are left out
    ]
    return Described(
        topic=f"entity type {name}",
        meaning=kind.meaning,
        group=kind.group,
        unique=kind.identity,
        properties=_fields(kind.properties),
        records=list(dict.fromkeys(moment for moment in moments if moment)) or None,
        usually=[_usual(ontology, kind, usual) for usual in kind.usual] or None,
        out=_listed(edge.name for edge in edges if any(ends.leave(name) for ends in edge.ends)),
        in_=_listed(edge.name for edge in edges if any(ends.arrive(name) for ends in edge.ends)),
        events=_listed(happens),
    )


def _usual(ontology: Ontology, kind: EntityType, usual: Usual) -> str:
    if usual.connection is None:
        return f"the event {' or '.join(usual.events)}: {usual.why}"
    others = " or ".join(shortened(ontology, usual.from_types or usual.to_types))
    start, end = (others, kind.name) if usual.from_types else (kind.name, others)
    return f"{start} {usual.connection} {end}: {usual.why}"


def _relationship_type(ontology: Ontology, name: str) -> Described:
    kind = ontology.relationship_types[name]
    return Described(
        topic=f"relationship type {name}",
        meaning=kind.meaning,
        group=kind.group,
        reads=[f"from {kind.reading} to", f"to {kind.inverse_reading} from"],
        ends=[
            f"{_listed(shortened(ontology, ends.from_types))} -> "
            f"{_listed(shortened(ontology, ends.to_types))}"
            for ends in kind.ends
        ],
        acyclic=kind.acyclic or None,
        usually=[f"with the event {' or '.join(usual.events)}: {usual.why}" for usual in kind.usual]
        or None,
        properties=_fields(kind.metadata) or None,
    )


def _event_type(ontology: Ontology, name: str) -> Described:
    kind = ontology.event_types[name]
    return Described(
        topic=f"event type {name}",
        meaning=kind.meaning,
        group=kind.group,
        targets=_listed(shortened(ontology, kind.targets)),
        properties=_fields(kind.metadata) or None,
    )


def _listed(words: Iterable[str]) -> str | None:
    return ", ".join(words) or None


def _fields(properties: Mapping[str, Property]) -> dict[str, str]:
    return {name: field(each) for name, each in properties.items()}


def _unknown(ontology: Ontology, topic: str) -> UnknownTypeError:
    """Say what was probably meant; a role word says what to use instead of it."""
    known = (
        *ontology.entity_types,
        *ontology.relationship_types,
        *ontology.event_types,
        *ontology.dimensions,
    )
    finders = (
        (check.entity_type, ontology.aliases),
        (check.relationship_type, ontology.relationship_aliases),
        (check.event_type, ontology.event_aliases),
    )
    for find, aliases in finders:
        if topic in aliases or names.plain(topic) in aliases:
            try:
                find(ontology, topic)
            except UnknownTypeError as error:
                return error
    near = names.near(topic, known)
    hint = f"did you mean {' or '.join(near)}?" if near else "call it without a topic for all names"
    return UnknownTypeError(
        f"The ontology has no {shown(topic)}; {hint}", did_you_mean=list(near) or None
    )
