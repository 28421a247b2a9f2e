"""A buyer gives a card on the simulated page of Checkout, and the sale goes on to its receipt."""

import pytest

from one_mcp.app import LOCAL, App
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.session import Call
from tests.browser.browsers import Browser
from tests.browser.test_approving import CONTRAST
from tests.commerce.conftest import Shop
from tests.commerce.people import PASSPHRASE, with_passphrase
from tests.server.promises import Ask

pytestmark = pytest.mark.anyio


@pytest.fixture
async def quote(app: App, at_stripe: Shop, course: Saved, ask: Ask) -> str:
    await with_passphrase(app.session(Call("test"), LOCAL))
    return (await ask("quote_tokens", item=course.id, buyer=at_stripe.buyer.id))["quote"]


async def page_of(ask: Ask, quote: str) -> str:
    asked = await ask("purchase_tokens", quote=quote)
    assert asked["code"] == "CHECKOUT_REQUIRED"
    return asked["pay_at"]


async def approve(ask: Ask, browser: Browser, quote: str) -> None:
    asked = await ask("purchase_tokens", quote=quote)
    assert asked["code"] == "APPROVAL_REQUIRED"
    await browser.open(asked["approve_at"])
    await browser.fill("Your passphrase", PASSPHRASE)
    await browser.press("Approve")


@pytest.mark.parametrize("card", ["Visa, which pays", "Mastercard, which pays"])
async def test_a_card_that_pays_leads_to_the_receipt(
    ask: Ask, browser: Browser, quote: str, card: str
) -> None:
    await browser.open(await page_of(ask, quote))
    await browser.sees("Which card shall be kept for Bob?")

    await browser.press(card)
    await browser.sees("The card is kept.")
    await approve(ask, browser, quote)

    await browser.sees("It is done.")
    bought = await ask("purchase_tokens", quote=quote)
    assert bought["state"] == "done"
    assert bought["paymentId"] in await browser.text()
    assert "in the vendors' test mode: no money moves" in await browser.text()


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ("every payment is declined", "generic_decline"),
        ("without sufficient funds", "insufficient_funds"),
        ("wants to see the buyer at every payment", "authentication_required"),
    ],
)
async def test_a_card_that_is_declined_leads_to_a_page_that_says_so(
    ask: Ask, browser: Browser, quote: str, card: str, code: str
) -> None:
    await browser.open(await page_of(ask, quote))
    await browser.press(card)

    await approve(ask, browser, quote)

    await browser.sees("It came to nothing")
    await browser.sees("declined")
    assert (await ask("purchase_tokens", quote=quote))["declined_code"] == code


async def test_a_bank_that_asks_is_answered_and_the_card_pays(
    ask: Ask, browser: Browser, quote: str
) -> None:
    await browser.open(await page_of(ask, quote))

    await browser.press("whose bank asks now")
    await browser.press("No, it is not me")
    await browser.sees("The bank did not confirm that it is you.")
    still = await page_of(ask, quote)
    await browser.press("whose bank asks now")
    await browser.press("Yes, it is me")
    await browser.sees("The card is kept.")
    await approve(ask, browser, quote)

    await browser.sees("It is done.")
    assert still.startswith("http://127.0.0.1:")


async def test_who_cancels_keeps_no_card_and_may_come_back(
    ask: Ask, browser: Browser, quote: str
) -> None:
    page = await page_of(ask, quote)
    await browser.open(page)

    await browser.press("Cancel")

    await browser.sees("No card was kept.")
    assert await page_of(ask, quote) == page
    await browser.press("Visa, which pays")
    await browser.sees("The card is kept.")


async def test_a_page_that_is_done_with_takes_no_second_card(
    ask: Ask, browser: Browser, quote: str
) -> None:
    page = await page_of(ask, quote)
    await browser.open(page)
    await browser.press("Visa, which pays")

    await browser.open(page)

    await browser.sees("The card is kept.")
    assert await browser.script("return document.querySelectorAll('button').length") == 0


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_everybody_can_read_it(ask: Ask, browser: Browser, quote: str, *, dark: bool) -> None:
    await browser.dress(width=360, dark=dark)
    await browser.open(await page_of(ask, quote))

    assert await browser.script(CONTRAST) == []
    assert await browser.script("return document.documentElement.lang") == "en"
    wide = "return document.documentElement.scrollWidth <= window.innerWidth"
    assert await browser.script(wide)
