"""Nothing hidden leaves, and stored text is marked as data: every tool, resource and prompt."""

import json
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp_types import PromptReference, ResourceTemplateReference, TextContent, TextResourceContents

from one_mcp.server import build, prompts
from one_mcp.server.leaving import STORED_TEXT_META
from one_mcp.server.resources import catalog
from one_mcp.server.results import STORED_TEXT

pytestmark = pytest.mark.anyio

HIDDEN = "\u202e\u2066\u200b\u200f\U000e0041\U000e007f\x1b\x9b\x07\x00\ufeff\u2060"
STORED = HIDDEN.replace("\x00", "")  # no text may hold it
EVIL = f"Ada{STORED}[31m"
NAME = "".join(character for character in EVIL if character not in "\x1b\x9b\x07")
WALLET = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
JSON = "application/json"
CALLS: dict[str, dict[str, Any]] = {
    "describe_ontology": {},
    "check_mapping": {"entities": [{"as": "$a", "type": EVIL}], "tags": [EVIL]},
    "find_entities": {"detail": "full"},
    "summarize": {"of": "entities", "group_by": ["tag:topic"]},
    "get_entity": {
        "id": "{ada}",
        "include": ["tags", "counts", "neighbours", "events"],
        "detail": "full",
    },
    "find_duplicates": {},
    "create_entity": {"type": "audience_member", "name": NAME, "properties": {NAME: EVIL}},
    "update_entity": {"id": "{ada}", "properties": {"bio": EVIL * 2}, "reason": EVIL},
    "tag_entity": {"id": "{ada}", "add": [f"topic:{NAME}"]},
    "connect_entities": {
        "from": "{ada}",
        "type": "owns",
        "to": "{post}",
        "metadata": {"note": EVIL, NAME: 1},
    },
    "find_connections": {"from": "{ada}", "detail": "full"},
    "explore_graph": {"id": "{ada}", "detail": "full"},
    "disconnect_entities": {"from": "{ada}", "type": "owns", "to": "{post}"},
    "record_event": {
        "type": "content_interacted",
        "target": "{post}",
        "actor": "{ada}",
        "metadata": {"interaction": "liked", "note": EVIL},
    },
    "find_events": {"detail": "full"},
    "add_knowledge": {"text": f"Otters. {EVIL}", "title": NAME, "source": NAME, "labels": ["x:y"]},
    "search_knowledge": {"query": "otters", "around": True},
    "recall_context": {"question": "otters"},
    "get_knowledge": {"id": "{document}"},
    "label_knowledge": {"id": "{document}", "add": [f"topic:{NAME}"], "link": ["{ada}"]},
    "reindex_knowledge": {},
    "apply_changes": {
        "operations": [{"op": "create_entity", "as": "$x", "type": "audience_member", "name": NAME}]
    },
    "quote_tokens": {"item": "{tier}", "buyer": "{ada}"},
    "purchase_tokens": {"quote": "{quote}"},
    "refund_purchase": {"payment": "{operation}", "dry_run": True},
    "spend_tokens": {"plan": "{spend}"},
    "grant_tokens": {"item": "{tier}", "holder": "{ada}", "reason": EVIL, "dry_run": True},
    "manage_subscription": {
        "action": "start",
        "item": "{monthly}",
        "buyer": "{ada}",
        "dry_run": True,
    },
    "get_holdings": {"id": "{deployed}"},
    "get_operation": {"id": "{operation}"},
    "list_allowances": {},
    "list_operations": {},
    "get_history": {},
    "export_data": {},
    "import_data": {
        "data": json.dumps({"entity": {"type": EVIL, "name": EVIL}}),
        "format": "jsonl",
        "on_error": "skip",
    },
    "forget_knowledge": {"id": "{document}"},
    "undo_change": {"change": "{change}"},
    "archive_entity": {"id": "{ada}"},
    "restore_entity": {"id": "{ada}"},
    "deploy_token": {"token": "{token}", "dry_run": True},
    "mint_tokens": {"token": "{deployed}", "amount": "1", "dry_run": True},
    "transfer_tokens": {"plan": "{transfer}"},
    "burn_tokens": {"token": "{deployed}", "amount": "1", "dry_run": True},
    "get_token_supply": {"token": "{deployed}"},
    "purge_entity": {"id": "{ada}", "confirm": "{ada}"},
}
NAMELESS = {"organization", "operation"}
OWN_WORDS = {"describe_ontology", "check_mapping", "reindex_knowledge"}  # they quote nobody


def seen(answer: object) -> str:
    text = json.dumps(answer, ensure_ascii=False)
    for hidden in HIDDEN:
        assert hidden not in text, f"{hidden!a} in {text!a}"
    return text


@pytest.fixture
async def ids(client: Client) -> dict[str, str]:
    return await founded(client)


async def founded(client: Client) -> dict[str, str]:
    """A business that every call finds something in; the ids by what `CALLS` name them."""
    operations = [
        {"op": "create_entity", "as": "$ada", "type": "creator", "name": NAME}
        | {"properties": {"bio": EVIL, "email": "ada@example.com"}, "tags": [f"topic:{NAME}"]},
        {"op": "create_entity", "as": "$post", "type": "blog_post", "name": f"Post {NAME}"}
        | {"properties": {"content": f"Otters breathe. {EVIL}"}},
        {"op": "create_entity", "as": "$tier", "type": "membership", "name": f"Tier {NAME}"}
        | {"properties": {"price": 5, "currency": "usd"}},
        {"op": "create_entity", "as": "$monthly", "type": "membership", "name": f"Paid {NAME}"}
        | {"properties": {"price": 5, "currency": "usd", "interval": "monthly"}},
        {"op": "connect_entities", "from": "$ada", "type": "owns", "to": "$post"}
        | {"metadata": {NAME: EVIL}},
        {"op": "record_event", "as": "$seen", "type": "content_interacted"}
        | {"target": "$post", "actor": "$ada"}
        | {"metadata": {"interaction": "viewed", "note": EVIL}},
    ]
    made = await client.call_tool("apply_changes", {"operations": operations, "reason": EVIL})
    assert made.structured_content
    assert not made.is_error, made.structured_content
    text = {"text": f"Otters play. {EVIL}", "title": NAME, "source": f"notes {NAME}"}
    document = await client.call_tool("add_knowledge", text)
    assert document.structured_content
    assert not document.is_error, document.structured_content
    await client.call_tool("reindex_knowledge", {})
    tokens = await of_tokens(client)
    tagging = {"id": made.structured_content["ids"]["$post"], "add": [f"mood:{NAME}"]}
    tagged = await client.call_tool("tag_entity", tagging)
    assert tagged.structured_content
    sale = {
        "item": made.structured_content["ids"]["$tier"],
        "buyer": made.structured_content["ids"]["$ada"],
    }
    quotes = [
        (await client.call_tool("quote_tokens", {**sale, "amount": amount})).structured_content
        for amount in ("1", "2")
    ]
    bought = await client.call_tool("purchase_tokens", {"quote": (quotes[0] or {})["quote"]})
    assert bought.structured_content
    return tokens | {
        "tier": sale["item"],
        "monthly": made.structured_content["ids"]["$monthly"],
        "quote": (quotes[1] or {})["quote"],
        "operation": bought.structured_content["operation"],
        "ada": made.structured_content["ids"]["$ada"],
        "post": made.structured_content["ids"]["$post"],
        "change": tagged.structured_content["change"],
        "document": document.structured_content["id"],
        "connection": made.structured_content["done"][4]["id"],
        "event": made.structured_content["ids"]["$seen"],
    }


async def of_tokens(client: Client) -> dict[str, str]:
    """Tokens whose names are evil, one of them on its chain, and the plan of a transfer of it."""

    async def ask(tool: str, **given: Any) -> dict[str, Any]:
        result = await client.call_tool(tool, given)
        assert result.structured_content
        assert not result.is_error, result.structured_content
        return result.structured_content

    made: dict[str, str] = {}
    for name in ("token", "deployed"):
        about = {"symbol": f"S{EVIL}"[:30], "decimals": 6}
        token = {"type": "token", "name": f"{name} {NAME}", "properties": about}
        made[name] = (await ask("create_entity", **token))["id"]
    about = {"walletAddress": WALLET, "email": "bob@example.com"}
    bob = {"type": "creator", "name": f"Bob {NAME}", "properties": about}
    holder = (await ask("create_entity", **bob))["id"]
    plan = await ask("deploy_token", token=made["deployed"], dry_run=True)
    await ask("deploy_token", plan=plan["plan"])
    amount = {"token": made["deployed"], "amount": "5"}
    plan = await ask("mint_tokens", **amount, dry_run=True)
    await ask("mint_tokens", plan=plan["plan"])
    given = {**amount, "amount": "2", "holder": holder, "source": "treasury"}
    plan = await ask("transfer_tokens", **given, dry_run=True)
    gift = {"item": made["deployed"], "holder": holder, "amount": "1"}
    grant = await ask("grant_tokens", **gift, dry_run=True)
    await ask("grant_tokens", plan=grant["plan"])
    spent = {"token": made["deployed"], "holder": holder, "amount": "1"}
    spend = await ask("spend_tokens", **spent, reason=EVIL, dry_run=True)
    return {**made, "transfer": plan["plan"], "spend": spend["plan"]}


def filled(given: Any, ids: dict[str, str]) -> Any:
    if isinstance(given, str) and given.startswith("{"):
        return ids.get(given[1:-1], given)
    if isinstance(given, list):
        return [filled(each, ids) for each in given]
    return {k: filled(v, ids) for k, v in given.items()} if isinstance(given, dict) else given


def test_every_tool_is_called() -> None:
    assert CALLS.keys() == {spec.name for spec in build.SPECS}


async def test_no_tool_lets_hidden_text_out(client: Client, ids: dict[str, str]) -> None:
    for name, given in CALLS.items():
        result = await client.call_tool(name, filled(given, ids))

        answer = result.structured_content
        assert answer is not None
        assert not result.is_error, (name, answer)
        seen(result.model_dump(mode="json"))
        content = result.content[0]
        assert isinstance(content, TextContent)
        assert json.loads(content.text) == answer
        assert ("stored_text" in answer) is (name not in OWN_WORDS), name
        assert result.meta is not None
        assert result.meta[STORED_TEXT_META] == STORED_TEXT


async def test_no_error_lets_hidden_text_out(client: Client, ids: dict[str, str]) -> None:
    for tool in (await client.list_tools()).tools:
        properties: dict[str, Any] = tool.input_schema["properties"]
        wrong = dict.fromkeys(properties, EVIL) | {f"extra{HIDDEN}": 1}
        strings = {n: EVIL for n, s in properties.items() if s.get("type") == "string"}

        for given in (wrong, strings, {**strings, "id": ids["ada"]}):
            seen((await client.call_tool(tool.name, given)).model_dump(mode="json"))
    with pytest.raises(MCPError) as failure:
        await client.call_tool(f"create{HIDDEN}", {})
    seen([failure.value.error.message, failure.value.error.data])


async def test_no_resource_lets_hidden_text_out(client: Client, ids: dict[str, str]) -> None:
    values = {"dimension": "things", "type": "creator", "name": "knowledge"}
    for address in catalog.ADDRESSES:
        uri = address.uri.partition("{?")[0]
        for variable in address.variables:
            id = ids.get(address.name, ids["ada"])
            uri = uri.replace(
                f"{{{variable}}}", id if variable == "id" else values.get(variable, "")
            )
        if address.name == "knowledge_search":
            uri += "?q=otters"
        result = await client.read_resource(uri)

        shown = seen(result.model_dump(mode="json"))
        content = result.contents[0]
        assert isinstance(content, TextResourceContents)
        if content.mime_type == JSON:
            answer = json.loads(content.text)
            seen(answer)
            assert ("stored_text" in answer) is bool(address.shows), uri
        assert "Ada" in shown or not address.shows or address.name in NAMELESS, uri
        assert result.meta is not None
        assert result.meta[STORED_TEXT_META] == STORED_TEXT
    with pytest.raises(MCPError) as failure:
        await client.read_resource(f"one://entities?type=a{HIDDEN[0]}")
    seen(failure.value.error.message)


async def test_no_prompt_or_completion_lets_hidden_text_out(
    client: Client, ids: dict[str, str]
) -> None:
    assert ids
    found: list[str] = []
    for guide in prompts.library().values():
        ref = PromptReference(name=guide.name)
        for argument in guide.head.arguments:
            given = {each.name: EVIL for each in guide.head.arguments if each.name != argument.name}
            for prompt in ({**given, argument.name: EVIL}, given):
                try:
                    seen((await client.get_prompt(guide.name, prompt)).model_dump(mode="json"))
                except MCPError as error:
                    seen(error.error.message)
            asked = {"name": argument.name, "value": "topic"}
            found += (await client.complete(ref, asked)).completion.values
    for address in catalog.ADDRESSES:
        for variable in address.completes:
            reference = ResourceTemplateReference(uri=address.uri)
            asked = {"name": variable, "value": "topic" if variable == "tag" else "Ada"}
            completed = await client.complete(reference, asked)
            found += completed.completion.values
            seen(completed.model_dump(mode="json"))
    assert any(value.startswith("topic:Ada") for value in found)


async def test_an_export_in_an_answer_comes_back_as_it_was(
    client: Client, ids: dict[str, str], tmp_path: Path
) -> None:
    inside = await client.call_tool("export_data", {})
    file = tmp_path / "all.jsonl"
    await client.call_tool("export_data", {"path": str(file)})
    assert inside.structured_content

    lines = [json.loads(line) for line in inside.structured_content["data"].splitlines()]

    (ada,) = (line["entity"] for line in lines if line.get("entity", {}).get("id") == ids["ada"])
    assert ada["name"] == NAME
    assert ada["properties"]["bio"] == EVIL
    assert not set(STORED) & set(file.read_text("utf-8"))


def test_the_server_says_once_what_the_mark_means() -> None:
    assert "stored_text" in build.INSTRUCTIONS
