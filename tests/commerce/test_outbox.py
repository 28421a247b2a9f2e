"""Receipts are written with what they tell of, and go out once, or not at all."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import pytest

from one_mcp.app import LOCAL, App, open_app
from one_mcp.dimensions.commerce import mails, outbox
from one_mcp.dimensions.commerce.mails import KeptMail
from one_mcp.dimensions.commerce.refunding import RefundOrder
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.dimensions.organizations import founding
from one_mcp.dimensions.purge import purge
from one_mcp.errors import SettingsError
from one_mcp.mail_settings import MailSettings
from one_mcp.providers.mailing import Mailing
from one_mcp.providers.providers import Providers
from one_mcp.providers.simulated import mail as simulated_mail
from one_mcp.providers.simulated.stripe.server import StripeApp
from one_mcp.services import delivery, doctor, postbox, reviews
from one_mcp.services.commerce import refund, selling, telling
from one_mcp.services.delivery import Delivery
from one_mcp.services.rails import SimulatedCabinet
from one_mcp.session import Call, Session
from one_mcp.store.sqlite import backup
from one_mcp.store.work import Work
from tests.commerce.conftest import Shop, paying
from tests.commerce.people import approved, with_passphrase
from tests.commerce.test_rails import CARD, LIVE_KEY
from tests.conftest import HandClock
from tests.providers import mails as partners
from tests.providers.mails import ResendServer, SmtpHandler, refusal, smtp_server
from tests.providers.stripes import served

pytestmark = pytest.mark.anyio
SENDER = "shop@example.com"
DAY_MS = 24 * 3_600_000


def sender(app: App) -> Delivery:
    return Delivery(app.unsent, lambda it: app.session(Call("mail"), delivery.principal(it)))


def mailing(**given: object) -> Mailing:
    return Mailing(MailSettings.model_validate({"mail_from": SENDER, **given}))


@dataclass(frozen=True)
class Live:
    """A shop whose sales are real, as far as it knows; `sell` sells a course to Bob."""

    app: App
    shop: Shop
    course: Saved

    def by(self, mailing: Mailing) -> None:
        self.app.providers = replace(self.app.providers, mailing=mailing)
        self.shop.one.providers = self.app.providers

    async def sell(self) -> Operation:
        one = self.shop.one
        quote = await selling.quote(one, self.course.id, self.shop.buyer.id, "1", CARD)
        await approved(one, quote.quote)
        return await selling.purchase(one, quote.quote, again=True)

    async def mail(self) -> KeptMail:
        (kept,) = await self.shop.one.read(mails.listed)
        return kept


@pytest.fixture
async def live(app: App, shop: Shop, course: Saved) -> AsyncIterator[Live]:
    async with served(StripeApp(SimulatedCabinet(shop.one), LIVE_KEY)) as url:
        paid = paying(stripe_secret_key=LIVE_KEY, stripe_api_url=url, live_money=True)
        app.providers = Providers(app.providers.embedding, paying=paid)
        shop.one.providers = app.providers
        await with_passphrase(shop.one)
        yield Live(app, shop, course)
        await paid.close()


@pytest.fixture
async def resend(live: Live) -> AsyncIterator[ResendServer]:
    """The live shop's mails go by Resend, which is on this machine."""
    server = ResendServer()
    async with served(server.app()) as url:
        chosen = mailing(resend_api_key=partners.KEY, resend_api_url=url)
        live.by(chosen)
        yield server
        await chosen.close()


async def bought(shop: Shop, buyer: str) -> selling.Purchased:
    quote = await selling.quote(shop.one, shop.token.id, buyer, "100")
    return await selling.buy(shop.one, quote.quote)


async def kept_by_simulation(one: Session) -> list[str]:
    found = await SimulatedCabinet(one).open(lambda drawer: drawer.find(simulated_mail.KIND, ""))
    return [str(it["to"]) for it in found]


async def test_a_sale_queues_its_receipt_and_the_server_sends_it(app: App, shop: Shop) -> None:
    sale = await bought(shop, shop.buyer.id)
    await sender(app).work_off()

    told = await telling.tell(shop.one, sale.operation)
    letter = await shop.one.read(mails.read, sale.operation)
    assert (sale.mail, told.mail) == ("simulated", "simulated")
    assert letter is not None
    assert (letter.recipient, letter.subject) == (
        "bob@example.com",
        "[Simulated] Receipt: 100 × Jane Token",  # noqa: RUF001  # times
    )
    assert "Total: 12.50 USD" in letter.text
    assert sale.operation in letter.text
    assert "nothing was paid" in letter.text


async def test_a_refund_has_a_receipt_of_its_own(app: App, shop: Shop) -> None:
    sale = await bought(shop, shop.buyer.id)
    planned = await refund.plan(shop.one, RefundOrder(sale.operation, "5"))
    assert planned.plan is not None

    back = await refund.do(shop.one, planned.plan, again=False)
    await sender(app).work_off()

    assert back.mail == "simulated"
    assert back.operation is not None
    letter = await shop.one.read(mails.read, back.operation)
    assert letter is not None
    assert "Refunded: 5.00 USD" in letter.text
    assert await kept_by_simulation(shop.one) == ["bob@example.com", "bob@example.com"]


@pytest.mark.parametrize(
    "email", [None, "bob@example.com, eve@example.com", "bob@example.com\nBcc: eve@example.com"]
)
async def test_without_one_plain_address_no_mail_is_claimed(
    app: App, shop: Shop, email: str | None
) -> None:
    stranger = await shop.one.write(entity.create, "audience_member", "Zoe", {})
    if email is not None:  # as an older version let it be
        await shop.one.derive(_with_address, stranger.id, email)

    sale = await bought(shop, stranger.id)
    await sender(app).work_off()

    assert (sale.state, sale.mail) == ("done", None)
    assert await kept_by_simulation(shop.one) == []


def _with_address(work: Work, id: str, email: str) -> None:
    work.run(
        "UPDATE entities SET properties = json_set(properties, '$.email', :email)"
        " WHERE organization_id = :organization AND id = :id",
        id=id,
        email=email,
    )


async def test_what_people_wrote_is_text_in_a_mail(shop: Shop) -> None:
    name = "Bob\u2028Bcc: eve@example.com\u2029<script>alert(1)</script>"
    await shop.one.write(entity.update, shop.token.id, {}, name="A\u2028B <b>Token</b>")
    buyer = await shop.one.write(entity.create, "audience_member", name, {"email": "b@example.com"})

    sale = await bought(shop, buyer.id)

    letter = await shop.one.read(mails.read, sale.operation)
    assert letter is not None
    assert letter.subject.endswith("A B <b>Token</b>")
    assert "Hello Bob Bcc: eve@example.com <script>alert(1)</script>," in letter.text
    assert "<script>" not in letter.html
    assert "&lt;b&gt;Token" in letter.html


async def test_what_came_to_nothing_has_no_receipt(shop: Shop) -> None:
    quote = await selling.quote(
        shop.one, shop.token.id, shop.buyer.id, "100", "pm_card_chargeDeclined"
    )

    undone = await selling.purchase(shop.one, quote.quote)

    assert undone.state.value == "undone"
    assert await shop.one.read(mails.listed) == []


async def test_a_live_sale_goes_by_resend_and_a_simulated_one_never_does(
    live: Live, resend: ResendServer
) -> None:
    await live.sell()
    await sender(live.app).work_off()
    live.app.providers = replace(live.app.providers, paying=paying())
    live.shop.one.providers = live.app.providers
    await bought(live.shop, live.shop.buyer.id)
    await sender(live.app).work_off()

    (arrived,) = resend.arrived
    assert (arrived.sender, arrived.to) == (SENDER, "bob@example.com")
    assert arrived.subject == "Receipt: 1 × Yoga"  # noqa: RUF001  # times
    assert "nothing was paid" not in arrived.text
    assert [it.state for it in await live.shop.one.read(mails.listed)] == ["simulated", "sent"]


async def test_a_live_sale_without_a_mailer_has_no_receipt_and_the_doctor_says_so(
    live: Live,
) -> None:
    sale = await live.sell()

    assert await live.shop.one.read(outbox.state, sale.id) is None
    said = postbox.configured(MailSettings(), live_money=True)
    assert (said.state, "nobody sends mails" in said.says) == ("note", True)


async def test_a_mail_that_cannot_go_now_is_tried_again_later(
    live: Live, resend: ResendServer, clock: HandClock
) -> None:
    resend.next = [refusal(429, "rate_limit_exceeded", "slower") for _ in range(3)]
    await live.sell()
    await sender(live.app).work_off()
    first = await live.mail()
    await sender(live.app).work_off()  # it is not due yet
    clock.forward(outbox.FIRST_WAIT_MS)
    await sender(live.app).work_off()

    assert (first.state, first.attempts) == ("queued", 1)
    assert first.problem == "Resend refuses: slower"
    assert (await live.mail()).state == "sent"
    assert len(resend.arrived) == 1


async def test_a_mail_that_never_goes_is_given_up_and_shown(
    live: Live, resend: ResendServer, clock: HandClock
) -> None:
    await live.sell()
    for _ in range(outbox.MOST_TRIES):
        resend.next = [refusal(429, "rate_limit_exceeded", "slower") for _ in range(3)]
        await sender(live.app).work_off()
        clock.forward(outbox.LONGEST_WAIT_MS)
    resend.next.clear()
    await sender(live.app).work_off()

    kept = await live.mail()
    assert (kept.state, kept.attempts) == ("failed", outbox.MOST_TRIES)
    assert resend.arrived == []
    found = {it.check: it for it in doctor.examine(live.app.settings)}
    assert found["outbox"].state == "warning"
    assert "1 could not be sent" in found["outbox"].says


async def test_what_may_have_gone_out_is_sent_again_under_its_key_and_arrives_once(
    live: Live, resend: ResendServer, clock: HandClock
) -> None:
    resend.lost = 3
    sale = await live.sell()
    await sender(live.app).work_off()
    doubted = await live.mail()
    clock.forward(outbox.FIRST_WAIT_MS)
    await sender(live.app).work_off()

    assert doubted.state == "queued"
    assert (await live.mail()).state == "sent"
    assert len(resend.arrived) == 1
    assert {it["idempotency-key"] for it in resend.asked} == {sale.id}


async def test_a_key_that_is_forgotten_by_now_sends_nothing_more(
    live: Live, resend: ResendServer, clock: HandClock
) -> None:
    resend.lost = 3
    await live.sell()
    await sender(live.app).work_off()
    clock.forward(DAY_MS)
    await sender(live.app).work_off()

    assert (await live.mail()).state == "unknown"
    assert len(resend.asked) == 3


async def test_what_may_have_gone_out_by_smtp_is_not_sent_again(
    live: Live, clock: HandClock
) -> None:
    handler = SmtpHandler(drops=1)
    async with smtp_server(handler) as port:
        live.by(mailing(smtp_url=f"smtp://127.0.0.1:{port}"))
        await live.sell()
        await sender(live.app).work_off()
        clock.forward(outbox.FIRST_WAIT_MS)
        await sender(live.app).work_off()

    assert len(handler.arrived) == 1
    assert (await live.mail()).state == "unknown"
    (said,) = await live.app.database.read(
        lambda raw: [postbox.examine([Work(raw, LOCAL, live.app.ontology, clock())])]
    )
    assert "may have gone out" in said.says


async def test_two_servers_send_a_mail_once(live: Live, resend: ResendServer) -> None:
    await live.sell()

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(sender(live.app).work_off)

    assert len(resend.asked) == 1
    assert (await live.mail()).state == "sent"


async def test_whoever_was_overtaken_writes_nothing_more(
    app: App, shop: Shop, clock: HandClock
) -> None:
    sale = await bought(shop, shop.buyer.id)
    (due,) = await app.unsent()
    slow = await shop.one.derive(outbox.take, sale.operation, "simulated", DAY_MS)
    assert slow is not None
    busy = await app.unsent()
    clock.forward(outbox.LEASE_MS)
    await delivery.send(app.session(Call("mail"), delivery.principal(due)), due)

    assert busy == []
    assert not await shop.one.derive(outbox.sent, slow, "another")
    assert await kept_by_simulation(shop.one) == ["bob@example.com"]


async def test_a_mail_waits_for_a_setting_that_is_wrong(live: Live) -> None:
    live.by(Mailing(MailSettings.model_validate({"resend_api_key": partners.KEY})))
    await live.sell()

    with pytest.raises(SettingsError, match="ONE_MCP_MAIL_FROM"):
        await sender(live.app).work_off()

    assert (await live.mail()).attempts == 0


async def test_a_copy_sends_nothing_before_it_is_released_and_then_nothing_twice(
    live: Live, resend: ResendServer, clock: HandClock, tmp_path: Path
) -> None:
    await live.sell()
    copy = tmp_path / "copy.db"
    backup.save(live.app.settings.database, copy)
    await sender(live.app).work_off()

    async with open_app(live.app.settings.model_copy(update={"database": copy}), clock) as other:
        other.providers = live.app.providers
        one = other.session(Call("test"), LOCAL)
        await one.read(mails.listed)  # opens the file
        held = await other.unsent()
        await sender(other).work_off()
        clock.forward(DAY_MS)
        await reviews.release(one)
        await sender(other).work_off()
        (kept,) = await one.read(mails.listed)

    assert held == []
    assert kept.state == "unknown"
    assert len(resend.arrived) == 1


async def test_a_purge_takes_the_mails_along(app: App, shop: Shop) -> None:
    buyer = await shop.one.write(
        entity.create, "audience_member", "Zoe", {"email": "zoe@example.com"}
    )
    quote = await selling.quote(shop.one, (await _gift(shop)).id, buyer.id, "1")
    await selling.buy(shop.one, quote.quote)
    await sender(app).work_off()
    before = await kept_by_simulation(shop.one)

    await shop.one.write(purge.purge, buyer.id, "Zoe")

    assert before == ["zoe@example.com"]
    assert await kept_by_simulation(shop.one) == []
    assert await shop.one.read(mails.listed) == []


async def _gift(shop: Shop) -> Saved:
    return await shop.one.write(entity.create, "course", "Free", {"price": 0})


async def test_an_organization_sees_its_own_mails_only(app: App, shop: Shop) -> None:
    sale = await bought(shop, shop.buyer.id)
    stranger = replace(LOCAL, organization="org_other")
    await app.database.write(
        lambda raw: founding.found(Work(raw, stranger, app.ontology, app.clock()))
    )
    other = app.session(Call("test"), stranger)

    assert await other.read(mails.listed) == []
    assert await other.read(mails.read, sale.operation) is None
    assert await other.read(outbox.state, sale.operation) is None
