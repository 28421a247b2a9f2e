"""However much a business holds, no answer is too long for a client to show its model.

Claude Code shows a file's name instead of more than 50,000 characters. Every tool and resource that
reads is asked for as much as it gives, of a business whose names, properties, histories and texts
are as long as they may be.
"""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.server import Server
from mcp_types import TextResourceContents

from one_mcp.server.caller import Serving

pytestmark = pytest.mark.anyio

MOST_CHARACTERS = 48_000
VIDEOS, MEMBERS, VIEWS, DOCUMENTS, UPDATES = 60, 220, 240, 60, 25
MEANING = 'Übung "für" 瑜伽 \\ 🧘 '
LONG = 'väl\n"ue ' * 30
FULL: dict[str, Any] = {"detail": "full"}
WIDE: dict[str, Any] = {"around": True, "explain": True, **FULL}
MOST: dict[str, Any] = {"limit": 200, **FULL}
EVERYTHING = ["tags", "counts", "neighbours", "events", "stats", "archived"]


def name(number: int) -> str:
    return f"{number} {MEANING * 40}"[:500].strip()


def records() -> Iterator[dict[str, Any]]:
    """A creator with a long biography, what she made, who follows her, and who looked at it."""
    bio = '\n"x"' * 12_000
    yield entity("c", "creator", 0, {"email": "a@example.com", "bio": bio})
    for number in range(VIDEOS):
        many = {f"p{key}_{'k' * 60}": LONG for key in range(30)}
        tags = [f"topic:{'t' * 80}{number}-{each}" for each in range(20)]
        properties = {**many, "description": "words " * 300, "views": number}
        yield entity(f"v{number}", "video", number, properties, tags=tags)
        yield link("c", "authored", f"v{number}", {f"m{key}": LONG for key in range(60)})
    for number in range(MEMBERS):
        yield entity(f"m{number}", "audience_member", number % 100, {"phone": "+49 170 1000000"})
        yield link(f"m{number}", "following", "c", {})
    for number in range(VIEWS):
        seen = {"interaction": "viewed", "city": f"{'город ' * 20}{number}", "more": LONG * 3}
        yield {
            "event": {
                "type": "content_interacted",
                "actor": {"external_id": f"m{number % MEMBERS}"},
                "target": {"external_id": f"v{number % 3}"},
                "metadata": seen,
            }
        }


def entity(key: str, type: str, number: int, properties: dict[str, Any], **more: Any) -> Any:
    row = {"external_id": key, "type": type, "name": name(number), "properties": properties}
    return {"entity": row | more}


def link(start: str, type: str, end: str, metadata: dict[str, Any]) -> dict[str, Any]:
    ends = {"from": {"external_id": start}, "to": {"external_id": end}}
    return {"connection": ends | {"type": type, "metadata": metadata}}


class Business:
    """A client, what it has stored, and the longest answers that it has got."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.creator = self.video = self.other = self.document = self.change = ""
        self.operation = ""

    async def ask(self, tool: str, /, **arguments: Any) -> Any:
        result = await self.client.call_tool(tool, arguments)
        assert not result.is_error, (tool, arguments, result.content)
        for answer in (result.content[0].text, written(result.structured_content)):  # pyright: ignore[reportAttributeAccessIssue]
            assert len(answer) <= MOST_CHARACTERS, (tool, arguments, len(answer))
        return result.structured_content

    async def read(self, uri: str) -> str:
        (found,) = (await self.client.read_resource(uri)).contents
        assert isinstance(found, TextResourceContents)
        assert len(found.text) <= MOST_CHARACTERS, (uri, len(found.text))
        return found.text


def written(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@pytest.fixture
async def business(server: Server[Serving], tmp_path: Path) -> AsyncIterator[Business]:
    (tmp_path / "big.jsonl").write_text("\n".join(map(written, records())), "utf-8")
    async with Client(server) as client:
        made = Business(client)
        loaded = await made.ask("import_data", path=str(tmp_path / "big.jsonl"))
        made.change = loaded["change"]
        made.creator = (await made.ask("find_entities", type="creator"))["items"][0]["id"]
        videos = (await made.ask("find_entities", type="video", limit=12, sort="created"))["items"]
        made.video, made.other = videos[0]["id"], videos[1]["id"]
        for number in range(UPDATES):
            text = f'{number} {"text" * 9} "\n' * 900
            changed = {
                "description": text,
                **{f"q{key}{'k' * 60}": text[:900] for key in range(20)},
            }
            await made.ask("update_entity", id=made.video, properties=changed, reason="r" * 400)
        text = '# Töpic "q"\n\nbreathing \\ words \n\n' * 200
        for number in range(DOCUMENTS):
            added = await made.ask(
                "add_knowledge",
                text=f"{text if number else text * 12}{number}",
                title=name(number),
                entities=[made.creator, *(it["id"] for it in videos)],
                labels=[f"label:{'l' * 80}{each}" for each in range(30)],
                source=f"{number}{'s' * 1_900}",
            )
            made.document = made.document or added["id"]
        await made.ask("update_entity", id=made.other, properties={"price": 5})
        quote = await made.ask("quote_tokens", item=made.other, buyer=made.creator)
        bought = await made.ask("purchase_tokens", quote=quote["quote"])
        made.operation = bought["operation"]
        yield made


def questions(of: Business) -> list[tuple[str, dict[str, Any]]]:
    """What is asked of each tool that reads: as much as it gives."""
    creator, video, other = of.creator, of.video, of.other
    events = {"of": "events", "limit": 200}
    return [
        ("describe_ontology", {}),
        *(("describe_ontology", {"topic": topic}) for topic in ("things", "events", "creator")),
        ("check_mapping", {"entities": [{"as": f"$x{n}", "type": f"no{n}"} for n in range(400)]}),
        ("find_entities", MOST),
        ("find_entities", {**MOST, "text": "übung words"}),
        ("find_entities", {**MOST, "connected_to": {"id": creator}}),
        ("find_entities", {"type": "video", "sort": "-description", "limit": 200}),
        ("find_entities", {"type": "video", "sort": "description", **MOST}),
        ("summarize", {"of": "entities", "group_by": ["tag:topic"], "limit": 200}),
        ("summarize", {"of": "entities", "group_by": ["type", "tag:topic"]}),
        ("summarize", {**events, "group_by": ["city", "actor", "target"], "measures": ["count"]}),
        ("summarize", {**events, "group_by": ["target.description", "actor", "city"]}),
        ("summarize", {**events, "group_by": ["actor"], "since": "-9d", "compare": "previous"}),
        ("summarize", {"of": "connections", "group_by": ["from", "to", "type"], "limit": 200}),
        ("find_duplicates", {"limit": 200}),
        ("find_duplicates", {"type": "audience_member", "limit": 200}),
        *(("get_entity", {"id": it, "include": EVERYTHING}) for it in (creator, video)),
        ("get_entity", {"id": creator, "include": EVERYTHING, "detail": "full"}),
        ("get_entity", {"id": video, "include": EVERYTHING, "detail": "full"}),
        ("get_entity", {"id": creator, "relationships": ["authored"], "detail": "full"}),
        ("get_entity", {"id": video, "as_of": "now", "detail": "full"}),
        *(("explore_graph", {"id": creator, "depth": depth, **MOST}) for depth in (1, 4)),
        ("explore_graph", {"id": video, "to": other}),
        ("find_connections", {"from": creator, **MOST}),
        ("find_connections", {"to": creator, **MOST}),
        ("find_connections", {"between": [creator, video], **MOST}),
        ("find_events", MOST),
        ("find_events", {"entity": video, **MOST}),
        *(("get_history", {"id": it, "limit": 200}) for it in (creator, video, of.change)),
        ("get_history", {"limit": 200}),
        ("search_knowledge", {"query": "breathing", "limit": 100, "per_document": 20, **WIDE}),
        ("search_knowledge", {"query": "übung", "limit": 100, "per_document": 20}),
        ("recall_context", {"question": "breathing words", "tokens": 7_000}),
        ("get_knowledge", {"id": of.document, "characters": 40_000}),
        ("get_operation", {"id": of.operation}),
        ("list_operations", {"limit": 200}),
        ("list_allowances", {}),
        ("get_holdings", {"id": creator}),
    ]


SMALL = {"get_token_supply"}  # one line each, however much there is


async def test_no_answer_of_a_tool_is_too_long(business: Business) -> None:
    tools = (await business.client.list_tools()).tools
    asked = questions(business)

    for tool, arguments in asked:
        await business.ask(tool, **arguments)

    reading = {tool.name for tool in tools if tool.annotations and tool.annotations.read_only_hint}
    assert {tool for tool, _ in asked} == reading - SMALL


async def test_no_resource_is_too_long(business: Business) -> None:
    templates = (await business.client.list_resource_templates()).resource_templates
    filled = {
        "{dimension}": ["things", "events", "connections"],
        "{type}": ["course", "owns", "payment_processed"],
        "{name}": ["decisions", "bulk"],
        "{id}": [business.creator, business.video],
        "{?depth,types}": ["?depth=4"],
        "{?limit,cursor}": ["?limit=200"],
        "{?type,status,tag,limit,cursor}": ["?limit=200", "?type=video&limit=200"],
        "{?from,to,type,limit,cursor}": ["?limit=200", f"?to={business.creator}&limit=200"],
        "{?type,actor,target,since,limit,cursor}": ["?limit=200"],
        "{?q,type,limit}": ["?q=breathing&limit=100"],
    }
    connection = await business.ask("find_connections", limit=1)
    event = await business.ask("find_events", limit=1)
    token = await business.ask("create_entity", type="token", name="Coin")
    uris = [str(each.uri) for each in (await business.client.list_resources()).resources]
    for template in templates:
        found = [template.uri_template]
        for kind, id in (
            ("knowledge", business.document),
            ("connections", connection["items"][0]["id"]),
            ("events", event["items"][0]["id"]),
            ("operations", business.operation),
            ("tokens", token["id"]),
        ):
            found = [uri.replace(f"one://{kind}/{{id}}", f"one://{kind}/{id}") for uri in found]
        for variable, values in filled.items():
            found = [
                uri.replace(variable, value)
                for uri in found
                for value in (values if variable in uri else [""])
            ]
        uris += found

    assert not [uri for uri in uris if "{" in uri], "say what a new template is to be filled with"
    for uri in uris:
        await business.read(uri)


async def test_pages_that_end_early_say_so_and_lead_to_the_rest(business: Business) -> None:
    for tool, arguments, expected in (
        ("find_entities", {"type": "video", "sort": "description", **MOST}, VIDEOS),
        ("find_entities", {"type": "audience_member", "limit": 200}, MEMBERS),
        ("find_connections", {"types": ["authored"], **MOST}, VIDEOS),
        ("find_events", {"types": ["content_interacted"], **MOST}, VIEWS),
    ):
        page = await business.ask(tool, **arguments)
        assert page["total"] == expected
        assert page["cut"]

        found = [it["id"] for it in page["items"]]
        while cursor := page.get("cursor"):
            page = await business.ask(tool, **arguments, cursor=cursor)
            found += [it["id"] for it in page["items"]]

        assert len(found) == len(set(found)) == expected


async def test_what_else_is_left_out_is_said(business: Business) -> None:
    groups = await business.ask(
        "summarize", of="events", group_by=["city", "actor", "target"], limit=200
    )
    shown = len(groups["table"]["rows"])
    assert shown < VIEWS
    assert shown + groups["other"]["groups"] >= VIEWS
    assert groups["total"]["count"] > shown

    around = await business.ask("explore_graph", id=business.creator, depth=1, **MOST)
    assert "Connections left out" in around["cut"]

    judged = await business.ask("check_mapping", entities=[{"type": f"no{n}"} for n in range(400)])
    assert "more problems" in judged["left_out"]

    portrait = await business.ask("get_entity", id=business.creator, include=EVERYTHING, **FULL)
    assert portrait["shortened"]
    assert portrait["cut"]


async def test_history_says_what_it_leaves_out_and_goes_on(business: Business) -> None:
    page = await business.ask("get_history", id=business.video, limit=200)
    (row, *_) = page["changes"][0]["rows"]
    whole = await business.ask("get_history", id=page["changes"][0]["change"])
    changes = [it["change"] for it in page["changes"]]
    while cursor := page.get("cursor"):
        page = await business.ask("get_history", id=business.video, limit=200, cursor=cursor)
        changes += [it["change"] for it in page["changes"]]

    assert row["more_fields"] > 0
    assert len(row["fields"]) + row["more_fields"] == len(whole["changes"][0]["rows"][0]["fields"])
    assert len(set(changes)) == len(changes) > UPDATES
    assert changes[-1] == business.change


async def test_a_long_text_is_read_to_its_end_in_pieces(business: Business) -> None:
    read = await business.ask("get_knowledge", id=business.document, characters=40_000)
    pieces = [read["quote"]]
    while read["stop"] < read["characters"]:
        read = await business.ask(
            "get_knowledge", id=business.document, start=read["stop"], characters=40_000
        )
        pieces.append(read["quote"])

    assert len(pieces) > 1
    assert sum(len(piece.removesuffix("…")) for piece in pieces) == read["characters"]
