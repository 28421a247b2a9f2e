"""Becoming: what happens to each property of an entity that gets another type."""

from collections import defaultdict
from typing import Literal, get_args

from one_mcp import jsons
from one_mcp.answers import few
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology import shape
from one_mcp.ontology.model import EntityType

CHARACTERS = 400  # of the names of one fate
_Fate = Literal["kept", "renamed", "kept beside the type", "left out", "set", "filled in"]


def told(
    kind: EntityType, old: JsonObject, mapping: JsonObject, given: JsonObject, new: JsonObject
) -> str:
    """Say of each property what became of it: kept, renamed, left out, set or filled in.

    `mapping` is as a caller writes it, `given` is what was merged into that, by the type's names.
    """
    fates: dict[_Fate, list[str]] = defaultdict(list)
    came: set[str] = set()
    for name, value in old.items():
        final = _name(kind, mapping.get(name, name))
        if final is None or final not in new:
            fates["left out"].append(name)
            continue
        came.add(final)
        if final in given and not jsons.same(value, new[final]):
            fates["set"].append(final)
        elif final != name:
            fates["renamed"].append(f"{name} to {final}")
        elif final in kind.properties:
            fates["kept"].append(name)
        if final not in kind.properties:
            fates["kept beside the type"].append(final)
    for name in new.keys() - came:
        fates["set" if name in given else "filled in"].append(name)
    order: tuple[_Fate, ...] = get_args(_Fate)
    parts = [_listed(fate, sorted(fates[fate])) for fate in order if fate in fates]
    return "; ".join(parts) or "it has no properties"


def _name(kind: EntityType, target: JsonValue) -> str | None:
    """Return what a property is called in the type, of which it may be another name."""
    if not isinstance(target, str):
        return None
    known = kind.properties.get(target) or shape.by_alias(kind.properties, target)
    return known.name if known else target


def _listed(fate: _Fate, names: list[str]) -> str:
    return f"{fate} {', '.join(few(names, CHARACTERS) or ())}"
