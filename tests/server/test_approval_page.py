"""The approval page: a person's yes in a browser, and nobody else's."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.server import Server
from mcp_types import ElicitRequestParams, ElicitResult

from one_mcp.app import LOCAL, App
from one_mcp.dimensions.operations import plans
from one_mcp.money_errors import PlanError
from one_mcp.server.caller import Serving
from one_mcp.server.pages import approval, site
from one_mcp.server.pages.loopback import Loopback
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from tests.commerce.people import PASSPHRASE, with_passphrase
from tests.server.business import made
from tests.server.promises import Ask, asking

pytestmark = pytest.mark.anyio
APPROVE = {"choice": "approve", "passphrase": PASSPHRASE}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A server that asks for a yes to simulated plans, too."""
    return settings.model_copy(update={"approvals": "always"})


@pytest.fixture
async def ask(server: Server[Serving]) -> AsyncIterator[Ask]:
    async with Client(server) as client:
        yield asking(client)


async def quoted(ask: Ask, name: str = "Yoga") -> str:
    shop = [
        made("bob", "audience_member"),
        {"op": "create_entity", "as": "$it", "type": "course", "name": name}
        | {"properties": {"price": 49.5, "currency": "eur"}},
    ]
    ids = (await ask("apply_changes", operations=shop))["ids"]
    return (await ask("quote_tokens", item=ids["$it"], buyer=ids["$bob"]))["quote"]


@dataclass
class Tab:
    """A browser's tab on a page: it knows where it is, and sends what its form has."""

    http: httpx2.AsyncClient
    link: str
    headers: dict[str, str] = field(default_factory=dict)

    async def opened(self, **headers: str) -> httpx2.Response:
        return await self.http.get(self.link, headers=headers)

    async def sent(self, fields: dict[str, str], **headers: str) -> httpx2.Response:
        page = await self.opened()
        digest = re.search(r'name="digest" value="(\w+)"', page.text)
        origin = self.link.partition("/approve/")[0]
        form = {"digest": digest[1] if digest else "", **fields}
        return await self.http.post(self.link, data=form, headers={"Origin": origin, **headers})


@asynccontextmanager
async def tab(link: str) -> AsyncIterator[Tab]:
    async with httpx2.AsyncClient(trust_env=False, follow_redirects=True) as http:
        yield Tab(http, link)


async def is_waiting(one: Session, quote: str) -> bool:
    return (await one.read(plans.waiting, quote)).operation is None


async def test_a_person_approves_on_the_page(app: App, ask: Ask) -> None:
    await with_passphrase(app.session(Call("test"), LOCAL))
    quote = await quoted(ask, "Yoga <b>& more</b>")

    refused = await ask("purchase_tokens", quote=quote)
    again = await ask("purchase_tokens", quote=quote)
    async with tab(refused["approve_at"]) as browser:
        page = await browser.opened()
        done = await browser.sent(APPROVE)
        late = await browser.opened()
    bought = await ask("purchase_tokens", quote=quote)

    assert refused["code"] == "APPROVAL_REQUIRED"
    assert refused["command"] == f"one-mcp approve {quote}"
    assert again["approve_at"] == refused["approve_at"]
    assert "1 × <bdi>Yoga &lt;b&gt;&amp; more&lt;/b&gt;</bdi>." in page.text  # noqa: RUF001  # times
    assert (done.status_code, "You approved this" in done.text) == (200, True)
    assert late.status_code == 404
    assert bought["state"] == "done"


async def test_the_page_runs_no_script_and_is_framed_by_nobody(ask: Ask) -> None:
    refused = await ask("purchase_tokens", quote=await quoted(ask))

    async with tab(refused["approve_at"]) as browser:
        page = await browser.opened()

    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert page.headers["cache-control"] == "no-store"
    assert "<script" not in page.text


async def test_who_has_no_passphrase_is_told_how_to_set_one(ask: Ask) -> None:
    refused = await ask("purchase_tokens", quote=await quoted(ask))

    async with tab(refused["approve_at"]) as browser:
        page = await browser.opened()
        tried = await browser.sent(APPROVE)

    assert "one-mcp passphrase" in page.text
    assert 'value="approve"' not in page.text
    assert tried.status_code == 403


async def test_a_refusal_is_for_good(app: App, ask: Ask) -> None:
    await with_passphrase(app.session(Call("test"), LOCAL))
    quote = await quoted(ask)
    refused = await ask("purchase_tokens", quote=quote)

    async with tab(refused["approve_at"]) as browser:
        said = await browser.sent({"choice": "refuse"})

    assert said.status_code == 200
    assert (await ask("purchase_tokens", quote=quote))["refused"] is True


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "localhost"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
async def test_nobody_decides_from_elsewhere(app: App, ask: Ask, headers: dict[str, str]) -> None:
    await with_passphrase(app.session(Call("test"), LOCAL))
    quote = await quoted(ask)
    refused = await ask("purchase_tokens", quote=quote)

    async with tab(refused["approve_at"]) as browser:
        sent = await browser.sent(APPROVE, **headers)

    assert sent.status_code == 403
    assert (await ask("purchase_tokens", quote=quote))["code"] == "APPROVAL_REQUIRED"


async def test_a_wrong_passphrase_has_few_tries(app: App, ask: Ask) -> None:
    await with_passphrase(app.session(Call("test"), LOCAL))
    quote = await quoted(ask)
    refused = await ask("purchase_tokens", quote=quote)

    async with tab(refused["approve_at"]) as browser:
        wrong = [
            await browser.sent({**APPROVE, "passphrase": "wrong"}) for _ in range(approval.TRIES)
        ]
        right = await browser.sent(APPROVE)
    again = await ask("purchase_tokens", quote=quote)

    assert {it.status_code for it in wrong} == {403}
    assert "That is not your passphrase" in wrong[0].text
    assert "Too many tries" in wrong[-1].text
    assert right.status_code == 404
    assert again["approve_at"] == f"one-mcp approve {quote}"


async def test_many_plans_give_no_more_tries(app: App, ask: Ask) -> None:
    await with_passphrase(app.session(Call("test"), LOCAL))
    names = [f"Yoga {number}" for number in range(approval.ALL_TRIES // approval.TRIES + 1)]
    quotes = [await quoted(ask, name) for name in names]
    links = [(await ask("purchase_tokens", quote=it))["approve_at"] for it in quotes]

    for link in links[:-1]:
        async with tab(link) as browser:
            for _ in range(approval.TRIES):
                await browser.sent({**APPROVE, "passphrase": "wrong"})
    async with tab(links[-1]) as browser:
        right = await browser.opened()
    again = await ask("purchase_tokens", quote=quotes[-1])
    new = await ask("purchase_tokens", quote=await quoted(ask, "Another"))

    assert right.status_code == 404
    assert again["approve_at"] == f"one-mcp approve {quotes[-1]}"
    assert new["approve_at"].startswith("one-mcp approve ")


async def test_of_two_tabs_one_decides(app: App, ask: Ask) -> None:
    await with_passphrase(app.session(Call("test"), LOCAL))
    refused = await ask("purchase_tokens", quote=await quoted(ask))
    said: list[int] = []

    async def decide(browser: Tab) -> None:
        said.append((await browser.sent(APPROVE)).status_code)

    link = refused["approve_at"]
    async with tab(link) as first, tab(link) as second, anyio.create_task_group() as tabs:
        tabs.start_soon(decide, first)
        tabs.start_soon(decide, second)

    assert sorted(said) == [200, 404]


@pytest.mark.parametrize(
    ("method", "body", "status"),
    [("PUT", b"", 405), ("POST", b"x" * (site.MOST_BYTES + 1), 413)],
)
async def test_what_is_no_decision_decides_nothing(
    ask: Ask, method: str, body: bytes, status: int
) -> None:
    quote = await quoted(ask)
    refused = await ask("purchase_tokens", quote=quote)
    origin = refused["approve_at"].partition("/approve/")[0]

    async with tab(refused["approve_at"]) as browser:
        said = await browser.http.request(
            method, browser.link, content=body, headers={"Origin": origin}
        )
        elsewhere = await browser.http.get(f"{origin}/approve/{'x' * 43}")

    assert said.status_code == status
    assert elsewhere.status_code == 404
    assert (await ask("purchase_tokens", quote=quote))["approve_at"] == refused["approve_at"]


async def test_a_plan_that_changed_is_not_approved(app: App, ask: Ask) -> None:
    await with_passphrase(app.session(Call("test"), LOCAL))
    quote = await quoted(ask)
    refused = await ask("purchase_tokens", quote=quote)

    async with tab(refused["approve_at"]) as browser:
        sent = await browser.sent({**APPROVE, "digest": "0" * 64})

    assert sent.status_code == 409
    with pytest.raises(PlanError):
        await app.session(Call("test"), LOCAL).read(plans.waiting, "quo_nothing")
    assert await is_waiting(app.session(Call("test"), LOCAL), quote)


async def test_the_port_is_closed_once_somebody_decided(app: App, ask: Ask) -> None:
    one = app.session(Call("test"), LOCAL)
    await with_passphrase(one)
    quote = await quoted(ask)

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            link = await Loopback(tasks, linger_s=0).link(quote, lambda: one)
            assert link is not None
            async with tab(link) as browser:
                sent = await browser.sent(APPROVE)

        assert sent.status_code == 200
        async with tab(link) as browser:
            with pytest.raises(httpx2.ConnectError):
                await browser.opened()


async def test_a_client_that_opens_links_is_handed_one(
    app: App, server: Server[Serving], mode: str
) -> None:
    await with_passphrase(app.session(Call("test"), LOCAL))
    opened: list[str] = []

    async def person(_: object, params: ElicitRequestParams) -> ElicitResult:
        opened.append(params.url)
        async with tab(params.url) as browser:
            await browser.sent(APPROVE)
        return ElicitResult(action="accept")

    async with Client(server, mode=mode, elicitation_callback=person) as client:
        ask = asking(client)
        quote = await quoted(ask)
        first = await ask("purchase_tokens", quote=quote)
        second = await ask("purchase_tokens", quote=quote)
        with anyio.fail_after(30):  # the page's own server carries it out, and may be first
            while second["state"] == "running":
                second = await ask("get_operation", id=second["operation"])

    assert len(opened) == 1
    assert first.get("approve_at", opened[0]) == opened[0]
    assert second["state"] == "done"


async def test_what_a_client_says_of_a_person_approves_nothing(
    app: App, server: Server[Serving], mode: str
) -> None:
    await with_passphrase(app.session(Call("test"), LOCAL))

    async def liar(_: object, __: ElicitRequestParams) -> ElicitResult:
        return ElicitResult(action="accept", content={"approve": True})

    async with Client(server, mode=mode, elicitation_callback=liar) as client:
        ask = asking(client)
        refused = await ask("purchase_tokens", quote=await quoted(ask))

    assert refused["code"] == "APPROVAL_REQUIRED"
