"""Bought: what somebody has of something, of all their purchases together, on one connection.

Only operations come here, whose end no rule may refuse: what somebody wrote on the connection by
hand counts as far as it is a number. A trial changes nothing that is live, and what is live begins
anew where only a trial was before (D-68).
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from one_mcp import jsons
from one_mcp.dimensions.connections import connection, validity
from one_mcp.dimensions.connections.validity import Bounds
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology import currencies, decimals
from one_mcp.relative import NO_BOUND
from one_mcp.store.work import Row, Work

PURCHASED, ENROLLED = "purchased", "enrolled_in"
ENROLS = frozenset({"course", "lesson"})
MOST_PAYMENTS = 50  # whose ids the connection has; the events have them all
_FIELDS: tuple[str, ...] = (  # of the connection
    *("quantity", "price", "currency", "paid", "purchasedAt", "paymentId", "paymentIds"),
    "simulated",
)
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Deal:
    """How many of what somebody got, or gave back, for how much of a currency or token."""

    buyer: str
    item: str
    quantity: Decimal
    price: Decimal = _NOTHING
    currency: str = ""
    payment: str | None = None


def add(work: Work, at: Operation, type: str, deal: Deal) -> None:
    """Add what somebody got, of a type, to what they had of it."""

    def more(before: JsonObject) -> JsonObject:
        return {
            "quantity": decimals.kept(_number(before.get("quantity")) + deal.quantity),
            "purchasedAt": work.now,
            **_prices(before, deal, deal.price),
            **_payments(before, deal.payment),
        }

    _got(work, at, PURCHASED, deal, more)
    if type in ENROLS:
        _got(work, at, ENROLLED, deal, lambda _: {})


def take(work: Work, at: Operation, deal: Deal) -> None:
    """Take off what somebody gave back, and was given back."""
    row = connection.find(work, deal.buyer, PURCHASED, deal.item)
    before = _metadata(row)
    if row is None or _is_trial(before) is not at.simulated:
        return
    left = max(_number(before.get("quantity")) - deal.quantity, _NOTHING)
    counted: JsonObject = {"quantity": decimals.kept(left)} if "quantity" in before else {}
    fewer = {**counted, **_prices(before, deal, -deal.price)}
    connection.connect(work, deal.buyer, PURCHASED, deal.item, fewer)


def end(work: Work, at: Operation, buyer: str, item: str) -> None:
    """Let what was bought hold until now."""
    for type in (PURCHASED, ENROLLED):
        row = connection.find(work, buyer, type, item)
        if row is not None and _is_trial(_metadata(row)) is at.simulated:
            connection.connect(work, buyer, type, item, valid=Bounds(valid_until=work.now))


def _got(
    work: Work, at: Operation, type: str, deal: Deal, more: Callable[[JsonObject], JsonObject]
) -> None:
    """Connect a buyer with what they got, also where it was over."""
    row = connection.find(work, deal.buyer, type, deal.item)
    before = _metadata(row)
    if row is not None and at.simulated and not _is_trial(before):
        return
    anew: JsonObject = {}
    if _is_trial(before) and not at.simulated:
        anew, before = dict.fromkeys(_FIELDS), {}
    is_over = row is not None and (row["valid_until"] or work.now + 1) <= work.now
    connection.connect(
        work,
        deal.buyer,
        type,
        deal.item,
        {**anew, **more(before), **at.mark},
        valid=Bounds(valid_until=NO_BOUND) if is_over else validity.UNSAID,
    )


def _metadata(row: Row | None) -> JsonObject:
    return {} if row is None else jsons.load_object(row["metadata"])


def _is_trial(metadata: JsonObject) -> bool:
    return metadata.get("simulated") is True


def _prices(before: JsonObject, deal: Deal, price: Decimal) -> JsonObject:
    """Add up what was paid, each currency by itself; `price` is that of the last one."""
    paid = _paid(before)
    currency = str(currencies.kept(deal.currency))
    if currency and (price or not paid):
        paid[currency] = max(paid.get(currency, _NOTHING) + price, _NOTHING)
    if currency not in paid:
        return {} if paid else {"price": 0}
    each: JsonObject = {it: decimals.kept(sum) for it, sum in paid.items()}
    several: JsonObject = {"paid": each} if len(paid) > 1 else {}
    return {"price": each[currency], "currency": currency, **several}


def _paid(before: JsonObject) -> dict[str, Decimal]:
    paid = before.get("paid")
    if isinstance(paid, dict):
        return {currency: _number(price) for currency, price in paid.items()}
    price, currency = _number(before.get("price")), before.get("currency")
    return {currency: price} if isinstance(currency, str) and currency else {}


def _payments(before: JsonObject, payment: str | None) -> JsonObject:
    if payment is None:
        return {}
    kept = before.get("paymentIds")
    known = kept if isinstance(kept, list) else [it for it in [before.get("paymentId")] if it]
    several = [*known, payment][-MOST_PAYMENTS:]
    return {"paymentId": payment, **({"paymentIds": several} if len(several) > 1 else {})}


def _number(value: JsonValue) -> Decimal:
    """Read a number as it is stored; nothing where it is none."""
    text = str(value)
    is_number = not isinstance(value, bool) and decimals.DECIMAL.fullmatch(text)
    return Decimal(text) if is_number else _NOTHING
