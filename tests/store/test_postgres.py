"""PostgreSQL takes the statements of the rules, but for a list of pieces that can only shrink."""

from collections.abc import Iterator
from inspect import getmembers, isfunction, signature

import pytest

from one_mcp import jsons
from one_mcp.jsons import JsonObject
from one_mcp.store import dialect, filters
from tests.store import fragments, postgres
from tests.store.fragments import LISTED
from tests.store.postgres import PIECES, Judge
from tests.store.statements import UNKNOWN, statements, unnamed
from tests.store.test_filters import HOLDS, HOLDS_NOT

ENGINES = ("store/sqlite/", "services/doctor.py")


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with postgres.running() as running:
        yield running


def test_postgresql_takes_every_statement_that_stands_in_a_rule(judge: Judge) -> None:
    """Statements composed of parts are planned as they run: see recording.py."""
    whole = [
        (place, statement)
        for place, statement in statements()
        if not place.startswith(ENGINES) and UNKNOWN not in statement
    ]
    assert len(whole) > 150

    refused = {place: judge.refusal(statement) for place, statement in whole}
    unexpected = [
        (place, refused[place])
        for place, statement in whole
        if refused[place] and fragments.excuse(place, statement) is None
    ]

    assert unexpected == []


def test_every_derived_table_has_a_name() -> None:
    """PostgreSQL 16 takes one without, 15 does not."""
    found = {
        place: unnamed(statement)
        for place, statement in statements()
        if not place.startswith(ENGINES) and unnamed(statement)
    }

    assert found == {}


def test_a_derived_table_without_a_name_is_noticed() -> None:
    assert unnamed("SELECT 1 FROM (SELECT 1) AS a JOIN (SELECT max(b) FROM c) AS d") == []
    assert unnamed("SELECT 1 FROM (SELECT 1 FROM (SELECT 2)) AS a") == ["FROM (SELECT 2)"]
    assert unnamed("SELECT 1 FROM (SELECT 1 FROM (SELECT 2) AS b)") == [
        "FROM (SELECT 1 FROM (SELECT 2) AS b)"
    ]


def test_the_list_names_only_what_is_there() -> None:
    """Who rewrites a statement takes it off the list, and it never comes back."""
    assert fragments.stale() == []
    assert sum(map(len, LISTED.values())) == fragments.MOST


@pytest.mark.parametrize(
    ("where", "properties", "fits"),
    [*((*case, True) for case in HOLDS), *((*case, False) for case in HOLDS_NOT)],
)
def test_conditions_of_callers_hold_for_the_same(
    judge: Judge, where: JsonObject, properties: JsonObject, fits: bool
) -> None:
    made = filters.properties(where)
    statement = f"""
        SELECT 1
        FROM (SELECT CAST(:properties AS jsonb) AS properties) AS entities
        WHERE {" AND ".join(made.conditions) or "true"}
    """

    found = judge.rows(statement, {"properties": jsons.dumps(properties), **made.parameters})

    assert bool(found) is fits


def test_what_postgresql_does_not_know_is_refused(judge: Judge) -> None:
    assert judge.refusal("SELECT id FROM entities WHERE organization_id = :organization") is None

    for wrong in (
        "SELECT id FROM nothing",
        "SELECT json_extract(properties, '$[0]') FROM entities",
        "SELECT iif(deleted_at IS NULL, 1, 0) FROM entities",
        "INSERT INTO entities (id) VALUES (:id) ON CONFLICT (name) DO NOTHING",
        "SELECT id FROM entities WHERE deleted_at IS :at",
    ):
        assert judge.refusal(wrong) is not None, wrong


def test_postgresql_has_a_wording_for_every_piece_of_the_dialect() -> None:
    pieces = dict(getmembers(dialect, isfunction))

    assert pieces.keys() == PIECES.keys()
    for name, piece in pieces.items():
        taken = [":xyz" if it == "path" else "xyz" for it in signature(piece).parameters]
        written = piece(key="value") if name == "json_record" else piece(*taken)
        assert postgres.reworded(f" {written} ") != f" {written} ", name
