"""Excerpts: what fits stays whole, the rest is cut and named, and nothing outgrows its budget."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from one_mcp import jsons
from one_mcp.dimensions import excerpts
from one_mcp.jsons import JsonObject


def cut(properties: JsonObject, budget: int) -> tuple[JsonObject, list[str] | None]:
    return excerpts.properties(jsons.dumps(properties), budget, {})


def test_what_fits_stays_as_it_is() -> None:
    properties: JsonObject = {"b": [1, {"c": None}], "a": "x"}

    assert cut(properties, 100) == (properties, None)


def test_long_values_share_the_room_that_short_ones_leave() -> None:
    kept, cuts = cut({"long": "x" * 5_000, "short": 1, "list": ["y" * 10] * 900}, 1_000)

    assert kept["short"] == 1
    assert isinstance(kept["long"], str)
    assert 300 < len(kept["long"]) < 700
    assert isinstance(kept["list"], list)
    assert 20 < len(kept["list"]) < 60
    assert cuts == ["long (5,000 characters)", "list (900 items)"]


@pytest.mark.parametrize(
    "properties",
    [
        {f"name{number}": 1 for number in range(50_000)},
        {"n" * 500_000: 1},
        {"n" * 5_000: "x" * 5_000},
        {"list": [["x" * 9_000]] * 9},
        {"deep": {"deeper": {"deepest": "x" * 100_000}}},
        {"objects": [{"text": "x" * 100_000, "number": 1}]},
    ],
)
def test_nothing_outgrows_its_budget(properties: JsonObject) -> None:
    kept, cuts = cut(properties, 2_000)

    assert len(jsons.dumps(kept)) < 2_500
    assert cuts
    assert len(jsons.dumps(cuts)) < 2_000


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=400),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=30), inner),
    max_leaves=60,
)


@settings(max_examples=40)
@given(st.dictionaries(st.text(max_size=30), VALUES), st.integers(100, 3_000))
def test_excerpt_is_about_as_long_as_asked(properties: JsonObject, budget: int) -> None:
    kept, cuts = cut(properties, budget)

    assert cuts is not None or kept == properties
    assert kept.keys() <= properties.keys()
    assert len(jsons.dumps(kept)) <= 2 * budget + 200
