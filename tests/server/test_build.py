"""The server as a whole: what it says of itself before anything is called."""

import re

import pytest
from mcp import Client

from one_mcp.server import build, prompts
from one_mcp.server.resources import views

pytestmark = pytest.mark.anyio
CUT_CHARS = 2_000  # a client shows a model no more


async def test_instructions_fit_and_name_only_what_is_there(client: Client) -> None:
    told = client.instructions or ""
    tools = {tool.name for tool in (await client.list_tools()).tools}

    assert 0 < len(told) <= CUT_CHARS
    called = set(re.findall(r"\b[a-z]+_[a-z_]+\b", told))
    others = {
        "generated_by",
        "part_of",
        "idempotency_key",
        "dry_run",
        "stored_text",
        *prompts.library(),
    }
    assert called - others <= tools
    guides = re.search(r"one://guide/([a-z, -]+);", told)
    assert guides
    assert {name.strip() for name in guides[1].split(",")} <= set(views.guides())


async def test_every_generation_may_subscribe_and_complete(client: Client) -> None:
    offered = client.server_capabilities

    assert offered.resources
    assert offered.resources.subscribe
    assert offered.completions
    assert offered.prompts
    assert offered.tools


async def test_order_of_the_tools_never_changes(client: Client) -> None:
    first = [tool.name for tool in (await client.list_tools()).tools]
    again = [tool.name for tool in (await client.list_tools(cache_mode="bypass")).tools]

    assert first == again == [spec.name for spec in build.SPECS]
