"""Checkout sessions of the simulated Stripe: a page on which a person gives a card to keep."""

from collections.abc import Mapping

from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.providers.simulated.cabinet import Drawer
from one_mcp.providers.simulated.stripe import customers, objects

PAGE = "/c/pay/"
HOME = "https://checkout.stripe.com"
LASTS_S = 24 * 60 * 60
_KIND = "stripe_checkout.session"


def create(drawer: Drawer, _: tuple[str, ...], given: Mapping[str, JsonValue]) -> JsonObject:
    if given.get("mode") != "setup":
        raise objects.invalid("Only the mode `setup` is simulated.", param="mode")
    if not given.get("success_url"):
        raise objects.invalid("Missing required param: success_url.", code="parameter_missing")
    customer = objects.existing(drawer, "customer", str(given.get("customer")))
    created, id = drawer.now_ms // 1000, objects.new_id(drawer, "cs")
    session: JsonObject = {
        "id": id,
        "object": "checkout.session",
        "created": created,
        "currency": given.get("currency"),
        "customer": customer["id"],
        "expires_at": created + LASTS_S,
        "livemode": False,
        "metadata": given.get("metadata", {}),
        "mode": "setup",
        "payment_status": "no_payment_required",
        "setup_intent": objects.new_id(drawer, "seti"),
        "status": "open",
        "success_url": given["success_url"],
        "url": f"{HOME}{PAGE}{id}",
    }
    drawer.put(_KIND, id, session)
    return session


def retrieve(drawer: Drawer, ids: tuple[str, ...], _: Mapping[str, JsonValue]) -> JsonObject:
    session = objects.existing(drawer, "checkout.session", ids[0])
    if session["status"] == "open" and drawer.now_ms // 1000 >= int(str(session["expires_at"])):
        session |= {"status": "expired", "url": None}
        drawer.put(_KIND, ids[0], session)
    return session


def complete(drawer: Drawer, id: str, card: str) -> JsonObject:
    """Do what a person does on the page: give a card, once."""
    session = retrieve(drawer, (id,), {})
    if session["status"] == "open":
        customers.save(drawer, str(session["customer"]), card)
        session |= {"status": "complete", "url": None}
        drawer.put(_KIND, id, session)
    return session
