"""What is nearest to a word that no type fits, and why; and what is done where nothing is near."""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from one_mcp.ontology import names
from one_mcp.ontology.model import Alias, EntityType, EventType, Kind, Ontology, RelationshipType

OWN_TYPE = "define a type of your own in a pack (one://guide/packs)"
OTHERWISE: dict[Kind, str] = {
    "entity": f"make it a property, a tag or an event of what it belongs to, or {OWN_TYPE}",
    "relationship": f"use references, which may lead to anything, or {OWN_TYPE}",
    "event": f"use user_engaged with what happened in its metadata `engagement`, or {OWN_TYPE}",
}
_COMMON = frozenset({"name", "title", "description", "status", "url", "notes", "content", "kind"})
_SHORTEST = 4  # letters of a word that tells something
_MOST = 2
_ENOUGH = 2.0
_LONGEST_REASON = 90

_Known = Mapping[str, EntityType] | Mapping[str, RelationshipType] | Mapping[str, EventType]


@dataclass(frozen=True, slots=True)
class Near:
    """A type that comes near, and what speaks for it."""

    name: str
    because: str


def to(ontology: Ontology, kind: Kind, word: str, properties: Iterable[str] = ()) -> list[Near]:
    """Find the types whose words or properties come near a word, the best first; often none."""
    known, aliases = _of(ontology, kind)
    wanted = {part for part in names.plain(word[:60]).split("_") if len(part) >= _SHORTEST}
    given = {name for name in properties if name not in _COMMON}
    scored: list[tuple[float, Near]] = []
    for type in known.values():
        shared = sorted(given & type.properties.keys()) if isinstance(type, EntityType) else []
        said, where = _said(type.name, type.meaning, aliases, wanted)
        score = said + len(shared) + (1 if shared else 0)
        if score >= _ENOUGH:
            scored.append((score, Near(type.name, _because(type.meaning, where, shared))))
    scored.sort(key=lambda each: -each[0])
    return [near for _, near in scored[:_MOST]]


def told(kind: Kind, near: list[Near]) -> str:
    """Say that no type fits, what comes nearest and why, or what to do instead."""
    if not near:
        return f"no type fits, and none is near; {OTHERWISE[kind]}"
    listed = "; ".join(f"{each.name}, because {each.because}" for each in near)
    are = "is" if len(near) == 1 else "are"
    return f"no type fits, the nearest {are} {listed}; use it, or {OTHERWISE[kind]}"


def _of(ontology: Ontology, kind: Kind) -> tuple[_Known, Mapping[str, Alias]]:
    match kind:
        case "entity":
            return ontology.entity_types, ontology.aliases
        case "relationship":
            return ontology.relationship_types, ontology.relationship_aliases
        case "event":
            return ontology.event_types, ontology.event_aliases


def _said(
    name: str, meaning: str, aliases: Mapping[str, Alias], wanted: set[str]
) -> tuple[float, str]:
    """Weigh where a type says a word: in its name, in words that lead to it, in its meaning."""
    if wanted & _words(name):
        return 3.0, "its name says so"
    for alias in aliases.values():
        if name in alias.candidates and wanted & _words(alias.name):
            return 2.5, f"{alias.name} leads to it"
    if wanted & _words(meaning.replace("-", " ")):
        return 2.0, ""
    return 0.0, ""


@functools.lru_cache(maxsize=4096)
def _words(text: str) -> frozenset[str]:
    """Split what the vocabulary says; a thousand unknown names ask for the same words."""
    return frozenset(names.plain(text).split("_"))


def _because(meaning: str, where: str, shared: list[str]) -> str:
    if where:
        return where
    if shared:
        return f"it has {', '.join(shared[:3])}"
    short = meaning.rstrip(".")
    cut = (
        short if len(short) <= _LONGEST_REASON else f"{short[:_LONGEST_REASON].rsplit(' ', 1)[0]} …"
    )
    return f'it is "{cut}"'
