"""Each sentence in the descriptions of the tools that sell is so."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp import Client
from mcp.server import Server

from one_mcp.app import LOCAL, App
from one_mcp.dimensions.operations import showing
from one_mcp.dimensions.operations.allowances import Limit
from one_mcp.server.caller import Serving
from one_mcp.services.commerce import billing
from one_mcp.session import Call, Session
from tests.commerce.deploying import deployed
from tests.commerce.people import allowed, sales, usd, with_passphrase
from tests.conftest import NOON, HandClock
from tests.server.business import made
from tests.server.promises import INSTRUCTIONS, Ask, promised

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(server: Server[Serving]) -> AsyncIterator[Client]:
    async with Client(server) as connected:
        yield connected


@pytest.fixture
async def ids(ask: Ask) -> dict[str, str]:
    """A buyer, and things that are sold."""
    shop = [
        made("bob", "audience_member", email="bob@example.com"),
        made("yoga", "course", price=49.5, currency="eur"),
        made("gold", "membership", price=9, currency="usd"),
        made("ebook", "digital_product", price=0),
    ]
    written = (await ask("apply_changes", operations=shop))["ids"]
    return {name.removeprefix("$"): id for name, id in written.items()}


@promised(
    "quote_tokens",
    "Say what a sale will be: tokens, a course, a membership or another product.",
    "Nothing is charged.",
    "The price is the item's own.",
)
@pytest.mark.parametrize(
    ("item", "total"), [("yoga", "99.00"), ("gold", "18.00"), ("ebook", "0.00")]
)
async def test_a_quote_says_what_a_sale_will_be(
    ask: Ask, ids: dict[str, str], item: str, total: str
) -> None:
    quote = await ask("quote_tokens", item=ids[item], buyer=ids["bob"], amount="2")
    payments = await ask("find_entities", type="payment")

    assert quote["total"] == total
    assert quote["simulated"] is True
    assert payments["items"] == []


@promised(
    "purchase_tokens",
    "Buy what a quote says: charged, delivered and recorded once, or nothing of it.",
    "The same quote never buys twice: call again with it to learn the end.",
)
@promised(INSTRUCTIONS, "Sell: quote_tokens, then purchase_tokens.")
@promised("get_operation", "Tell how an operation goes or went, step by step.")
async def test_a_quote_is_bought_once(ask: Ask, ids: dict[str, str]) -> None:
    quote = await ask("quote_tokens", item=ids["yoga"], buyer=ids["bob"])

    bought = await ask("purchase_tokens", quote=quote["quote"])
    again = await ask("purchase_tokens", quote=quote["quote"])
    told = await ask("get_operation", id=bought["operation"])

    assert bought["state"] == "done"
    assert again == bought
    assert [(it["name"], it["state"]) for it in told["steps"]] == [
        ("authorize", "done"),
        ("capture", "done"),
    ]
    payments = await ask("find_entities", type="payment", detail="full")
    assert [it["properties"]["amount"] for it in payments["items"]] == [49.5]
    enrolled = await ask("find_connections", from_=ids["bob"], types=["enrolled_in", "purchased"])
    assert {it["to"] for it in enrolled["items"]} == {ids["yoga"]}


async def test_a_declined_purchase_says_so_each_time(ask: Ask, ids: dict[str, str]) -> None:
    quote = await ask(
        "quote_tokens",
        item=ids["yoga"],
        buyer=ids["bob"],
        payment_method="pm_card_chargeDeclinedInsufficientFunds",
    )

    first = await ask("purchase_tokens", quote=quote["quote"])
    second = await ask("purchase_tokens", quote=quote["quote"])

    assert first["code"] == "PAYMENT_FAILED"
    assert first["declined_code"] == "insufficient_funds"
    assert second == first
    assert (await ask("get_operation", id=first["operation"]))["state"] == "undone"


@promised(
    "refund_purchase",
    "Give money back, all that is left or an amount of it, and take back tokens kept here.",
    "First dry_run, which answers a plan; then send the plan alone.",
    "A plan refunds once.",
)
async def test_a_plan_refunds_once(ask: Ask, one: Session, ids: dict[str, str]) -> None:
    about = {"price": 2, "decimals": 2, "blockchain": "base", "symbol": "JANE"}
    token = await ask(
        "create_entity",
        type="token",
        name="Jane Token",
        properties={**about, "contractAddress": await deployed(one, 2)},
    )
    quote = await ask("quote_tokens", item=token["id"], buyer=ids["bob"], amount="10")
    sale = await ask("purchase_tokens", quote=quote["quote"])

    refusal = await ask("refund_purchase", payment=sale["paymentId"])
    part = await ask("refund_purchase", payment=sale["paymentId"], amount="5", dry_run=True)
    first = await ask("refund_purchase", plan=part["plan"])
    again = await ask("refund_purchase", plan=part["plan"])
    rest = await ask("refund_purchase", payment=sale["operation"], dry_run=True)
    last = await ask("refund_purchase", plan=rest["plan"])

    assert refusal["code"] == "INVALID_ARGUMENT"
    assert (part["amount"], part["left"], part["tokensBurned"]) == ("5.00", "15.00", "2.5")
    assert first["state"] == "done"
    assert again == first
    assert (rest["amount"], last["left"], last["tokensBurned"]) == ("15.00", "0.00", "7.5")
    held = await ask("find_connections", from_=ids["bob"], types=["holds_tokens"], detail="full")
    assert [it["metadata"]["balance"] for it in held["items"]] == ["0"]
    earned = await ask(
        "summarize", of="events", types=["revenue_generated"], measures=["sum:amount"]
    )
    assert earned["total"]["sum:amount"] == {"USD": 0}
    payment = await ask("get_entity", id=sale["paymentId"])
    assert payment["properties"]["status"] == "refunded"


@promised(
    "spend_tokens",
    "Let a holder pay with tokens that are kept here: an item's tokenPrice, or an amount.",
    "First dry_run, which answers a plan; then send the plan alone.",
    "A plan spends once.",
)
@promised(
    "grant_tokens",
    "Give somebody tokens of the treasury's own, as a reward, or a course or product for nothing.",
    "First dry_run, which answers a plan; then send the plan alone.",
    "A plan gives once.",
)
@promised(
    "get_holdings",
    "Tell which tokens a holder has, or who has a token: live, simulated and noted by hand apart.",
    "reconcile also asks the chain what is in the holders' wallets.",
)
async def test_tokens_are_given_and_spent(ask: Ask, ids: dict[str, str]) -> None:
    about = {"symbol": "JANE", "decimals": 2, "price": 1}
    coin = (await ask("create_entity", type="token", name="Coin", properties=about))["id"]
    noted = {"from_": ids["gold"], "type": "holds_tokens", "to": coin}
    await ask("connect_entities", **noted, metadata={"balance": "3"})
    await done(ask, "deploy_token", token=coin)
    await done(ask, "mint_tokens", token=coin, amount="50")
    await ask("update_entity", id=ids["yoga"], properties={"tokenPrice": 4.5})

    given, _ = await done(
        ask, "grant_tokens", item=coin, holder=ids["bob"], amount="10", source=ids["yoga"]
    )
    gift, _ = await done(ask, "grant_tokens", item=ids["ebook"], holder=ids["bob"])
    first, again = await done(ask, "spend_tokens", token=coin, holder=ids["bob"], item=ids["yoga"])
    refusal = await ask("spend_tokens", token=coin, holder=ids["bob"], amount="6", dry_run=True)
    part, _ = await done(ask, "spend_tokens", token=coin, holder=ids["bob"], amount="0.25")
    held = await ask("get_holdings", id=coin, reconcile=True)

    assert {given["state"], gift["state"], first["state"], part["state"]} == {"done"}
    assert again == first
    assert first["amount"] == "4.5"
    assert (refusal["code"], refusal["available"]) == ("INSUFFICIENT_TOKENS", "5.5")
    links = await ask("find_connections", from_=ids["bob"], detail="full")
    types = {(it["type"], it["to"]) for it in links["items"]}
    assert {("purchased", ids["ebook"]), ("enrolled_in", ids["yoga"])} <= types
    assert ("earned_from", ids["yoga"]) in types
    shown = {it.get("holder"): it for it in held["holdings"]}
    assert shown[ids["bob"]]["kept"] == "5.25"
    assert shown[None]["treasury"] == "44.75"
    assert (shown[ids["gold"]]["manual"], shown[ids["gold"]].get("simulated")) == ("3", None)
    of_bob = await ask("get_holdings", id=ids["bob"])
    assert [it["token"] for it in of_bob["holdings"]] == [coin]


async def test_a_reason_is_what_the_approver_reads_and_the_event_keeps(
    ask: Ask, one: Session, ids: dict[str, str]
) -> None:
    about = {"symbol": "JANE", "decimals": 2, "price": 1}
    coin = (await ask("create_entity", type="token", name="Coin", properties=about))["id"]
    await done(ask, "deploy_token", token=coin)
    await done(ask, "mint_tokens", token=coin, amount="50")
    whose = {"holder": ids["bob"], "amount": "10"}

    plan = await ask("grant_tokens", item=coin, **whose, reason="a prize", dry_run=True)
    shown = await one.read(showing.one, plan["plan"])
    given = await ask("grant_tokens", plan=plan["plan"])
    await done(ask, "spend_tokens", token=coin, **whose, reason="a hat")
    found = await ask("find_events", target=coin, types=["tokens_earned", "payment_processed"])

    assert ("reason", "a prize") in shown.details
    assert given["state"] == "done"
    assert [it["metadata"]["reason"] for it in found["items"]] == ["a hat", "a prize"]


async def test_reconciling_asks_the_chain(ask: Ask, ids: dict[str, str]) -> None:
    wallet = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
    coin = (await ask("create_entity", type="token", name="Coin", properties={"symbol": "C"}))["id"]
    await ask("update_entity", id=ids["bob"], properties={"walletAddress": wallet})
    await done(ask, "deploy_token", token=coin)
    await done(ask, "mint_tokens", token=coin, amount="5")
    await done(ask, "transfer_tokens", token=coin, holder=ids["bob"], amount="5", source="treasury")

    plain = await ask("get_holdings", id=ids["bob"])
    asked = await ask("get_holdings", id=ids["bob"], reconcile=True)

    assert "wallet_on_chain" not in plain["holdings"][0]
    assert asked["holdings"][0]["wallet_on_chain"] == asked["holdings"][0]["wallet"] == "5"


async def done(ask: Ask, tool: str, **given: Any) -> tuple[Any, Any]:
    """Plan, and have it done twice: both answers."""
    plan = await ask(tool, **given, dry_run=True)
    return await ask(tool, plan=plan["plan"]), await ask(tool, plan=plan["plan"])


@promised("quote_tokens", "Without buyer it is for you.")
async def test_a_caller_buys_by_an_entity_of_their_own(ask: Ask, ids: dict[str, str]) -> None:
    first = await ask("quote_tokens", item=ids["yoga"])
    second = await ask("quote_tokens", item=ids["gold"])
    bought = await ask("purchase_tokens", quote=first["quote"])

    assert (first["buyer"], first["buyer_name"]) == (second["buyer"], "Owner")
    assert bought["buyer"] == first["buyer"]
    owner = await ask("get_entity", id=first["buyer"])
    assert owner["type"] == "audience_member"


@promised(
    "list_allowances",
    "List what may be spent without asking a person, with what is left of it today.",
)
async def test_allowances_say_what_is_left(ask: Ask, app: App, ids: dict[str, str]) -> None:
    one = app.session(Call("test"), LOCAL)
    await with_passphrase(one)
    limit = Limit(usd(5000), per_call=usd(2000))
    given = await allowed(one, sales(NOON, limit, only=(ids["yoga"],), client="claude-code"))

    listed = await ask("list_allowances")

    assert listed["items"] == [
        {
            "id": given.id,
            "tool": "purchase_tokens",
            "limits": [{"per_day": "50.00 USD", "left": "50.00 USD", "per_call": "20.00 USD"}],
            "until": "2026-12-23T12:00:00Z",
            "only": [ids["yoga"]],
            "client": "claude-code",
        }
    ]


@promised(
    "manage_subscription",
    "Have a membership billed every month or year, at its price and interval; or alter that.",
    "start takes item and buyer; change takes subscription and another item or amount; cancel lets "
    "it run out, with now at once; resume undoes a cancel.",
    "First dry_run, which answers a plan; then send the plan alone.",
    "A plan is carried out once.",
)
async def test_a_membership_is_billed_until_it_is_cancelled(ask: Ask, ids: dict[str, str]) -> None:
    await ask("update_entity", id=ids["gold"], properties={"interval": "monthly"})
    about = {"item": ids["gold"], "buyer": ids["bob"]}

    refusal = await ask("manage_subscription", action="start", **about)
    first, again = await done(ask, "manage_subscription", action="start", **about)
    of = {"subscription": first["subscription"]}
    changed, _ = await done(ask, "manage_subscription", action="change", amount="2", **of)
    ending, _ = await done(ask, "manage_subscription", action="cancel", **of)
    resumed, _ = await done(ask, "manage_subscription", action="resume", **of)
    worded = await ask("manage_subscription", action="cancel", now="true", dry_run=True, **of)
    over, _ = await done(ask, "manage_subscription", action="cancel", now=True, **of)

    assert (refusal["code"], worded["code"]) == ("INVALID_ARGUMENT", "INVALID_ARGUMENT")
    assert again == first
    assert (first["status"], first["total"], first["interval"]) == ("active", "9.00", "month")
    assert (changed["status"], changed["total"]) == ("active", "18.00")
    assert (ending["status"], ending["ends"]) == ("active", True)
    assert (resumed["status"], resumed.get("ends")) == ("active", None)
    assert over["status"] == "cancelled"
    paid = await ask("find_entities", type="payment", detail="full")
    assert [it["properties"]["amount"] for it in paid["items"]] == [9]


@promised("manage_subscription", "The payments vendor renews it by itself.")
async def test_the_vendor_renews_a_membership(
    ask: Ask, app: App, clock: HandClock, ids: dict[str, str]
) -> None:
    await ask("update_entity", id=ids["gold"], properties={"interval": "yearly"})
    about = {"item": ids["gold"], "buyer": ids["bob"]}
    begun, _ = await done(ask, "manage_subscription", action="start", **about)

    clock.forward(366 * 24 * 3_600_000)
    await billing.look(app.session(Call("test"), LOCAL), begun["subscription"])

    earned = await ask(
        "summarize", of="events", types=["revenue_generated"], measures=["sum:amount"]
    )
    assert earned["total"]["sum:amount"] == {"USD": 18}


async def test_a_quote_says_that_nothing_bills_a_membership_again(
    ask: Ask, ids: dict[str, str]
) -> None:
    about = {"buyer": ids["bob"]}
    once = await ask("quote_tokens", item=ids["gold"], **about)
    await ask("update_entity", id=ids["gold"], properties={"interval": "monthly"})

    monthly = await ask("quote_tokens", item=ids["gold"], **about)
    course = await ask("quote_tokens", item=ids["yoga"], **about)

    assert once["delivery"] == "recorded as bought"
    assert "monthly" in monthly["delivery"]
    assert "manage_subscription" in monthly["delivery"]
    assert course["delivery"] == "recorded as bought and enrolled in"


async def test_what_a_vendor_gave_back_of_a_bill_is_told_by_hand(
    ask: Ask, ids: dict[str, str]
) -> None:
    await ask("update_entity", id=ids["gold"], properties={"interval": "monthly"})
    about = {"item": ids["gold"], "buyer": ids["bob"]}
    begun, _ = await done(ask, "manage_subscription", action="start", **about)

    of_it = await ask("refund_purchase", payment=begun["subscription"], dry_run=True)
    told = await ask("find_events", types=["payment_processed"], actor=ids["bob"])
    bill = told["items"][0]["metadata"]["paymentId"]
    refused = await ask("refund_purchase", payment=bill, dry_run=True)
    given_back = {"amount": -9, "currency": "USD", "simulated": True}
    await ask("record_event", type="revenue_generated", target=ids["gold"], metadata=given_back)

    assert "a subscription and no payment" in of_it["message"]
    assert "find_events" in of_it["message"]
    assert "record_event" in refused["message"]
    sums = {"of": "events", "types": ["revenue_generated"], "measures": ["sum:amount"]}
    assert (await ask("summarize", **sums))["total"]["sum:amount"] == {"USD": 0}


async def test_plans_and_answers_say_in_a_line_who_and_what(ask: Ask, ids: dict[str, str]) -> None:
    """Names stand beside ids, so that a person is told the truth before and after."""
    about = {"symbol": "BRTH", "price": 1, "decimals": 2}
    token = await ask("create_entity", type="token", name="Breath", properties=about)
    await ask("update_entity", id=ids["gold"], properties={"interval": "monthly"})
    quote = await ask("quote_tokens", item=ids["yoga"], buyer=ids["bob"])
    bought = await ask("purchase_tokens", quote=quote["quote"])
    given: dict[str, tuple[dict[str, Any], str]] = {
        "refund_purchase": (
            {"payment": bought["operation"], "amount": "9.5"},
            "Give 9.50 EUR back to Bob, for Yoga.",
        ),
        "manage_subscription": (
            {"action": "start", "item": ids["gold"], "buyer": ids["bob"]},
            "Charge Bob 9.00 USD for Gold now, and again every month until it is cancelled.",
        ),
        "deploy_token": (
            {"token": token["id"]},
            "Put a contract for the token Breath on base.",
        ),
        "grant_tokens": (
            {"item": ids["yoga"], "holder": ids["bob"]},
            "Give Bob 1 × Yoga for nothing.",  # noqa: RUF001  # times
        ),
    }

    assert bought["what"] == "Charge Bob 49.50 EUR for 1 × Yoga."  # noqa: RUF001  # times
    for tool, (order, what) in given.items():
        plan = await ask(tool, dry_run=True, **order)
        did = await ask(tool, plan=plan["plan"])
        assert (plan["what"], did["what"], did["state"]) == (what, what, "done")
