"""Stripe's API as far as payments need it, without Stripe: the same words, states and refusals.

A request is answered as https://docs.stripe.com/api says: idempotency keys, declines by the names
of the test cards (https://docs.stripe.com/testing), 3-D Secure, manual capture, refunds that never
exceed what is left.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.providers.simulated.cabinet import Drawer

DECLINES = {
    "pm_card_chargeDeclined": "generic_decline",
    "pm_card_visa_chargeDeclined": "generic_decline",
    "pm_card_chargeDeclinedInsufficientFunds": "insufficient_funds",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "insufficient_funds",
    "pm_card_chargeDeclinedLostCard": "lost_card",
    "pm_card_visa_chargeDeclinedLostCard": "lost_card",
    "pm_card_chargeDeclinedStolenCard": "stolen_card",
    "pm_card_visa_chargeDeclinedStolenCard": "stolen_card",
    "pm_card_chargeDeclinedExpiredCard": "expired_card",
    "pm_card_chargeDeclinedIncorrectCvc": "incorrect_cvc",
    "pm_card_chargeDeclinedProcessingError": "processing_error",
    "pm_card_chargeDeclinedFraudulent": "fraudulent",
}
ACTIONS = frozenset({"pm_card_authenticationRequired", "pm_card_threeDSecure2Required"})
CARDS = frozenset({"pm_card_visa", "pm_card_visa_debit", "pm_card_mastercard", "pm_card_amex"})
_OWN_CODE = frozenset({"expired_card", "incorrect_cvc", "processing_error"})
_MARKED = re.compile(r"metadata\['operation'\]:'([^']*)'")
_OPEN_STATES = frozenset(
    {"requires_capture", "requires_payment_method", "requires_action", "requires_confirmation"}
)


@dataclass(frozen=True, slots=True)
class Request:
    """A request as Stripe gets it: `key` is its Idempotency-Key."""

    method: str
    path: str
    parameters: Mapping[str, JsonValue]
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: JsonObject


class _Refusal(Exception):  # noqa: N818  # it is no failure of ours
    def __init__(self, status: int, type: str, message: str, **more: JsonValue) -> None:
        super().__init__(message)
        self.reply = Reply(status, {"error": {"type": type, "message": message, **more}})


def answer(drawer: Drawer, request: Request) -> Reply:
    """Answer a request; one with a key that was used before gets the first answer."""
    if request.key is None or request.method != "POST":
        return _answered(drawer, request)
    told = json.dumps([request.path, dict(request.parameters)], sort_keys=True)
    digest = hashlib.sha256(told.encode()).hexdigest()
    kept = drawer.get("stripe_key", request.key)
    if kept is not None:
        if kept["digest"] != digest:
            message = "Keys for idempotent requests can only be used with the same parameters."
            return Reply(400, {"error": {"type": "idempotency_error", "message": message}})
        body = kept["body"]
        assert isinstance(body, dict)  # noqa: S101  # this function wrote it
        return Reply(int(str(kept["status"])), body)
    reply = _answered(drawer, request)
    drawer.put(
        "stripe_key", request.key, {"digest": digest, "status": reply.status, "body": reply.body}
    )
    return reply


def _answered(drawer: Drawer, request: Request) -> Reply:
    for method, pattern, act in _ROUTES:
        found = pattern.fullmatch(request.path)
        if found and method == request.method:
            try:
                return Reply(200, act(drawer, found.groups(), request.parameters))
            except _Refusal as refusal:
                return refusal.reply
    message = f"Unrecognized request URL ({request.path})."
    return Reply(404, {"error": {"type": "invalid_request_error", "message": message}})


def _create(drawer: Drawer, _: tuple[str, ...], given: Mapping[str, JsonValue]) -> JsonObject:
    amount, currency = given.get("amount"), given.get("currency")
    if not isinstance(amount, int) or amount < 1:
        raise _Refusal(400, "invalid_request_error", "Invalid positive integer", param="amount")
    metadata = given.get("metadata")
    id = _id(drawer, "pi")
    intent: JsonObject = {
        "id": id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "capture_method": given.get("capture_method", "automatic"),
        "client_secret": f"{id}_secret",
        "created": drawer.now_ms // 1000,
        "currency": str(currency).lower(),
        "customer": given.get("customer"),
        "description": given.get("description"),
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": metadata if isinstance(metadata, dict) else {},
        "next_action": None,
        "payment_method": given.get("payment_method"),
        "status": "requires_payment_method",
    }
    if intent["payment_method"]:
        intent["status"] = "requires_confirmation"
    _keep(drawer, intent)
    return _confirm(drawer, (id,), given) if given.get("confirm") else intent


def _confirm(drawer: Drawer, ids: tuple[str, ...], given: Mapping[str, JsonValue]) -> JsonObject:
    intent = _intent(drawer, ids[0])
    method = str(given.get("payment_method") or intent["payment_method"] or "")
    if intent["status"] not in {"requires_confirmation", "requires_payment_method"}:
        raise _unexpected(intent, "confirmed")
    if method in DECLINES:
        _decline(drawer, intent, DECLINES[method])
    intent["payment_method"] = method
    if method in ACTIONS:
        url = f"https://hooks.stripe.com/3d_secure_2/hosted?payment_intent={intent['id']}"
        intent["status"] = "requires_action"
        intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": {"url": url}}
        return _keep(drawer, intent)
    if method not in CARDS and drawer.get("stripe_payment_method", method) is None:
        raise _Refusal(
            400,
            "invalid_request_error",
            f"No such PaymentMethod: '{method}'",
            code="resource_missing",
            param="payment_method",
        )
    return _pay(drawer, intent)


def _pay(drawer: Drawer, intent: JsonObject) -> JsonObject:
    """Hold the amount, or take it at once where the intent says so."""
    intent["latest_charge"] = _id(drawer, "ch")
    intent["next_action"] = None
    if intent["capture_method"] == "manual":
        intent |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
    else:
        intent |= {"status": "succeeded", "amount_received": intent["amount"]}
    return _keep(drawer, intent)


def authenticate(drawer: Drawer, id: str, *, succeeds: bool) -> JsonObject:
    """Do what the buyer does on the page of 3-D Secure."""
    intent = _intent(drawer, id)
    if intent["status"] != "requires_action":
        return intent
    if succeeds:
        return _pay(drawer, intent)
    intent |= {"status": "requires_payment_method", "next_action": None, "payment_method": None}
    return _keep(drawer, intent)


def _decline(drawer: Drawer, intent: JsonObject, code: str) -> None:
    error: JsonObject = {
        "type": "card_error",
        "code": code if code in _OWN_CODE else "card_declined",
        "decline_code": code,
        "message": "Your card was declined.",
    }
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "last_payment_error": error,
    }
    _keep(drawer, intent)
    message = "Your card was declined."
    rest = {name: value for name, value in error.items() if name not in {"type", "message"}}
    raise _Refusal(402, "card_error", message, **rest, payment_intent=intent)


def _capture(drawer: Drawer, ids: tuple[str, ...], given: Mapping[str, JsonValue]) -> JsonObject:
    intent = _intent(drawer, ids[0])
    if intent["status"] != "requires_capture":
        raise _unexpected(intent, "captured")
    held = int(str(intent["amount_capturable"]))
    taken = int(str(given.get("amount_to_capture", held)))
    if taken > held:
        raise _Refusal(400, "invalid_request_error", "The amount to capture exceeds what is held.")
    intent |= {"status": "succeeded", "amount_capturable": 0, "amount_received": taken}
    return _keep(drawer, intent)


def _cancel(drawer: Drawer, ids: tuple[str, ...], _: Mapping[str, JsonValue]) -> JsonObject:
    intent = _intent(drawer, ids[0])
    if intent["status"] not in _OPEN_STATES:
        raise _unexpected(intent, "canceled")
    intent |= {"status": "canceled", "amount_capturable": 0, "next_action": None}
    return _keep(drawer, intent)


def _retrieve(drawer: Drawer, ids: tuple[str, ...], _: Mapping[str, JsonValue]) -> JsonObject:
    return _intent(drawer, ids[0])


def _search(drawer: Drawer, _: tuple[str, ...], given: Mapping[str, JsonValue]) -> JsonObject:
    marked = _MARKED.search(str(given.get("query", "")))
    found = drawer.find("stripe_payment_intent", marked[1]) if marked else []
    return {"object": "search_result", "data": [*found], "has_more": False}


def _refund(drawer: Drawer, _: tuple[str, ...], given: Mapping[str, JsonValue]) -> JsonObject:
    intent = _intent(drawer, str(given.get("payment_intent")))
    left = int(str(intent["amount_received"])) - refunded(drawer, intent)
    amount = int(str(given.get("amount", left)))
    charge = str(intent["latest_charge"])
    if intent["status"] != "succeeded" or left == 0:
        code = "charge_already_refunded" if left == 0 else "charge_not_captured"
        raise _Refusal(
            400, "invalid_request_error", f"Charge {charge} has nothing left.", code=code
        )
    if amount > left:
        raise _Refusal(
            400,
            "invalid_request_error",
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})",
            param="amount",
        )
    refund: JsonObject = {
        "id": _id(drawer, "re"),
        "object": "refund",
        "amount": amount,
        "charge": charge,
        "created": drawer.now_ms // 1000,
        "currency": intent["currency"],
        "payment_intent": intent["id"],
        "status": "succeeded",
    }
    drawer.put("stripe_refund", str(refund["id"]), refund, str(intent["id"]))
    return refund


def refunded(drawer: Drawer, intent: JsonObject) -> int:
    """Add up what was given back of a payment."""
    return sum(int(str(it["amount"])) for it in drawer.find("stripe_refund", str(intent["id"])))


def _refunds(drawer: Drawer, _: tuple[str, ...], given: Mapping[str, JsonValue]) -> JsonObject:
    found = drawer.find("stripe_refund", str(given.get("payment_intent")))
    return {"object": "list", "data": [*found], "has_more": False}


def _intent(drawer: Drawer, id: str) -> JsonObject:
    found = drawer.get("stripe_payment_intent", id)
    if found is None:
        raise _Refusal(
            404,
            "invalid_request_error",
            f"No such payment_intent: '{id}'",
            code="resource_missing",
        )
    return found


def _keep(drawer: Drawer, intent: JsonObject) -> JsonObject:
    metadata = intent["metadata"]
    mark = str(metadata.get("operation", "")) if isinstance(metadata, dict) else ""
    drawer.put("stripe_payment_intent", str(intent["id"]), intent, mark)
    return intent


def _unexpected(intent: JsonObject, wanted: str) -> _Refusal:
    return _Refusal(
        400,
        "invalid_request_error",
        f"This PaymentIntent could not be {wanted} because it has a status of {intent['status']}.",
        code="payment_intent_unexpected_state",
        payment_intent=intent,
    )


def _id(drawer: Drawer, prefix: str) -> str:
    """Count on: an object's id says its kind and its place."""
    last = drawer.get("stripe_count", prefix)
    number = int(str(last["number"])) + 1 if last else 1
    drawer.put("stripe_count", prefix, {"number": number})
    return f"{prefix}_sim_{number:08d}"


_Act = Callable[[Drawer, tuple[str, ...], Mapping[str, JsonValue]], JsonObject]
_ROUTES: tuple[tuple[str, re.Pattern[str], _Act], ...] = tuple(
    (method, re.compile(pattern), act)
    for method, pattern, act in (
        ("POST", "/v1/payment_intents", _create),
        ("GET", "/v1/payment_intents/search", _search),
        ("GET", "/v1/payment_intents/([^/]+)", _retrieve),
        ("POST", "/v1/payment_intents/([^/]+)/confirm", _confirm),
        ("POST", "/v1/payment_intents/([^/]+)/capture", _capture),
        ("POST", "/v1/payment_intents/([^/]+)/cancel", _cancel),
        ("POST", "/v1/refunds", _refund),
        ("GET", "/v1/refunds", _refunds),
    )
)
