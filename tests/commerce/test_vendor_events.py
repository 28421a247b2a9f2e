"""Events of Stripe: tampered, replayed, out of order, late, from the future."""

import json
from collections.abc import Callable

import pytest
from pydantic import SecretStr
from stripe import WebhookSignature

from one_mcp.app import LOCAL, App
from one_mcp.money_errors import WebhookError
from one_mcp.providers import stripe_webhooks
from one_mcp.services.commerce import vendor_events
from one_mcp.session import Call, Session
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio
SIGNED_BY = "whsec_0123456789abcdef"


@pytest.fixture
async def one(app: App) -> Session:
    """The local owner's door, where events are taken."""
    secret = {"stripe_webhook_secret": SecretStr(SIGNED_BY)}
    app.settings = app.settings.model_copy(update=secret)
    return app.session(Call("test"), LOCAL)


def event(id: str = "evt_1", created: int = 1_795_435_200, **more: object) -> str:
    about = {"id": "pi_1", "object": "payment_intent", "metadata": {"operation": "op_1"}}
    said = {"id": id, "object": "event", "type": "payment_intent.succeeded", "created": created}
    return json.dumps({**said, "livemode": False, "data": {"object": about}, **more}, indent=2)


def signed(body: str, clock: HandClock, off_ms: int = 0, by: str = SIGNED_BY) -> str:
    """Sign as Stripe does, by its own SDK."""
    at = (clock.now + off_ms) // 1000
    return WebhookSignature.generate_signature_header(body, by, at)


async def test_an_event_is_taken_once_however_often_it_is_sent(
    one: Session, clock: HandClock
) -> None:
    body = event()

    first = await vendor_events.receive(one, body.encode(), signed(body, clock))
    clock.forward(60_000)
    again = await vendor_events.receive(one, body.encode(), signed(body, clock))

    assert first is not None
    assert (first.id, first.type, first.live) == ("evt_1", "payment_intent.succeeded", False)
    assert (first.operation, first.about["id"]) == ("op_1", "pi_1")
    assert again is None


async def test_events_are_taken_in_any_order(one: Session, clock: HandClock) -> None:
    later, earlier = event("evt_2", created=1_795_435_200), event("evt_1", created=1_795_431_600)

    taken = [
        await vendor_events.receive(one, body.encode(), signed(body, clock))
        for body in (later, earlier)
    ]

    assert [it and it.id for it in taken] == ["evt_2", "evt_1"]


async def test_one_of_several_signatures_is_enough(one: Session, clock: HandClock) -> None:
    """Stripe signs with the old and the new secret while one is being replaced."""
    body = event()
    old = signed(body, clock, by="whsec_old")
    both = f"{old},{signed(body, clock).partition(',')[2]},v0=abc"

    assert await vendor_events.receive(one, body.encode(), both) is not None


Tamper = Callable[[str, HandClock], tuple[str, str | None]]
TAMPERED: dict[str, Tamper] = {
    "another body": lambda body, clock: (body.replace("pi_1", "pi_2"), signed(body, clock)),
    "the same JSON otherwise": lambda body, clock: (
        json.dumps(json.loads(body)),
        signed(body, clock),
    ),
    "another secret": lambda body, clock: (body, signed(body, clock, by="whsec_x")),
    "another time": lambda body, clock: (body, "t=1795435201," + signed(body, clock).split(",")[1]),
    "two times": lambda body, clock: (body, "t=1," + signed(body, clock)),
    "late": lambda body, clock: (body, signed(body, clock, -stripe_webhooks.TOLERANCE_MS - 1000)),
    "from the future": lambda body, clock: (
        body,
        signed(body, clock, stripe_webhooks.TOLERANCE_MS + 1000),
    ),
    "another scheme": lambda body, clock: (body, signed(body, clock).replace("v1=", "v0=")),
    "no time": lambda body, clock: (body, signed(body, clock).partition(",")[2]),
    "no number": lambda body, _: (body, "t=abc,v1=abc"),
    "nothing": lambda body, _: (body, ""),
    "no header": lambda body, _: (body, None),
    "no event": lambda _, clock: ("{}", signed("{}", clock)),
    "no JSON": lambda _, clock: ("<html>", signed("<html>", clock)),
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED.keys())
async def test_what_stripe_has_not_sent_now_is_refused_and_not_taken(
    one: Session, clock: HandClock, tamper: Tamper
) -> None:
    body, signature = tamper(event(), clock)

    with pytest.raises(WebhookError) as refused:
        await vendor_events.receive(one, body.encode(), signature)

    assert SIGNED_BY not in f"{refused.value} {refused.value.fields}"
    genuine = event()
    taken = await vendor_events.receive(one, genuine.encode(), signed(genuine, clock))
    assert taken is not None


@pytest.mark.parametrize("off_ms", [-stripe_webhooks.TOLERANCE_MS, stripe_webhooks.TOLERANCE_MS])
async def test_clocks_may_differ_a_little(one: Session, clock: HandClock, off_ms: int) -> None:
    body = event()

    assert await vendor_events.receive(one, body.encode(), signed(body, clock, off_ms)) is not None


async def test_without_a_secret_nothing_is_taken(app: App, clock: HandClock) -> None:
    body = event()

    with pytest.raises(WebhookError, match="ONE_MCP_STRIPE_WEBHOOK_SECRET"):
        await vendor_events.receive(
            app.session(Call("test"), LOCAL), body.encode(), signed(body, clock)
        )
