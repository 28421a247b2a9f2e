"""Excerpts: properties cut to a size that an answer can carry, and the names of what was cut."""

from one_mcp import jsons
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology import adjustments, shape
from one_mcp.ontology.adjustments import Adjustment
from one_mcp.ontology.model import Property

ADJUSTED_CHARACTERS = 1_000
SMALLEST = 40
MOST_NAMED = 12
LONGEST_NAMED = 100


def properties(
    text: str, budget: int, declared: dict[str, Property]
) -> tuple[JsonObject, list[str] | None]:
    """Read stored properties, cut to about `budget` characters where they are longer.

    Small values stay whole; long strings and lists keep their beginnings. What was cut is named,
    with its full length. Times, as `declared`, are ISO 8601.
    """
    whole = shape.spelled(declared, jsons.load_object(text))
    if len(text) <= budget:
        return whole, None
    cuts: list[str] = []
    kept = _object(whole, budget, "", cuts)
    more = [f"{len(cuts) - MOST_NAMED:,} more"] if len(cuts) > MOST_NAMED else []
    return kept, cuts[:MOST_NAMED] + more


def adjusted(
    declared: dict[str, Property], kept: JsonObject, adjustment: Adjustment
) -> JsonObject | None:
    """Show what an adjustment made of the fields that it names; None where it names none."""
    now = adjustments.now(declared, kept, adjustment)
    return properties(jsons.dumps(now), ADJUSTED_CHARACTERS, declared)[0] if now else None


def _object(value: JsonObject, budget: int, at: str, cuts: list[str]) -> JsonObject:
    sizes = {name: len(name) + 4 + len(jsons.dumps(item)) for name, item in value.items()}
    kept: JsonObject = {}
    left = budget
    for done, name in enumerate(sorted(sizes, key=sizes.__getitem__)):
        share = max(left // (len(sizes) - done), SMALLEST)
        path = f"{at}.{name}" if at else name
        if left < SMALLEST or len(name) > share:
            cuts.append(f"{path[:LONGEST_NAMED]} (left out)")
            continue
        fits = sizes[name] <= share
        kept[name] = value[name] if fits else _cut(value[name], share - len(name), path, cuts)
        left -= min(sizes[name], share)
    return {name: kept[name] for name in value if name in kept}


def _cut(value: JsonValue, budget: int, at: str, cuts: list[str]) -> JsonValue:
    match value:
        case str():
            cuts.append(f"{at[:LONGEST_NAMED]} ({len(value):,} characters)")
            return value[: max(budget, SMALLEST)] + "…"
        case list():
            return _list(value, budget, at, cuts)
        case dict():
            return _object(value, budget, at, cuts)
        case _:
            return value


def _list(value: list[JsonValue], budget: int, at: str, cuts: list[str]) -> JsonValue:
    kept: list[JsonValue] = []
    left = budget
    for item in value:
        left -= len(jsons.dumps(item)) + 1
        if left < 0:
            break
        kept.append(item)
    cuts.append(f"{at[:LONGEST_NAMED]} ({len(value):,} items)")
    if not kept and value:
        return [_cut(value[0], budget, f"{at}[0]", cuts)]
    return kept
