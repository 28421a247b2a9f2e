"""Payments: the entity of money that was taken, and the events that its sums are made of."""

from dataclasses import dataclass
from decimal import Decimal

from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.events import event
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.jsons import JsonObject
from one_mcp.ontology import decimals
from one_mcp.store.work import Work

COMPLETED, FAILED = "completed", "failed"


@dataclass(frozen=True, slots=True)
class Paid:
    """What was paid for how many of what; `total` is in whole units, `buyer` None where gone."""

    item: str
    buyer: str | None
    total: str
    currency: str
    quantity: Decimal

    @property
    def told(self) -> JsonObject:
        """What every event of it says."""
        return {
            "amount": amount(self.total),
            "currency": self.currency,
            "quantity": decimals.kept(self.quantity),
        }


def amount(total: object) -> float:
    """Return an amount of money as the ontology keeps it, a number of whole units."""
    return float(str(total))


def make(work: Work, at: Operation, paid: Paid, name: str, about: JsonObject) -> str:
    """Make the entity of a payment that an operation took; returns its id."""
    title = f"{name[:200]}: {paid.total} {paid.currency.upper()}"
    properties: JsonObject = {
        "amount": amount(paid.total),
        "netAmount": amount(paid.total),
        "currency": paid.currency,
        "paymentMethod": "stripe",
        "status": COMPLETED,
        **about,
        **at.mark,
    }
    made = entity.create(work, "payment", title, properties, external_id=at.id)
    event.expect_no_more(work, made.id)
    return made.id


def processed(work: Work, at: Operation, paid: Paid, payment: str) -> None:
    """Tell that it was taken."""
    told = {"status": COMPLETED, **paid.told, "paymentId": payment, **at.mark}
    event.record(work, "payment_processed", paid.item, actor=paid.buyer, metadata=told)


def earned(work: Work, at: Operation, paid: Paid, payment: str, source: str) -> None:
    """Tell that it is revenue."""
    told = {**paid.told, "source": source, "paymentId": payment, **at.mark}
    event.record(work, "revenue_generated", paid.item, actor=paid.buyer, metadata=told)


def failed(
    work: Work, target: str | None, buyer: str | None, body: JsonObject, about: JsonObject
) -> None:
    """Tell that the total of a body was not paid."""
    told = {"status": FAILED, "amount": amount(body["total"]), "currency": body["currency"]}
    event.record(work, "payment_processed", target, actor=buyer, metadata={**told, **about})
