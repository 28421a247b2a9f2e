"""The mapping guides: every one renders, and what it shows to run does run."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from mcp import Client, MCPError
from mcp_types import INVALID_PARAMS, TextContent

from one_mcp.dimensions.batch import batch, judging, operations
from one_mcp.dimensions.batch.batch import Applied
from one_mcp.dimensions.connections.finding import Edges
from one_mcp.dimensions.connections.finding import find as find_connections
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.events.finding import find as find_events
from one_mcp.errors import PromptFileError
from one_mcp.ontology.load import load
from one_mcp.ontology.model import Ontology
from one_mcp.ontology.proposal import Mapping
from one_mcp.server import prompts
from one_mcp.server.build import SPECS
from one_mcp.session import Session

pytestmark = pytest.mark.anyio
CHARS_FOR_2500_TOKENS = 10_000
TRICKY = 'A "quoted"\n\\ name with $dollars, ```fences``` and {braces}'


def blocks(text: str, info: str) -> list[str]:
    return re.findall(rf"```{info}\n(.*?)```", text, re.DOTALL)


async def shown(client: Client, name: str, /, **arguments: str) -> str:
    result = await client.get_prompt(name, arguments)
    (message,) = result.messages
    assert isinstance(message.content, TextContent)
    return message.content.text


async def run(one: Session, block: str) -> Applied:
    """Check and apply a block of operations, as the guide tells a model to do."""
    proposed = json.loads(block)
    report = await one.read(judging.check, Mapping.model_validate({"operations": proposed}))
    assert report.problems == []
    return await one.write(batch.apply, operations.parse(proposed))


async def sentences(one: Session) -> set[str]:
    found: Edges = await one.read(find_connections, limit=200)
    return {f"{edge.from_name} {edge.type} {edge.to_name}" for edge in found.items}


async def happened(one: Session) -> Counter[str]:
    """Count events by type and, where it tells cases apart, by their case."""
    found = await one.read(find_events, limit=200, detail="full")
    counted = Counter[str]()
    for event in found.items:
        metadata = event.metadata or {}
        case = metadata.get("status") or metadata.get("action") or ""
        counted[f"{event.type} {case}".strip()] += 1
    return counted


def required(name: str) -> dict[str, str]:
    arguments = prompts.library()[name].head.arguments
    return {each.name: "ent_0000000000000001" for each in arguments if each.required}


@pytest.mark.parametrize("name", prompts.library())
async def test_every_prompt_renders_within_2500_tokens(client: Client, name: str) -> None:
    text = await shown(client, name, **required(name))

    assert len(text) < CHARS_FOR_2500_TOKENS
    assert "$$" not in text


async def test_all_guides_are_listed_with_their_arguments(client: Client) -> None:
    listed = {prompt.name: prompt for prompt in (await client.list_prompts()).prompts}

    assert set(listed) == {
        "map_feature",
        "map_ai_clone",
        "map_token_purchase",
        "sell_tokens",
        "map_course",
        "map_livestream",
        "migrate_schema",
        "design_entity_type",
        "review_mapping",
        "six_questions",
        "explain_ontology",
        "answer_from_graph",
        "ingest_documents",
        "reconcile_payments",
    }
    buyer = next(each for each in listed["map_token_purchase"].arguments or () if each.required)
    assert buyer.name == "buyer"
    assert all(prompt.title and prompt.description for prompt in listed.values())


async def test_clone_guide_runs(client: Client, one: Session, jane: Saved) -> None:
    first, _ = blocks(
        await shown(client, "map_ai_clone", creator=jane.id, name="Jane's twin"), "json operations"
    )
    made = (await run(one, first)).ids or {}
    _, later = blocks(
        await shown(client, "map_ai_clone", creator=jane.id, clone=made["$clone"]),
        "json operations",
    )
    await run(one, later)

    assert await sentences(one) == {
        "Jane owns Jane's twin",
        "Jane's twin clone_of Jane",
        "Jane's twin trained_on Collected articles",
        "Clone runner powers Jane's twin",
    }
    assert await happened(one) >= Counter(
        {"creator_created": 1, "clone_created": 1, "voice_cloned": 1, "appearance_cloned": 1}
    )


async def test_course_guide_runs(client: Client, one: Session, jane: Saved) -> None:
    (block,) = blocks(
        await shown(client, "map_course", creator=jane.id, title="Yoga"), "json operations"
    )
    await run(one, block)

    assert await sentences(one) == {
        "Jane owns Yoga",
        "Jane owns Teaching twin",
        "Teaching twin clone_of Jane",
        "Teaching twin teaching Yoga",
        "Yoga generated_by Course builder",
        "Lesson 1: Breath part_of Yoga",
        "Breath, the video part_of Lesson 1: Breath",
    }
    events = await happened(one)
    assert events["course_created"] == 1
    assert events["clone_generated_content"] == 1
    assert events["content_changed created"] == 2  # the lesson and the video


async def test_livestream_guide_runs(client: Client, one: Session, jane: Saved) -> None:
    first, _ = blocks(
        await shown(client, "map_livestream", creator=jane.id, title="Live"), "json operations"
    )
    stream = ((await run(one, first)).ids or {})["$stream"]
    _, later = blocks(
        await shown(client, "map_livestream", creator=jane.id, title="Live", livestream=stream),
        "json operations",
    )
    await run(one, later)

    assert await sentences(one) == {
        "Jane owns Live",
        "Jane owns Co-host twin",
        "Co-host twin clone_of Jane",
        "Co-host twin participated_in Live",
        "First viewer participated_in Live",
        "Live hosted_on Studio site",
        "Recording of Live part_of Live",
    }
    events = await happened(one)
    assert events["livestream_status_changed scheduled"] == 1
    assert events["livestream_status_changed ended"] == 1
    assert events["livestream_interaction joined"] == 1
    assert events["content_changed created"] >= 1  # the recording


async def test_purchase_guide_runs(client: Client, one: Session) -> None:
    buyer = await one.write(entity.create, "audience_member", "Bo")
    token = await one.write(entity.create, "token", "JANE")
    (block,) = blocks(
        await shown(
            client,
            "map_token_purchase",
            buyer=buyer.id,
            token=token.id,
            amount="0.5",
            paid="12.5",
            blockchain="sui",
        ),
        "json operations",
    )
    await run(one, block)

    (holding,) = (await one.read(find_connections, from_id=buyer.id, detail="full")).items
    assert holding.type == "holds_tokens"
    assert holding.metadata == {"balance": "0.5", "blockchain": "sui"}
    assert await happened(one) >= Counter(
        {"tokens_purchased": 1, "payment_processed completed": 1, "revenue_generated": 1}
    )


async def test_example_of_map_feature_is_a_valid_mapping(client: Client, one: Session) -> None:
    text = await shown(client, "map_feature", feature="Creators sell courses.")
    (block,) = blocks(text, "json mapping")

    report = await one.read(judging.check, Mapping.model_validate_json(block))

    assert report.valid
    assert report.problems == []
    assert "- creator_created" not in text
    assert "Creators sell courses." in text


async def test_example_of_design_entity_type_is_a_pack(client: Client, tmp_path: Path) -> None:
    text = await shown(client, "design_entity_type", idea="A room")
    pack = tmp_path / "rooms.toml"
    pack.write_text(blocks(text, "toml pack")[0])

    extended = load([pack])

    assert extended.entity_types["room"].properties["size"].unit == "square metres"


@pytest.mark.parametrize("name", ["map_ai_clone", "map_course", "map_livestream"])
async def test_quotes_and_dollars_of_an_argument_leave_the_json_whole(
    client: Client, name: str
) -> None:
    argument = "name" if name == "map_ai_clone" else "title"
    text = await shown(client, name, **required(name), **{argument: TRICKY})

    made = json.loads(blocks(text, "json operations")[0])[0]

    assert made["name"] == TRICKY


@pytest.mark.parametrize(
    ("name", "arguments", "about"),
    [
        ("map_everything", {}, "map_feature"),
        ("map_course", {}, "creator is missing"),
        ("map_course", {"creator": "  "}, "creator is missing"),
        ("map_course", {"creator": "ent_1", "colour": "red"}, "there is no colour"),
        ("map_token_purchase", {"buyer": "b", "token": "t", "paid": "12,50"}, "paid"),
        ("map_feature", {"feature": "x" * 20_001}, "20,000 characters"),
    ],
)
async def test_prompt_that_cannot_be_shown_says_why(
    client: Client, name: str, arguments: dict[str, str], about: str
) -> None:
    with pytest.raises(MCPError) as failure:
        await client.get_prompt(name, arguments)

    assert failure.value.code == INVALID_PARAMS
    assert about in failure.value.message
    assert failure.value.data["code"] in ("INVALID_ARGUMENT", "NOT_FOUND")


HEAD = '+++\ntitle = "T"\ndescription = "D"\n'
ARGUMENT = '[[arguments]]\nname = "idea"\ndescription = "An idea"\n'


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("No head", "between two lines of +++"),
        (f"{HEAD}No end", "between two lines of +++"),
        ("+++\ntitle = \n+++\n", "no TOML"),
        ('+++\ntitle = "T"\n+++\nText', "description is required"),
        (f"{HEAD}colour = 1\n+++\nText", "no field 'colour'"),
        (f"{HEAD}{ARGUMENT}completes = 'x'\n+++\n$idea", "arguments[0].completes must be"),
        (f"{HEAD}{ARGUMENT}{ARGUMENT}+++\n$idea", "twice"),
        (f"{HEAD}{ARGUMENT}+++\nText", "declares idea and does not use it"),
        (f"{HEAD}+++\n$idea", "uses $idea and does not declare it"),
        (f"{HEAD}+++\nIt costs 5 $.", "written $$"),
        (f"{HEAD}{ARGUMENT.replace('idea', 'statuses')}+++\n$statuses", "vocabulary"),
    ],
)
def test_broken_prompt_file_is_named_with_what_is_wrong(
    tmp_path: Path, text: str, about: str
) -> None:
    file = tmp_path / "broken.md"
    file.write_text(text)

    with pytest.raises(PromptFileError) as failure:
        prompts.parse(file)

    assert "broken.md" in str(failure.value)
    assert about in str(failure.value)


def test_prompts_speak_the_vocabulary_of_the_packs_in_use() -> None:
    extended: Ontology = load(["extended"])
    guide = prompts.find("map_feature")

    assert "mandate" in guide.fill({"feature": "Buying"}, extended)


def test_names_in_the_prompts_exist() -> None:
    """A word in backticks with an underscore is a name of the ontology, a tool, or an argument."""
    ontology = load()
    known: set[str] = {*ontology.entity_types, *ontology.relationship_types, *ontology.event_types}
    others = {spec.name for spec in SPECS} | set(prompts.library()) | {"external_id"}
    arguments = {"dry_run", "idempotency_key", "text_fields", "relationship_ends", "keep_tokens"}
    answers = {"approve_at", "declined_code", "looks_like", "needs_review"}

    for guide in prompts.library().values():
        text = "".join(guide.parts)
        for block in blocks(text, "json [a-z]+"):
            assert set(re.findall(r'"type": "([a-z_]+)"', block)) <= known
        words = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)\b[^`]*`", text))
        assert words <= known | others | arguments | answers, guide.name
