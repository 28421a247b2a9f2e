"""The guides: every call they show is one that the server answers."""

import ast
import json
import re
from contextlib import suppress
from inspect import signature
from typing import Any

import pytest
from mcp import Client

from one_mcp import assets
from one_mcp.clock import DAY_MS
from one_mcp.search import fusion
from one_mcp.server.build import SPECS
from one_mcp.server.resources.views import guides
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio
MOST_CHARACTERS = 16_000
TOOLS = {spec.name for spec in SPECS}

STUDIO: list[dict[str, Any]] = [
    {
        "op": "create_entity",
        "as": "$jane",
        "type": "creator",
        "name": "Jane",
        "properties": {"email": "jane@example.com"},
    },
    {"op": "create_entity", "as": "$bo", "type": "audience_member", "name": "Bo"},
    {"op": "create_entity", "as": "$ann", "type": "audience_member", "name": "Ann"},
    {
        "op": "create_entity",
        "as": "$course",
        "type": "course",
        "name": "Yoga",
        "properties": {"price": 49},
        "tags": ["skill:yoga"],
    },
    {"op": "create_entity", "as": "$lesson", "type": "lesson", "name": "Breath"},
    {"op": "create_entity", "as": "$video", "type": "video", "name": "Breath, the video"},
    {"op": "create_entity", "as": "$token", "type": "token", "name": "JANE"},
    {"op": "create_entity", "as": "$clone", "type": "ai_clone", "name": "Twin"},
    {"op": "connect_entities", "from": "$jane", "type": "authored", "to": "$video"},
    {"op": "connect_entities", "from": "$jane", "type": "owns", "to": "$course"},
    {"op": "connect_entities", "from": "$bo", "type": "following", "to": "$jane"},
    {"op": "connect_entities", "from": "$ann", "type": "following", "to": "$jane"},
    {"op": "connect_entities", "from": "$lesson", "type": "part_of", "to": "$course"},
    {"op": "connect_entities", "from": "$video", "type": "part_of", "to": "$lesson"},
    {"op": "connect_entities", "from": "$bo", "type": "completed", "to": "$course"},
    {
        "op": "connect_entities",
        "from": "$bo",
        "type": "holds_tokens",
        "to": "$token",
        "metadata": {"balance": "12.5", "blockchain": "base"},
    },
    {
        "op": "record_event",
        "type": "content_interacted",
        "actor": "$bo",
        "target": "$video",
        "metadata": {"interaction": "viewed", "durationMs": 61_000},
    },
    {
        "op": "record_event",
        "type": "clone_interaction",
        "actor": "$bo",
        "target": "$clone",
        "metadata": {"sentiment": "positive", "satisfaction": 90},
    },
    {
        "op": "record_event",
        "type": "tokens_earned",
        "target": "$clone",
        "metadata": {"amount": "3"},
    },
]


def calls(guide: str) -> dict[str, list[str]]:
    """The calls that a guide shows, under the headings they stand under."""
    text = assets.resources("guide", f"{guide}.md").read_text("utf-8")
    sections = re.split(r"^##? ", text, flags=re.MULTILINE)
    found = {
        section.partition("\n")[0]: re.findall(r"```json call\n(.*?)```", section, re.DOTALL)
        for section in sections
    }
    return {heading: blocks for heading, blocks in found.items() if blocks}


async def made(client: Client, clock: HandClock) -> dict[str, str]:
    """Build the studio, three days ago; return its ids by the names that the guides use."""
    result = await client.call_tool("apply_changes", {"operations": STUDIO})
    assert result.structured_content
    clock.forward(3 * DAY_MS)
    return {name.replace("$", "ent_"): id for name, id in result.structured_content["ids"].items()}


async def answered(client: Client, block: str, ids: dict[str, str]) -> dict[str, Any]:
    for name, id in ids.items():
        block = block.replace(f'"{name}"', f'"{id}"')
    call = json.loads(block)
    result = await client.call_tool(call["tool"], call["arguments"])
    assert result.structured_content
    assert not result.is_error, result.structured_content
    return result.structured_content


@pytest.mark.parametrize("guide", guides())
async def test_every_call_of_a_guide_is_answered(
    client: Client, clock: HandClock, guide: str
) -> None:
    ids = await made(client, clock)
    blocks = [block for section in calls(guide).values() for block in section]
    if guide == "getting-started":
        blocks = [block.replace("jane@example.com", "j@example.com") for block in blocks]

    for block in blocks:
        await answered(client, block, ids)


def written_out(text: str) -> list[str]:
    """The calls that sentences show, such as `find_entities(text="jane")`, and conditions alone."""
    inline = [re.sub(r"\s+", " ", code) for code in re.findall(r"`([^`]+)`", text)]
    alone = re.findall(r"^    (\S.*)$", text, re.MULTILINE)
    conditions = [line for line in alone if line.startswith(("{", "has="))]
    return [*(code for code in inline if re.fullmatch(r"\w+\(.*\)", code)), *conditions]


def read_out(code: str) -> tuple[str, dict[str, Any]] | None:
    """Read a call, or conditions of find_entities; None where a placeholder stands in it."""
    if code.startswith("{"):
        given = json.loads(code)
        return "find_entities", given if given.keys() <= {"has", "lacks"} else {"where": given}
    tool = ast.parse(code if "(" in code.partition("=")[0] else f"find_entities({code})").body[0]
    assert isinstance(tool, ast.Expr)
    assert isinstance(tool.value, ast.Call)
    assert isinstance(tool.value.func, ast.Name)
    first = [ast.literal_eval(one) for one in tool.value.args]
    named = {str(one.arg): ast.literal_eval(one.value) for one in tool.value.keywords}
    return tool.value.func.id, {"topic": first[0], **named} if first else named


def shown_calls() -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    for guide in guides():
        text = assets.resources("guide", f"{guide}.md").read_text("utf-8")
        plain = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        for code in written_out(plain):
            with suppress(SyntaxError, ValueError):  # <id>, ..., and names of arguments alone
                call = read_out(code)
                if call is not None and call[0] in TOOLS and call not in found:
                    found.append(call)
    return found


@pytest.mark.parametrize(("tool", "arguments"), shown_calls())
async def test_every_call_in_a_sentence_is_answered(
    client: Client, clock: HandClock, tool: str, arguments: dict[str, Any]
) -> None:
    ids = await made(client, clock)

    await answered(client, json.dumps({"tool": tool, "arguments": arguments}), ids)


def test_sentences_name_arguments_that_there_are() -> None:
    """Of guides and prompts: a model writes the name that it reads."""
    texts = [assets.resources("guide", f"{guide}.md").read_text("utf-8") for guide in guides()]
    texts += [file.read_text("utf-8") for file in assets.prompts().iterdir()]
    taken = {
        spec.name: {name.rstrip("_") for name in signature(spec.run).parameters} for spec in SPECS
    }

    unknown = [
        (tool, name)
        for text in texts
        for tool, arguments in re.findall(r"`(\w+)\(([^`]*)\)`", text)
        for name in re.findall(r"(?:^|, )([a-z_]+)(?==|,|$)", arguments)
        if tool in TOOLS and name not in taken[tool]
    ]

    assert unknown == []


def test_sentences_show_calls() -> None:
    assert {tool for tool, _ in shown_calls()} >= {"describe_ontology", "find_entities"}
    assert len(shown_calls()) >= 6


@pytest.mark.parametrize("guide", guides())
def test_guide_is_short_enough_to_be_read_at_once(guide: str) -> None:
    text = assets.resources("guide", f"{guide}.md").read_text("utf-8")

    assert len(text) < MOST_CHARACTERS
    assert text.startswith("# ")


def test_the_guide_to_knowledge_names_the_weights_that_search_has() -> None:
    text = assets.resources("guide", "knowledge.md").read_text("utf-8")

    assert f"vectors ({fusion.MEANING})" in text
    assert f"({round(1 - fusion.MEANING, 2)})" in text


async def test_query_patterns_answer_their_questions(client: Client, clock: HandClock) -> None:
    ids = await made(client, clock)
    answers = {
        heading.partition(":")[0]: await answered(client, blocks[0], ids)
        for heading, blocks in calls("query-patterns").items()
    }

    creator = answers["A creator with all content and the number of followers"]
    assert creator["neighbours"]["authored out"][0]["name"] == "Breath, the video"
    assert creator["neighbours"]["owns out"][0]["name"] == "Yoga"
    assert creator["counts"]["following in"] == 2

    (holding,) = answers["What tokens somebody holds"]["items"]
    assert holding["to_name"] == "JANE"
    assert holding["metadata"] == {"balance": "12.5", "blockchain": "base"}

    (seen,) = answers["The history of a piece of content"]["items"]
    assert seen["actor_name"] == "Bo"
    assert seen["metadata"] == {"interaction": "viewed", "durationMs": 61_000}

    stats = answers["How an AI clone does"]["stats"]
    assert stats["interactions"] == 1
    assert stats["positive_share"] == 1
    assert stats["tokens_earned"] == "3"
    assert stats["satisfaction"] == 90

    parts = answers["The lessons of a course, and what each is made of"]
    assert [node["name"] for node in parts["nodes"]] == ["Yoga", "Breath", "Breath, the video"]

    (finished,) = answers["Students of a course who have finished it"]["items"]
    assert finished["name"] == "Bo"

    assert answers["How two things are related"]["paths"][0]["steps"] == ["Bo is following Jane"]
    assert len(answers["Who changed this, and why"]["changes"]) == 1

    idle = answers["Members without a payment in the last 30 days"]
    assert {it["name"] for it in idle["items"]} == {"Bo", "Ann"}
    assert answers["Customers whom nobody wrote to for 60 days"]["total"] == 0
    assert answers["Revenue per course over its enrolled members"]["rows"] == 0
    assert answers["Who is there twice"]["groups"] == []
