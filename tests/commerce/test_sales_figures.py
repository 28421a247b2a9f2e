"""What was sold, how much of it and to whom is asked of `summarize`, net of what went back."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp import Client
from mcp.server import Server

from one_mcp import jsons
from one_mcp.app import LOCAL, App
from one_mcp.dimensions.operations import worth
from one_mcp.server.caller import Serving
from one_mcp.services.commerce import billing
from one_mcp.session import Call
from one_mcp.store.work import Work
from tests.conftest import HandClock
from tests.server.business import made
from tests.server.promises import Ask, asking

pytestmark = pytest.mark.anyio
REVENUE: dict[str, Any] = {"of": "events", "types": ["revenue_generated"]}
PAYMENTS: dict[str, Any] = {"of": "entities", "types": ["payment"]}
YEAR_MS = 366 * 24 * 3_600_000


@pytest.fixture
async def ask(server: Server[Serving]) -> AsyncIterator[Ask]:
    async with Client(server) as connected:
        yield asking(connected)


@pytest.fixture
async def ids(ask: Ask) -> dict[str, str]:
    """Two buyers, and things that are sold."""
    shop = [
        made("bob", "audience_member", email="bob@example.com"),
        made("ann", "audience_member", email="ann@example.com"),
        made("tote", "digital_product", price=18, currency="usd"),
        made("book", "digital_product", price=5, currency="usd"),
        made("gold", "membership", price=9, currency="usd", interval="yearly"),
    ]
    written = (await ask("apply_changes", operations=shop))["ids"]
    return {name.removeprefix("$"): id for name, id in written.items()}


async def bought(ask: Ask, item: str, buyer: str, amount: str = "1") -> Any:
    quote = await ask("quote_tokens", item=item, buyer=buyer, amount=amount)
    return await ask("purchase_tokens", quote=quote["quote"], again=True)


async def planned(ask: Ask, tool: str, **given: Any) -> Any:
    plan = await ask(tool, **given, dry_run=True)
    return await ask(tool, plan=plan["plan"], again=True)


async def test_payments_and_revenue_come_to_the_same(
    ask: Ask, app: App, clock: HandClock, ids: dict[str, str]
) -> None:
    await bought(ask, ids["book"], ids["ann"])
    part = await bought(ask, ids["tote"], ids["bob"], "2")
    whole = await bought(ask, ids["book"], ids["bob"])
    begun = await planned(
        ask, "manage_subscription", action="start", item=ids["gold"], buyer=ids["bob"]
    )
    clock.forward(YEAR_MS)
    await billing.look(app.session(Call("test"), LOCAL), begun["subscription"])

    before = await ask("summarize", **PAYMENTS, measures=["sum:amount", "sum:netAmount"])
    await planned(ask, "refund_purchase", payment=part["operation"], amount="10")
    await planned(ask, "refund_purchase", payment=whole["operation"])
    after = await ask("summarize", **PAYMENTS, measures=["sum:amount", "sum:netAmount"])
    earned = await ask("summarize", **REVENUE, measures=["sum:amount"])

    assert before["total"]["sum:netAmount"] == before["total"]["sum:amount"] == {"USD": 64}
    assert after["total"]["sum:amount"] == {"USD": 64}
    assert after["total"]["sum:netAmount"] == earned["total"]["sum:amount"] == {"USD": 49}


async def test_the_best_customers_are_asked_for_net_of_refunds(
    ask: Ask, ids: dict[str, str]
) -> None:
    sale = await bought(ask, ids["tote"], ids["bob"], "2")
    await bought(ask, ids["tote"], ids["ann"])
    await planned(ask, "manage_subscription", action="start", item=ids["gold"], buyer=ids["ann"])
    await planned(ask, "refund_purchase", payment=sale["operation"], amount="20")

    found = await ask(
        "summarize", **REVENUE, measures=["sum:amount"], group_by=["actor"], sort="-sum:amount"
    )
    whose = await ask("find_entities", type="audience_member", has=[{"event": "revenue_generated"}])

    assert [(it["actor"], it["sum:amount"]) for it in found["groups"]] == [
        (ids["ann"], {"USD": 27}),
        (ids["bob"], {"USD": 16}),
    ]
    assert {it["id"] for it in whose["items"]} == {ids["ann"], ids["bob"]}


def _unmarked(work: Work) -> list[str]:
    """Name what operations wrote, of events and of entities, that does not say it is a trial."""
    events = work.all(
        """
        SELECT events.type, events.metadata AS said, operations.kind
        FROM events
        JOIN operations
          ON operations.organization_id = :organization
         AND operations.change = events.version
        WHERE events.organization_id = :organization
        """
    )
    entities = work.all(
        """
        SELECT entities.type, entities.properties AS said, operations.kind
        FROM entities
        JOIN operations
          ON operations.organization_id = :organization
         AND operations.id = entities.external_id
        WHERE entities.organization_id = :organization
        """
    )
    return [
        f"{row['kind']}: {row['type']}"
        for row in [*events, *entities]
        if jsons.load_object(row["said"]).get("simulated") is not True
    ]


def _kinds(work: Work) -> set[str]:
    rows = work.all(
        "SELECT DISTINCT kind FROM operations"
        " WHERE organization_id = :organization AND state = 'done'"
    )
    return {row["kind"] for row in rows}


async def test_all_that_a_simulated_operation_writes_says_so(
    ask: Ask, app: App, clock: HandClock, ids: dict[str, str]
) -> None:
    one = app.session(Call("test"), LOCAL)
    bob = ids["bob"]
    about: dict[str, Any] = {"symbol": "JANE", "decimals": 2, "price": 1}
    coin = (await ask("create_entity", type="token", name="Coin", properties=about))["id"]
    art = {"symbol": "ART", "price": 3, "maxSupply": 2}
    nft = (await ask("create_entity", type="nft", name="Art", properties=art))["id"]
    wallet = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"

    for tool, given in (
        ("deploy_token", {"token": coin}),
        ("deploy_token", {"token": nft}),
        ("mint_tokens", {"token": coin, "amount": "50"}),
        ("burn_tokens", {"token": coin, "amount": "5"}),
        ("grant_tokens", {"item": coin, "holder": bob, "amount": "9", "source": ids["book"]}),
        ("grant_tokens", {"item": ids["book"], "holder": ids["ann"]}),
        ("spend_tokens", {"token": coin, "holder": bob, "amount": "2"}),
    ):
        await planned(ask, tool, **given)
    for item in (coin, nft, ids["tote"]):
        sale = await bought(ask, item, bob)
        await planned(ask, "refund_purchase", payment=sale["operation"])
    declined = {"payment_method": "pm_card_chargeDeclined"}
    quote = await ask("quote_tokens", item=ids["book"], buyer=bob, **declined)
    await ask("purchase_tokens", quote=quote["quote"])
    await ask("update_entity", id=bob, properties={"walletAddress": wallet})
    await planned(ask, "transfer_tokens", token=coin, holder=bob, amount="1")
    await planned(ask, "transfer_tokens", token=coin, holder=bob, amount="1", source="treasury")
    begun = await planned(ask, "manage_subscription", action="start", item=ids["gold"], buyer=bob)
    clock.forward(YEAR_MS)
    await billing.look(one, begun["subscription"])
    over = {"action": "cancel", "subscription": begun["subscription"], "now": True}
    await planned(ask, "manage_subscription", **over)

    told = await ask("find_events", target=begun["subscription"], types=["subscription_updated"])
    assert await one.read(_unmarked) == []
    assert await one.read(_kinds) == {*worth.TOOLS, "purchase", "refund", "subscription_bill"} - {
        "purchase_tokens",
        "refund_purchase",
    }
    assert [(it["metadata"]["action"], it["actor"]) for it in told["items"]] == [
        ("cancelled", bob),
        ("renewed", bob),
        ("started", bob),
    ]
