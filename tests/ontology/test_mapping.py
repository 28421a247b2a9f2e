import pytest
from pydantic import ValidationError

from one_mcp.jsons import JsonObject
from one_mcp.ontology.mapping import check_mapping
from one_mcp.ontology.model import Ontology
from one_mcp.ontology.proposal import Mapping
from one_mcp.ontology.referring import Existing
from one_mcp.ontology.report import Problem, Report

CLONE: JsonObject = {
    "feature": "A creator has an AI clone",
    "entities": [
        {"type": "creator", "as": "$jane", "properties": {"email": "jane@example.com"}},
        {"type": "ai_clone", "as": "$clone"},
        {"type": "knowledge_item", "as": "$talks"},
        {"type": "knowledge_item", "as": "$notes"},
    ],
    "connections": [
        {"from": "$jane", "type": "owns", "to": "$clone"},
        {"from": "$clone", "type": "clone_of", "to": "$jane"},
        {"from": "$clone", "type": "trained_on", "to": "$talks"},
        {"from": "$clone", "type": "trained_on", "to": "$notes"},
        {"from": "engineering_agent", "type": "powers", "to": "$clone"},
    ],
    "events": [
        {"type": "clone_created", "target": "$clone"},
        {"type": "voice_cloned", "target": "$clone"},
        {"type": "appearance_cloned", "target": "$clone"},
    ],
    "tags": [
        "status:training",
        {"on": "$clone", "tag": "industry:fitness"},
        {"on": "$clone", "tag": "skill:coaching"},
    ],
}
TOKEN: JsonObject = {
    "feature": "Someone buys a creator's tokens",
    "entities": [{"type": "token", "as": "$token"}, {"type": "audience_member", "as": "$buyer"}],
    "connections": [
        {"from": "creator", "type": "owns", "to": "$token"},
        {
            "from": "$buyer",
            "type": "holds_tokens",
            "to": "$token",
            "metadata": {"balance": "100", "blockchain": "sui"},
        },
    ],
    "events": [
        {"type": "tokens_purchased", "target": "$token", "actor": "$buyer"},
        {"type": "revenue_generated", "target": "creator"},
        {"type": "payment_processed", "target": "$token", "metadata": {"status": "completed"}},
    ],
}
COURSE: JsonObject = {
    "feature": "An AI generates a course",
    "entities": [
        {"type": "course", "as": "$course"},
        {"type": "lesson", "as": "$first"},
        {"type": "lesson", "as": "$second"},
        {"type": "video", "as": "$film"},
        {"type": "blog_post", "as": "$text"},
    ],
    "connections": [
        {"from": "creator", "type": "owns", "to": "$course"},
        {"from": "$course", "type": "generated_by", "to": "engineering_agent"},
        {"from": "ai_clone", "type": "teaching", "to": "$course"},
        {"from": "$first", "type": "part_of", "to": "$course"},
        {"from": "$second", "type": "part_of", "to": "$course"},
        {"from": "$film", "type": "part_of", "to": "$first"},
        {"from": "$text", "type": "part_of", "to": "$second"},
    ],
    "events": [
        {"type": "course_created", "target": "$course"},
        {"type": "clone_generated_content", "target": "$first"},
        {"type": "clone_generated_content", "target": "$second"},
    ],
    "tags": ["skill:python", "industry:software", "category:basics", "audience:beginners"],
}
LIVESTREAM: JsonObject = {
    "feature": "A livestream with a clone as co-host",
    "entities": [
        {"type": "livestream", "as": "$show"},
        {"type": "recording", "as": "$recording"},
        {"type": "message", "as": "$hello"},
    ],
    "connections": [
        {"from": "creator", "type": "owns", "to": "$show"},
        {"from": "ai_clone", "type": "participated_in", "to": "$show"},
        {"from": "$show", "type": "hosted_on", "to": "website"},
        {"from": "audience_member", "type": "participated_in", "to": "$show"},
        {"from": "$recording", "type": "part_of", "to": "$show"},
        {"from": "$hello", "type": "part_of", "to": "$show"},
    ],
    "events": [
        {
            "type": "livestream_status_changed",
            "target": "$show",
            "metadata": {"status": "scheduled"},
        },
        {"type": "livestream_interaction", "target": "$show", "metadata": {"action": "joined"}},
        {"type": "content_changed", "target": "$recording", "metadata": {"action": "created"}},
    ],
    "tags": ["topic:running", "format:live"],
}

THERE = {"ent_0": Existing("creator"), "ent_1": Existing("course")}


def review(ontology: Ontology, **mapping: object) -> Report:
    return check_mapping(ontology, Mapping.model_validate(mapping), THERE)


def only(report: Report) -> Problem:
    assert not report.valid
    assert len(report.problems) == 1
    return report.problems[0]


def codes(report: Report) -> list[str]:
    return [advice.code for advice in report.advice]


@pytest.mark.parametrize("mapping", [CLONE, TOKEN, COURSE, LIVESTREAM])
def test_corrected_examples_pass_without_a_word(ontology: Ontology, mapping: JsonObject) -> None:
    report = check_mapping(ontology, Mapping.model_validate(mapping), THERE)

    assert report.problems == []
    assert report.advice == []
    assert report.valid


def test_the_clone_example_as_specified_lacks_clone_of(ontology: Ontology) -> None:
    """D-07."""
    report = review(
        ontology,
        entities=[{"type": "ai_clone", "as": "$clone"}, {"type": "knowledge_item", "as": "$talks"}],
        connections=[
            {"from": "creator", "type": "owns", "to": "$clone"},
            {"from": "$clone", "type": "trained_on", "to": "$talks"},
            {"from": "agent", "type": "powers", "to": "$clone"},
        ],
    )

    assert only(report).code == "UNKNOWN_TYPE"
    added = [advice.add for advice in report.advice]
    assert {"from": "$clone", "type": "clone_of", "to": "creator"} in added


def test_the_course_example_as_specified_is_turned_around(ontology: Ontology) -> None:
    """D-05, D-06."""
    report = review(
        ontology,
        entities=[
            {"type": "course", "as": "$course"},
            {"type": "lesson", "as": "$lesson"},
            {"type": "content", "as": "$content"},
        ],
        connections=[
            {"from": "creator", "type": "owns", "to": "$course"},
            {"from": "engineering_agent", "type": "generated_by", "to": "$course"},
            {"from": "ai_agent", "type": "generated_by", "to": "$course"},
            {"from": "$course", "type": "part_of", "to": "$lesson"},
            {"from": "$lesson", "type": "part_of", "to": "$content"},
        ],
    )

    found = {problem.at: problem for problem in report.problems}
    assert found["entities[2].type"].code == "UNKNOWN_TYPE"
    assert found["connections[1]"].code == "WRONG_DIRECTION"
    assert found["connections[1]"].fix == (
        '{"from": "$course", "type": "generated_by", "to": "engineering_agent"}'
    )
    assert found["connections[2].from"].code == "UNKNOWN_TYPE"
    assert found["connections[3]"].fix == '{"from": "$lesson", "type": "part_of", "to": "$course"}'


def test_the_livestream_example_as_specified_names_no_types(ontology: Ontology) -> None:
    """D-05."""
    report = review(
        ontology,
        entities=[{"type": "livestream", "as": "$show"}],
        connections=[
            {"from": "$show", "type": "hosted_on", "to": "platform"},
            {"from": "viewer", "type": "participated_in", "to": "$show"},
        ],
    )

    fixes = [problem.fix or "" for problem in report.problems]
    assert [problem.code for problem in report.problems] == ["UNKNOWN_TYPE", "UNKNOWN_TYPE"]
    assert "website" in fixes[0]
    assert "audience_member" in fixes[1]


def test_the_token_example_as_specified_has_no_such_event(ontology: Ontology) -> None:
    report = review(
        ontology,
        entities=[{"type": "token", "as": "$token"}],
        connections=[{"from": "buyer", "type": "holds_tokens", "to": "$token"}],
        events=[{"type": "blockchain_transaction", "target": "$token"}],
    )

    found = {problem.at: problem.fix or "" for problem in report.problems}
    assert "audience_member" in found["connections[0].from"]
    assert "payment_processed" in found["events[0].type"]


def test_every_problem_says_what_would_work(usual: Ontology) -> None:
    report = review(
        usual,
        entities=[
            {"type": "warehouse", "properties": {"address": "Dock 3", "phone": "030 1"}},
            {"type": "recipe"},
            {"type": "login"},
            {"type": "Blog-Posts"},
            {"type": "token", "properties": {"blockchain": "bitcoin"}},
            {"type": "token", "properties": {"note": "x" * 2_000_000}},
            {"type": "token", "status": "sold"},
            {"type": "creator", "as": "jane"},
        ],
        connections=[
            {"from": "guest", "type": "booked", "to": "$table"},
            {"from": "creator", "type": "heats", "to": "course"},
        ],
        events=[{"type": "earthquake"}, {"type": "task"}],
        tags=["yoga"],
        operations=[{"op": "burn"}, {"op": "create_entity", "type": "course"}],
    )

    fixes = {problem.at: problem.fix for problem in report.problems}
    assert all(fixes.values())
    assert "company, because it has address, phone" in fixes["entities[0].type"]
    assert "one://guide/packs" in fixes["entities[1].type"]
    assert "user_engaged" in fixes["entities[2].type"]
    assert fixes["entities[3].type"] == "use blog_post"
    assert "references" in fixes["connections[1].type"]
    assert "user_engaged" in fixes["events[0].type"]
    assert fixes["events[1].type"] == "it is an entity type"


def test_a_word_of_another_kind_says_which(usual: Ontology) -> None:
    report = review(usual, events=[{"type": "guest"}], entities=[{"type": "bought"}])

    fixes = [problem.fix for problem in report.problems]
    assert fixes[0].startswith("use payment_processed: an event")
    assert fixes[1].startswith("use audience_member or contact: an entity")


def test_a_subscription_says_who_pays_and_for_what(usual: Ontology) -> None:
    report = review(usual, entities=[{"type": "subscription", "as": "$plan"}])

    added = [advice.add for advice in report.advice]
    assert {"from": "audience_member", "type": "purchased", "to": "$plan"} in added
    assert {"from": "$plan", "type": "references", "to": "membership"} in added


def test_a_local_name_defined_twice_is_refused(ontology: Ontology) -> None:
    entities = [{"type": "creator", "as": "$x"}, {"type": "token", "as": "$x"}]

    assert only(review(ontology, entities=entities)).code == "DUPLICATE_NAME"


def test_a_local_name_without_a_dollar_is_refused(ontology: Ontology) -> None:
    assert only(review(ontology, entities=[{"type": "token", "as": "x"}])).code == "INVALID_NAME"


def test_an_undefined_name_is_answered_with_the_nearest(ontology: Ontology) -> None:
    problem = only(
        review(
            ontology,
            entities=[{"type": "course", "as": "$course"}],
            connections=[{"from": "creator", "type": "owns", "to": "$corse"}],
        )
    )

    assert problem.code == "UNDEFINED_NAME"
    assert problem.at == "connections[0].to"
    assert problem.fix == "use $course"


def test_a_thing_connected_to_itself_is_refused(ontology: Ontology) -> None:
    problem = only(
        review(
            ontology,
            entities=[{"type": "creator", "as": "$jane", "properties": {"email": "j@example.com"}}],
            connections=[{"from": "$jane", "type": "following", "to": "$jane"}],
        )
    )

    assert problem.code == "SELF_CONNECTION"


def test_two_of_one_type_may_be_connected(ontology: Ontology) -> None:
    """D-08."""
    connections = [{"from": "creator", "type": "following", "to": "creator"}]

    assert review(ontology, connections=connections).valid


def test_a_cycle_of_parts_is_refused_where_it_closes(ontology: Ontology) -> None:
    problem = only(
        review(
            ontology,
            entities=[{"type": "community", "as": f"${name}"} for name in "abc"],
            connections=[
                {"from": "$a", "type": "part_of", "to": "$b"},
                {"from": "$b", "type": "part_of", "to": "$c"},
                {"from": "$c", "type": "part_of", "to": "$a"},
            ],
        )
    )

    assert problem.code == "CYCLE"
    assert problem.at == "connections[2]"


def test_a_cycle_of_followers_is_fine(ontology: Ontology) -> None:
    report = review(
        ontology,
        entities=[{"type": "audience_member", "as": "$a"}, {"type": "audience_member", "as": "$b"}],
        connections=[
            {"from": "$a", "type": "following", "to": "$b"},
            {"from": "$b", "type": "following", "to": "$a"},
        ],
    )

    assert report.valid


def test_a_wrong_property_is_refused_and_a_strange_one_advised_against(ontology: Ontology) -> None:
    report = review(
        ontology,
        entities=[
            {"type": "token", "properties": {"blockchain": "bitcoin"}},
            {"type": "token", "properties": {"symbl": "JANE"}},
        ],
    )

    assert only(report).code == "INVALID_PROPERTY"
    assert only(report).at == "entities[0]"
    assert "EXTRA_PROPERTY" in codes(report)


def test_a_sketch_may_leave_out_what_an_operation_must_have(ontology: Ontology) -> None:
    sketch = review(
        ontology,
        entities=[{"type": "creator", "as": "$jane"}],
        events=[{"type": "payment_processed", "target": "$jane"}],
    )
    exact = review(
        ontology,
        operations=[
            {"op": "create_entity", "as": "$jane", "type": "creator", "name": "Jane"},
            {"op": "record_event", "type": "payment_processed", "target": "$jane"},
        ],
    )

    assert sketch.valid
    assert codes(sketch) == ["STILL_MISSING", "STILL_MISSING"]
    assert [problem.code for problem in exact.problems] == ["INVALID_PROPERTY", "INVALID_PROPERTY"]


def test_metadata_of_connections_and_events_is_checked(ontology: Ontology) -> None:
    report = review(
        ontology,
        connections=[
            {
                "from": "audience_member",
                "type": "holds_tokens",
                "to": "token",
                "metadata": {"balance": "lots"},
            }
        ],
        events=[
            {"type": "tokens_earned", "target": "token", "metadata": {"amount": True}},
        ],
    )

    assert [problem.at for problem in report.problems] == ["connections[0]", "events[0]"]


def test_events_without_or_with_a_strange_target_are_advised_against(ontology: Ontology) -> None:
    report = review(
        ontology,
        events=[{"type": "voice_cloned"}, {"type": "voice_cloned", "target": "course"}],
    )

    assert report.valid
    assert codes(report) == ["NO_TARGET", "UNUSUAL_TARGET"]


def test_unusual_connections_are_advised_against_and_turned(ontology: Ontology) -> None:
    report = review(
        ontology,
        connections=[
            {"from": "course", "type": "enrolled_in", "to": "audience_member"},
            {"from": "payment", "type": "moderates", "to": "token"},
        ],
        events=[{"type": "course_enrolled", "target": "course"}],
    )

    assert report.valid
    assert codes(report) == ["PROBABLY_REVERSED", "UNUSUAL_CONNECTION"]
    assert report.advice[0].add == {
        "from": "audience_member",
        "type": "enrolled_in",
        "to": "course",
    }


def test_tags_need_a_key_and_a_usual_one(ontology: Ontology) -> None:
    report = review(ontology, tags=["python", "skil:python", "skill:python", ":x", "x:"])

    assert [problem.at for problem in report.problems] == ["tags[0]", "tags[3]", "tags[4]"]
    assert codes(report) == ["UNUSUAL_TAG_KEY"]
    assert "skill" in report.advice[0].advice


def test_what_usually_comes_along_is_offered_ready_to_add(ontology: Ontology) -> None:
    report = review(
        ontology,
        entities=[
            {"type": "creator", "as": "$jane", "properties": {"email": "j@example.com"}},
            {"type": "livestream", "as": "$show"},
        ],
    )

    assert [advice.add for advice in report.advice] == [
        {"from": "$jane", "type": "owns", "to": "$show"},
        {"from": "$show", "type": "hosted_on", "to": "website"},
    ]


def test_what_is_offered_is_accepted(usual: Ontology) -> None:
    """Adding all that the advice offers leaves nothing to say about completeness."""
    ontology = usual
    entities = [
        {"type": name, "as": f"${name}"} for name in ontology.entity_types if name != "creator"
    ]
    first = review(ontology, entities=entities)
    offered = [advice.add for advice in first.advice if advice.add is not None]

    second = review(
        ontology,
        entities=entities,
        connections=[add for add in offered if "from" in add],
        events=[add for add in offered if "target" in add],
    )

    assert second.valid
    assert not {"USUALLY_CONNECTED", "USUALLY_RECORDED", "UNUSUAL_CONNECTION"} & set(codes(second))


def test_operations_are_taken_as_a_mapping(ontology: Ontology) -> None:
    report = review(
        ontology,
        operations=[
            {
                "op": "create_entity",
                "as": "$jane",
                "type": "creator",
                "name": "Jane",
                "properties": {"email": "jane@example.com"},
                "tags": ["skill:running"],
            },
            {"op": "create_entity", "as": "$course", "type": "course", "name": "Run"},
            {"op": "create_entity", "as": "$one", "type": "lesson", "name": "Start"},
            {"op": "connect_entities", "from": "$jane", "type": "owns", "to": "$course"},
            {"op": "connect_entities", "from": "$one", "type": "part_of", "to": "$course"},
            {"op": "update_entity", "id": "$course", "properties": {"price": 49.5}},
            {"op": "tag_entity", "id": "$course", "add": ["audience:beginners"]},
            {"op": "archive_entity", "id": "ent_1"},
            {"op": "disconnect_entities", "from": "$one", "type": "part_of", "to": "$course"},
        ],
    )

    assert report.problems == []
    assert report.advice == []
    assert report.counts == {"entities": 3, "connections": 2, "events": 0, "tags": 2}


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ({"op": "create_thing", "type": "course"}, "INVALID_ARGUMENT"),
        ({"op": "create_entity", "type": "course"}, "INVALID_ARGUMENT"),
        ({"op": "archive_entity", "id": "$no"}, "UNDEFINED_NAME"),
        ({"op": "archive_entity", "id": "ent_0", "status": "draft"}, "INVALID_ARGUMENT"),
        ({"op": "create_entity", "type": "course", "name": "C", "status": "archived"}, None),
        ({"op": "create_entity", "type": "course", "name": "C", "status": "live"}, None),
        ({"op": "connect_entities", "from": "creator", "type": "owns", "to": "ent_1"}, None),
        ({"op": "disconnect_entities", "from": "ent_1", "type": "ows", "to": "ent_0"}, None),
        ({"op": "update_entity", "id": "ent_0", "status": "sold"}, "INVALID_STATUS"),
    ],
)
def test_a_faulty_operation_is_refused(
    ontology: Ontology, operation: JsonObject, code: str | None
) -> None:
    problem = only(review(ontology, operations=[operation]))

    assert problem.at.startswith("operations[0]")
    assert code is None or problem.code == code


def test_an_operation_cannot_use_what_a_later_one_creates(ontology: Ontology) -> None:
    problem = only(
        review(
            ontology,
            operations=[
                {"op": "connect_entities", "from": "ent_0", "type": "owns", "to": "$course"},
                {"op": "create_entity", "as": "$course", "type": "course", "name": "C"},
            ],
        )
    )

    assert problem.at == "operations[0].to"
    assert problem.code == "UNDEFINED_NAME"


def test_unknown_arguments_are_refused() -> None:
    with pytest.raises(ValidationError):
        Mapping.model_validate({"entites": []})
