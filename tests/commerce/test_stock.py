"""Goods are sold while there are any: each piece is put aside before it is charged for."""

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.server import Server

from one_mcp.app import LOCAL, App
from one_mcp.dimensions.operations.operation import State
from one_mcp.server.caller import Serving
from one_mcp.services import saga
from one_mcp.services.commerce import selling
from one_mcp.services.commerce.purchase import PURCHASE
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from one_mcp.store.work import Work
from tests.commerce.vendors import DOWN, Script, Scripted
from tests.server.business import made
from tests.server.promises import Ask, asking

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"packs": ("extended",)})


@pytest.fixture
async def one(app: App, script: Script) -> Session:
    app.providers = Scripted(app.providers.embedding, script)
    return app.session(Call("test"), LOCAL)


@pytest.fixture
async def ask(one: Session, server: Server[Serving]) -> AsyncIterator[Ask]:
    del one
    async with Client(server) as connected:
        yield asking(connected)


@pytest.fixture
async def ids(ask: Ask) -> dict[str, str]:
    shop = [
        made("bob", "audience_member", email="bob@example.com"),
        made("ann", "audience_member", email="ann@example.com"),
        made("tote", "product", price=18, currency="usd", stock=3),
        made("card", "product", price=2, currency="usd"),
    ]
    written = (await ask("apply_changes", operations=shop))["ids"]
    return {name.removeprefix("$"): id for name, id in written.items()}


async def bought(ask: Ask, item: str, buyer: str, amount: str = "1") -> Any:
    quote = await ask("quote_tokens", item=item, buyer=buyer, amount=amount)
    return await ask("purchase_tokens", quote=quote["quote"], again=True)


async def in_stock(ask: Ask, item: str) -> Any:
    return (await ask("get_entity", id=item))["properties"]["stock"]


async def test_a_sale_takes_what_it_sells_off_the_stock(ask: Ask, ids: dict[str, str]) -> None:
    sale = await bought(ask, ids["tote"], ids["bob"], "2")
    left = await in_stock(ask, ids["tote"])
    too_many = await ask("quote_tokens", item=ids["tote"], buyer=ids["ann"], amount="2")
    await ask("update_entity", id=ids["tote"], properties={"stock": 5})
    more = await bought(ask, ids["tote"], ids["ann"], "2")
    uncounted = await bought(ask, ids["card"], ids["ann"], "1000")

    assert (sale["state"], sale["total"], left) == ("done", "36.00", 1)
    assert (too_many["code"], too_many["most"]) == ("SOLD_OUT", 1)
    assert (more["state"], uncounted["state"]) == ("done", "done")
    assert await in_stock(ask, ids["tote"]) == 3
    told = await ask("find_events", target=ids["tote"], types=["entity_updated"])
    assert len(told["items"]) == 1  # by hand: a sale is told as a sale


async def test_of_two_buyers_of_the_last_one_is_refused_before_a_charge(
    ask: Ask, one: Session, ids: dict[str, str]
) -> None:
    await ask("update_entity", id=ids["tote"], properties={"stock": 1})
    quotes = [
        (await ask("quote_tokens", item=ids["tote"], buyer=ids[who]))["quote"]
        for who in ("bob", "ann")
    ]
    ends: list[str] = []

    async def buy(quote: str) -> None:
        answer = await ask("purchase_tokens", quote=quote)
        ends.append(answer.get("code") or answer["state"])

    async with anyio.create_task_group() as tasks:
        for quote in quotes:
            tasks.start_soon(buy, quote)

    charges = await one.read(_charges)
    assert sorted(ends) == ["SOLD_OUT", "done"]
    assert (charges, await in_stock(ask, ids["tote"])) == (1, 0)


def _charges(work: Work) -> int:
    return int(
        work.value(
            "SELECT count(*) FROM simulated_objects"
            " WHERE organization_id = :organization AND kind = 'stripe_payment_intent'"
        )
    )


async def test_what_is_put_aside_is_given_back_by_a_sale_that_is_undone(
    ask: Ask, one: Session, script: Script, ids: dict[str, str]
) -> None:
    script.once["capture"] += [DOWN] * saga.AT_ONCE
    quote = await ask("quote_tokens", item=ids["tote"], buyer=ids["bob"], amount="2")
    waiting = await selling.purchase(one, quote["quote"])
    refused = await ask("quote_tokens", item=ids["tote"], buyer=ids["ann"], amount="2")
    script.forever["capture"] = DOWN
    done = waiting
    while done.state in {State.RUNNING, State.UNDOING}:
        done = await saga.drive(one, PURCHASE, done.id)
    again = await ask("quote_tokens", item=ids["tote"], buyer=ids["ann"], amount="3")

    assert (waiting.state, done.state) == (State.RUNNING, State.UNDONE)
    assert (refused["code"], refused["most"]) == ("SOLD_OUT", 1)
    assert again["total"] == "54.00"
    assert await in_stock(ask, ids["tote"]) == 3


async def test_what_is_counted_anew_on_the_way_does_not_stop_a_sale(
    ask: Ask, one: Session, script: Script, ids: dict[str, str]
) -> None:
    script.once["capture"] += [DOWN] * saga.AT_ONCE
    quote = await ask("quote_tokens", item=ids["tote"], buyer=ids["bob"], amount="2")
    waiting = await selling.purchase(one, quote["quote"])
    await ask("update_entity", id=ids["tote"], properties={"stock": 1})

    done = await saga.drive(one, PURCHASE, waiting.id)

    assert done.state is State.DONE
    assert await in_stock(ask, ids["tote"]) == 0


async def test_gifts_and_what_tokens_buy_come_from_the_stock_too(
    ask: Ask, ids: dict[str, str]
) -> None:
    about: dict[str, Any] = {"symbol": "JANE", "decimals": 2, "price": 1}
    coin = (await ask("create_entity", type="token", name="Coin", properties=about))["id"]
    tote, bob = ids["tote"], ids["bob"]
    await ask("update_entity", id=tote, properties={"tokenPrice": 4})
    spends = {"token": coin, "holder": bob, "item": tote}
    for tool, given in (
        ("deploy_token", {"token": coin}),
        ("mint_tokens", {"token": coin, "amount": "50"}),
        ("grant_tokens", {"item": coin, "holder": bob, "amount": "9"}),
        ("grant_tokens", {"item": tote, "holder": bob, "amount": "2"}),
        ("spend_tokens", spends),
    ):
        plan = await ask(tool, **given, dry_run=True)
        assert (await ask(tool, plan=plan["plan"]))["state"] == "done"

    gift = await ask("grant_tokens", item=tote, holder=bob, dry_run=True)
    spent = await ask("spend_tokens", **spends, dry_run=True)

    assert (gift["code"], spent["code"]) == ("SOLD_OUT", "SOLD_OUT")
    assert await in_stock(ask, tote) == 0
    held = await ask("find_connections", from_=bob, to=tote, types=["purchased"], detail="full")
    assert held["items"][0]["metadata"]["quantity"] == 3


def _made_live(work: Work, operation: str) -> None:
    work.run(
        "UPDATE operations SET simulated = 0"
        " WHERE organization_id = :organization AND id = :operation",
        operation=operation,
    )


async def test_a_trial_takes_nothing_once_anything_live_was_done(
    ask: Ask, one: Session, ids: dict[str, str]
) -> None:
    sale = await bought(ask, ids["card"], ids["ann"])
    await one.derive(_made_live, sale["operation"])

    trial = await bought(ask, ids["tote"], ids["bob"], "2")

    assert (trial["state"], trial["simulated"]) == ("done", True)
    assert await in_stock(ask, ids["tote"]) == 3
