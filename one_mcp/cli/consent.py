"""The demo's yes: nothing is sold before a person has approved it on a page in a browser.

Whoever sits at a terminal does that; where nobody does, the demo itself goes to the page.
"""

import re
import sys
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

import anyio
from anyio import to_thread

from one_mcp.app import open_app
from one_mcp.cli import screen
from one_mcp.cli.storyteller import StoryError, Storyteller
from one_mcp.services import authorizing
from one_mcp.session import Call
from one_mcp.settings import Settings

PASSPHRASE = "breathe in, breathe out"  # noqa: S105  # it opens nothing but the demo's file
ALONE_S = 180.0  # after which nobody seems to sit at the terminal
PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Consent:
    """An agent that has to ask, another one that watches, and whether a person is there."""

    asking: Storyteller
    watching: Storyteller
    is_attended: bool

    async def tell(self, course: str) -> None:
        """Sell a place in the course once somebody said yes to it, and see the graph change."""
        agent = self.asking
        agent.chapter("Maya wants to be asked before anything is sold. An agent asks her.")
        ana = (await agent.call("find_entities", type="audience_member", text="Ana Ruiz"))["items"]
        buyer = str(ana[0]["id"])
        quote = await agent.call("quote_tokens", item=course, buyer=buyer)
        refused = await agent.refused("purchase_tokens", quote=quote["quote"])
        agent.check(refused["code"] == "APPROVAL_REQUIRED", "nothing is sold without a yes")
        receipt = await self._approved(str(refused["approve_at"]), f"one://entities/{buyer}")
        sold = await agent.call("purchase_tokens", quote=quote["quote"])
        agent.check(sold["state"] == "done", "it was sold without the agent asking again")
        found = await self.watching.call("find_connections", types=["purchased"], to=course)
        agent.check(len(found["items"]) == 1, "the graph says who bought it, once")
        agent.say(
            f"{quote['total']} dollars, approved on a page by a passphrase, and sold by itself: "
            f"{receipt} The other agent is told that the graph has changed: Ana has bought it."
        )

    async def _approved(self, link: str, uri: str) -> str:
        if self.is_attended:
            screen.show(f"    Open this page on this machine:  {link}")
            screen.show(f"    The passphrase is:               {PASSPHRASE}")
            if await self._sees(uri, ALONE_S):
                return "you have the receipt."
            self.asking.say("Nobody came, so the demo goes there itself.")
        async with self.watching.client.listen(resource_subscriptions=[uri]) as changes:
            await to_thread.run_sync(_approve, link)
            with anyio.fail_after(PATIENCE_S):
                await anext(aiter(changes))
        self.watching.hear(uri)
        return "the page shows the receipt."

    async def _sees(self, uri: str, longest_s: float) -> bool:
        async with self.watching.client.listen(resource_subscriptions=[uri]) as changes:
            with anyio.move_on_after(longest_s) as waiting:
                await anext(aiter(changes))
        return not waiting.cancelled_caught


def is_attended() -> bool:
    """Tell whether somebody sits at a terminal, who could open a page."""
    return sys.stdin.isatty() and sys.stdout.isatty()


async def prepare(settings: Settings) -> None:
    """Set the passphrase of the demo's person."""
    async with open_app(settings) as app:
        one = app.session(Call("passphrase", client=screen.CLIENT), app.owner)
        await authorizing.set_passphrase(one, PASSPHRASE, None)


def _approve(link: str) -> None:
    """Do what a person does in a browser: read the page, and send its form with the passphrase."""
    parts = urlsplit(link)
    page = _ask(parts.netloc, "GET", parts.path)
    form = dict(re.findall(r'type="hidden" name="(\w+)" value="(\w*)"', page))
    form |= {"choice": "approve", "passphrase": PASSPHRASE}
    _ask(parts.netloc, "POST", parts.path, urlencode(form))


def _ask(host: str, method: str, path: str, body: str | None = None) -> str:
    connection = HTTPConnection(host, timeout=PATIENCE_S)
    headers = {
        "Origin": f"http://{host}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    if answer.status not in {200, 303}:
        raise StoryError(f"The approval page answered {answer.status}.")
    return text
