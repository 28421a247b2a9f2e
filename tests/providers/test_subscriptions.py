"""The contract of subscriptions: what every adapter does, and refuses, in the same way."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from one_mcp.money_errors import PaymentFailedError
from one_mcp.money_settings import PaymentSettings
from one_mcp.providers.paying import Paying
from one_mcp.providers.ports.payments import Payer
from one_mcp.providers.ports.subscriptions import (
    Billing,
    BillingInterval,
    BillingOrder,
    BillingPrice,
    BillingState,
    Subscriptions,
)
from one_mcp.providers.simulated.stripe import customers, subscriptions
from one_mcp.providers.simulated.stripe.server import StripeApp
from one_mcp.services.rails import SimulatedCabinet
from one_mcp.session import Session
from tests.conftest import HandClock
from tests.providers.stripes import KEY, served

pytestmark = pytest.mark.anyio
DAY_MS = 24 * 60 * 60_000
PRICE = BillingPrice(900, "usd", BillingInterval.MONTH, "ent_1", "Membership")
RENEWED_MS = 1_798_027_200_000  # 2026-12-23T12:00:00Z


@dataclass(frozen=True)
class Subscriber:
    """A customer with cards on file, and whoever bills them."""

    billing: Subscriptions
    cabinet: SimulatedCabinet
    customer: str

    async def card(self, name: str) -> str:
        """Keep a test card for the customer."""
        kept = await self.cabinet.open(lambda it: customers.save(it, self.customer, name))
        return str(kept["id"])

    async def begun(self, card: str = "pm_card_visa") -> Billing:
        order = BillingOrder("op_1", self.customer, await self.card(card), PRICE)
        return await self.billing.begin(order, "k1")

    async def swap(self, id: str, name: str) -> None:
        """Do what the customer does on a page of Stripe's: pay by another card from now on."""
        given = {"default_payment_method": await self.card(name)}
        await self.cabinet.open(lambda it: subscriptions.update(it, (id,), given))


@pytest.fixture(params=["simulated", "stripe"])
async def jane(request: pytest.FixtureRequest, one: Session) -> AsyncIterator[Subscriber]:
    cabinet = SimulatedCabinet(one)
    async with served(StripeApp(cabinet, KEY)) as url:
        settings = {"stripe_secret_key": KEY, "stripe_api_url": url}
        chosen = settings if request.param == "stripe" else {}
        paying = Paying(PaymentSettings.model_validate(chosen))
        customer = await paying.over(cabinet).customer(Payer("ent_2", "Jane", None), "k0")
        yield Subscriber(paying.again(cabinet), cabinet, customer)
        await paying.close()


async def test_the_first_bill_is_paid_at_once(jane: Subscriber) -> None:
    begun = await jane.begun()

    assert begun == Billing(
        begun.id, BillingState.ACTIVE, 900, "usd", BillingInterval.MONTH, RENEWED_MS, ends=False
    )
    assert [it.amount for it in await jane.billing.paid(begun.id)] == [900]
    assert await jane.billing.look(begun.id) == begun


@pytest.mark.parametrize("card", ["pm_card_chargeCustomerFail", "pm_card_authenticationRequired"])
async def test_a_card_that_is_declined_begins_nothing(jane: Subscriber, card: str) -> None:
    with pytest.raises(PaymentFailedError) as declined:
        await jane.begun(card)

    assert declined.value.outcome == "failed"
    assert declined.value.declined_code is not None


async def test_the_same_key_begins_one(jane: Subscriber) -> None:
    order = BillingOrder("op_1", jane.customer, await jane.card("pm_card_visa"), PRICE)

    begun = [await jane.billing.begin(order, "k1") for _ in range(2)]

    assert begun[0] == begun[1]
    assert len(await jane.billing.paid(begun[0].id)) == 1


async def test_it_is_renewed_each_month(jane: Subscriber, clock: HandClock) -> None:
    begun = await jane.begun()
    clock.forward(63 * DAY_MS)

    later = await jane.billing.look(begun.id)

    assert later.state is BillingState.ACTIVE
    assert later.paid_until_ms > clock.now
    assert len(await jane.billing.paid(begun.id)) == 3


async def test_another_price_is_billed_from_the_next_time_on(
    jane: Subscriber, clock: HandClock
) -> None:
    begun = await jane.begun()

    changed = await jane.billing.change(begun.id, replace(PRICE, amount=1500), "k2")
    before = [it.amount for it in await jane.billing.paid(begun.id)]
    clock.forward(31 * DAY_MS)

    assert (changed.amount, changed.paid_until_ms) == (1500, begun.paid_until_ms)
    assert before == [900]
    assert [it.amount for it in await jane.billing.paid(begun.id)] == [1500, 900]


async def test_what_ends_runs_out_and_is_billed_no_more(jane: Subscriber, clock: HandClock) -> None:
    begun = await jane.begun()

    ending = await jane.billing.end(begun.id, "k2")
    clock.forward(31 * DAY_MS)
    ended = await jane.billing.look(begun.id)

    assert (ending.state, ending.ends) == (BillingState.ACTIVE, True)
    assert ended.state is BillingState.CANCELED
    assert len(await jane.billing.paid(begun.id)) == 1
    with pytest.raises(PaymentFailedError):
        await jane.billing.resume(begun.id, "k3")


async def test_what_ends_can_be_renewed_after_all(jane: Subscriber, clock: HandClock) -> None:
    begun = await jane.begun()
    await jane.billing.end(begun.id, "k2")

    await jane.billing.resume(begun.id, "k3")
    clock.forward(31 * DAY_MS)

    assert (await jane.billing.look(begun.id)).state is BillingState.ACTIVE


async def test_a_card_that_stops_paying_makes_it_past_due_until_another_pays(
    jane: Subscriber, clock: HandClock
) -> None:
    begun = await jane.begun()
    await jane.swap(begun.id, "pm_card_chargeCustomerFail")
    clock.forward(31 * DAY_MS)

    due = await jane.billing.look(begun.id)
    await jane.swap(begun.id, "pm_card_visa")
    paid = await jane.billing.look(begun.id)

    assert (due.state, due.paid_until_ms) == (BillingState.PAST_DUE, begun.paid_until_ms)
    assert paid.state is BillingState.ACTIVE
    assert len(await jane.billing.paid(begun.id)) == 2


async def test_what_nobody_pays_is_over_after_three_weeks(
    jane: Subscriber, clock: HandClock
) -> None:
    begun = await jane.begun()
    await jane.swap(begun.id, "pm_card_chargeCustomerFail")
    clock.forward(31 * DAY_MS)
    await jane.billing.look(begun.id)
    clock.forward(21 * DAY_MS)

    assert (await jane.billing.look(begun.id)).state is BillingState.CANCELED
