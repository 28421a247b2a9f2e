"""Memberships at Stripe, over a connection: a card on file, a person's yes, other organizations."""

import httpx2
import pytest

from one_mcp.access import Principal, Role
from one_mcp.app import LOCAL, App
from one_mcp.dimensions.commerce import subscriptions
from one_mcp.dimensions.commerce.subscribing import SubscriptionOrder
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.organizations import founding
from one_mcp.money_errors import ApprovalRequiredError, CheckoutRequiredError, MixedRailsError
from one_mcp.services.carrying import Carrier
from one_mcp.services.commerce import subscribe
from one_mcp.session import Call, Session
from one_mcp.store.work import Work
from tests.commerce.conftest import Shop
from tests.commerce.people import approved, with_passphrase
from tests.commerce.test_subscriptions import MONTH_MS, bills, done, looking, shown, started
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio
OTHER = Principal("org_other", "per_other", "owner", Role.ORG_OWNER)


async def membership(one: Session) -> Saved:
    about = {"price": 9, "currency": "usd", "interval": "monthly"}
    return await one.write(entity.create, "membership", "Gold", {**about})


async def test_who_has_no_card_gives_one_on_a_page_and_is_billed_then(
    app: App, at_stripe: Shop, clock: HandClock
) -> None:
    gold = await membership(at_stripe.one)
    order = SubscriptionOrder("start", gold.id, at_stripe.buyer.id)
    plan = (await subscribe.plan(at_stripe.one, order)).plan or ""
    with pytest.raises(CheckoutRequiredError) as required:
        await subscribe.do(at_stripe.one, plan, again=False)
    async with httpx2.AsyncClient() as browser:
        page = str(required.value.fields["pay_at"])
        await browser.post(page, data={"card": "pm_card_visa"})

    begun = await subscribe.do(at_stripe.one, plan, again=False)
    clock.forward(MONTH_MS)
    await looking(app).work_off()

    assert (begun.state, begun.status, begun.mode) == ("done", "active", "test")
    assert await bills(at_stripe.one) == 2


async def test_what_stripe_bills_is_left_alone_without_its_key(
    app: App, at_stripe: Shop, clock: HandClock
) -> None:
    gold = await membership(at_stripe.one)
    id = await started(at_stripe.one, gold, at_stripe.buyer, method="pm_card_visa")
    app.providers = type(app.providers)(app.providers.embedding)
    at_stripe.one.providers = app.providers

    with pytest.raises(MixedRailsError):
        await done(at_stripe.one, "cancel", subscription=id)
    clock.forward(MONTH_MS)
    await looking(app).work_off()

    assert await app.subscribed() == []
    assert (await shown(at_stripe.one, id))["status"] == "active"


async def test_nothing_starts_before_a_person_said_yes(app: App, one: Session) -> None:
    app.settings = app.settings.model_copy(update={"approvals": "always"})
    one = app.session(Call("test"), LOCAL)
    await with_passphrase(one)
    gold = await membership(one)
    bob = await one.write(entity.create, "audience_member", "Bob")
    plan = (await subscribe.plan(one, SubscriptionOrder("start", gold.id, bob.id))).plan or ""

    with pytest.raises(ApprovalRequiredError):
        await subscribe.do(one, plan, again=False)
    before = await bills(one)
    await approved(one, plan)
    await Carrier(app.approved, lambda it: app.session(Call("yes"), it.principal)).work_off()

    assert before == 0
    assert await bills(one) == 1


async def test_each_organization_has_its_own(app: App, one: Session, clock: HandClock) -> None:
    await app.database.write(
        lambda raw: founding.found(Work(raw, OTHER, app.ontology, app.clock()))
    )
    other = app.session(Call("test"), OTHER)
    ids: list[str] = []
    for each in (one, other):
        gold = await membership(each)
        bob = await each.write(entity.create, "audience_member", "Bob")
        ids.append(await started(each, gold, bob))
    await done(other, "cancel", subscription=ids[1], now=True)
    clock.forward(MONTH_MS)

    await looking(app).work_off()

    assert await other.read(subscriptions.find, ids[0]) is None
    assert (await bills(one), await bills(other)) == (2, 1)
