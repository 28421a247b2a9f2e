"""Stripe's SDK over the wire: what is lost, refused or in use, and what is never told."""

import json
import logging
import socket
from collections.abc import AsyncIterator, MutableMapping
from dataclasses import replace
from typing import Any

import pytest

from one_mcp.errors import SettingsError
from one_mcp.money_errors import PaymentFailedError, ProviderError
from one_mcp.money_settings import STRIPE_RETURN_URL, PaymentSettings
from one_mcp.providers import wire
from one_mcp.providers.paying import Paying
from one_mcp.providers.ports.payments import Charge, PaymentState
from one_mcp.providers.simulated.stripe.server import StripeApp
from one_mcp.providers.stripe import API_VERSION, StripeServer
from one_mcp.providers.stripe_payments import StripePayments
from one_mcp.providers.wire import VendorWire
from one_mcp.services.rails import SimulatedCabinet
from one_mcp.session import Session
from tests.providers.stripes import KEY, LOST, Fault, Faulty, access, served

pytestmark = pytest.mark.anyio
CHARGE = Charge("op_1", 1250, "usd", "pm_card_visa", "100 Jane Token")
NOW = {"retry-after": "0"}
IN_USE = {"type": "invalid_request_error", "code": "idempotency_key_in_use", "message": "In use."}


def at_once(url: str, key: str = KEY, try_s: float = 20) -> StripePayments:
    """Stripe's SDK without waiting between tries."""
    waiting = VendorWire("Stripe", try_s=try_s, jitter=lambda: 0.0)
    return StripePayments(StripeServer(access(url, key), waiting), STRIPE_RETURN_URL)


@pytest.fixture
async def faulty(one: Session) -> Faulty:
    return Faulty(StripeApp(SimulatedCabinet(one), KEY))


@pytest.fixture
async def payments(faulty: Faulty) -> AsyncIterator[StripePayments]:
    async with served(faulty) as url:
        connected = at_once(url)
        yield connected
        await connected.close()


def refusal(status: int, message: str = "No.", **more: str) -> Fault:
    body = {"error": {"type": "api_error", "message": message, **more}}
    return Fault(status, json.dumps(body).encode(), NOW)


async def test_the_version_of_the_api_is_pinned(faulty: Faulty, payments: StripePayments) -> None:
    await payments.authorize(CHARGE, "k1")

    (asked,) = faulty.asked
    assert asked["stripe-version"] == API_VERSION
    assert asked["idempotency-key"] == "k1"
    assert asked["authorization"] == f"Bearer {KEY}"


async def test_half_a_request_does_nothing_and_uses_no_key(
    faulty: Faulty, payments: StripePayments
) -> None:
    """Whoever is killed while asking asks again by the same key."""
    arrives = iter(
        [
            {"type": "http.request", "body": b"amount=1", "more_body": True},
            {"type": "http.disconnect"},
        ]
    )
    said: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return next(arrives)

    async def send(message: MutableMapping[str, Any]) -> None:
        said.append(message)

    headers = [(b"authorization", f"Bearer {KEY}".encode()), (b"idempotency-key", b"k1")]
    asked = {"type": "http", "method": "POST", "path": "/v1/payment_intents", "headers": headers}
    await faulty.app({**asked, "server": ("127.0.0.1", 80), "query_string": b""}, receive, send)

    held = await payments.authorize(CHARGE, "k1")

    assert said == []
    assert held.state is PaymentState.AUTHORIZED


async def test_a_lost_answer_is_asked_for_again_and_held_once(
    faulty: Faulty, payments: StripePayments
) -> None:
    faulty.next = [LOST, LOST]

    held = await payments.authorize(CHARGE, "k1")

    assert held.state is PaymentState.AUTHORIZED
    assert await payments.find("op_1") == held
    assert [it["idempotency-key"] for it in faulty.asked[:3]] == ["k1"] * 3


async def test_an_answer_that_stays_lost_leaves_the_outcome_open(
    faulty: Faulty, payments: StripePayments
) -> None:
    faulty.next = [LOST] * wire.MOST_TRIES

    with pytest.raises(ProviderError) as lost:
        await payments.authorize(CHARGE, "k1")

    assert (lost.value.outcome, lost.value.retryable) == ("unknown", True)
    assert await payments.find("op_1") is not None


@pytest.mark.parametrize("last", [429, 401, 503])
async def test_after_a_lost_answer_a_closed_door_makes_nothing_certain(
    faulty: Faulty, payments: StripePayments, last: int
) -> None:
    faulty.next = [LOST, *[refusal(last)] * wire.MOST_TRIES]

    with pytest.raises(ProviderError) as doubted:
        await payments.authorize(CHARGE, "k1")

    assert doubted.value.outcome == "unknown"


async def test_a_decline_is_certain_also_after_a_lost_answer(
    faulty: Faulty, payments: StripePayments
) -> None:
    faulty.next = [LOST]

    with pytest.raises(PaymentFailedError) as declined:
        await payments.authorize(replace(CHARGE, method="pm_card_chargeDeclined"), "k1")

    assert (declined.value.outcome, declined.value.declined_code) == ("failed", "generic_decline")


async def test_a_key_in_use_is_waited_for(faulty: Faulty, payments: StripePayments) -> None:
    faulty.next = [refusal(409, **IN_USE)]

    held = await payments.authorize(CHARGE, "k1")

    assert held.state is PaymentState.AUTHORIZED


async def test_a_key_that_stays_in_use_leaves_the_outcome_open(
    faulty: Faulty, payments: StripePayments
) -> None:
    faulty.next = [refusal(409, **IN_USE)] * wire.MOST_TRIES

    with pytest.raises(ProviderError) as busy:
        await payments.authorize(CHARGE, "k1")

    assert (busy.value.outcome, busy.value.retryable) == ("unknown", True)


@pytest.mark.parametrize(
    ("status", "outcome", "retryable"),
    [(429, "failed", True), (500, "unknown", True), (401, "failed", False), (404, "failed", False)],
)
async def test_a_failure_says_whether_it_may_have_happened(
    faulty: Faulty, payments: StripePayments, status: int, outcome: str, *, retryable: bool
) -> None:
    faulty.next = [refusal(status)] * wire.MOST_TRIES

    with pytest.raises(ProviderError) as failure:
        await payments.authorize(CHARGE, "k1")

    assert (failure.value.outcome, failure.value.retryable) == (outcome, retryable)


async def test_stripe_says_itself_what_is_not_to_be_repeated(
    faulty: Faulty, payments: StripePayments
) -> None:
    told = refusal(500)
    faulty.next = [replace(told, headers={"stripe-should-retry": "false"})]

    with pytest.raises(ProviderError):
        await payments.authorize(CHARGE, "k1")

    assert len(faulty.asked) == 1


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"", b'{"error": "no"}'])
@pytest.mark.parametrize("status", [200, 502])
async def test_an_answer_that_cannot_be_read_leaves_the_outcome_open(
    faulty: Faulty, payments: StripePayments, status: int, body: bytes
) -> None:
    faulty.next = [Fault(status, body, NOW)] * wire.MOST_TRIES

    with pytest.raises(ProviderError) as failure:
        await payments.authorize(CHARGE, "k1")

    assert failure.value.outcome == "unknown"


async def test_an_answer_without_end_is_not_read(faulty: Faulty, payments: StripePayments) -> None:
    faulty.next = [Fault(200, b" " * (wire.LARGEST_BYTES + 1))]

    with pytest.raises(ProviderError) as failure:
        await payments.authorize(CHARGE, "k1")

    assert failure.value.outcome == "unknown"


async def test_where_nobody_listens_nothing_was_done() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    payments = at_once(url)

    with pytest.raises(ProviderError) as failure:
        await payments.authorize(CHARGE, "k1")

    assert (failure.value.outcome, failure.value.retryable) == ("failed", True)
    await payments.close()


async def test_a_silent_server_may_have_done_it_but_not_what_only_reads() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        payments = at_once(f"http://127.0.0.1:{silent.getsockname()[1]}", try_s=0.05)

        with pytest.raises(ProviderError) as failure:
            await payments.authorize(CHARGE, "k1")
        with pytest.raises(ProviderError) as unread:
            await payments.retrieve("pi_1")

        assert (failure.value.outcome, unread.value.outcome) == ("unknown", "failed")
        await payments.close()


async def test_no_key_is_told_or_logged(
    faulty: Faulty, payments: StripePayments, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    faulty.next = [refusal(401, f"Invalid API Key provided: {KEY}"), Fault(402, KEY.encode())]

    for _ in range(2):
        with pytest.raises(ProviderError) as failure:
            await payments.authorize(CHARGE, "k1")
        assert KEY not in f"{failure.value} {json.dumps(failure.value.fields)}"
        assert KEY not in str(failure.value.__cause__)

    assert KEY not in caplog.text


async def test_another_key_is_refused(faulty: Faulty) -> None:
    async with served(faulty) as url:
        stranger = at_once(url, "rk_test_another")

        with pytest.raises(ProviderError) as failure:
            await stranger.authorize(CHARGE, "k1")

        assert failure.value.fields["status"] == 401
        await stranger.close()


async def test_a_live_key_is_refused_and_never_simulated(one: Session) -> None:
    settings = PaymentSettings.model_validate({"stripe_secret_key": "sk_live_0123"})
    live = settings.model_copy(update={"live_money": True})

    with pytest.raises(SettingsError):
        Paying(settings).over(SimulatedCabinet(one))
    payments = Paying(live).over(SimulatedCabinet(one))

    assert (payments.name, payments.moves_money, payments.simulated) == ("stripe", True, False)
