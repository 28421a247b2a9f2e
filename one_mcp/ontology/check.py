"""Decide by type whether something may exist: names, properties, metadata, endpoints, tags."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from unicodedata import normalize

from one_mcp.errors import InvalidArgumentError, UnknownTypeError, WrongDirectionError, shown
from one_mcp.jsons import JsonObject
from one_mcp.ontology import limits, names, nearest, secrets, shape
from one_mcp.ontology.model import (
    ANY,
    Alias,
    EntityType,
    EventType,
    Kind,
    Ontology,
    Property,
    RelationshipType,
)


@dataclass(frozen=True, slots=True)
class CheckedProperties:
    """Properties as they are stored.

    `extra` names what no shape declares: kept, and worth telling. `hints` are sentences about
    extra names that look like a misspelt declared one. `currency` is one that ISO 4217 has not.
    """

    values: JsonObject
    extra: tuple[str, ...]
    hints: tuple[str, ...] = ()
    currency: str | None = None


AnyType = TypeVar("AnyType", EntityType, RelationshipType, EventType)
MOST_TYPES = 100
LONGEST_TAG = 200
_TAG = re.compile(r"([^\s:\x00-\x1f][^:\x00-\x1f]*):([^\x00-\x1f]*\S[^\x00-\x1f]*)")


def entity_type(ontology: Ontology, name: str) -> EntityType:
    """Return the entity type of a name or synonym, or raise UnknownTypeError."""
    return _find("entity", name, ontology.entity_types, ontology.aliases, ontology)


def relationship_type(ontology: Ontology, name: str) -> RelationshipType:
    """Return the relationship type of a name or synonym, or raise UnknownTypeError."""
    known = ontology.relationship_types
    return _find("relationship", name, known, ontology.relationship_aliases, ontology)


def event_type(ontology: Ontology, name: str) -> EventType:
    """Return the event type of a name or synonym, or raise UnknownTypeError."""
    return _find("event", name, ontology.event_types, ontology.event_aliases, ontology)


def relationship_types(ontology: Ontology, given: Iterable[str] | None) -> list[str]:
    """Name the relationship types of some names or synonyms, each once and in order."""
    return _several(relationship_type, ontology, given)


def event_types(ontology: Ontology, given: Iterable[str] | None) -> list[str]:
    """Name the event types of some names or synonyms, each once and in order."""
    return _several(event_type, ontology, given)


def properties(
    type: EntityType,
    given: JsonObject,
    *,
    patch: bool = False,
    fill: bool = False,
    stored: bool = False,
) -> CheckedProperties:
    """Fit properties to the shape of an entity type, or raise InvalidPropertyError.

    `patch` is for a merge: nothing is missing, and null removes. `fill` adds defaults. `stored` is
    for what was checked before, and came from a database: its times are milliseconds.
    """
    if stored:
        given = shape.spelled(type.properties, given)
    checked = _checked(type.properties, given, "properties", patch=patch, fill=fill)
    if not stored:
        secrets.refuse(given, "properties")
    return checked


def metadata(
    type: RelationshipType | EventType,
    given: JsonObject,
    *,
    patch: bool = False,
    fill: bool = False,
    stored: bool = False,
) -> CheckedProperties:
    """Fit the metadata of a connection or an event, or raise InvalidPropertyError."""
    if stored:
        given = shape.spelled(type.metadata, given)
    checked = _checked(type.metadata, given, "metadata", patch=patch, fill=fill)
    if not stored:
        secrets.refuse(given, "metadata")
    return checked


def endpoints(ontology: Ontology, from_type: str, relationship: str, to_type: str) -> str | None:
    """Return advice about an unusual connection, or None when nothing is unusual (D-08).

    Raises WrongDirectionError for a reversed connection of a directed relationship (D-06).
    """
    edge = ontology.relationship_types[relationship]
    if edge.fits(from_type, to_type):
        return None
    known = from_type in ontology.entity_types and to_type in ontology.entity_types
    if not known:
        return None
    if edge.fits(to_type, from_type):
        return _reversed(edge, from_type, to_type)
    return _unusual(edge, from_type, to_type)


def target(event: EventType, type: str | None) -> str | None:
    """Return advice about what an event happens to, or None when nothing is unusual."""
    usual = event.targets
    if not usual or type in usual or (type is not None and ANY in usual):
        return None
    if type is None:
        return f"{event.name} usually has a target: {_any_of(usual)}"
    return f"{event.name} usually happens to {_any_of(usual)}, not to {names.a(type)}"


def tag(text: str) -> tuple[str, str]:
    """Cut `key:value`; only the first colon counts, and accents are composed.

    Raises InvalidArgumentError where there is no key, no value, or more than 200 characters.
    """
    found = _TAG.fullmatch(normalize("NFC", text.strip()))
    if found is None or len(text) > LONGEST_TAG:
        raise InvalidArgumentError(
            f"A tag is key:value, such as skill:python, of at most {LONGEST_TAG} characters.",
            argument="tags",
        )
    return found[1].strip(), found[2].strip()


def tag_key(ontology: Ontology, key: str) -> str | None:
    """Return advice about an unusual key of a tag, or None when nothing is unusual."""
    if key in ontology.tag_keys:
        return None
    near = names.near(key, tuple(ontology.tag_keys))
    hint = f"did you mean {near[0]}?" if near else "describe_ontology('knowledge') lists them"
    return f"'{shown(key)}' is none of the usual tag keys; {hint}"


def _reversed(edge: RelationshipType, from_type: str, to_type: str) -> str:
    call = f'connect_entities(from=<{to_type}>, type="{edge.name}", to=<{from_type}>)'
    sentence = (
        f"{from_type} {edge.name} {to_type} is turned around: "
        f"{names.a(to_type)} {edge.reading} {names.a(from_type)}; use {call}"
    )
    if edge.directed:
        raise WrongDirectionError(
            sentence,
            relationship=edge.name,
            use_instead={"from": to_type, "type": edge.name, "to": from_type},
        )
    return sentence


def _unusual(edge: RelationshipType, from_type: str, to_type: str) -> str:
    to_types = [to for ends in edge.ends if ends.leave(from_type) for to in ends.to_types]
    if to_types:
        usual = f"{names.a(from_type)} usually {edge.reading} {_any_of(to_types)}"
        return f"{usual}, not {names.a(to_type)}"
    return (
        f"{edge.name} usually leads from {_any_of(edge.from_types)} "
        f"to {_any_of(edge.to_types)}, not from {names.a(from_type)} to {names.a(to_type)}"
    )


def _any_of(types: Sequence[str]) -> str:
    listed = list(dict.fromkeys(types))
    if "*" in listed:
        return "any type"
    longest = 8
    if len(listed) > longest:
        return ", ".join(listed[:longest]) + f" or {len(listed) - longest} more types"
    return " or ".join([", ".join(listed[:-1]), listed[-1]]) if len(listed) > 1 else listed[0]


def _checked(
    declared: dict[str, Property], given: JsonObject, at: str, *, patch: bool, fill: bool
) -> CheckedProperties:
    if patch and not given:
        return CheckedProperties({}, ())
    limits.storable(given, at)
    fitted = shape.fields(declared, given, at, patch=patch, fill=fill)
    extra = tuple(name.removeprefix(f"{at}.") for name in fitted.extra)
    return CheckedProperties(fitted.values, extra, tuple(fitted.hints), fitted.currency)


def _several(
    find: Callable[[Ontology, str], RelationshipType | EventType],
    ontology: Ontology,
    given: Iterable[str] | None,
) -> list[str]:
    known = sorted({find(ontology, name).name for name in given or ()})
    if len(known) > MOST_TYPES:
        raise InvalidArgumentError(f"types takes at most {MOST_TYPES} names.", argument="types")
    return known


def _find(
    kind: Kind, name: str, known: dict[str, AnyType], aliases: dict[str, Alias], ontology: Ontology
) -> AnyType:
    if name in known:
        return known[name]
    alias = aliases.get(name)
    if alias is not None and alias.synonym:
        return known[alias.candidates[0]]
    alias = alias or _alias(name, aliases)
    if alias is not None:
        raise _role_word(kind, name, alias)
    plain = names.plain(name)
    near = [it for it in names.near(name, tuple(known)) if plain[:1] == it[:1] or plain in it]
    other = _of_another_kind(kind, name, ontology)
    if other is not None and plain not in map(names.plain, near):
        raise other
    if near:
        raise UnknownTypeError(
            f"no {kind} type '{shown(name)}'; did you mean {_any_of(near)}?",
            name=shown(name),
            kind=kind,
            did_you_mean=list(near),
        )
    around = nearest.to(ontology, kind, name)
    advice = nearest.told(kind, around)
    raise UnknownTypeError(
        f"no {kind} type '{shown(name)}': {advice}",
        name=shown(name),
        kind=kind,
        nearest=[each.name for each in around] or None,
        fits=False,
        advice=advice,
    )


def _alias(name: str, aliases: dict[str, Alias]) -> Alias | None:
    """Find what a word leads to, however it is spelt."""
    return aliases.get(name.strip().lower()) or aliases.get(names.plain(name))


def _role_word(kind: Kind, name: str, alias: Alias, is_of: str = "") -> UnknownTypeError:
    sentence = f"no {kind} type '{shown(name)}'"
    if alias.candidates:
        sentence += f": use {is_of}{_any_of(alias.candidates)}"
    if alias.advice:
        sentence += f" ({alias.advice})"
    return UnknownTypeError(
        sentence,
        name=shown(name),
        kind=kind,
        use_instead=list(alias.candidates) or None,
        advice=f"{is_of}{alias.advice}".strip() or None,
    )


def _of_another_kind(kind: Kind, name: str, ontology: Ontology) -> UnknownTypeError | None:
    """Say what a word is that names, or leads to, something of another kind."""
    kinds: dict[Kind, tuple[str, Iterable[str], dict[str, Alias]]] = {
        "entity": ("an entity", ontology.entity_types, ontology.aliases),
        "event": ("an event", ontology.event_types, ontology.event_aliases),
        "relationship": (
            "a relationship",
            ontology.relationship_types,
            ontology.relationship_aliases,
        ),
    }
    del kinds[kind]
    for words, known, _ in kinds.values():
        there = next((it for it in known if names.plain(it) == names.plain(name)), None)
        if there is not None:
            advice = f"it is {words} type" if there == name else f"{there} is {words} type"
            sentence = f"no {kind} type '{shown(name)}': {advice}"
            return UnknownTypeError(sentence, name=shown(name), kind=kind, advice=advice)
    for words, _, aliases in kinds.values():
        alias = _alias(name, aliases)
        if alias is not None:
            return _role_word(kind, name, alias, f"{words}: " if alias.candidates else "")
    return None
