"""A buyer without a card gives one on the vendor's page, and the quote is bought after that."""

import httpx2
import pytest
from mcp import Client

from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.operations import plans
from one_mcp.dimensions.operations.operation import State
from one_mcp.money_errors import CheckoutRequiredError, PlanError
from one_mcp.services import rails
from one_mcp.services.commerce import selling
from one_mcp.services.commerce.selling import Quote
from tests.commerce.conftest import Shop
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio


async def page_of(shop: Shop, quote: Quote) -> str:
    with pytest.raises(CheckoutRequiredError) as required:
        await selling.purchase(shop.one, quote.quote)
    return str(required.value.fields["pay_at"])


async def give(page: str, card: str = "pm_card_visa") -> str:
    """Do in a browser's stead what a person does on the page."""
    async with httpx2.AsyncClient() as browser:
        shown = await browser.get(page)
        assert f'value="{card}"' in shown.text
        return (await browser.post(page, data={"card": card})).text


async def test_a_card_given_on_the_page_buys_the_quote(at_stripe: Shop, course: Saved) -> None:
    quote = await selling.quote(at_stripe.one, course.id, at_stripe.buyer.id, "1")
    page = await page_of(at_stripe, quote)
    assert "kept" in await give(page)

    done = await selling.purchase(at_stripe.one, quote.quote)

    assert done.state is State.DONE
    payment = await rails.of(at_stripe.one).payments.find(done.id)
    assert payment is not None
    assert payment.captured == 4900


async def test_the_card_is_on_file_for_the_next_purchase(at_stripe: Shop, course: Saved) -> None:
    first = await selling.quote(at_stripe.one, course.id, at_stripe.buyer.id, "1")
    await give(await page_of(at_stripe, first))
    await selling.purchase(at_stripe.one, first.quote)
    second = await selling.quote(at_stripe.one, course.id, at_stripe.buyer.id, "2")

    done = await selling.purchase(at_stripe.one, second.quote)

    assert done.state is State.DONE


async def test_until_then_the_same_page_is_named_and_nothing_begins(
    at_stripe: Shop, course: Saved
) -> None:
    quote = await selling.quote(at_stripe.one, course.id, at_stripe.buyer.id, "1")

    pages = {await page_of(at_stripe, quote) for _ in range(3)}

    assert len(pages) == 1
    plan = await at_stripe.one.read(plans.read, quote.quote, selling.SALES)
    assert plan.operation is None


async def test_a_person_has_longer_than_a_quote_lasts(
    at_stripe: Shop, course: Saved, clock: HandClock
) -> None:
    quote = await selling.quote(at_stripe.one, course.id, at_stripe.buyer.id, "1")
    page = await page_of(at_stripe, quote)
    clock.forward(plans.LASTS_MS + 1)
    await give(page)

    done = await selling.purchase(at_stripe.one, quote.quote)

    assert done.state is State.DONE


async def test_a_card_that_is_declined_afterwards_buys_nothing(
    at_stripe: Shop, course: Saved
) -> None:
    quote = await selling.quote(at_stripe.one, course.id, at_stripe.buyer.id, "1")
    await give(await page_of(at_stripe, quote), "pm_card_chargeCustomerFail")

    done = await selling.purchase(at_stripe.one, quote.quote)

    assert done.state is State.UNDONE
    assert done.failure is not None
    assert done.failure["declined_code"] == "generic_decline"


async def test_one_buyers_card_pays_for_no_other(at_stripe: Shop, course: Saved) -> None:
    first = await selling.quote(at_stripe.one, course.id, at_stripe.buyer.id, "1")
    await give(await page_of(at_stripe, first))
    bought = await selling.purchase(at_stripe.one, first.quote)
    card = str(bought.body["method"])

    theirs = await selling.quote(at_stripe.one, course.id, at_stripe.holder.id, "1", card)
    done = await selling.purchase(at_stripe.one, theirs.quote)

    assert done.state is State.UNDONE


async def test_the_page_asks_for_no_card_number_and_runs_no_script(
    at_stripe: Shop, course: Saved
) -> None:
    quote = await selling.quote(at_stripe.one, course.id, at_stripe.buyer.id, "1")
    page = await page_of(at_stripe, quote)

    async with httpx2.AsyncClient() as browser:
        shown = await browser.get(page)
        strange = await browser.post(page, data={"card": "pm_card_<script>"})

    assert "<input" not in shown.text
    assert "Bob" in shown.text
    assert shown.headers["content-security-policy"].startswith("default-src 'none'")
    assert "<script" not in strange.text
    assert 'name="card"' in strange.text


async def test_nobody_is_sent_to_a_page_for_a_quote_that_is_over(
    at_stripe: Shop, course: Saved, clock: HandClock
) -> None:
    quote = await selling.quote(at_stripe.one, course.id, at_stripe.buyer.id, "1")
    clock.forward(plans.LASTS_MS + 1)

    with pytest.raises(PlanError):
        await selling.purchase(at_stripe.one, quote.quote)


async def test_a_bank_that_wants_to_see_the_buyer_declines_a_card_on_file(
    at_stripe: Shop, course: Saved
) -> None:
    quote = await selling.quote(at_stripe.one, course.id, at_stripe.buyer.id, "1")
    await give(await page_of(at_stripe, quote), "pm_card_authenticationRequired")

    done = await selling.purchase(at_stripe.one, quote.quote)

    assert done.state is State.UNDONE
    assert done.failure is not None
    assert done.failure["declined_code"] == "authentication_required"


async def test_an_agent_is_told_the_page_and_buys_after_it(
    at_stripe: Shop, course: Saved, client: Client
) -> None:
    asked = {"item": course.id, "buyer": at_stripe.buyer.id}
    quoted = (await client.call_tool("quote_tokens", asked)).structured_content
    assert quoted is not None
    quote = {"quote": quoted["quote"]}

    refused = await client.call_tool("purchase_tokens", quote)
    assert refused.is_error
    told = (refused.structured_content or {})["error"]
    assert told["code"] == "CHECKOUT_REQUIRED"
    await give(told["pay_at"])
    bought = await client.call_tool("purchase_tokens", quote)

    assert not bought.is_error
    assert (bought.structured_content or {})["state"] == "done"
