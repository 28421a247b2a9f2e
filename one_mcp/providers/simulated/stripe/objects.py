"""What the simulated Stripe is made of: its objects, their ids, and how it refuses."""

from dataclasses import dataclass

from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.providers.simulated.cabinet import Drawer


@dataclass(frozen=True, slots=True)
class StripeReply:
    status: int
    body: JsonObject


class StripeRefusal(Exception):  # noqa: N818  # it is no failure of ours
    def __init__(self, status: int, type: str, message: str, **more: JsonValue) -> None:
        super().__init__(message)
        self.reply = StripeReply(status, {"error": {"type": type, "message": message, **more}})


def intent(drawer: Drawer, id: str) -> JsonObject:
    """Return a payment intent, or refuse."""
    return existing(drawer, "payment_intent", id)


def existing(drawer: Drawer, kind: str, id: str) -> JsonObject:
    """Return an object, or refuse."""
    found = drawer.get(f"stripe_{kind}", id)
    if found is None:
        raise StripeRefusal(
            404, "invalid_request_error", f"No such {kind}: '{id}'", code="resource_missing"
        )
    return found


def keep(drawer: Drawer, intent: JsonObject) -> JsonObject:
    """Write a payment intent; the operation that its metadata names finds it."""
    metadata = intent["metadata"]
    mark = str(metadata.get("operation", "")) if isinstance(metadata, dict) else ""
    drawer.put("stripe_payment_intent", str(intent["id"]), intent, mark)
    return intent


def unexpected(intent: JsonObject, wanted: str) -> StripeRefusal:
    """Refuse what a payment's state does not allow."""
    return StripeRefusal(
        400,
        "invalid_request_error",
        f"This PaymentIntent could not be {wanted} because it has a status of {intent['status']}.",
        code="payment_intent_unexpected_state",
        payment_intent=intent,
    )


def new_id(drawer: Drawer, prefix: str) -> str:
    """Count on: an object's id says its kind and its place."""
    last = drawer.get("stripe_count", prefix)
    number = int(str(last["number"])) + 1 if last else 1
    drawer.put("stripe_count", prefix, {"number": number})
    return f"{prefix}_sim_{number:08d}"


def invalid(message: str, **more: JsonValue) -> StripeRefusal:
    """Refuse a request whose parameters do not fit."""
    return StripeRefusal(400, "invalid_request_error", message, **more)
