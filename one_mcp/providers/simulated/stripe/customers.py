"""Customers of the simulated Stripe, and the cards that it keeps for them."""

from collections.abc import Mapping

from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.providers.simulated.cabinet import Drawer
from one_mcp.providers.simulated.stripe import objects

_KEPT = "stripe_payment_method"
_BRANDS = {"pm_card_mastercard": ("mastercard", "4444"), "pm_card_amex": ("amex", "8431")}
_VISA = ("visa", "4242")


def create(drawer: Drawer, _: tuple[str, ...], given: Mapping[str, JsonValue]) -> JsonObject:
    customer: JsonObject = {
        "id": objects.new_id(drawer, "cus"),
        "object": "customer",
        "created": drawer.now_ms // 1000,
        "email": given.get("email"),
        "livemode": False,
        "metadata": given.get("metadata", {}),
        "name": given.get("name"),
    }
    drawer.put("stripe_customer", str(customer["id"]), customer)
    return customer


def retrieve(drawer: Drawer, ids: tuple[str, ...], _: Mapping[str, JsonValue]) -> JsonObject:
    return objects.existing(drawer, "customer", ids[0])


def methods(drawer: Drawer, ids: tuple[str, ...], given: Mapping[str, JsonValue]) -> JsonObject:
    objects.existing(drawer, "customer", ids[0])
    newest_first = drawer.find(_KEPT, ids[0])[::-1]
    limit = int(str(given.get("limit", 10)))
    return {
        "object": "list",
        "data": [*newest_first[:limit]],
        "has_more": len(newest_first) > limit,
        "url": f"/v1/customers/{ids[0]}/payment_methods",
    }


def save(drawer: Drawer, customer: str, card: str) -> JsonObject:
    """Keep a card for a customer: a test card by its name, which is not shown again."""
    brand, last4 = _BRANDS.get(card, _VISA)
    method: JsonObject = {
        "id": objects.new_id(drawer, "pm"),
        "object": "payment_method",
        "card": {"brand": brand, "last4": last4, "exp_month": 12, "exp_year": 2034},
        "created": drawer.now_ms // 1000,
        "customer": customer,
        "livemode": False,
        "type": "card",
    }
    id = str(method["id"])
    drawer.put(_KEPT, id, method, customer)
    drawer.put("stripe_card", id, {"card": card})
    return method


def card(drawer: Drawer, method: str, customer: JsonValue) -> str:
    """Say which test card a method is; one that is kept for somebody pays for nobody else."""
    kept = drawer.get(_KEPT, method)
    if kept is None:
        return method
    if kept["customer"] != customer:
        raise objects.invalid(
            "The provided PaymentMethod belongs to a Customer. Please include the Customer in the "
            "`customer` parameter.",
            param="payment_method",
        )
    found = drawer.get("stripe_card", method)
    return str(found["card"]) if found else method
