"""Billed: what a subscription leaves in the ledger and in the graph, each bill once (D-80).

A bill that the vendor was paid is an operation of its own, which nobody began here: it is written
down, posted and told in one transaction, by whoever sees it first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from one_mcp import clock
from one_mcp.answers import Written
from one_mcp.dimensions import lookup
from one_mcp.dimensions.commerce import bills, ledger, payment, subscriptions
from one_mcp.dimensions.commerce.ledger import Account, Posting
from one_mcp.dimensions.commerce.payment import Paid
from one_mcp.dimensions.commerce.refunding import BILL
from one_mcp.dimensions.commerce.subscriptions import CANCELLED, PAST_DUE, Billed, Standing
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.connections.validity import Bounds
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.events import event
from one_mcp.dimensions.operations import journal
from one_mcp.dimensions.operations.operation import Operation, State
from one_mcp.errors import OneError
from one_mcp.jsons import JsonObject
from one_mcp.money import Money
from one_mcp.store.work import Work

STEP, BILLS = "subscription", "bills"
VERSION = 1
PURCHASED, REFERENCES, PART_OF = "purchased", "references", "part_of"
_WORDS = {"month": "monthly", "year": "yearly"}


@dataclass(frozen=True, slots=True)
class PaidBill:
    """A bill that was paid; `minor` units, `at` milliseconds."""

    id: str
    minor: int
    currency: str
    at: int


class SeenSubscription(Written):
    """How a subscription stands, and how many bills were new."""

    subscription: str
    status: str
    bills: int


def managed(work: Work, at: Operation) -> JsonObject:
    """Write down what an operation did to a subscription; returns its receipt."""
    now = subscriptions.standing(at.result(STEP))
    if at.body["action"] == "start":
        held = _started(work, at, now)
        for bill in _paid_bills(at.result(BILLS)):
            _record(work, held, bill)
    else:
        found = subscriptions.find(work, str(at.body["subscription"]))
        assert found is not None  # noqa: S101  # it is never deleted
        held = found
        terms = {name: at.body[name] for name in _terms_of(held.body)}
        _tell(work, held, {**held.body, **terms}, now)
    return {
        "subscription": held.id,
        "status": now.state,
        "paidUntil": clock.to_text(now.paid_until),
        "ends": now.ends,
    }


def unmanaged(work: Work, at: Operation) -> JsonObject:
    """Write down that an operation came to nothing: of a start, that nothing was paid."""
    body = at.body
    if body["action"] == "start":
        target, buyer = _live(work, str(body["item"])), _live(work, str(body["buyer"]))
        payment.failed(work, target, buyer, body, {"operation": at.id, **at.mark})
    return {"subscription": body.get("subscription"), "item": body["item"], "buyer": body["buyer"]}


def seen(work: Work, held: Billed, now: Standing, paid: Sequence[PaidBill]) -> SeenSubscription:
    """Write down what the vendor says of a subscription, unless somebody has done so since."""
    current = subscriptions.find(work, held.id)
    if current is None or current.fence != held.fence:
        state = held.state if current is None else current.state
        return SeenSubscription(subscription=held.id, status=state, bills=0)
    new = sum(_record(work, current, bill) for bill in sorted(paid, key=lambda it: it.at))
    work.operation = held.operation
    _tell(work, current, current.body, now)
    return SeenSubscription(subscription=held.id, status=now.state, bills=new)


def _paid_bills(said: JsonObject) -> list[PaidBill]:
    """Read the bills that a step kept."""
    found = said.get("bills")
    return [
        PaidBill(str(it["id"]), int(str(it["minor"])), str(it["currency"]), int(str(it["at"])))
        for it in (found if isinstance(found, list) else [])
        if isinstance(it, dict)
    ]


def _terms_of(body: JsonObject) -> list[str]:
    names = ("item", "type", "name", "amount", "total", "minor", "currency", "interval")
    return [name for name in names if name in body]


def _started(work: Work, at: Operation, now: Standing) -> Billed:
    body = at.body
    name = f"{str(body['buyerName'])[:100]}: {str(body['name'])[:100]}"
    begun: JsonObject = {
        "price": payment.amount(body["total"]),
        "currency": body["currency"],
        "interval": _WORDS[str(body["interval"])],
        "stripeSubscriptionId": now.vendor,
        "currentPeriodStart": work.now,
        **_shown(now),
        **at.mark,
    }
    made = entity.create(work, "subscription", name, begun, external_id=at.id)
    buyer, item = _live(work, str(body["buyer"])), _live(work, str(body["item"]))
    if buyer:
        connection.connect(work, buyer, PURCHASED, made.id, at.mark)
    if item:
        connection.connect(work, made.id, REFERENCES, item, at.mark)
    held = subscriptions.insert(work, made.id, at, now)
    event.expect_no_more(work, made.id)
    _update(work, held, "started", {"until": now.paid_until})
    return held


def _record(work: Work, held: Billed, bill: PaidBill) -> bool:
    """Record a bill, unless it was recorded before."""
    is_first = not bills.has_any(work, held.id)
    if not bills.take(work, held.id, bill.id):
        return False
    if not bill.minor:
        return False
    paid = Money(bill.minor, bill.currency)
    body: JsonObject = {
        **{name: held.body[name] for name in ("item", "type", "name", "buyer", "buyerName")},
        "subscription": held.id,
        "bill": bill.id,
        "amount": "1",
        "quantity": held.body["amount"],
        "total": paid.amount,
        "minor": bill.minor,
        "currency": bill.currency,
        "mode": held.mode,
        "simulated": held.body["simulated"],
    }
    is_simulated = held.body["simulated"] is True
    at = journal.note(work, BILL, VERSION, body, simulated=is_simulated)
    work.operation = at.id
    _post(work, at, bill)
    made = _payment(work, at, bill)
    if not is_first:
        _update(work, held, "renewed")
    journal.end(work, at, State.DONE, {"paymentId": made, "subscription": held.id})
    return True


def _post(work: Work, at: Operation, bill: PaidBill) -> None:
    lines = ledger.transfer(
        bill.currency,
        bill.minor,
        ledger.OUTSIDE,
        (Account.REVENUE, str(at.body["item"])),
    )
    ledger.post(work, Posting(at.id, ledger.RECORD, at.simulated, lines))


def _payment(work: Work, at: Operation, bill: PaidBill) -> str:
    """Make the payment's entity and its events, on what was sold or, where that is gone, on it."""
    body, subscription = at.body, str(at.body["subscription"])
    paid = Paid(
        _live(work, str(body["item"])) or subscription,
        _live(work, str(body["buyer"])),
        str(body["total"]),
        str(body["currency"]),
        Decimal(str(body["quantity"])),
    )
    about: JsonObject = {
        "description": f"Subscription to {str(body['name'])[:200]}, bill {bill.id}",
        "processedAt": bill.at,
    }
    made = payment.make(work, at, paid, str(body["name"]), about)
    connection.connect(work, made, PART_OF, subscription, at.mark)
    payment.processed(work, at, paid, made)
    payment.earned(work, at, paid, made, f"subscription to {body['type']}")
    return made


def _tell(work: Work, held: Billed, body: JsonObject, now: Standing) -> None:
    """Show how a subscription stands, and tell what has become of it."""
    shown: JsonObject = {"price": payment.amount(body["total"]), **_shown(now)}
    if now.paid_until != held.paid_until and now.state == subscriptions.ACTIVE:
        shown["currentPeriodStart"] = held.paid_until
    entity.update(work, held.id, shown)
    event.expect_no_more(work, held.id)
    if body["item"] != held.item:
        _retarget(work, held, str(body["item"]))
    if now.state != held.state:
        _turned(work, held, body, now)
    subscriptions.keep(work, held.id, body, now)


def _retarget(work: Work, held: Billed, item: str) -> None:
    if connection.find(work, held.id, REFERENCES, held.item) is not None:
        connection.disconnect(work, held.id, REFERENCES, held.item)
    live = _live(work, item)
    if live:
        connection.connect(work, held.id, REFERENCES, live, held.mark)


def _turned(work: Work, held: Billed, body: JsonObject, now: Standing) -> None:
    buyer = _live(work, held.buyer)
    if now.state == PAST_DUE:
        reason = "the renewal was not paid; the vendor tries again by itself"
        about: JsonObject = {"reason": reason, "operation": held.operation, **held.mark}
        payment.failed(work, held.id, buyer, body, about)
    if now.state == CANCELLED:
        _update(work, held, "cancelled")
        if buyer and connection.find(work, buyer, PURCHASED, held.id) is not None:
            over = Bounds(valid_until=work.now)
            connection.connect(work, buyer, PURCHASED, held.id, valid=over)


def _update(work: Work, held: Billed, action: str, more: JsonObject | None = None) -> None:
    about = {"action": action, "operation": held.operation, **(more or {}), **held.mark}
    buyer = _live(work, held.buyer)
    event.record(work, "subscription_updated", held.id, actor=buyer, metadata=about)


def _shown(now: Standing) -> JsonObject:
    return {
        "status": now.state,
        "currentPeriodEnd": now.paid_until,
        "cancelAt": now.paid_until if now.ends and now.state != CANCELLED else None,
    }


def _live(work: Work, id: str) -> str | None:
    """Return what an id names now, unless it is archived or gone: books are kept all the same."""
    try:
        return str(lookup.live(work, id, follow=True)["id"])
    except OneError:
        return None
