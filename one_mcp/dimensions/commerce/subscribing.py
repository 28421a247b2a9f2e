"""Subscribing: what a subscription will be, or become, worked out from what is sold (D-79)."""

from dataclasses import dataclass

from one_mcp import clock, jsons
from one_mcp.dimensions import lookup
from one_mcp.dimensions.commerce import quoting, subscriptions
from one_mcp.dimensions.commerce.subscriptions import CANCELLED, Billed
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.store.work import Work

MANAGE = "manage_subscription"
START, CHANGE, CANCEL, RESUME = "start", "change", "cancel", "resume"
INTERVALS = {"monthly": "month", "yearly": "year"}
_TERMS = ("item", "type", "name", "buyer", "buyerName", "amount", "total", "minor", "currency")


@dataclass(frozen=True, slots=True)
class SubscriptionOrder:
    """What somebody wants: to start one to an `item`, or something else of a `subscription`.

    `now` ends it at once; else what is paid runs out.
    """

    action: str
    item: str = ""
    buyer: str = ""
    amount: str = ""
    method: str = ""
    subscription: str = ""
    now: bool = False


def body(work: Work, given: SubscriptionOrder, *, simulated: bool) -> JsonObject:
    """Work out the body of an act; raises where it cannot be done."""
    if given.action == START:
        return _start(work, given, simulated=simulated)
    held = _held(work, given.subscription)
    if given.action == CHANGE:
        found = _changed(work, given, held, simulated=simulated)
    elif given.action == CANCEL:
        found = _cancelled(given, held)
    else:
        found = _resumed(held)
    return found | {
        "action": given.action,
        "subscription": held.id,
        "vendor": held.vendor,
        "paidUntil": clock.to_text(held.paid_until),
        "now": given.now,
        "mode": held.mode,
    }


def order(body: JsonObject) -> SubscriptionOrder:
    """Read again what a body was worked out from."""
    return SubscriptionOrder(
        str(body["action"]),
        str(body["item"]),
        str(body["buyer"]),
        str(body["amount"]),
        str(body.get("method") or ""),
        str(body.get("subscription") or ""),
        body.get("now") is True,
    )


def _start(work: Work, given: SubscriptionOrder, *, simulated: bool) -> JsonObject:
    terms = _terms(work, given.item, given.buyer, given.amount or "1", simulated=simulated)
    _require_none(work, str(terms["buyer"]), str(terms["item"]), " Change or resume that one.")
    method = quoting.paid_by(given.method, simulated=simulated)
    return terms | {"action": START, "method": method}


def _changed(work: Work, given: SubscriptionOrder, held: Billed, *, simulated: bool) -> JsonObject:
    _require_open(held)
    item, amount = given.item or held.item, given.amount or str(held.body["amount"])
    terms = _terms(work, item, held.buyer, amount, simulated=simulated)
    if terms["interval"] != held.body["interval"] or terms["currency"] != held.body["currency"]:
        raise InvalidArgumentError(
            f"{held.id} is paid every {held.body['interval']} in {held.body['currency']}, and that "
            "stays: cancel it, and start another one.",
            argument="item",
        )
    same = ("item", "amount", "minor")
    if all(terms[name] == held.body[name] for name in same):
        raise InvalidArgumentError(
            f"{held.id} is that already: give another item or amount, or change the item's price "
            "first.",
            argument="subscription",
        )
    if terms["item"] != held.item:
        _require_none(work, held.buyer, str(terms["item"]))
    return terms


def _require_none(work: Work, buyer: str, item: str, advice: str = "") -> None:
    """Raise where whoever would be billed is billed for it already, or about to be."""
    has = subscriptions.of_buyer(work, buyer, item)
    if has is not None:
        raise InvalidArgumentError(
            f"{buyer} has a subscription to it: {has}.{advice}", argument="item", subscription=has
        )
    subscriptions.require_none_begins(work, buyer, item)


def _cancelled(given: SubscriptionOrder, held: Billed) -> JsonObject:
    _require_open(held)
    if held.ends and not given.now:
        raise InvalidArgumentError(
            f"{held.id} ends on {clock.to_text(held.paid_until)} already; now: true ends it at "
            "once.",
            argument="subscription",
        )
    return _kept(held)


def _resumed(held: Billed) -> JsonObject:
    _require_open(held)
    if not held.ends:
        raise InvalidArgumentError(
            f"{held.id} is not about to end, so there is nothing to resume.",
            argument="subscription",
        )
    return _kept(held)


def interval(work: Work, item: str) -> str | None:
    """Say how often an item is to be paid, if it is again and again."""
    row = lookup.any_state(work, item, "item", follow=True)
    found = jsons.load_object(row["properties"]).get("interval")
    is_billed = found in INTERVALS and row["type"] not in quoting.ON_CHAIN
    return str(found) if is_billed else None


def _kept(held: Billed) -> JsonObject:
    return {name: held.body[name] for name in (*_TERMS, "interval", "simulated")}


def _held(work: Work, id: str) -> Billed:
    found = subscriptions.find(work, lookup.any_state(work, id, "subscription", follow=True)["id"])
    if found is None:
        raise InvalidArgumentError(
            f"{id} is no subscription that is billed from here; action start begins one. What is "
            "billed elsewhere is changed there, and noted with update_entity.",
            argument="subscription",
        )
    return found


def _require_open(held: Billed) -> None:
    if held.state == CANCELLED:
        raise InvalidArgumentError(
            f"{held.id} is over; action start begins another one.", argument="subscription"
        )


def _terms(work: Work, item: str, buyer: str, amount: str, *, simulated: bool) -> JsonObject:
    """Work out what is billed each time; the rules of a sale hold."""
    sold = lookup.live(work, item, "item", follow=True)
    often = interval(work, str(sold["id"]))
    if often is None:
        raise InvalidArgumentError(
            f"{sold['id']} ({sold['name'][:80]}) is not paid again and again: its interval is "
            f"neither {' nor '.join(INTERVALS)}. quote_tokens and purchase_tokens sell it once.",
            argument="item",
        )
    sale = quoting.priced(work, sold["id"], buyer, amount, None, simulated=simulated)
    if not sale["minor"]:
        raise InvalidArgumentError(
            f"{sold['id']} costs nothing, so there is nothing to bill; grant_tokens gives it.",
            argument="item",
        )
    return {name: sale[name] for name in _TERMS} | {
        "interval": INTERVALS[often],
        "simulated": sale["simulated"],
    }
