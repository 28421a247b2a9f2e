"""A sale is wholly live, wholly in a vendor's test mode, or wholly simulated."""

from dataclasses import replace
from functools import partial

import pytest

from one_mcp.app import LOCAL, App
from one_mcp.dimensions.commerce.issuing import MINT, TokenOrder
from one_mcp.dimensions.commerce.refunding import RefundOrder
from one_mcp.dimensions.commerce.spending import GrantOrder, SpendOrder
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.operations import listing
from one_mcp.dimensions.operations.operation import State
from one_mcp.errors import SettingsError
from one_mcp.money_errors import MixedRailsError, PlanError
from one_mcp.providers.providers import Providers
from one_mcp.services import rails, reconciling, saga
from one_mcp.services.commerce import holdings, refund, selling, spend, supply, tokens
from one_mcp.services.commerce.purchase import PURCHASE
from one_mcp.session import Call
from tests.commerce.books import books
from tests.commerce.conftest import Shop, paying
from tests.commerce.vendors import DOWN, LOST, OnTestNetwork
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio
CARD = "pm_card_visa"
LIVE_KEY = "rk_live_0123456789"


async def test_a_course_is_sold_through_stripe(at_stripe: Shop, course: Saved) -> None:
    quote = await selling.quote(at_stripe.one, course.id, at_stripe.buyer.id, "1", CARD)

    done = await selling.purchase(at_stripe.one, quote.quote)

    assert done.state is State.DONE
    assert done.body["mode"] == "test"
    assert quote.simulated  # no money moves in the test mode
    assert done.answer is not None
    payment = await rails.of(at_stripe.one).payments.find(done.id)
    assert payment is not None
    assert (payment.id, payment.captured) == (done.answer["providerPaymentId"], 4900)


async def test_what_was_sold_through_stripe_is_refunded_there(
    at_stripe: Shop, course: Saved
) -> None:
    one = at_stripe.one
    quote = await selling.quote(one, course.id, at_stripe.buyer.id, "1", CARD)
    done = await selling.purchase(one, quote.quote)
    planned = await refund.plan(one, RefundOrder(done.id))

    assert planned.plan is not None
    back = await refund.do(one, planned.plan, again=False)

    payment = await rails.of(one).payments.find(done.id)
    assert payment is not None
    assert (back.state, payment.refunded) == ("done", 4900)


async def test_real_payments_and_a_simulated_chain_make_no_sale(at_stripe: Shop) -> None:
    with pytest.raises(MixedRailsError) as mixed:
        await selling.quote(at_stripe.one, at_stripe.token.id, at_stripe.buyer.id, "100", CARD)

    assert mixed.value.fields == {"payments": "test", "chain": "simulated"}


async def test_what_is_free_needs_no_payments(at_stripe: Shop) -> None:
    await at_stripe.one.write(entity.update, at_stripe.token.id, {"price": 0})
    quote = await selling.quote(at_stripe.one, at_stripe.token.id, at_stripe.buyer.id, "100")

    done = await selling.purchase(at_stripe.one, quote.quote)

    assert done.state is State.DONE
    assert done.body["mode"] == "simulated"


async def test_a_live_key_that_may_not_be_used_stops_a_sale(shop: Shop, course: Saved) -> None:
    key = paying(stripe_secret_key=LIVE_KEY)
    shop.one.providers = Providers(shop.one.providers.embedding, paying=key)

    with pytest.raises(SettingsError, match="ONE_MCP_LIVE_MONEY"):
        await selling.quote(shop.one, course.id, shop.buyer.id, "1")


async def test_a_quote_of_a_simulation_is_not_bought_in_earnest(shop: Shop, course: Saved) -> None:
    quote = await selling.quote(shop.one, course.id, shop.buyer.id, "1")
    live = paying(stripe_secret_key=LIVE_KEY, live_money=True)
    shop.one.providers = Providers(shop.one.providers.embedding, paying=live)

    with pytest.raises(PlanError) as void:
        await selling.purchase(shop.one, quote.quote)

    assert "mode" in str(void.value.fields["changed"])


async def test_an_operation_goes_on_with_the_vendors_that_began_it_or_not(
    app: App, shop: Shop, course: Saved
) -> None:
    shop.script.forever["authorize"] = DOWN
    quote = await selling.quote(shop.one, course.id, shop.buyer.id, "1")
    left = await selling.purchase(shop.one, quote.quote)
    live = paying(stripe_secret_key=LIVE_KEY, live_money=True)
    shop.one.providers = Providers(app.providers.embedding, paying=live)

    found = await saga.drive(shop.one, PURCHASE, left.id)

    assert left.state is State.RUNNING
    assert found.state is State.NEEDS_REVIEW


async def test_what_was_lost_stays_unknown_while_the_vendor_is_away(shop: Shop) -> None:
    """Else funds that are held would never be let go (D-22)."""
    shop.script.once["authorize"] = [LOST]
    shop.script.forever["authorize"] = DOWN
    quote = await selling.quote(shop.one, shop.token.id, shop.buyer.id, "100")
    at = await selling.purchase(shop.one, quote.quote)

    while at.state in {State.RUNNING, State.UNDOING}:
        at = await saga.drive(shop.one, PURCHASE, at.id)

    assert at.state is State.NEEDS_REVIEW
    assert (await books(shop.one, shop.contract)).held == 1250


async def test_what_was_held_a_day_ago_is_found_and_not_held_again(
    shop: Shop, clock: HandClock
) -> None:
    """Stripe has forgotten the key by then."""
    shop.script.once["authorize"] = [LOST]
    shop.script.forever["authorize"] = DOWN
    quote = await selling.quote(shop.one, shop.token.id, shop.buyer.id, "100")
    left = await selling.purchase(shop.one, quote.quote)
    shop.script.forever.clear()
    clock.forward(25 * 60 * 60_000)

    done = await saga.drive(shop.one, PURCHASE, left.id)

    assert left.state is State.RUNNING
    assert done.state is State.DONE
    after = await books(shop.one, shop.contract)
    assert (after.payments, after.charged, after.held) == (1, 1250, 0)


async def test_on_a_test_network_all_acts_mean_the_same_books(app: App, shop: Shop) -> None:
    app.providers = OnTestNetwork(app.providers.embedding)
    one = app.session(Call("test"), LOCAL)
    token, buyer = shop.token.id, shop.buyer.id

    minted = await tokens.plan(one, MINT, TokenOrder(token, "5"))
    await tokens.act(one, MINT, minted.plan or "")
    gift = await spend.plan_grant(one, GrantOrder(token, buyer, "3"))
    given = await spend.do(one, spend.GRANT, gift.plan or "", again=False)
    spending = await spend.plan_spending(one, SpendOrder(token, buyer, amount="1"))
    spent = await spend.do(one, spend.SPEND, spending.plan or "", again=False)

    assert (minted.simulated, given.simulated, spent.simulated) == (True, True, True)
    assert (await supply.of(one, token)).kept == "2"
    assert (await supply.of(one, token)).differs is None
    assert [it.kept for it in (await holdings.of(one, buyer)).holdings] == ["2"]
    assert (await reconciling.reconcile(one)).differences == []


async def test_a_plan_of_a_simulation_is_not_done_in_earnest(
    app: App, shop: Shop, course: Saved
) -> None:
    """It is refused before there is an operation, whichever tool made it."""
    quote = await selling.quote(shop.one, course.id, shop.buyer.id, "1", CARD)
    sold = await selling.purchase(shop.one, quote.quote)
    back = (await refund.plan(shop.one, RefundOrder(sold.id))).plan or ""
    mint = (await tokens.plan(shop.one, MINT, TokenOrder(shop.token.id, "5"))).plan or ""
    gift = (await spend.plan_grant(shop.one, GrantOrder(course.id, shop.holder.id))).plan or ""
    app.providers = replace(
        OnTestNetwork(app.providers.embedding),
        paying=paying(stripe_secret_key=LIVE_KEY, live_money=True),
    )
    one = app.session(Call("test"), LOCAL)
    begun = await one.read(listing.counts)

    for act in (
        partial(refund.do, one, back, again=False),
        partial(tokens.act, one, MINT, mint),
        partial(spend.do, one, spend.GRANT, gift, again=False),
    ):
        with pytest.raises(MixedRailsError) as refused:
            await act()
        assert refused.value.fields == {"mode": "simulated"}

    assert await one.read(listing.counts) == begun
