"""The contract of payments: what every adapter does, and refuses, in the same way."""

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial

import anyio
import pytest

from one_mcp.money_errors import PaymentFailedError, ProviderError
from one_mcp.money_settings import PaymentSettings
from one_mcp.providers.paying import Paying
from one_mcp.providers.ports.payments import (
    Charge,
    Checkout,
    CheckoutState,
    Payer,
    Payment,
    Payments,
    PaymentState,
)
from one_mcp.providers.simulated.stripe import sessions
from one_mcp.providers.simulated.stripe.server import StripeApp
from one_mcp.services.rails import SimulatedCabinet
from one_mcp.session import Session
from tests.conftest import HandClock
from tests.providers.stripes import KEY, served

pytestmark = pytest.mark.anyio
CHARGE = Charge("op_1", 1250, "usd", "pm_card_visa", "100 Jane Token")


@pytest.fixture(params=["simulated", "stripe"])
async def payments(request: pytest.FixtureRequest, one: Session) -> AsyncIterator[Payments]:
    """Each adapter in turn; Stripe's SDK speaks to the simulation over a real connection."""
    cabinet = SimulatedCabinet(one)
    if request.param == "simulated":
        yield Paying(PaymentSettings()).over(cabinet)
        return
    async with served(StripeApp(cabinet, KEY)) as url:
        settings = PaymentSettings.model_validate({"stripe_secret_key": KEY, "stripe_api_url": url})
        payments = Paying(settings).over(cabinet)
        yield payments
        await payments.close()


async def test_what_is_held_is_taken_by_the_capture(payments: Payments) -> None:
    held = await payments.authorize(CHARGE, "k1")
    taken = await payments.capture(held.id, "k2")

    assert held == Payment(held.id, PaymentState.AUTHORIZED, 1250, 0, 0, "usd")
    assert taken == replace(held, state=PaymentState.CAPTURED, captured=1250)
    assert await payments.retrieve(held.id) == taken


async def test_what_is_held_is_let_go_however_often_that_is_asked_for(payments: Payments) -> None:
    held = await payments.authorize(CHARGE, "k1")

    first = await payments.cancel(held.id, "k2")
    again = await payments.cancel(held.id, "k3")

    assert first.state is PaymentState.CANCELED
    assert again == first
    with pytest.raises(PaymentFailedError):
        await payments.capture(held.id, "k4")


async def test_a_check_says_who_answers(payments: Payments) -> None:
    assert payments.name in (await payments.check()).says


async def test_what_was_taken_is_not_let_go(payments: Payments) -> None:
    held = await payments.authorize(CHARGE, "k1")
    await payments.capture(held.id, "k2")

    with pytest.raises(PaymentFailedError):
        await payments.cancel(held.id, "k3")


async def test_no_more_is_refunded_than_was_taken(payments: Payments) -> None:
    held = await payments.authorize(CHARGE, "k1")
    with pytest.raises(PaymentFailedError):
        await payments.refund(held.id, 1, "k0", "op_2")
    await payments.capture(held.id, "k2")

    part = await payments.refund(held.id, 1000, "k3", "op_2")
    with pytest.raises(PaymentFailedError):
        await payments.refund(held.id, 251, "k4", "op_2")
    await payments.refund(held.id, 250, "k5", "op_2")
    with pytest.raises(PaymentFailedError):
        await payments.refund(held.id, 1, "k6", "op_2")

    assert (part.payment, part.amount) == (held.id, 1000)
    assert (await payments.retrieve(held.id)).refunded == 1250


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ("pm_card_chargeDeclined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_card_chargeDeclinedLostCard", "lost_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error"),
    ],
)
async def test_a_declined_card_says_why(payments: Payments, card: str, code: str) -> None:
    with pytest.raises(PaymentFailedError) as declined:
        await payments.authorize(replace(CHARGE, method=card), "k1")

    assert declined.value.declined_code == code
    assert (declined.value.outcome, declined.value.retryable) == ("failed", False)


async def test_a_card_that_does_not_exist_is_no_unknown_outcome(payments: Payments) -> None:
    with pytest.raises(PaymentFailedError) as refused:
        await payments.authorize(replace(CHARGE, method="pm_none"), "k1")

    assert refused.value.fields["provider_code"] == "resource_missing"


async def test_a_bank_that_wants_to_see_the_buyer_says_where(payments: Payments) -> None:
    asked = await payments.authorize(replace(CHARGE, method="pm_card_authenticationRequired"), "k1")

    assert asked.state is PaymentState.REQUIRES_ACTION
    assert asked.action_url is not None
    assert asked.action_url.startswith("http")


async def test_the_same_key_is_the_same_payment(payments: Payments) -> None:
    first = await payments.authorize(CHARGE, "k1")
    again: list[Payment] = []

    async def repeat() -> None:
        again.append(await payments.authorize(CHARGE, "k1"))

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(repeat)

    assert again == [first] * 5


async def test_five_at_once_with_a_new_key_are_one_payment(payments: Payments) -> None:
    made: list[str] = []

    async def hold() -> None:
        made.append((await payments.authorize(CHARGE, "k1")).id)

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(hold)

    assert len(made) == 5
    assert len(set(made)) == 1


async def test_a_key_that_was_used_for_something_else_leaves_the_outcome_open(
    payments: Payments,
) -> None:
    """Something was done under that key, and nobody knows from here what (D-24)."""
    await payments.authorize(CHARGE, "k1")

    with pytest.raises(ProviderError) as mixed:
        await payments.authorize(replace(CHARGE, amount=9), "k1")

    assert (mixed.value.outcome, mixed.value.retryable) == ("unknown", False)


async def test_a_payment_is_found_by_its_operation(payments: Payments) -> None:
    held = await payments.authorize(CHARGE, "k1")
    await payments.capture(held.id, "k2")
    await payments.refund(held.id, 250, "k3", "op_2")

    found = await payments.find("op_1")

    assert found is not None
    assert (found.id, found.captured, found.refunded) == (held.id, 1250, 250)
    assert await payments.find("op_2") is None
    assert await payments.find("op' OR status:'succeeded") is None


async def test_a_refund_is_found_by_its_operation(payments: Payments) -> None:
    held = await payments.authorize(CHARGE, "k1")
    await payments.capture(held.id, "k2")
    first = await payments.refund(held.id, 250, "k3", "op_2")
    second = await payments.refund(held.id, 250, "k4", "op_3")

    assert await payments.find_refund(held.id, "op_2") == first
    assert await payments.find_refund(held.id, "op_3") == second
    assert await payments.find_refund(held.id, "op_4") is None


async def test_a_payment_that_there_is_not_is_told(payments: Payments) -> None:
    with pytest.raises(PaymentFailedError):
        await payments.retrieve("pi_none")


async def test_no_real_money_is_moved_here(payments: Payments) -> None:
    assert not payments.moves_money
    assert payments.simulated is (payments.name == "simulated")


PAYER = Payer("ent_1", "Bob", "bob@example.com")


async def test_a_card_that_was_given_on_the_page_pays_later(
    payments: Payments, one: Session
) -> None:
    customer = await payments.customer(PAYER, "k1")
    opened = await payments.checkout(customer, "usd", "k2")
    assert await payments.methods(customer) == []

    await SimulatedCabinet(one).open(lambda it: sessions.complete(it, opened.id, "pm_card_amex"))
    (kept,) = await payments.methods(customer)
    held = await payments.authorize(replace(CHARGE, method=kept.id, customer=customer), "k3")

    assert opened.state is CheckoutState.OPEN
    assert opened.url is not None
    assert opened.url.endswith(opened.id)
    assert await payments.retrieve_checkout(opened.id) == Checkout(
        opened.id, CheckoutState.COMPLETE, None
    )
    assert (kept.brand, kept.last4) == ("amex", "8431")
    assert held.state is PaymentState.AUTHORIZED


async def test_a_card_that_is_kept_for_somebody_pays_for_nobody_else(
    payments: Payments, one: Session
) -> None:
    customer = await payments.customer(PAYER, "k1")
    other = await payments.customer(replace(PAYER, id="ent_2"), "k2")
    opened = await payments.checkout(customer, "usd", "k3")
    await SimulatedCabinet(one).open(lambda it: sessions.complete(it, opened.id, "pm_card_visa"))
    (kept,) = await payments.methods(customer)

    for key, stranger in (("k4", None), ("k5", other)):
        with pytest.raises(PaymentFailedError):
            await payments.authorize(replace(CHARGE, method=kept.id, customer=stranger), key)


async def test_a_kept_card_may_be_declined_later(payments: Payments, one: Session) -> None:
    customer = await payments.customer(PAYER, "k1")
    opened = await payments.checkout(customer, "usd", "k2")
    card = "pm_card_chargeCustomerFail"
    await SimulatedCabinet(one).open(lambda it: sessions.complete(it, opened.id, card))
    (kept,) = await payments.methods(customer)

    with pytest.raises(PaymentFailedError) as declined:
        await payments.authorize(replace(CHARGE, method=kept.id, customer=customer), "k3")

    assert declined.value.declined_code == "generic_decline"


async def test_the_newest_card_comes_first(payments: Payments, one: Session) -> None:
    customer = await payments.customer(PAYER, "k1")
    for key, card in (("k2", "pm_card_visa"), ("k3", "pm_card_mastercard")):
        opened = await payments.checkout(customer, "usd", key)
        await SimulatedCabinet(one).open(partial(sessions.complete, id=opened.id, card=card))

    assert [it.brand for it in await payments.methods(customer)] == ["mastercard", "visa"]


async def test_a_page_that_nobody_used_expires(
    payments: Payments, one: Session, clock: HandClock
) -> None:
    customer = await payments.customer(PAYER, "k1")
    opened = await payments.checkout(customer, "usd", "k2")
    clock.forward(sessions.LASTS_S * 1000)

    late = await SimulatedCabinet(one).open(
        lambda it: sessions.complete(it, opened.id, "pm_card_visa")
    )

    assert late["status"] == "expired"
    assert (await payments.retrieve_checkout(opened.id)).state is CheckoutState.EXPIRED
    assert await payments.methods(customer) == []
