"""Stripe's events: signed over the raw body, and signed now.

An event is a reason to look, not a fact to copy (D-74): they come late, twice and in any order, so
whoever takes one asks Stripe how the thing stands (https://docs.stripe.com/webhooks). A delivery is
signed anew each time it is tried; the time in it may neither be long ago nor to come.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.money_errors import WebhookError

TOLERANCE_MS = 5 * 60_000
LARGEST_BYTES = 1024**2
_PART = re.compile(r"\s*(t|v1)=([0-9a-f]{1,64})\s*")


@dataclass(frozen=True, slots=True)
class StripeEvent:
    """What has happened, at Stripe: `about` is the object, as it was when the event was made.

    `operation` is the one that its metadata names, if any.
    """

    id: str
    type: str
    live: bool
    about: JsonObject

    @property
    def operation(self) -> str | None:
        metadata = self.about.get("metadata")
        named = metadata.get("operation") if isinstance(metadata, dict) else None
        return named if isinstance(named, str) else None

    @property
    def subscription(self) -> str | None:
        """Return the subscription that it is about, or whose bill it is about, if any."""
        if self.about.get("object") == "subscription":
            return _text(self.about.get("id"))
        parent = self.about.get("parent")  # of a bill, since the API of 2025-03-31
        details = parent.get("subscription_details") if isinstance(parent, dict) else None
        named = details.get("subscription") if isinstance(details, dict) else None
        return _text(named) or _text(self.about.get("subscription"))


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


class _Data(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    object: JsonObject


class _SaidEvent(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    id: str
    type: str
    livemode: bool
    data: _Data


def verify(raw: bytes, signature: str | None, secret: SecretStr, now_ms: int) -> StripeEvent:
    """Return the event of a delivery; `signature` is its Stripe-Signature header.

    Raises WebhookError for what Stripe has not sent just now. Says nothing about whether the event
    was taken before.
    """
    if len(raw) > LARGEST_BYTES:
        raise WebhookError("The event is too large to be one of Stripe's.")
    at, given = _read(signature or "")
    expected = hmac.new(
        secret.get_secret_value().encode(), f"{at}.".encode() + raw, hashlib.sha256
    ).hexdigest()
    if not any(hmac.compare_digest(expected, each) for each in given):
        raise WebhookError(
            "The event is not signed with ONE_MCP_STRIPE_WEBHOOK_SECRET; nothing was taken from it."
        )
    if abs(now_ms - at * 1000) > TOLERANCE_MS:
        raise WebhookError(
            "The event was signed too long ago, or in the future; Stripe sends it again.",
            signed_at=at,
        )
    try:
        event = _SaidEvent.model_validate_json(raw)
    except ValidationError:
        raise WebhookError("The event is signed, and is none that can be read.") from None
    return StripeEvent(event.id, event.type, event.livemode, event.data.object)


def _read(signature: str) -> tuple[int, list[str]]:
    """Read the time and the signatures of a header; those of other schemes are passed over."""
    times: list[str] = []
    signatures: list[str] = []
    for part in signature[:2_000].split(","):
        found = _PART.fullmatch(part)
        if found is not None:
            (times if found[1] == "t" else signatures).append(found[2])
    if len(times) != 1 or not times[0].isdecimal() or not signatures:
        raise WebhookError("The event has no signature of Stripe's (the header Stripe-Signature).")
    return int(times[0][:12]), signatures
