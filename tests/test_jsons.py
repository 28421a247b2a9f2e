"""JSON as it may be stored, and JSON inside pydantic models."""

import pytest
from pydantic import BaseModel

from one_mcp import jsons
from one_mcp.jsons import JsonObject, JsonValue


class Holder(BaseModel):
    properties: JsonObject
    value: JsonValue = None


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"price": float("nan")}, "price"),
        ({"price": [1, float("inf")]}, "price[1]"),
        ({"amount": {"units": 2**53}}, "amount.units"),
        ({"amount": -(2**70)}, "amount"),
        ({"name": "a\0b"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"deep": {"a\0": 1}}, "deep"),
    ],
)
def test_unfit_value_is_found_where_it_is(value: JsonValue, path: str) -> None:
    found = jsons.flaw(value)

    assert found is not None
    assert found[0] == path


@pytest.mark.parametrize(
    "value",
    [
        {"amount": 2**53 - 1, "ratio": 0.12345678901234567, "emoji": "😀", "text": "NaN \\u0000"},
        {"list": [{}, [], None, True, -1]},
        "1234567890123456789",
    ],
)
def test_sound_value_has_no_flaw(value: JsonValue) -> None:
    assert jsons.flaw(value) is None


@pytest.mark.parametrize("depth", [65, 200, 100_000])
def test_deep_nesting_is_found_at_any_depth(depth: int) -> None:
    value: JsonValue = 1
    for _ in range(depth):
        value = [value]

    found = jsons.flaw(value)

    assert found is not None
    assert "deeper than 64" in found[1]


def test_nesting_of_64_levels_is_sound() -> None:
    value: JsonValue = 1
    for _ in range(64):
        value = [value]

    assert jsons.flaw(value) is None


def test_nulls_inside_json_survive_a_dump_without_nulls() -> None:
    holder = Holder(properties={"gone": None, "list": [None]})

    assert holder.model_dump(exclude_none=True) == {"properties": {"gone": None, "list": [None]}}


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a":-Infinity}'])
def test_numbers_that_json_does_not_know_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no JSON number"):
        jsons.loads(text)


@pytest.mark.parametrize(
    ("left", "right", "alike"),
    [
        (1, 1, True),
        (1, True, False),
        (0, False, False),
        (1, 1.0, False),
        ({"a": 1, "b": [2]}, {"b": [2], "a": 1}, True),
        ({"a": [1]}, {"a": [True]}, False),
        ([1], [1, 2], False),
        ({"a": None}, {}, False),
        (None, None, True),
    ],
)
def test_the_same_json_has_the_same_types(
    left: JsonValue, right: JsonValue, *, alike: bool
) -> None:
    assert jsons.same(left, right) is alike
