"""Conditions on properties: what they hold for, and that nothing a caller writes becomes SQL."""

import re

import pytest

from one_mcp import assets, jsons
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.ontology import decimals
from one_mcp.store import filters
from one_mcp.store.sqlite.driver import driver

HOLDS: list[tuple[JsonObject, JsonObject]] = [
    ({}, {}),
    ({"bio": "x"}, {"bio": "x"}),
    ({"bio": {"eq": "x"}}, {"bio": "x"}),
    ({"live": True}, {"live": True}),
    ({"live": {"ne": True}}, {"live": False}),
    ({"live": {"ne": True}}, {}),
    ({"bio": None}, {}),
    ({"bio": {"ne": None}}, {"bio": "x"}),
    ({"bio": {"exists": False}}, {"bio": None}),
    ({"bio": {"exists": True}}, {"bio": {"deep": 1}}),
    ({"price": {"gte": 10, "lt": 50}}, {"price": 10}),
    ({"price": {"gt": 9.5}}, {"price": 10}),
    ({"price": {"lte": 10}}, {"price": 10}),
    ({"price": {"in": [5, 10, "free"]}}, {"price": "free"}),
    ({"niche": "yoga"}, {"niche": ["running", "yoga"]}),
    ({"niche": {"contains": "Yoga"}}, {"niche": ["running", "yoga"]}),
    ({"niche": {"in": ["chess", "yoga"]}}, {"niche": ["running", "yoga"]}),
    ({"niche": {"ne": "chess"}}, {"niche": ["running", "yoga"]}),
    ({"scores": {"contains": 5}}, {"scores": [4, 5]}),
    ({"scores": {"gt": 4}}, {"scores": [4, 5]}),
    ({"bio": {"contains": "YOGA"}}, {"bio": "I teach yoga"}),
    ({"bio": {"contains": "ü_%"}}, {"bio": "Süü_% ü"}),
    ({"bio": {"starts_with": "i TEACH"}}, {"bio": "I teach yoga"}),
    ({"brandColors.primary": "#fff"}, {"brandColors": {"primary": "#fff"}}),
    ({"größe": {"gte": 40}}, {"größe": 41}),
    ({"price": {"gte": 10}}, {"price": "12.50"}),
    ({"price": {"lt": "13.0"}}, {"price": "-12.50"}),
    ({"price": 12.5}, {"price": "+12.50"}),
    ({"price": "10"}, {"price": 10}),
    ({"price": {"gte": 10}}, {"price": ["free", "12.50"]}),
    ({"startsAt": {"gte": "2026-11-23"}}, {"startsAt": 1_795_435_200_000}),
    ({"startsAt": {"gte": "2026-11-23"}}, {"startsAt": "2026-11-24"}),
]
HOLDS_NOT: list[tuple[JsonObject, JsonObject]] = [
    ({"bio": "x"}, {"bio": "X"}),
    ({"bio": "x"}, {"bio": ["y"]}),
    ({"bio": "x"}, {"bio": {"deep": "x"}}),
    ({"bio": "x"}, {}),
    ({"live": True}, {"live": 1}),
    ({"live": True}, {"live": "true"}),
    ({"count": 1}, {"count": True}),
    ({"bio": {"exists": True}}, {"bio": None}),
    ({"price": {"gte": 10, "lt": 50}}, {"price": 50}),
    ({"price": {"gte": 10}}, {"price": "many"}),
    ({"price": {"lt": 10}}, {}),
    ({"niche": {"contains": "yo"}}, {"niche": ["yoga"]}),
    ({"niche": {"ne": "yoga"}}, {"niche": ["running", "yoga"]}),
    ({"bio": {"contains": "y%a"}}, {"bio": "yoga"}),
    ({"bio": {"starts_with": "yoga"}}, {"bio": "my yoga"}),
    ({"price": {"gte": 100}}, {"price": "12.50"}),
    ({"value": {"gt": 0}}, {"value": "2026-01-31"}),
    ({"value": {"gt": 0}}, {"value": "1.2.3"}),
    ({"value": {"gt": 0}}, {"value": "12 apples"}),
    ({"value": {"gt": 0}}, {"value": "12."}),
    ({"startsAt": {"lt": "2026-11-23"}}, {"startsAt": 1_795_435_200_000}),
]


def holds(where: JsonObject, properties: JsonObject) -> bool:
    """Ask SQLite whether the conditions hold for the properties."""
    made = filters.properties(where)
    raw = driver.connect(":memory:")
    try:
        raw.create_function("decimal_rank", 1, decimals.rank, deterministic=True)
        raw.execute("CREATE TABLE entities (properties TEXT)")
        raw.execute("INSERT INTO entities VALUES (?)", (jsons.dumps(properties),))
        query = f"SELECT 1 FROM entities WHERE {' AND '.join(made.conditions) or '1'}"
        return raw.execute(query, made.parameters).fetchone() is not None
    finally:
        raw.close()


@pytest.mark.parametrize(("where", "properties"), HOLDS)
def test_condition_holds(where: JsonObject, properties: JsonObject) -> None:
    assert holds(where, properties)


@pytest.mark.parametrize(("where", "properties"), HOLDS_NOT)
def test_condition_does_not_hold(where: JsonObject, properties: JsonObject) -> None:
    assert not holds(where, properties)


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "a.",
        "a b",
        "a-b",
        "a[0]",
        "$.a",
        'a"',
        "a'",
        "a') OR 1=1 --",
        "1a",
        "a..b",
        ".".join("abcdefghijkl"),
        "a\n",
    ],
)
def test_path_that_is_no_property_name_is_refused(path: str) -> None:
    with pytest.raises(InvalidArgumentError) as failure:
        filters.properties({path: 1})

    assert failure.value.fields == {"argument": "where"}


def test_nothing_of_the_caller_stands_in_the_sql() -> None:
    made = filters.properties(
        {"secretName": {"eq": "SECRET", "starts_with": "SECRET", "in": ["SECRET", 77], "lt": 77}}
    )

    assert not any("SECRET" in part or "77" in part for part in made.conditions)
    assert not any("secretName" in part for part in made.conditions)


@pytest.mark.parametrize(
    "condition",
    [
        {"like": "x"},
        {"primary": "#fff"},
        {"gt": True},
        {"gt": None},
        {"lt": [1]},
        {"in": "x"},
        {"in": []},
        {"in": [[1]]},
        {"in": [1] * 101},
        {"eq": {"a": 1}},
        {"contains": None},
        {"contains": ["x"]},
        {"starts_with": 5},
        {"exists": "yes"},
        {},
        ["yoga"],
    ],
)
def test_operator_or_operand_that_cannot_work_is_refused(condition: JsonObject) -> None:
    with pytest.raises(InvalidArgumentError):
        filters.properties({"bio": condition})


def test_unknown_operator_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InvalidArgumentError, match=", ".join(filters.OPERATORS)):
        filters.properties({"bio": {"regex": "x"}})


def test_too_many_conditions_are_refused() -> None:
    with pytest.raises(InvalidArgumentError):
        filters.properties({f"p{number}": 1 for number in range(21)})


def test_guide_explains_every_operator() -> None:
    guide = assets.resources("guide", "finding.md").read_text("utf-8")
    table = guide.partition("| operator |")[2].partition("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines()[2:]]

    assert set(re.findall(r"`(\w+)`", " ".join(cells))) == set(filters.OPERATORS)
