"""Whatever becomes of a JSON object, its patch brings back every byte."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from one_mcp import jsons
from one_mcp.jsons import JsonObject
from one_mcp.store import patches

KEYS = some.sampled_from(
    ["a", "b", "a.b", 'c"d', "", "$", "[0]", "é\n", "ß\\", "order"]
) | some.text(max_size=3)
LEAVES = (
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats(allow_nan=False, allow_infinity=False)
    | some.sampled_from([0, 0.0, -0.0, 1, 1.0, True, False, "", "1", [], {}, 10**30])
    | some.text(max_size=4)
)
VALUES = some.recursive(
    LEAVES,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = some.dictionaries(KEYS, VALUES, max_size=6)


@given(OBJECTS, OBJECTS, some.randoms())
def test_a_patch_brings_every_byte_back(old: JsonObject, other: JsonObject, chance: Random) -> None:
    mixed = {key: chance.choice([value, other.get(key)]) for key, value in old.items()}
    for new in (other, {**old, **other}, {**other, **old}, mixed, dict(sorted(old.items()))):
        then, now = jsons.dumps(old), jsons.dumps(new)
        patch = jsons.loads(patches.back(then, now))
        assert isinstance(patch, list)

        assert jsons.dumps(patches.restored(jsons.load_object(now), patch)) == then


@pytest.mark.parametrize(
    ("old", "new", "back", "told"),
    [
        ('{"a":1,"b":2}', '{"a":1,"b":3}', '[{"b":2}]', '[{"b":3}]'),
        ('{"a":1}', '{"a":1.0}', '[{"a":1}]', '[{"a":1.0}]'),
        ('{"a":1}', '{"a":true,"b":0}', '[{"a":1},["b"]]', '[{"a":true,"b":0}]'),
        ('{"a":1,"b":2}', '{"a":1}', '[{"b":2}]', '[{},["b"]]'),
        ('{"a":1,"b":2}', '{"b":2}', '[{"a":1},[],["a","b"]]', '[{},["a"]]'),
        ('{"a":{"b":1,"c":2}}', '{"a":{"c":2,"b":1}}', '[{"a":{"b":1,"c":2}}]', None),
        ("{}", f'{{"a":"{"x" * 2_000}"}}', '[{},["a"]]', "[{}]"),
    ],
)
def test_a_patch_has_what_differs(old: str, new: str, back: str, told: str | None) -> None:
    assert patches.back(old, new) == back
    assert told is None or patches.told(old, new) == told
