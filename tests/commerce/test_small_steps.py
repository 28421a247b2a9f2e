"""What is asked for in small steps, or in other words, comes to what it is and to no more."""

from typing import Any

import pytest

from one_mcp.dimensions.commerce.subscribing import MANAGE
from one_mcp.dimensions.operations import journal
from one_mcp.dimensions.operations.authority import Warrant
from one_mcp.session import Session
from tests import conftest as plain
from tests.commerce.books import books
from tests.commerce.deploying import deployed
from tests.server.promises import Ask

pytestmark = pytest.mark.anyio
one = plain.one


class Counter:
    """Where tokens that are not divided are sold, at 10 USD each."""

    def __init__(self, ask: Ask, one: Session) -> None:
        self.ask, self.one = ask, one

    async def open(self) -> "Counter":
        self.contract = await deployed(self.one, 0)
        about = {"symbol": "JANE", "price": 10, "decimals": 0, "blockchain": "base"}
        self.token = await self.made("token", contractAddress=self.contract, **about)
        self.bob = await self.made("audience_member", email="bob@example.com")
        return self

    async def made(self, type: str, **properties: Any) -> str:
        made = await self.ask("create_entity", type=type, name=type, properties=properties)
        return made["id"]

    async def bought(self, amount: str) -> str:
        quote = await self.ask("quote_tokens", item=self.token, buyer=self.bob, amount=amount)
        return (await self.ask("purchase_tokens", quote=quote["quote"]))["operation"]

    async def refunded(self, sale: str, amount: str | None, **given: Any) -> dict[str, Any]:
        part = {} if amount is None else {"amount": amount}
        plan = await self.ask("refund_purchase", payment=sale, dry_run=True, **part, **given)
        return await self.ask("refund_purchase", plan=plan["plan"], again=True)

    async def spent(self, **given: str) -> dict[str, Any]:
        order = {"token": self.token, "holder": self.bob, **given}
        plan = await self.ask("spend_tokens", **order, dry_run=True)
        return await self.ask("spend_tokens", plan=plan["plan"]) if "plan" in plan else plan


@pytest.fixture
async def counter(ask: Ask, one: Session) -> Counter:
    return await Counter(ask, one).open()


@pytest.mark.parametrize(
    ("bought", "steps", "taken"),
    [
        ("1", ["9.99", None], [None, "1"]),
        ("2", ["9.99", "9.99", None], [None, "1", "1"]),
        ("3", ["5", "5", "5", "5", "5", "5"], [None, "1", None, "1", None, "1"]),
    ],
)
async def test_many_small_refunds_take_as_many_tokens_as_one(
    counter: Counter, bought: str, steps: list[str | None], taken: list[str | None]
) -> None:
    sale = await counter.bought(bought)

    told = [await counter.refunded(sale, step) for step in steps]

    assert [it.get("tokensBurned") for it in told] == taken
    after = await books(counter.one, counter.contract)
    assert (after.charged, after.supply, after.treasury, after.ledger) == (0, 0, 0, {})


async def test_what_is_refunded_without_tokens_leaves_its_share_for_good(counter: Counter) -> None:
    sale = await counter.bought("10")

    parts = [
        await counter.refunded(sale, "10"),
        await counter.refunded(sale, "50", keep_tokens=True),
        await counter.refunded(sale, None),
    ]

    assert [it.get("tokensBurned") for it in parts] == ["1", None, "4"]
    after = await books(counter.one, counter.contract)
    assert (after.charged, after.supply, after.ledger["custody"]) == (0, 5, 5)


@pytest.mark.parametrize("again", ["2.0", "2.00", " 2", "02"])
async def test_the_same_spend_in_another_spelling_has_to_say_so(
    counter: Counter, again: str
) -> None:
    await counter.bought("9")
    first = await counter.spent(amount="2")

    second = await counter.spent(amount=again)

    assert (first["state"], second["code"]) == ("done", "LOOKS_LIKE")
    assert second["looks_like"] == first["operation"]


async def test_a_course_s_token_price_is_the_same_said_or_not(counter: Counter) -> None:
    await counter.bought("9")
    course = await counter.made("course", tokenPrice=2)
    first = await counter.spent(item=course)

    second = await counter.spent(item=course, amount="2.0")

    assert (first["state"], second["code"]) == ("done", "LOOKS_LIKE")


async def test_what_costs_money_is_not_had_for_any_amount_of_tokens(counter: Counter) -> None:
    await counter.bought("9")
    course = await counter.made("course", price=500)

    refusal = await counter.spent(item=course, amount="1")
    await counter.ask("update_entity", id=course, properties={"tokenPrice": 7})
    done = await counter.spent(item=course)

    assert refusal["code"] == "INVALID_ARGUMENT"
    assert "tokenPrice" in refusal["message"]
    assert (done["state"], done["amount"]) == ("done", "7")


@pytest.mark.parametrize("action", ["start", "change"])
async def test_nothing_is_bought_of_what_is_about_to_be_billed(
    counter: Counter, action: str
) -> None:
    gold = await counter.made("membership", price=9, currency="usd", interval="monthly")
    order = {"item": gold, "buyer": counter.bob}
    quote = await counter.ask("quote_tokens", **order)
    warrant = Warrant("pln_none", simulated=True)
    body: dict[str, Any] = {"action": action, **order}
    begun = await counter.one.derive(journal.begin, MANAGE, 1, body, warrant)

    answers = [
        await counter.ask("purchase_tokens", quote=quote["quote"]),
        await counter.ask("quote_tokens", **order),
        await counter.ask("manage_subscription", action="start", **order, dry_run=True),
    ]

    assert [(it["code"], it["operation"]) for it in answers] == [("INVALID_ARGUMENT", begun.id)] * 3
    assert (await books(counter.one, counter.contract)).payments == 0


@pytest.mark.parametrize(
    ("changed", "asked"),
    [
        ({}, {"payment_method": "pm_card_mastercard"}),
        ({"name": "Yoga for all"}, {}),
        ({"properties": {"price": 40}}, {}),
    ],
)
async def test_the_same_sale_by_another_card_or_price_has_to_say_so(
    counter: Counter, changed: dict[str, Any], asked: dict[str, str]
) -> None:
    course = await counter.made("course", price=49)
    order = {"item": course, "buyer": counter.bob}
    quote = await counter.ask("quote_tokens", **order)
    first = await counter.ask("purchase_tokens", quote=quote["quote"])
    await counter.ask("update_entity", id=course, **changed)
    later = (await counter.ask("quote_tokens", **order, **asked))["quote"]

    second = await counter.ask("purchase_tokens", quote=later)
    third = await counter.ask("purchase_tokens", quote=later, again=True)

    assert (first["state"], third["state"]) == ("done", "done")
    assert (second["code"], second["looks_like"]) == ("LOOKS_LIKE", first["operation"])


async def test_what_stands_beside_a_plan_is_not_passed_over(counter: Counter) -> None:
    sale = await counter.bought("9")
    order: dict[str, Any] = {"token": counter.token, "holder": counter.bob, "amount": "2"}
    calls: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("refund_purchase", {"payment": sale}, {"amount": "1"}),
        ("refund_purchase", {"payment": sale}, {"keep_tokens": True}),
        ("spend_tokens", order, {"amount": "1"}),
        ("spend_tokens", order, {"holder": counter.token}),
        (
            "grant_tokens",
            {"item": await counter.made("course"), "holder": counter.bob},
            {"amount": "3"},
        ),
    ]
    before = await books(counter.one, counter.contract)

    for tool, given, beside in calls:
        plan = (await counter.ask(tool, **given, dry_run=True))["plan"]
        refusal = await counter.ask(tool, plan=plan, **beside)

        assert refusal.get("code") == "INVALID_ARGUMENT", (tool, beside, refusal)
    assert await books(counter.one, counter.contract) == before
