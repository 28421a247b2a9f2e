"""Subscriptions of the simulated Stripe: time goes on for one whenever somebody looks at it.

A card that is declined at a renewal makes it past due; Stripe tries again for three weeks, here
each time that somebody looks.
"""

import calendar
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.providers.simulated.cabinet import Drawer
from one_mcp.providers.simulated.stripe import customers, intents, objects
from one_mcp.providers.simulated.stripe.objects import StripeRefusal

RETRIED_S = 21 * 24 * 60 * 60
_KIND, _BILL = "stripe_subscription", "stripe_invoice"
_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "year": 12}


def product(drawer: Drawer, _: tuple[str, ...], given: Mapping[str, JsonValue]) -> JsonObject:
    id = str(given.get("id") or objects.new_id(drawer, "prod"))
    if drawer.get("stripe_product", id) is not None:
        raise objects.invalid(f"Product already exists: {id}", code="resource_already_exists")
    made: JsonObject = {
        "id": id,
        "object": "product",
        "active": True,
        "created": drawer.now_ms // 1000,
        "livemode": False,
        "metadata": given.get("metadata", {}),
        "name": given.get("name"),
    }
    drawer.put("stripe_product", id, made)
    return made


def create(drawer: Drawer, _: tuple[str, ...], given: Mapping[str, JsonValue]) -> JsonObject:
    customer = objects.existing(drawer, "customer", str(given.get("customer")))
    method, now = str(given.get("default_payment_method")), drawer.now_ms // 1000
    _require_paying(drawer, method, customer["id"])
    id, price = objects.new_id(drawer, "sub"), _price(drawer, given)
    subscription: JsonObject = {
        "id": id,
        "object": "subscription",
        "cancel_at_period_end": False,
        "canceled_at": None,
        "collection_method": "charge_automatically",
        "created": now,
        "currency": price["currency"],
        "customer": customer["id"],
        "default_payment_method": method,
        "ended_at": None,
        "items": {
            "object": "list",
            "data": [_item(drawer, id, price, now)],
            "has_more": False,
            "url": f"/v1/subscription_items?subscription={id}",
        },
        "livemode": False,
        "metadata": given.get("metadata", {}),
        "start_date": now,
        "status": "active",
    }
    _bill(drawer, subscription, now)
    return _kept(drawer, subscription)


def update(drawer: Drawer, ids: tuple[str, ...], given: Mapping[str, JsonValue]) -> JsonObject:
    subscription = retrieve(drawer, ids, {})
    if subscription["status"] == "canceled":
        raise objects.invalid("A canceled subscription can only update its metadata.")
    if "cancel_at_period_end" in given:
        ends = given["cancel_at_period_end"] is True
        now = drawer.now_ms // 1000
        subscription |= {"cancel_at_period_end": ends, "canceled_at": now if ends else None}
    if "default_payment_method" in given:
        subscription["default_payment_method"] = given["default_payment_method"]
    if "items" in given:
        item = _first(subscription)
        item["price"] = _price(drawer, given)
    return _kept(drawer, subscription)


def retrieve(drawer: Drawer, ids: tuple[str, ...], _: Mapping[str, JsonValue]) -> JsonObject:
    """Return a subscription as it is by now: renewed, past due, or over."""
    subscription = objects.existing(drawer, "subscription", ids[0])
    now = drawer.now_ms // 1000
    while subscription["status"] != "canceled" and now >= (until := _until(subscription)):
        if subscription["cancel_at_period_end"] is True:
            subscription |= {"status": "canceled", "ended_at": until}
        elif _pays(drawer, subscription):
            subscription["status"] = "active"
            _first(subscription).update(
                current_period_start=until, current_period_end=_after(subscription, until)
            )
            _bill(drawer, subscription, until)
        elif now >= until + RETRIED_S:
            subscription |= {"status": "canceled", "ended_at": until + RETRIED_S}
        else:
            subscription["status"] = "past_due"
            break
    return _kept(drawer, subscription)


def cancel(drawer: Drawer, ids: tuple[str, ...], _: Mapping[str, JsonValue]) -> JsonObject:
    subscription = retrieve(drawer, ids, {})
    if subscription["status"] == "canceled":
        raise objects.invalid(f"No such subscription: {ids[0]}", code="resource_missing")
    now = drawer.now_ms // 1000
    return _kept(drawer, subscription | {"status": "canceled", "canceled_at": now, "ended_at": now})


def listed(drawer: Drawer, _: tuple[str, ...], given: Mapping[str, JsonValue]) -> JsonObject:
    """List a customer's subscriptions, the newest first, whatever became of them."""
    newest_first = drawer.find(_KIND, str(given.get("customer")))[::-1]
    limit = int(str(given.get("limit", 10)))
    return {
        "object": "list",
        "data": [*newest_first[:limit]],
        "has_more": len(newest_first) > limit,
        "url": "/v1/subscriptions",
    }


def invoices(drawer: Drawer, _: tuple[str, ...], given: Mapping[str, JsonValue]) -> JsonObject:
    id = str(given.get("subscription"))
    retrieve(drawer, (id,), {})
    newest_first = drawer.find(_BILL, id)[::-1]
    limit = int(str(given.get("limit", 10)))
    return {
        "object": "list",
        "data": [*newest_first[:limit]],
        "has_more": len(newest_first) > limit,
        "url": "/v1/invoices",
    }


def _require_paying(drawer: Drawer, method: str, customer: JsonValue) -> None:
    card = customers.card(drawer, method, customer)
    intents.require_known(card, method)
    code = intents.refusal(card)
    if code is not None:
        message = intents.words(code)
        raise StripeRefusal(402, "card_error", message, code="card_declined", decline_code=code)


def _pays(drawer: Drawer, subscription: JsonObject) -> bool:
    method = str(subscription["default_payment_method"])
    return intents.refusal(customers.card(drawer, method, subscription["customer"])) is None


def _price(drawer: Drawer, given: Mapping[str, JsonValue]) -> JsonObject:
    items = given.get("items")
    first = items[0] if isinstance(items, list) and items else None
    data = first.get("price_data") if isinstance(first, dict) else None
    if not isinstance(data, dict) or not isinstance(data.get("unit_amount"), int):
        raise objects.invalid("Missing required param: items[0][price_data].", param="items")
    objects.existing(drawer, "product", str(data.get("product")))
    return {
        "id": objects.new_id(drawer, "price"),
        "object": "price",
        "active": True,
        "created": drawer.now_ms // 1000,
        "currency": data["currency"],
        "livemode": False,
        "product": data["product"],
        "recurring": data["recurring"],
        "type": "recurring",
        "unit_amount": data["unit_amount"],
    }


def _item(drawer: Drawer, subscription: str, price: JsonObject, now: int) -> JsonObject:
    return {
        "id": objects.new_id(drawer, "si"),
        "object": "subscription_item",
        "created": now,
        "current_period_start": now,
        "current_period_end": _added(now, _interval(price)),
        "metadata": {},
        "price": price,
        "quantity": 1,
        "subscription": subscription,
    }


def _bill(drawer: Drawer, subscription: JsonObject, at: int) -> None:
    price = _first(subscription)["price"]
    assert isinstance(price, dict)  # noqa: S101  # this module wrote it
    bill: JsonObject = {
        "id": objects.new_id(drawer, "in"),
        "object": "invoice",
        "amount_due": price["unit_amount"],
        "amount_paid": price["unit_amount"],
        "created": at,
        "currency": price["currency"],
        "customer": subscription["customer"],
        "livemode": False,
        "status": "paid",
    }
    subscription["latest_invoice"] = bill["id"]
    drawer.put(_BILL, str(bill["id"]), bill, str(subscription["id"]))


def _kept(drawer: Drawer, subscription: JsonObject) -> JsonObject:
    drawer.put(_KIND, str(subscription["id"]), subscription, str(subscription["customer"]))
    return subscription


def _first(subscription: JsonObject) -> JsonObject:
    items = subscription["items"]
    data = items["data"] if isinstance(items, dict) else None
    item = data[0] if isinstance(data, list) else None
    assert isinstance(item, dict)  # noqa: S101  # this module wrote it
    return item


def _until(subscription: JsonObject) -> int:
    return int(str(_first(subscription)["current_period_end"]))


def _after(subscription: JsonObject, at: int) -> int:
    price = _first(subscription)["price"]
    return _added(at, _interval(price if isinstance(price, dict) else {}))


def _interval(price: JsonObject) -> str:
    recurring = price.get("recurring")
    return str(recurring.get("interval")) if isinstance(recurring, dict) else "month"


def _added(at: int, interval: str) -> int:
    """Go on by an interval; a month that is too short for the day ends on its last."""
    start = datetime.fromtimestamp(at, UTC)
    if interval in _DAYS:
        return int((start + timedelta(days=_DAYS[interval])).timestamp())
    month = start.year * 12 + start.month - 1 + _MONTHS.get(interval, 1)
    year, month = month // 12, month % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return int(start.replace(year=year, month=month, day=day).timestamp())
