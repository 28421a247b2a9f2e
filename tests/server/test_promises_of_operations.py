"""Each sentence in the description of the tool that lists operations is so."""

from collections.abc import AsyncIterator

import pytest
from mcp import Client
from mcp.server import Server

from one_mcp.dimensions.operations import warranted
from one_mcp.server.caller import Serving
from tests.server.business import made
from tests.server.promises import Ask, promised

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(server: Server[Serving]) -> AsyncIterator[Client]:
    async with Client(server) as connected:
        yield connected


@promised(
    "list_operations",
    "List operations, newest first: purchases, refunds and acts on a chain.",
    "needs_review waits for a person, held for the release of a copied database.",
    "allowed_by tells whose yes each had.",
)
async def test_operations_are_listed_by_their_states(ask: Ask) -> None:
    shop = [
        made("bob", "audience_member", email="bob@example.com"),
        made("yoga", "course", price=49.5, currency="eur"),
        made("gold", "membership", price=9, currency="usd"),
    ]
    ids = (await ask("apply_changes", operations=shop))["ids"]
    for item in ("$yoga", "$gold"):
        quote = await ask("quote_tokens", item=ids[item], buyer=ids["$bob"])
        await ask("purchase_tokens", quote=quote["quote"])

    every = await ask("list_operations")
    told = await ask("get_operation", id=every["items"][0]["operation"])
    waiting = await ask("list_operations", states=["needs_review", "held"])
    strange = await ask("list_operations", states=["lost"])

    assert [it["state"] for it in every["items"]] == ["done", "done"]
    assert every["items"][0]["operation"] > every["items"][1]["operation"]
    assert [it["what"] for it in every["items"]] == [
        "Charge Bob 9.00 USD for 1 × Gold.",  # noqa: RUF001  # times
        "Charge Bob 49.50 EUR for 1 × Yoga.",  # noqa: RUF001  # times
    ]
    assert {it["allowed_by"] for it in (*every["items"], told)} == {warranted.NOBODY}
    assert told["what"] == every["items"][0]["what"]
    assert waiting["items"] == []
    assert strange["code"] == "INVALID_ARGUMENT"
