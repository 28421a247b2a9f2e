"""Payment intents of the simulated Stripe, and the cards that it knows."""

import re
from collections.abc import Mapping

from one_mcp import money
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.providers.simulated.cabinet import Drawer
from one_mcp.providers.simulated.stripe import customers, objects, refunds
from one_mcp.providers.simulated.stripe.objects import StripeRefusal

DECLINES = {
    "pm_card_chargeCustomerFail": "generic_decline",
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
AUTHENTICATION = "authentication_required"
_MESSAGES = {  # https://docs.stripe.com/declines/codes: what a bank keeps to itself is a plain no
    AUTHENTICATION: "Your card was declined. This transaction requires authentication.",
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
}
_OWN_CODE = frozenset({AUTHENTICATION, "expired_card", "incorrect_cvc", "processing_error"})
SEARCH = "/v1/payment_intents/search"
_MARKED = re.compile(r"metadata\['operation'\]:'([^']*)'")
_OPEN_STATES = frozenset(
    {"requires_capture", "requires_payment_method", "requires_action", "requires_confirmation"}
)


def create(drawer: Drawer, _: tuple[str, ...], given: Mapping[str, JsonValue]) -> JsonObject:
    amount, currency = given.get("amount"), given.get("currency")
    if not isinstance(amount, int) or amount < 1:
        raise objects.invalid(
            "Invalid positive integer", code="parameter_invalid_integer", param="amount"
        )
    if amount % money.step(str(currency)):
        raise objects.invalid(
            f"Invalid amount: {currency} is charged in steps of {money.step(str(currency))}.",
            code="invalid_charge_amount_no_decimal_compatible",
            param="amount",
        )
    metadata, method = given.get("metadata"), given.get("payment_method")
    if method:
        require_known(customers.card(drawer, str(method), given.get("customer")), str(method))
    id = objects.new_id(drawer, "pi")
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
        "payment_method": method,
        "payment_method_types": given.get("allowed_payment_method_types", ["card"]),
        "status": "requires_payment_method",
    }
    if method:
        intent["status"] = "requires_confirmation"
    objects.keep(drawer, intent)
    return confirm(drawer, (id,), given) if given.get("confirm") else intent


def confirm(drawer: Drawer, ids: tuple[str, ...], given: Mapping[str, JsonValue]) -> JsonObject:
    intent = objects.intent(drawer, ids[0])
    method = str(given.get("payment_method") or intent["payment_method"] or "")
    if intent["status"] not in {"requires_confirmation", "requires_payment_method"}:
        raise objects.unexpected(intent, "confirmed")
    card = customers.card(drawer, method, intent["customer"])
    require_known(card, method)
    if card in DECLINES:
        _decline(drawer, intent, DECLINES[card])
    if card in ACTIONS and given.get("off_session"):
        _decline(drawer, intent, AUTHENTICATION)  # nobody is there to ask
    intent["payment_method"] = method
    if card in ACTIONS:
        url = f"https://hooks.stripe.com/3d_secure_2/hosted?payment_intent={intent['id']}"
        intent["status"] = "requires_action"
        intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": {"url": url}}
        return objects.keep(drawer, intent)
    return _pay(drawer, intent)


def require_known(card: str, method: str) -> None:
    """Raise for a card that there is none of, before anything is made for it."""
    if card not in CARDS and card not in ACTIONS and card not in DECLINES:
        raise objects.invalid(
            f"No such PaymentMethod: '{method}'",
            code="resource_missing",
            param="payment_method",
        )


def refusal(card: str) -> str | None:
    """Say why a card does not pay while nobody is there; None where it does."""
    if card in ACTIONS:
        return AUTHENTICATION
    return DECLINES.get(card)


def words(code: str) -> str:
    """Say what a buyer is told of a decline."""
    return _MESSAGES.get(code, "Your card was declined.")


def _pay(drawer: Drawer, intent: JsonObject) -> JsonObject:
    """Hold the amount, or take it at once where the intent says so."""
    intent["latest_charge"] = objects.new_id(drawer, "ch")
    intent["next_action"] = None
    if intent["capture_method"] == "manual":
        intent |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
    else:
        intent |= {"status": "succeeded", "amount_received": intent["amount"]}
    return objects.keep(drawer, intent)


def _decline(drawer: Drawer, intent: JsonObject, code: str) -> None:
    message = words(code)
    error: JsonObject = {
        "type": "card_error",
        "code": code if code in _OWN_CODE else "card_declined",
        "decline_code": code,
        "message": message,
    }
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "last_payment_error": error,
    }
    objects.keep(drawer, intent)
    rest = {name: value for name, value in error.items() if name not in {"type", "message"}}
    raise StripeRefusal(402, "card_error", message, **rest, payment_intent=intent)


def capture(drawer: Drawer, ids: tuple[str, ...], given: Mapping[str, JsonValue]) -> JsonObject:
    intent = objects.intent(drawer, ids[0])
    if intent["status"] != "requires_capture":
        raise objects.unexpected(intent, "captured")
    held = int(str(intent["amount_capturable"]))
    taken = int(str(given.get("amount_to_capture", held)))
    if taken > held:
        raise objects.invalid("The amount to capture exceeds what is held.")
    intent |= {"status": "succeeded", "amount_capturable": 0, "amount_received": taken}
    return objects.keep(drawer, intent)


def cancel(drawer: Drawer, ids: tuple[str, ...], _: Mapping[str, JsonValue]) -> JsonObject:
    intent = objects.intent(drawer, ids[0])
    if intent["status"] not in _OPEN_STATES:
        raise objects.unexpected(intent, "canceled")
    intent |= {"status": "canceled", "amount_capturable": 0, "next_action": None}
    return objects.keep(drawer, intent)


def retrieve(drawer: Drawer, ids: tuple[str, ...], given: Mapping[str, JsonValue]) -> JsonObject:
    intent = objects.intent(drawer, ids[0])
    return _expanded(drawer, intent) if _expands(given, "latest_charge") else intent


def search(drawer: Drawer, _: tuple[str, ...], given: Mapping[str, JsonValue]) -> JsonObject:
    marked = _MARKED.search(str(given.get("query", "")))
    found = drawer.find("stripe_payment_intent", marked[1]) if marked else []
    if _expands(given, "data.latest_charge"):
        found = [_expanded(drawer, intent) for intent in found]
    return {"object": "search_result", "data": [*found], "has_more": False, "url": SEARCH}


def _expands(given: Mapping[str, JsonValue], name: str) -> bool:
    asked = given.get("expand")
    return isinstance(asked, list) and name in asked


def _expanded(drawer: Drawer, intent: JsonObject) -> JsonObject:
    """Show an intent with its charge in it, if it has one."""
    if intent["latest_charge"] is None:
        return intent
    return {**intent, "latest_charge": refunds.charge(drawer, intent)}
