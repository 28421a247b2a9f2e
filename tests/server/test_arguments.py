"""What a tool takes, and how everything else is refused."""

from typing import Annotated, Literal

import pytest
from pydantic import Field

from one_mcp.answers import Written
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.server.arguments import fields
from one_mcp.server.arguments.arguments import Arguments
from one_mcp.session import Session

MARKER = "sk-live-123456"


class Condition(fields.ArgumentObject):
    field: str
    is_: Literal["equal", "contains"] = "equal"
    value: JsonValue = None
    metadata: fields.Metadata | None = None
    limit: int | None = None


async def save(
    one: Session,
    type: fields.TypeName,
    *,
    properties: fields.Properties | None = None,
    where: list[Condition] | None = None,
    name: fields.Name | None = None,
    names: str | list[str] | None = None,
    tags: fields.TagList | None = None,
    from_: fields.EntityId | None = None,
    ratio: Annotated[float, Field(ge=0)] = 0.5,
    limit: fields.Limit = 20,
    since: fields.TimeText | None = None,
    replace: bool = False,
    confirm_count: int | None = None,
    max_price: float | None = None,
) -> Written:
    """Save something."""
    raise NotImplementedError


@pytest.fixture(scope="module")
def arguments() -> Arguments:
    return Arguments("save", save, writes=True)


def refused(arguments: Arguments, **given: JsonValue) -> InvalidArgumentError:
    with pytest.raises(InvalidArgumentError) as failure:
        arguments.check({"type": "course", **given})
    return failure.value


def test_defaults_stand_in_for_what_is_not_given(arguments: Arguments) -> None:
    checked = arguments.check({"type": "course"})

    assert checked.values == {
        "type": "course",
        "properties": None,
        "where": None,
        "name": None,
        "names": None,
        "tags": None,
        "from_": None,
        "ratio": 0.5,
        "limit": 20,
        "since": None,
        "replace": False,
        "confirm_count": None,
        "max_price": None,
    }


def test_unknown_argument_is_refused_with_the_nearest_name(arguments: Arguments) -> None:
    error = refused(arguments, replce=True)

    assert error.fields["argument"] == "replce"
    assert error.fields["did_you_mean"] == "replace"
    assert "from, ratio, limit" in str(error)


def test_unknown_name_inside_an_argument_is_refused_where_it_is(arguments: Arguments) -> None:
    error = refused(arguments, where=[{"field": "a"}, {"field": "b", "vlaue": 1}])

    assert error.fields["argument"] == "where[1].vlaue"
    assert error.fields["did_you_mean"] == "value"


@pytest.mark.parametrize(
    "given",
    [
        {"type": [MARKER]},
        {"limit": MARKER},
        {"since": MARKER},
        {"where": [{"field": MARKER, "is": MARKER}]},
        {"names": {"key": MARKER}},
        {"properties": f'{{"password": "{MARKER}"'},
        {"properties": {"password": [float("nan"), MARKER]}},
        {"ratio": MARKER, "replace": MARKER, "from": [MARKER]},
    ],
)
def test_values_are_never_echoed(arguments: Arguments, given: JsonObject) -> None:
    error = refused(arguments, **given)

    assert MARKER not in str(error)
    assert MARKER not in repr(error.fields)


@pytest.mark.parametrize(
    ("given", "argument", "expected"),
    [
        ({"limit": "many"}, "limit", "an integer"),
        ({"limit": "3.5"}, "limit", "an integer"),
        ({"limit": 3.5}, "limit", "an integer"),
        ({"limit": "1000000"}, "limit", "an integer"),
        ({"limit": [3]}, "limit", "an integer"),
        ({"limit": True}, "limit", "an integer"),
        ({"limit": 0}, "limit", "at least 1"),
        ({"limit": 10**9}, "limit", "at most 200"),
        ({"ratio": "half"}, "ratio", "a number"),
        ({"ratio": "NaN"}, "ratio", "a number"),
        ({"replace": "yes"}, "replace", "true or false"),
        ({"replace": "1"}, "replace", "true or false"),
        ({"confirm_count": "3"}, "confirm_count", "an integer"),
        ({"max_price": "9.99"}, "max_price", "a number"),
        ({"replace": 1}, "replace", "true or false"),
        ({"type": 3}, "type", "a string"),
        ({"type": ""}, "type", "a string that is not empty"),
        ({"properties": ["a"]}, "properties", "an object"),
        ({"properties": "title"}, "properties", "an object"),
        ({"where": {"feild": "a"}}, "where", "an array"),
        ({"where": ["a"]}, "where[0]", "an object"),
        ({"where": [{"field": "a", "is": "like"}]}, "where[0].is", "'equal' or 'contains'"),
        ({"names": 3}, "names", "a string or an array"),
        ({"names": ["a", 3]}, "names[1]", "a string"),
    ],
)
def test_types_are_those_of_json(
    arguments: Arguments, given: JsonObject, argument: str, expected: str
) -> None:
    error = refused(arguments, **given)

    assert error.fields["argument"] == argument
    assert error.fields["expected"] == expected


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"limit": "3"}, "limit", 3),
        ({"limit": " 3.0 "}, "limit", 3),
        ({"limit": 3.0}, "limit", 3),
        ({"ratio": "0.25"}, "ratio", 0.25),
        ({"ratio": "1"}, "ratio", 1.0),
        ({"replace": "true"}, "replace", True),
        ({"replace": "False"}, "replace", False),
        ({"where": {"field": "a"}}, "where", [Condition(field="a")]),
        ({"where": '{"field": "a"}'}, "where", [Condition(field="a")]),
        ({"where": ['{"field": "a"}']}, "where", [Condition(field="a")]),
        ({"tags": "topic:yoga"}, "tags", ["topic:yoga"]),
        ({"where": {"field": "a", "limit": "2"}}, "where", [Condition(field="a", limit=2)]),
    ],
)
def test_what_a_client_may_have_meant_is_taken(
    arguments: Arguments, given: JsonObject, name: str, value: JsonValue
) -> None:
    checked = arguments.check({"type": "course", **given})

    assert checked.values[name] == value
    assert type(checked.values[name]) is type(value)


def test_an_empty_text_means_not_given_where_a_value_may_be_left_out(arguments: Arguments) -> None:
    options = ("properties", "where", "name", "tags", "limit", "replace", "reason")

    checked = arguments.check({"type": "course", **dict.fromkeys(options, "")})

    assert checked == arguments.check({"type": "course"})
    assert refused(arguments, where=[{"field": "a", "limit": ""}]).fields["argument"] == (
        "where[0].limit"
    )


def test_only_what_fits_in_no_reading_is_told(arguments: Arguments) -> None:
    error = refused(arguments, limit="3", replace="perhaps", tags="topic:yoga")

    assert str(error) == "replace must be true or false."


@pytest.mark.parametrize(
    ("given", "meant"),
    [("confirmCount", "confirm_count"), ("max-price", "max_price"), ("Limit", "limit")],
)
def test_a_name_in_another_spelling_is_recognized(
    arguments: Arguments, given: str, meant: str
) -> None:
    error = refused(arguments, **{given: 1})

    assert error.fields["argument"] == given
    assert error.fields["did_you_mean"] == meant


def test_a_reading_makes_the_same_call(arguments: Arguments) -> None:
    def digest(**given: JsonValue) -> str | None:
        return arguments.check({"type": "course", "idempotency_key": "k", **given}).digest

    assert digest(limit=3, tags=["a:b"]) == digest(limit="3", tags="a:b", name="")


def test_missing_argument_is_named(arguments: Arguments) -> None:
    with pytest.raises(InvalidArgumentError) as failure:
        arguments.check({})

    assert str(failure.value) == "type is required."


def test_all_problems_are_told_at_once(arguments: Arguments) -> None:
    error = refused(arguments, limit="three", replace="yes", where=[{}], extra=1, ratio=-1)

    problems = error.fields["problems"]
    assert isinstance(problems, list)
    assert len(problems) == 4
    assert "and 1 more" in str(error)


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"properties": '{"a": null}'}, "properties", {"a": None}),
        ({"properties": ' {"a": [1]}'}, "properties", {"a": [1]}),
        ({"names": '["a", "b"]'}, "names", ["a", "b"]),
        ({"names": "[draft] title"}, "names", "[draft] title"),
        ({"names": "plain"}, "names", "plain"),
        ({"type": "[1]"}, "type", "[1]"),
    ],
)
def test_structure_sent_as_a_json_string_is_read_where_one_is_expected(
    arguments: Arguments, given: JsonObject, name: str, value: JsonValue
) -> None:
    checked = arguments.check({"type": "course", **given})

    assert checked.values[name] == value


def test_objects_inside_a_json_string_are_checked_too(arguments: Arguments) -> None:
    checked = arguments.check({"type": "course", "where": '[{"field": "price", "value": [1]}]'})

    assert checked.values["where"] == [Condition(field="price", value=[1])]


@pytest.mark.parametrize(
    "text", ['{"a": 1e999}', '{"a": 18446744073709551616}', '{"a": "\\u0000"}']
)
def test_a_json_string_smuggles_nothing_in(arguments: Arguments, text: str) -> None:
    inner = refused(arguments, where=[{"field": "a", "metadata": text}])
    outer = refused(arguments, properties=text)

    assert inner.fields["argument"] == "where[0].metadata"
    assert outer.fields["argument"] == "properties.a"


def test_problems_of_arguments_with_similar_names_are_both_told(arguments: Arguments) -> None:
    error = refused(arguments, name=1, names=[1])

    assert "name must be a string" in str(error)
    assert "names[0] must be a string" in str(error)


def test_reserved_words_lose_their_underscore(arguments: Arguments) -> None:
    checked = arguments.check({"type": "course", "from": "ent_1"})
    error = refused(arguments, from_="ent_1")

    assert checked.values["from_"] == "ent_1"
    assert error.fields["did_you_mean"] == "from"


def test_null_means_not_given(arguments: Arguments) -> None:
    checked = arguments.check({"type": "course", "limit": None, "properties": None})

    assert checked.values["limit"] == 20


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("2026-01-31", "2026-01-31"),  # of which zone, the organization knows
        ("2026-01-31T08:00:00+01:00", 1_769_842_800_000),
        ("2026-01-31T08:00:00Z", 1_769_846_400_000),
        (1_769_846_400_000, 1_769_846_400_000),
        (1_769_846_400, 1_769_846_400_000),
        ("1969-12-31", "1969-12-31"),
    ],
)
def test_times_are_iso_or_numbers(arguments: Arguments, given: JsonValue, read: JsonValue) -> None:
    assert arguments.check({"type": "course", "since": given}).values["since"] == read


@pytest.mark.parametrize("given", [20260131, -1, "sometime", " ", True, 1.5, "9" * 40])
def test_other_times_are_refused(arguments: Arguments, given: JsonValue) -> None:
    assert refused(arguments, since=given).fields["argument"] == "since"


@pytest.mark.parametrize(
    "given", [{"a": 2**60}, {"a": "\0"}, {"a": "\ud800"}, {"a": float("inf")}, {"\0": 1}]
)
def test_values_unfit_for_storing_are_refused(arguments: Arguments, given: JsonObject) -> None:
    assert str(refused(arguments, properties=given).fields["argument"]).startswith("properties")


def test_long_and_unprintable_names_are_shown_short(arguments: Arguments) -> None:
    error = refused(arguments, **{"\x1b[31m" + "x" * 10_000: 1})

    assert len(str(error)) < 300
    assert "\x1b" not in str(error)


def test_writes_take_a_reason_and_a_key(arguments: Arguments) -> None:
    checked = arguments.check({"type": "course", "reason": "launch", "idempotency_key": "k1"})

    assert (checked.reason, checked.key) == ("launch", "k1")
    assert not {"reason", "idempotency_key"} & checked.values.keys()


def test_reads_take_neither() -> None:
    arguments = Arguments("save", save, writes=False)

    assert refused(arguments, reason="launch").fields["argument"] == "reason"


def test_digest_tells_calls_apart_by_their_arguments(arguments: Arguments) -> None:
    def digest(**given: JsonValue) -> str | None:
        return arguments.check({"type": "course", "idempotency_key": "k", **given}).digest

    first = digest(properties={"a": 1, "b": 2})

    assert first == digest(properties={"b": 2, "a": 1}, reason="other words", limit=None)
    assert first == digest(properties='{"a": 1, "b": 2}')
    assert first != digest(properties={"a": 1, "b": 3})


def test_digest_is_only_made_with_a_key(arguments: Arguments) -> None:
    assert arguments.check({"type": "course"}).digest is None
