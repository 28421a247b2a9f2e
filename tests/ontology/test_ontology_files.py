from pathlib import Path

import pytest

from one_mcp import assets
from one_mcp.errors import OntologyError, UnknownTypeError
from one_mcp.ontology import automatic, check
from one_mcp.ontology.automatic import Occasion
from one_mcp.ontology.load import in_use, load

BOAT = """
[entity_types.boat]
group = "Products"
meaning = "Something that floats."
"""
RIVER = """
[relationship_types.moored_at]
group = "Media"
meaning = "The boat lies at the place."
reading = "is moored at"
inverse_reading = "has the boat"
ends = [{ from = ["digital_product"], to = ["website"] }]
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return tmp_path / "boats.toml"


def refusal(pack: Path, text: str) -> OntologyError:
    pack.write_text(text, encoding="utf-8")
    with pytest.raises(OntologyError) as failure:
        load([pack])
    return failure.value


def test_a_pack_adds_types_edges_events_and_aliases(pack: Path) -> None:
    pack.write_text(
        BOAT
        + RIVER
        + """
        [event_types.boat_launched]
        group = "Business"
        meaning = "A boat went into the water."
        targets = ["boat"]

        [entity_aliases]
        ship = "boat"
        """
    )

    ontology = load([pack])

    assert check.entity_type(ontology, "ship").name == "boat"
    assert check.relationship_type(ontology, "moored_at").group == "Media"
    assert check.event_type(ontology, "boat_launched").targets == ("boat",)
    assert ontology.packs == (str(pack),)


def test_a_type_of_a_pack_joins_what_its_group_may_do(pack: Path) -> None:
    pack.write_text(BOAT)

    ontology = load([pack])

    assert check.endpoints(ontology, "audience_member", "purchased", "boat") is None


def test_a_pack_may_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "things.toml").write_text(BOAT)
    (tmp_path / "edges.toml").write_text(RIVER.replace("digital_product", "boat"))

    ontology = load([tmp_path])

    assert ontology.relationship_types["moored_at"].fits("boat", "website")


def test_a_pack_may_advise_more_ends_of_a_core_edge(pack: Path) -> None:
    pack.write_text(BOAT + '[relationship_ends]\nhosted_on = [{ from = ["boat"], to = ["boat"] }]')

    ontology = load([pack])

    assert check.endpoints(ontology, "boat", "hosted_on", "boat") is None


def test_a_type_of_a_pack_takes_the_place_of_a_core_alias(pack: Path) -> None:
    pack.write_text(BOAT.replace("boat", "product"))

    ontology = load([pack])

    assert check.entity_type(ontology, "product").name == "product"
    with pytest.raises(UnknownTypeError):
        check.entity_type(load(), "product")


@pytest.mark.parametrize(
    ("text", "table", "key"),
    [
        (BOAT + 'meening = "x"', "entity_types.boat", "meening"),
        (BOAT.replace("Products", "Prodcts"), "entity_types.boat", "group"),
        (BOAT.replace("[entity_types.boat]", "[entity_types.Boat]"), None, "Boat"),
        ('[entity_typs.boat]\ngroup = "x"', None, "entity_typs"),
        (BOAT + 'on_create = "boat_built"', "entity_types.boat", "on_create"),
        (BOAT + 'identity = "hull"', "entity_types.boat", "identity"),
        (BOAT + 'text_fields = ["hull"]', "entity_types.boat", "text_fields"),
        (BOAT + 'properties = { hull = "strng: The hull." }', None, "hull"),
        (BOAT + 'properties = { hull = "The hull." }', None, "hull"),
        (BOAT + 'properties = { "the hull" = "string: The hull." }', None, "the hull"),
        (BOAT + 'properties = { hull = { type = "enum", meaning = "x" } }', None, "options"),
        (
            BOAT + 'properties = { hull = { type = "integer", default = "x", meaning = "x" } }',
            "entity_types.boat.properties.hull",
            "default",
        ),
        (
            BOAT + 'properties = { hull = { type = "integer", maximal = 3, meaning = "x" } }',
            "entity_types.boat.properties.hull",
            "maximal",
        ),
        (BOAT + 'usual = [{ connection = "oars", to = ["boat"] }]', None, "connection"),
        (BOAT + 'usual = [{ events = ["boat_sunk"] }]', None, "events"),
        (RIVER.replace("website", "webside"), None, "to"),
        (RIVER.replace('"website"', '"@Harbours"'), None, "to"),
        (RIVER.replace("acyclic", "") + 'acyclic = "yes"', None, "acyclic"),
        (BOAT + '[entity_aliases]\nship = "bot_boat_x"', None, "ship"),
        ('[relationship_ends]\nmoored = [{ from = ["*"], to = ["*"] }]', None, None),
        ('[roles.captain]\nmeaning = "x"', None, "roles"),
        ('[entity_statuses]\nsunk = "x"', None, "entity_statuses"),
        ("[entity_types]\nboat = 3", "entity_types", "boat"),
    ],
)
def test_a_fault_is_named_with_file_table_and_key(
    pack: Path, text: str, table: str | None, key: str | None
) -> None:
    error = refusal(pack, text)

    assert error.fields["file"] == str(pack)
    assert str(pack) in str(error)
    assert error.fields.get("key") == key
    if table is not None:
        assert error.fields["table"] == table


def test_a_misspelt_key_is_answered_with_the_right_one(pack: Path) -> None:
    assert "meaning" in str(refusal(pack, BOAT + 'meening = "x"'))


def test_a_pack_that_redefines_a_name_is_refused(pack: Path) -> None:
    error = refusal(pack, BOAT.replace("boat", "course"))

    assert "course" in str(error)
    assert "entities.toml" in str(error)


def test_a_pack_of_ones_own_wins_over_the_usual_one(pack: Path) -> None:
    """D-09."""
    pack.write_text(
        BOAT.replace("boat", "task")
        + """
        [entity_types.task.properties]
        knots = "count: How fast."

        [entity_groups]
        Sales = "What this harbour sells."

        [entity_aliases]
        call = "task"
        """
    )

    ontology = in_use([pack])

    task = check.entity_type(ontology, "task")
    assert (task.group, list(task.properties)) == ("Products", ["knots"])
    assert check.entity_type(ontology, "todo").name == "task"
    assert check.entity_type(ontology, "call").name == "task"
    assert ontology.groups["entity"]["Sales"] == "What this harbour sells."
    assert check.endpoints(ontology, "audience_member", "purchased", "task") is None
    assert ontology.packs == ("business", str(pack))


def test_the_usual_pack_can_be_left_out_and_be_named() -> None:
    assert in_use(["-business"]).packs == ()
    assert in_use(["business"]).packs == ("business",)
    assert in_use(["extended"]).packs == ("business", "extended")


def test_a_pack_may_give_a_word_of_the_core_another_meaning(pack: Path) -> None:
    pack.write_text(BOAT + '[entity_aliases]\nproduct = "boat"\nbrand = "boat"')

    ontology = load([pack])

    assert check.entity_type(ontology, "product").name == "boat"


def test_two_packs_that_define_one_name_are_refused(pack: Path, tmp_path: Path) -> None:
    other = tmp_path / "more.toml"
    other.write_text(BOAT)
    pack.write_text(BOAT)

    with pytest.raises(OntologyError):
        load([other, pack])


def test_broken_toml_is_refused_with_its_line(pack: Path) -> None:
    error = refusal(pack, "[entity_types.boat\n")

    assert "line 1" in str(error)


def test_a_missing_pack_is_answered_with_those_that_ship() -> None:
    with pytest.raises(OntologyError) as failure:
        load(["extnded"])

    assert "extended" in str(failure.value)


def test_an_empty_folder_is_no_pack(tmp_path: Path) -> None:
    with pytest.raises(OntologyError):
        load([tmp_path])


def test_every_file_that_ships_is_found() -> None:
    for folder in ("ontology", "packs", "guide"):
        assert any(assets.resources(folder).iterdir())
    assert any(assets.prompts().glob("*.md"))


def test_the_pack_of_the_guide_loads_as_it_stands(pack: Path) -> None:
    guide = assets.resources("guide", "packs.md").read_text(encoding="utf-8")
    pack.write_text(guide.split("```toml\n")[1].split("```")[0], encoding="utf-8")

    ontology = load([pack])

    bicycle = check.entity_type(ontology, "bike")
    assert bicycle.properties["kilometres"].minimum == 0
    assert bicycle.properties["kind"].options == ("city", "road", "mountain", "cargo")
    assert bicycle.properties["wheelSize"].unit == "inches"
    assert check.endpoints(ontology, "bicycle", "hosted_on", "website") is None
    assert check.endpoints(ontology, "bicycle", "repaired_by", "engineering_agent") is None
    recorded = automatic.event(ontology, Occasion(bicycle, "created", "ent_1"))
    assert recorded is not None
    assert (recorded.type.name, recorded.metadata) == ("content_changed", {"action": "created"})
