"""The approval page as a person has it: in a browser, with a mouse or a keyboard."""

import pytest

from one_mcp.app import LOCAL, App
from one_mcp.dimensions.operations import plans
from one_mcp.server.pages import approval
from one_mcp.session import Call
from tests.browser.browsers import Browser
from tests.commerce.people import PASSPHRASE, with_passphrase
from tests.server.promises import Ask
from tests.server.test_approval_page import quoted

pytestmark = pytest.mark.anyio
SCRIPT = "<script>document.title='run'</script><img src=x onerror=document.title='run'>"
TAB, ENTER = "\ue004", "\ue007"
CONTRAST = """
function light(colour) {
  const [r, g, b] = colour.match(/[\\d.]+/g).map(it => it / 255)
    .map(it => it <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function ground(element) {
  while (element) {
    const colour = getComputedStyle(element).backgroundColor;
    if (colour !== 'rgba(0, 0, 0, 0)') return colour;
    element = element.parentElement;
  }
  return 'rgb(255, 255, 255)';
}
return [...document.querySelectorAll('h1, p, th, td, label, button, summary, input, code')]
  .filter(it => it.innerText || it.tagName === 'INPUT')
  .map(it => {
    const two = [light(getComputedStyle(it).color), light(ground(it))].sort((a, b) => b - a);
    return [(two[0] + 0.05) / (two[1] + 0.05), it.outerHTML.slice(0, 60)];
  }).filter(it => it[0] < 4.5);
"""
UNNAMED = """
return [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
  .filter(it => it.labels.length === 0).map(it => it.outerHTML);
"""


@pytest.fixture(autouse=True)
async def passphrase(app: App) -> None:
    await with_passphrase(app.session(Call("test"), LOCAL))


async def asked(ask: Ask, quote: str) -> str:
    return (await ask("purchase_tokens", quote=quote))["approve_at"]


async def is_waiting(app: App, quote: str) -> bool:
    one = app.session(Call("test"), LOCAL)
    return await one.read(plans.operation_of, quote) is None


async def test_a_person_approves_and_sees_the_receipt_without_the_agent(
    app: App, ask: Ask, browser: Browser
) -> None:
    quote = await quoted(ask)
    link = await asked(ask, quote)

    await browser.open(link)
    shown = await browser.text()
    unmoved = await is_waiting(app, quote)
    await browser.fill("Your passphrase", PASSPHRASE)
    await browser.press("Approve")
    await browser.sees("It is done.")
    receipt = await browser.text()

    assert "Charge Bob 49.50 EUR for 1 × Yoga." in shown  # noqa: RUF001  # times
    assert "nothing real happens" in shown
    assert unmoved
    bought = await ask("purchase_tokens", quote=quote)
    assert bought["state"] == "done"
    assert bought["paymentId"] in receipt
    assert bought["operation"] in receipt


async def test_a_link_serves_one_decision(ask: Ask, browser: Browser) -> None:
    link = await asked(ask, await quoted(ask))
    await browser.open(link)
    await browser.fill("Your passphrase", PASSPHRASE)
    await browser.press("Approve")
    await browser.sees("It is done.")

    await browser.open(link)

    await browser.sees("This link is used up")


async def test_a_wrong_passphrase_is_refused_and_tried_a_few_times(
    app: App, ask: Ask, browser: Browser
) -> None:
    quote = await quoted(ask)
    await browser.open(await asked(ask, quote))

    for _ in range(approval.TRIES - 1):
        await browser.fill("Your passphrase", "a wrong passphrase")
        await browser.press("Approve")
        await browser.sees("That is not your passphrase")
    await browser.fill("Your passphrase", "a wrong passphrase")
    await browser.press("Approve")

    await browser.sees("Too many tries")
    assert await is_waiting(app, quote)


async def test_a_person_declines(ask: Ask, browser: Browser) -> None:
    quote = await quoted(ask)
    await browser.open(await asked(ask, quote))

    await browser.press("Refuse")

    await browser.sees("It will not happen.")
    assert (await ask("purchase_tokens", quote=quote))["refused"] is True


async def test_markup_in_a_name_is_text(ask: Ask, browser: Browser) -> None:
    await browser.open(await asked(ask, await quoted(ask, SCRIPT)))

    await browser.sees("Charge Bob")

    assert SCRIPT in await browser.text()
    assert await browser.script("return document.title") == "Approve? · one_mcp"
    assert await browser.script("return document.querySelectorAll('img, script').length") == 0


async def test_another_name_of_this_machine_leads_nowhere(ask: Ask, browser: Browser) -> None:
    link = await asked(ask, await quoted(ask))

    await browser.open(link.replace("127.0.0.1", "localhost"))

    await browser.sees("This page has another address.")


async def test_another_site_decides_nothing(app: App, ask: Ask, browser: Browser) -> None:
    quote = await quoted(ask)
    link = await asked(ask, quote)
    form = f"<form method=post action={link}><button name=choice value=refuse>Win</button></form>"
    await browser.open(f"data:text/html,{form}")

    await browser.press("Win")

    await browser.sees("Another site sent this.")
    assert await is_waiting(app, quote)


async def test_the_keyboard_is_enough(ask: Ask, browser: Browser) -> None:
    await browser.open(await asked(ask, await quoted(ask)))
    at = await browser.script("return document.activeElement.id")

    await browser.type(PASSPHRASE + ENTER)

    assert at == "passphrase"
    await browser.sees("It is done.")


async def test_the_first_stop_after_the_passphrase_is_the_yes(ask: Ask, browser: Browser) -> None:
    await browser.open(await asked(ask, await quoted(ask)))

    await browser.type(TAB)
    first = await browser.script("return document.activeElement.value")
    await browser.type(TAB)
    second = await browser.script("return document.activeElement.value")

    assert (first, second) == ("approve", "refuse")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_everybody_can_read_it(ask: Ask, browser: Browser, *, dark: bool) -> None:
    """Contrasts are those of https://www.w3.org/TR/WCAG22/#contrast-minimum."""
    await browser.dress(width=360, dark=dark)
    await browser.open(await asked(ask, await quoted(ask, "Donaudampfschifffahrt" * 8)))
    await browser.unfold("All details")

    assert await browser.script(CONTRAST) == []
    assert await browser.script(UNNAMED) == []
    assert await browser.script("return document.documentElement.lang") == "en"
    assert await browser.script("return document.querySelectorAll('h1, main').length") == 2
    wide = "return document.documentElement.scrollWidth <= window.innerWidth"
    assert await browser.script(wide)


PLACES = """
const places = [], walk = document.createTreeWalker(document.querySelector('h1'), 4);
while (walk.nextNode()) for (const found of walk.currentNode.data.matchAll(/[^ ]+/g)) {
  const range = document.createRange();
  range.setStart(walk.currentNode, found.index);
  range.setEnd(walk.currentNode, found.index + found[0].length);
  places.push([found[0], range.getBoundingClientRect().left]);
}
return places;
"""


async def test_a_name_from_right_to_left_moves_no_amount(ask: Ask, browser: Browser) -> None:
    """A browser would set the amount after such a name before it, as if it was part of it."""
    buyer = await ask("create_entity", type="audience_member", name="ليلى")
    about = {"price": 49.5, "currency": "eur"}
    course = await ask("create_entity", type="course", name="Yoga", properties=about)
    quote = (await ask("quote_tokens", item=course["id"], buyer=buyer["id"]))["quote"]
    await browser.open(await asked(ask, quote))

    places = await browser.script(PLACES)

    assert [word for word, _ in places[:3]] == ["Charge", "ليلى", "49.50"]
    assert [left for _, left in places] == sorted(left for _, left in places)
