import contextlib
import json
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from one_mcp import jsons
from one_mcp.errors import InvalidPropertyError, UnknownTypeError, WrongDirectionError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology import check, limits, shape
from one_mcp.ontology.load import load
from one_mcp.ontology.model import Ontology, Property

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(ANY_TEXT, inside, max_size=4),
    max_leaves=12,
)
CORE = load()
PROPERTIES = [found for type in CORE.entity_types.values() for found in type.properties.values()]


def refusal(ontology: Ontology, type: str, properties: JsonObject) -> InvalidPropertyError:
    with pytest.raises(InvalidPropertyError) as failure:
        check.properties(ontology.entity_types[type], properties)
    return failure.value


def nested(depth: int) -> JsonValue:
    value: JsonValue = "deep"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("blogpost", "blog_post"),
        ("BlogPost", "blog_post"),
        ("blog-posts", "blog_post"),
        ("coures", "course"),
        ("cretor", "creator"),
        ("landing page", "landing_page"),
    ],
)
def test_a_misspelt_type_is_answered_with_the_nearest(
    ontology: Ontology, given: str, meant: str
) -> None:
    with pytest.raises(UnknownTypeError) as failure:
        check.entity_type(ontology, given)

    assert failure.value.fields["kind"] == "entity"
    near = failure.value.fields["did_you_mean"]
    assert isinstance(near, list)
    assert near[0] == meant


def test_a_role_word_is_answered_with_the_types_that_fit(ontology: Ontology) -> None:
    with pytest.raises(UnknownTypeError) as failure:
        check.entity_type(ontology, "buyer")

    assert failure.value.fields["use_instead"] == ["audience_member", "creator"]


def test_a_synonym_stands_for_its_type(ontology: Ontology) -> None:
    assert check.entity_type(ontology, "webinar").name == "livestream"
    assert check.relationship_type(ontology, "follows").name == "following"
    assert check.event_type(ontology, "signed_up").name == "user_joined"


def test_a_name_of_another_kind_is_recognized(ontology: Ontology) -> None:
    with pytest.raises(UnknownTypeError) as failure:
        check.entity_type(ontology, "owns")

    assert "relationship" in str(failure.value)


@pytest.mark.parametrize("name", ["", " ", "x" * 100_000, "\ud800", "'; DROP TABLE", "\n\n"])
def test_any_name_at_all_is_answered_in_a_short_sentence(ontology: Ontology, name: str) -> None:
    with pytest.raises(UnknownTypeError) as failure:
        check.entity_type(ontology, name)

    assert len(str(failure.value)) < 500
    str(failure.value).encode()


@pytest.mark.parametrize(
    ("type", "field", "value"),
    [
        ("creator", "email", "no address"),
        ("creator", "username", 7),
        ("creator", "niche", "fitness"),
        ("creator", "niche", ["fitness", 7]),
        ("creator", "totalFollowers", 1.5),
        ("creator", "totalFollowers", -1),
        ("creator", "totalFollowers", True),
        ("creator", "brandColors", "red"),
        ("creator", "avatar", "not a url"),
        ("ai_clone", "temperature", 9),
        ("ai_clone", "voiceProvider", "acme"),
        ("ai_clone", "lastTrainingDate", "yesterday"),
        ("ai_clone", "lastTrainingDate", 10**15),
        ("token", "totalSupply", "many"),
        ("token", "totalSupply", "1e5"),
        ("course", "title", {}),
        ("livestream", "chatEnabled", "yes"),
        ("invoice", "lines", [1]),
    ],
)
def test_a_wrong_type_is_refused_by_field_and_without_its_value(
    ontology: Ontology, type: str, field: str, value: JsonValue
) -> None:
    given: JsonObject = {"email": "jane@example.com"} if type == "creator" else {}

    error = refusal(ontology, type, given | {field: value})

    assert str(error.fields["field"]).startswith(f"properties.{field}")
    assert error.fields["got"]
    assert error.fields["expected"]
    assert "acme" not in str(error)


def test_identity_is_required_on_creation_and_not_in_a_patch(ontology: Ontology) -> None:
    creator = ontology.entity_types["creator"]

    error = refusal(ontology, "creator", {})
    patched = check.properties(creator, {"bio": "Runs."}, patch=True)

    assert error.fields["field"] == "properties.email"
    assert str(error) == "properties.email is required: an e-mail address"
    assert patched.values == {"bio": "Runs."}


def test_identity_cannot_be_removed(ontology: Ontology) -> None:
    with pytest.raises(InvalidPropertyError):
        check.properties(ontology.entity_types["creator"], {"email": None}, patch=True)


def test_null_removes_in_a_patch_and_means_nothing_otherwise(ontology: Ontology) -> None:
    """D-11."""
    course = ontology.entity_types["course"]

    assert check.properties(course, {"price": None}, patch=True).values == {"price": None}
    assert check.properties(course, {"price": None}).values == {}


def test_defaults_are_filled_on_request_only(ontology: Ontology) -> None:
    clone = ontology.entity_types["ai_clone"]

    assert check.properties(clone, {}).values == {}
    assert check.properties(clone, {}, fill=True).values["temperature"] == 0.7


def test_defaults_are_not_shared_between_entities(ontology: Ontology) -> None:
    creator = ontology.entity_types["creator"]
    first = check.properties(creator, {"email": "a@example.com"}, fill=True).values
    expertise = first["expertise"]
    assert isinstance(expertise, list)

    expertise.append("running")

    second = check.properties(creator, {"email": "b@example.com"}, fill=True).values
    assert second["expertise"] == []


def test_unknown_properties_are_kept_and_reported(ontology: Ontology) -> None:
    given: JsonObject = {"email": "jane@example.com", "shoeSize": 39, "dispalyName": "Jane"}

    checked = check.properties(ontology.entity_types["creator"], given)

    assert checked.values == given
    assert checked.extra == ("shoeSize", "dispalyName")
    assert len(checked.hints) == 1
    assert "displayName" in checked.hints[0]


def test_an_alias_is_renamed(ontology: Ontology) -> None:
    """D-33."""
    token = ontology.entity_types["token"]

    assert check.properties(token, {"priceUsd": 2.5}).values == {"price": 2.5}
    with pytest.raises(InvalidPropertyError):
        check.properties(token, {"priceUsd": 2.5, "price": 3})


def test_token_amounts_may_be_numbers_or_decimal_strings(ontology: Ontology) -> None:
    """D-27."""
    token = ontology.entity_types["token"]

    for amount in (1_000_000, 0.5, "1000000000000000000000000.000000000000000001"):
        assert check.properties(token, {"totalSupply": amount}).values == {"totalSupply": amount}


def test_a_time_in_iso_8601_becomes_milliseconds(ontology: Ontology) -> None:
    clone = ontology.entity_types["ai_clone"]

    for written in ("2025-01-15T09:00:00Z", "2025-01-15T10:00:00+01:00", "2025-01-15 09:00"):
        checked = check.properties(clone, {"lastTrainingDate": written})
        assert checked.values == {"lastTrainingDate": 1_736_931_600_000}


def test_fields_inside_an_object_are_checked_too(ontology: Ontology) -> None:
    error = refusal(
        ontology, "creator", {"email": "jane@example.com", "brandColors": {"primary": 7}}
    )

    assert error.fields["field"] == "properties.brandColors.primary"


@pytest.mark.parametrize(
    "value",
    [
        "x" * (limits.LONGEST_TEXT + 1),
        ["x" * 1000] * 1100,
        "a\x00b",
        "a\ud800b",
        {"a\x00b": 1},
        float("nan"),
        float("inf"),
        2**53 + 1,
        -(2**64),
        nested(200),
        nested(5_000),
    ],
    ids=range(11),
)
def test_what_cannot_be_stored_is_refused_by_field(ontology: Ontology, value: JsonValue) -> None:
    error = refusal(ontology, "course", {"extra": value})

    assert str(error.fields["field"]).startswith("properties")
    assert len(str(error)) < 2_000


def test_metadata_of_an_event_needs_what_tells_its_cases_apart(ontology: Ontology) -> None:
    """D-46."""
    payment = ontology.event_types["payment_processed"]

    checked = check.metadata(payment, {"status": "completed", "amount": 5})
    with pytest.raises(InvalidPropertyError) as failure:
        check.metadata(payment, {"amount": 5})

    assert checked.values == {"status": "completed", "amount": 5}
    assert failure.value.fields["field"] == "metadata.status"


@pytest.mark.parametrize(
    ("start", "edge", "end"),
    [
        ("lesson", "part_of", "course"),
        ("video", "part_of", "lesson"),
        ("message", "part_of", "conversation"),
        ("message", "part_of", "livestream"),
        ("recording", "part_of", "livestream"),
        ("embedding", "part_of", "knowledge_item"),
        ("course", "generated_by", "ai_clone"),
        ("lesson", "generated_by", "design_agent"),
        ("ai_clone", "clone_of", "creator"),
        ("ai_clone", "trained_on", "knowledge_item"),
        ("ai_clone", "participated_in", "livestream"),
        ("audience_member", "participated_in", "livestream"),
        ("livestream", "hosted_on", "website"),
        ("ai_clone", "teaching", "course"),
        ("creator", "following", "creator"),
        ("creator", "authored", "blog_post"),
        ("audience_member", "holds_tokens", "token"),
        ("audience_member", "enrolled_in", "course"),
        ("audience_member", "notified", "notification"),
        ("creator", "member_of", "community"),
        ("lead", "assigned_to", "sales_agent"),
        ("marketing_agent", "reports_to", "strategy_agent"),
    ],
)
def test_natural_connections_raise_no_advice(
    ontology: Ontology, start: str, edge: str, end: str
) -> None:
    assert check.endpoints(ontology, start, edge, end) is None


def test_every_agent_may_power_a_clone_and_generate_a_course(ontology: Ontology) -> None:
    agents = [type for type in ontology.entity_types.values() if type.group == "Business Agents"]
    for agent in agents:
        assert check.endpoints(ontology, agent.name, "powers", "ai_clone") is None
        assert check.endpoints(ontology, "course", "generated_by", agent.name) is None


def test_a_creator_may_own_anything(extended: Ontology) -> None:
    for type in extended.entity_types:
        assert check.endpoints(extended, "creator", "owns", type) is None


@pytest.mark.parametrize(
    ("start", "edge", "end"),
    [
        ("course", "part_of", "lesson"),
        ("lesson", "part_of", "video"),
        ("livestream", "part_of", "recording"),
        ("engineering_agent", "generated_by", "course"),
        ("ai_clone", "generated_by", "blog_post"),
    ],
)
def test_a_turned_part_or_generator_is_refused_with_the_right_call(
    ontology: Ontology, start: str, edge: str, end: str
) -> None:
    """D-06."""
    with pytest.raises(WrongDirectionError) as failure:
        check.endpoints(ontology, start, edge, end)

    assert failure.value.fields["use_instead"] == {"from": end, "type": edge, "to": start}


def test_any_other_unusual_connection_is_advised_against_only(ontology: Ontology) -> None:
    """D-08."""
    for start, edge, end in (
        ("course", "enrolled_in", "audience_member"),
        ("token", "owns", "creator"),
        ("payment", "clone_of", "website"),
    ):
        assert check.endpoints(ontology, start, edge, end)


def test_types_that_no_file_defines_any_more_raise_no_advice(ontology: Ontology) -> None:
    assert check.endpoints(ontology, "boat", "owns", "course") is None


@given(given=st.dictionaries(ANY_TEXT | st.sampled_from(["title", "price"]), ANY_JSON, max_size=5))
def test_what_is_accepted_can_be_stored_and_read_back(given: JsonObject) -> None:
    with contextlib.suppress(InvalidPropertyError):
        values = check.properties(CORE.entity_types["course"], given).values

        text = jsons.dumps(values)
        with contextlib.closing(sqlite3.connect(":memory:")) as database:
            stored, valid = database.execute("SELECT ?1, json_valid(?1)", (text,)).fetchone()
        assert valid
        assert json.loads(stored) == values
        assert len(text.encode()) <= limits.LARGEST_JSON_BYTES


@given(st.sampled_from(PROPERTIES), ANY_JSON)
def test_a_value_that_fits_once_fits_again(declared: Property, value: JsonValue) -> None:
    with contextlib.suppress(InvalidPropertyError):
        fitted = shape.fit(declared, value, "field")

        assert shape.fit(declared, fitted, "field") == fitted
