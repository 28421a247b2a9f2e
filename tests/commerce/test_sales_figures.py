"""What was sold, how much of it and to whom is asked of `summarize`, net of what went back."""

from collections.abc import AsyncIterator
from decimal import Decimal
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


async def sold(ask: Ask) -> dict[str, Any]:
    found = await ask("summarize", **REVENUE, measures=["sum:quantity"], group_by=["target"])
    return {it["target"]: it["sum:quantity"] for it in found["groups"]}


async def has(ask: Ask, buyer: str, item: str, type: str = "purchased") -> Any:
    found = await ask("find_connections", from_=buyer, to=item, types=[type], detail="full")
    return found["items"][0]


async def test_how_many_were_sold_is_asked_per_item_net_of_what_came_back(
    ask: Ask, ids: dict[str, str]
) -> None:
    three = await bought(ask, ids["tote"], ids["bob"], "3")
    await bought(ask, ids["tote"], ids["ann"], "2")
    await bought(ask, ids["book"], ids["ann"])
    seats = {"item": ids["gold"], "buyer": ids["ann"], "amount": "4"}
    await planned(ask, "manage_subscription", action="start", **seats)

    before = await sold(ask)
    for amount in ("17", "1", "20"):  # nothing is back whole, then one, then two
        await planned(ask, "refund_purchase", payment=three["operation"], amount=amount)
    between = await sold(ask)
    await planned(ask, "refund_purchase", payment=three["operation"])
    after = await sold(ask)

    assert before == {ids["tote"]: 5, ids["book"]: 1, ids["gold"]: 4}
    assert between[ids["tote"]] == 3
    assert after[ids["tote"]] == 2


async def test_so_are_tokens_to_their_last_digit(ask: Ask, ids: dict[str, str]) -> None:
    about = {"symbol": "JANE", "decimals": 18, "price": 3}
    coin = (await ask("create_entity", type="token", name="Coin", properties=about))["id"]
    await planned(ask, "deploy_token", token=coin)
    sale = await bought(ask, coin, ids["bob"], "1.123456789012345678")
    await bought(ask, coin, ids["ann"], "10000000")
    before = await sold(ask)
    await planned(ask, "refund_purchase", payment=sale["operation"])

    assert before[coin] == "10000001.123456789012345678"
    assert Decimal((await sold(ask))[coin]) == 10_000_000


async def test_what_was_bought_before_is_kept_beside_what_is_bought_again(
    ask: Ask, ids: dict[str, str]
) -> None:
    tote, bob = ids["tote"], ids["bob"]
    first = await bought(ask, tote, bob, "2")
    second = await bought(ask, tote, bob)
    both = (await has(ask, bob, tote))["metadata"]
    await ask("update_entity", id=tote, properties={"price": 20, "currency": "eur"})
    third = await bought(ask, tote, bob)
    gift = await planned(ask, "grant_tokens", item=tote, holder=bob)
    mixed = (await has(ask, bob, tote))["metadata"]
    await planned(ask, "refund_purchase", payment=first["operation"], amount="20")
    less = (await has(ask, bob, tote))["metadata"]

    payments = [first["paymentId"], second["paymentId"]]
    assert (both["quantity"], both["price"], both["currency"]) == (3, 54, "USD")
    assert (both["paymentId"], both["paymentIds"]) == (payments[-1], payments)
    assert gift["state"] == "done"
    assert (mixed["quantity"], mixed["price"], mixed["currency"]) == (5, 20, "EUR")
    assert mixed["paid"] == {"USD": 54, "EUR": 20}
    assert mixed["paymentIds"] == [*payments, third["paymentId"]]
    assert (less["quantity"], less["paid"]) == (4, {"USD": 34, "EUR": 20})


async def test_what_went_back_whole_is_over_until_it_is_bought_again(
    ask: Ask, clock: HandClock, ids: dict[str, str]
) -> None:
    tote, bob = ids["tote"], ids["bob"]
    sale = await bought(ask, tote, bob)
    await planned(ask, "refund_purchase", payment=sale["operation"])
    clock.forward(1_000)
    over = await has(ask, bob, tote)
    await bought(ask, tote, bob)
    again = await has(ask, bob, tote)

    assert (over["validity"], over["metadata"]["quantity"]) == ("expired", 0)
    assert (again.get("valid_until"), again["metadata"]["quantity"]) == (None, 1)
    assert again["metadata"]["price"] == 18


async def test_a_trial_changes_nothing_of_what_is_live_on_a_connection(
    ask: Ask, ids: dict[str, str]
) -> None:
    yoga = {"type": "course", "name": "Yoga", "properties": {"price": 9, "currency": "usd"}}
    course, bob = (await ask("create_entity", **yoga))["id"], ids["bob"]
    live = {"price": 5, "currency": "USD", "quantity": 1}
    await ask("connect_entities", from_=bob, type="purchased", to=course, metadata=live)
    await ask("connect_entities", from_=bob, type="enrolled_in", to=course)

    sale = await bought(ask, course, bob)
    await planned(ask, "refund_purchase", payment=sale["operation"])

    kept = await has(ask, bob, course)
    assert (kept["metadata"], kept.get("valid_until")) == (live, None)
    assert (await has(ask, bob, course, "enrolled_in")).get("metadata") is None


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
