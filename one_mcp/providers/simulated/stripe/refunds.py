"""Refunds of the simulated Stripe: never more than is left of a payment."""

from collections.abc import Mapping

from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.providers.simulated.cabinet import Drawer
from one_mcp.providers.simulated.stripe import objects


def create(drawer: Drawer, _: tuple[str, ...], given: Mapping[str, JsonValue]) -> JsonObject:
    intent = objects.intent(drawer, str(given.get("payment_intent")))
    left = int(str(intent["amount_received"])) - refunded(drawer, intent)
    amount = int(str(given.get("amount", left)))
    charge = str(intent["latest_charge"])
    if intent["status"] != "succeeded" or left == 0:
        code = "charge_already_refunded" if left == 0 else "charge_not_captured"
        raise objects.invalid(f"Charge {charge} has nothing left.", code=code)
    if amount > left:
        raise objects.invalid(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})",
            param="amount",
        )
    refund: JsonObject = {
        "id": objects.new_id(drawer, "re"),
        "object": "refund",
        "amount": amount,
        "charge": charge,
        "created": drawer.now_ms // 1000,
        "currency": intent["currency"],
        "metadata": given.get("metadata", {}),
        "payment_intent": intent["id"],
        "status": "succeeded",
    }
    drawer.put("stripe_refund", str(refund["id"]), refund, str(intent["id"]))
    return refund


def refunded(drawer: Drawer, intent: JsonObject) -> int:
    """Add up what was given back of a payment."""
    return sum(int(str(it["amount"])) for it in drawer.find("stripe_refund", str(intent["id"])))


def charge(drawer: Drawer, intent: JsonObject) -> JsonObject:
    """Return the charge of an intent, as far as it has come."""
    back, taken = refunded(drawer, intent), int(str(intent["amount_received"]))
    return {
        "id": intent["latest_charge"],
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": taken,
        "amount_refunded": back,
        "captured": intent["status"] == "succeeded",
        "created": intent["created"],
        "currency": intent["currency"],
        "livemode": False,
        "paid": True,
        "payment_intent": intent["id"],
        "refunded": 0 < taken == back,
        "status": "succeeded",
    }


def listed(drawer: Drawer, _: tuple[str, ...], given: Mapping[str, JsonValue]) -> JsonObject:
    found = drawer.find("stripe_refund", str(given.get("payment_intent")))
    return {"object": "list", "data": [*found], "has_more": False, "url": "/v1/refunds"}
