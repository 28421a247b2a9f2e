# ruff: noqa: SIM905  (names in lines read better than a list of quoted ones)
from collections.abc import Iterable
from typing import Any

import pytest

from one_mcp.errors import UnknownTypeError
from one_mcp.ontology import automatic, check
from one_mcp.ontology.automatic import Occasion
from one_mcp.ontology.load import in_use
from one_mcp.ontology.model import Ontology, Property
from tests.ontology import specified


def grouped(types: dict[str, Any]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for type in types.values():
        groups.setdefault(type.group, []).append(type.name)
    return groups


def declared(shapes: Iterable[dict[str, Property]]) -> Iterable[Property]:
    for shape in shapes:
        for found in shape.values():
            yield found
            yield from declared([found.properties])


def test_every_specified_name_is_there_in_its_group(ontology: Ontology) -> None:
    """The names count, not the numbers that the specification claims (D-01)."""
    assert grouped(ontology.entity_types) == specified.ENTITY_TYPES
    assert grouped(ontology.relationship_types) == specified.RELATIONSHIP_TYPES
    assert grouped(ontology.event_types) == specified.EVENT_TYPES
    assert list(ontology.statuses) == specified.STATUSES


def test_all_six_dimensions_are_described(ontology: Ontology) -> None:
    assert set(ontology.dimensions) == {
        "organizations",
        "people",
        "entities",
        "connections",
        "events",
        "knowledge",
    }
    assert ontology.dimensions["entities"].title == "Things"
    for dimension in ontology.dimensions.values():
        assert dimension.meaning
        assert dimension.test.endswith(".")


def test_the_wider_platform_is_a_pack_and_off_by_default(
    ontology: Ontology, extended: Ontology
) -> None:
    """D-09."""
    for kind, names in (
        ("entity_types", specified.WIDER_ENTITY_TYPES),
        ("relationship_types", specified.WIDER_RELATIONSHIP_TYPES),
        ("event_types", specified.WIDER_EVENT_TYPES),
    ):
        assert set(getattr(extended, kind)) - set(getattr(ontology, kind)) == set(names)


def test_everyday_business_is_a_pack_and_on_by_default(ontology: Ontology, usual: Ontology) -> None:
    """D-09."""
    assert set(usual.entity_types) - set(ontology.entity_types) == {
        *("company", "contact", "deal", "order", "booking"),
        *("appointment", "task", "reminder", "promise", "phone_call"),
    }
    for type in ("task", "promise"):
        assert usual.entity_types[type].properties["dueAt"].type == "timestamp_ms"
    assert {"cash", "card", "transfer"} <= set(
        ontology.entity_types["payment"].properties["paymentMethod"].options
    )


@pytest.mark.parametrize("type", specified.PROPERTIES)
def test_specified_shapes_are_kept(ontology: Ontology, type: str) -> None:
    assert set(specified.PROPERTIES[type]) <= set(ontology.entity_types[type].properties)


@pytest.mark.parametrize("packs", [["extended"], [], ["-business"]])
def test_every_type_has_a_meaning_in_one_line_and_a_shape(packs: list[str]) -> None:
    extended = in_use(packs)
    every = [
        *extended.entity_types.values(),
        *extended.relationship_types.values(),
        *extended.event_types.values(),
    ]
    for type in every:
        assert type.meaning.endswith("."), type.name
        assert len(type.meaning) <= 160, type.name
    for type in extended.entity_types.values():
        assert type.properties, type.name


@pytest.mark.parametrize("packs", [["extended"], []])
def test_every_property_has_a_meaning(packs: list[str]) -> None:
    extended = in_use(packs)
    shapes = [
        *(type.properties for type in extended.entity_types.values()),
        *(type.metadata for type in extended.relationship_types.values()),
        *(type.metadata for type in extended.event_types.values()),
        extended.organization,
        extended.person,
    ]
    for found in declared(shapes):
        assert found.meaning.endswith("."), found.name
        assert len(found.meaning) <= 120, found.name


def test_only_identity_is_required_of_entities(extended: Ontology) -> None:
    """D-13."""
    required = {
        (type.name, found.name)
        for type in extended.entity_types.values()
        for found in type.properties.values()
        if found.required
    }

    assert required == {("creator", "email")}
    assert extended.entity_types["creator"].identity == "email"


def test_only_what_tells_cases_apart_is_required_of_events(extended: Ontology) -> None:
    """D-46."""
    for type in extended.event_types.values():
        for found in type.metadata.values():
            assert not found.required or found.type == "enum", type.name


def test_automatic_events_need_nothing_that_they_cannot_know(extended: Ontology) -> None:
    """D-47."""
    for type in extended.entity_types.values():
        for moment in ("created", "archived", "restored"):
            recorded = automatic.event(extended, Occasion(type, moment, "ent_1"))
            assert (recorded is None) == (type.records(moment) is None), (type.name, moment)


def test_every_type_records_an_event_when_an_entity_is_created(ontology: Ontology) -> None:
    for type in ontology.entity_types.values():
        assert type.on_create is not None, type.name
        assert check.target(ontology.event_types[type.on_create], type.name) is None, type.name


def test_cycles_are_refused_where_the_decisions_say(ontology: Ontology) -> None:
    """D-06, D-08."""
    edges = ontology.relationship_types.values()

    assert {edge.name for edge in edges if edge.acyclic} == {
        "clone_of",
        "part_of",
        "member_of",
        "reports_to",
    }
    assert {edge.name for edge in edges if edge.directed} == {"generated_by", "part_of"}


def test_role_words_of_the_specification_lead_to_types(ontology: Ontology) -> None:
    """D-05."""
    agents = set(specified.ENTITY_TYPES["Business Agents"])

    assert set(ontology.aliases["content"].candidates) == {"video", "blog_post", "digital_product"}
    assert set(ontology.aliases["ai_agent"].candidates) == agents
    assert set(ontology.aliases["agent"].candidates) == agents
    assert "website" in ontology.aliases["platform"].candidates
    for word in ("buyer", "viewer"):
        assert {"audience_member", "creator"} <= set(ontology.aliases[word].candidates)


def test_no_default_claims_a_fact(extended: Ontology) -> None:
    """A currency is the organization's."""
    for type in extended.entity_types.values():
        for found in declared([type.properties]):
            assert found.name != "currency" or found.default is None, type.name


WORDS = {
    "entity": """
        booking guest order purchase view login likes appointment review ticket task company contact
        deal reminder promise phone_call customer supplier employee invoice meeting quote cart todo
        project event product payment refund review note comment subscriber lead like share
    """.split(),
    "relationship": """
        booked ordered bought viewed likes reviewed logged_in works_at assigned reports paid_by
        about attends sells knows subscribed belongs_to
    """.split(),
    "event": """
        booking booked order purchase view login likes appointment review ticket_opened
        task_completed deal_won call refund sale signup subscribed comment download
    """.split(),
}
FINDERS = {
    "entity": check.entity_type,
    "relationship": check.relationship_type,
    "event": check.event_type,
}


@pytest.mark.parametrize("packs", [["-business"], [], ["extended"]])
@pytest.mark.parametrize("kind", WORDS)
def test_usual_words_lead_somewhere(kind: str, packs: list[str]) -> None:
    ontology, lost = in_use(packs), list[str]()
    for word in WORDS[kind]:
        try:
            FINDERS[kind](ontology, word)
        except UnknownTypeError as error:
            if error.fields.get("fits") is False or not (
                error.fields.get("use_instead") or error.fields.get("advice")
            ):
                lost.append(word)

    assert lost == []


def test_no_alias_hides_a_type(extended: Ontology) -> None:
    assert not set(extended.aliases) & set(extended.entity_types)
    assert not set(extended.relationship_aliases) & set(extended.relationship_types)
    assert not set(extended.event_aliases) & set(extended.event_types)


@pytest.mark.parametrize("packs", [["-business"], [], ["extended"]])
def test_advice_in_the_files_names_only_what_exists(packs: list[str]) -> None:
    """A word with an underscore in an advice is a name, and must be one."""
    ontology = in_use(packs)
    known = {
        *ontology.entity_types,
        *ontology.relationship_types,
        *ontology.event_types,
        "tag_entity",
        "create_entity",
        "update_entity",
        "archive_entity",
        "record_event",
        "add_knowledge",
    }
    every = [ontology.aliases, ontology.relationship_aliases, ontology.event_aliases]
    for alias in (alias for aliases in every for alias in aliases.values()):
        words = alias.advice.replace(",", " ").replace(";", " ").replace(":", " ").split()
        named = {word for word in words if "_" in word and word.islower()}
        assert named <= known, alias.name
