"""Patches: how a JSON object is had back from what became of it, exact to the order of its keys.

A patch is a list: the values that became others or went; the keys that came; and all keys in their
order, where the first two would bring them back in another. Its end is left out where it is empty.
"""

from functools import lru_cache

from one_mcp import jsons
from one_mcp.jsons import Json, JsonObject, JsonValue

IMAGE_EVERY = 128  # so many changes of a row, and the log keeps it as a whole
LONGEST_TOLD = 1_024  # of a value in characters of JSON: a longer one is kept on one side only


def back(old: str, new: str) -> str:
    """Return the patch that makes the object `old` of the object `new`; all three are JSON."""
    then, now = _parsed(old, new)
    came: list[Json] = [key for key in now if key not in then]
    patch: list[Json] = [_differing(then, now)]
    if came:
        patch.append(came)
    if list(restored(now, patch)) != list(then):
        patch = [patch[0], came, list(then)]
    return jsons.dumps(patch)


def told(old: str, new: str) -> str:
    """Return what the object `new` has that `old` has not, as a patch, but without long values."""
    then, now = _parsed(old, new)
    short: JsonObject = {
        key: value
        for key, value in _differing(now, then).items()
        if len(jsons.dumps(value)) <= LONGEST_TOLD
    }
    went: list[Json] = [key for key in then if key not in now]
    return jsons.dumps([short, went] if went else [short])


def restored(now: JsonObject, patch: list[Json]) -> JsonObject:
    """Apply a patch to the object `now`, and return the one that it brings back."""
    values, came, order = _parts(patch)
    then = {key: value for key, value in now.items() if key not in came} | values
    return {key: then[key] for key in order} if order else then


def changed(patch: list[Json]) -> JsonObject:
    """Return what a patch brings back."""
    return _parts(patch)[0]


def keys(patch: list[Json]) -> set[str]:
    """Return all keys that a patch is about."""
    values, came, _ = _parts(patch)
    return {*values, *came}


def _parts(patch: list[Json]) -> tuple[JsonObject, list[str], list[str]]:
    values, came, order = [*patch, *([], [])[len(patch) - 1 :]]
    if not (isinstance(values, dict) and isinstance(came, list) and isinstance(order, list)):
        raise TypeError("not a patch")
    return values, list(map(str, came)), list(map(str, order))


@lru_cache(maxsize=1)
def _parsed(old: str, new: str) -> tuple[JsonObject, JsonObject]:
    """Parse two sides once: the log asks for the way back, then for what is told of the way."""
    return jsons.load_object(old), jsons.load_object(new)


def _differing(ours: JsonObject, theirs: JsonObject) -> JsonObject:
    return {
        key: value
        for key, value in ours.items()
        if key not in theirs or not _alike(value, theirs[key])
    }


def _alike(left: JsonValue, right: JsonValue) -> bool:
    """Tell whether two values are written alike: 1 and true are not, nor are 0.0 and -0.0."""
    if isinstance(left, str) or isinstance(right, str):
        return left == right
    return jsons.dumps(left) == jsons.dumps(right)
