"""What the vendor of payments sends: verified, and taken once."""

from one_mcp.dimensions.commerce import payment_events, subscriptions
from one_mcp.money_errors import WebhookError
from one_mcp.providers import stripe_webhooks
from one_mcp.providers.stripe_webhooks import StripeEvent
from one_mcp.session import Session
from one_mcp.store.work import Work


async def receive(one: Session, raw: bytes, signature: str | None) -> StripeEvent | None:
    """Take an event as it came over HTTP; None where it was taken before.

    `raw` is the body, byte for byte, and `signature` the header Stripe-Signature. Raises
    WebhookError, which whoever listens answers with status 400: Stripe sends it again then.
    """
    return await one.apart().derive(_taken, raw, signature, one)


def _taken(work: Work, raw: bytes, signature: str | None, one: Session) -> StripeEvent | None:
    secret = one.settings.stripe_webhook_secret
    if secret is None:
        raise WebhookError(
            "Events of Stripe are not taken here: set ONE_MCP_STRIPE_WEBHOOK_SECRET (whsec_…)."
        )
    event = stripe_webhooks.verify(raw, signature, secret, work.clock)
    if not payment_events.take(work, event.id, event.type):
        return None
    if event.subscription is not None:
        subscriptions.wake(work, event.subscription)
    return event
