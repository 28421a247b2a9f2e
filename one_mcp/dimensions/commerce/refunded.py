"""Refunded: what a refund leaves in the ledger and in the graph, so that every sum is right."""

from decimal import Decimal

from one_mcp.dimensions.commerce import bought, editions, holding, ledger, refunding
from one_mcp.dimensions.commerce.bought import Deal
from one_mcp.dimensions.commerce.ledger import Account, LedgerLine, Posting
from one_mcp.dimensions.commerce.quoting import TOKENS
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.events import event
from one_mcp.dimensions.operations import operation
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.jsons import JsonObject
from one_mcp.money import Money
from one_mcp.ontology import decimals
from one_mcp.store.work import Work


def recorded(work: Work, at: Operation) -> JsonObject:
    """Write down a refund that was paid out; returns its receipt."""
    body = at.body
    ledger.post(work, Posting(at.id, ledger.RECORD, at.simulated, _lines(at)))
    rest = refunding.left_after(work, at)
    _mark_payment(work, at, rest)
    returned = _returned(work, at, rest)
    _tell(work, at, returned)
    if "units" in body:
        _take_back(work, at)
    if _bought(work, at).body["type"] not in TOKENS:
        _give_back(work, at, returned)
        if rest.minor == 0 and not _has_another(work, at):
            bought.end(work, at, str(body["buyer"]), str(body["item"]))
    return {
        "refundId": at.result("refund").get("refund"),
        "paymentId": body["payment"],
        "amount": body["amount"],
        "currency": body["currency"],
        "left": rest.amount,
        "tokensBurned": body.get("tokens"),
        "txHash": at.result("burn").get("hash"),
    }


def refused(work: Work, at: Operation) -> JsonObject:
    """Let go of what was put aside for a refund that came to nothing."""
    refunding.release(work, at)
    return {"purchase": at.body["purchase"], "paymentId": at.body["payment"]}


def _lines(at: Operation) -> list[LedgerLine]:
    body = at.body
    item, buyer = str(body["item"]), str(body["buyer"])
    lines = [
        *ledger.transfer(
            str(body["currency"]),
            int(str(body["minor"])),
            (Account.REVENUE, item),
            ledger.OUTSIDE,
        )
    ]
    if "units" in body:
        units = int(str(body["units"]))
        token = refunding.token(body)
        lines += ledger.transfer(token, units, (Account.RESERVED, buyer), ledger.SUPPLY)
    return lines


def _bought(work: Work, at: Operation) -> Operation:
    return operation.read(work, str(at.body["purchase"]))


def _mark_payment(work: Work, at: Operation, rest: Money) -> None:
    """Say on the payment what went back of it: all together, and its status once that is all."""
    paid = Money(int(str(_bought(work, at).body["minor"])), rest.currency)
    back = Money(paid.minor - rest.minor, rest.currency)
    payment = str(at.body["payment"])
    entity.update(
        work,
        payment,
        {
            "refundedAmount": float(back.amount),
            "netAmount": float(rest.amount),
            **({"status": "refunded"} if rest.minor == 0 else {}),
        },
    )
    event.expect_no_more(work, payment)


def _returned(work: Work, at: Operation, rest: Money) -> Decimal:
    """Say how many came back: tokens that were taken, of other things those paid back whole."""
    sale = _bought(work, at).body
    if "contract" in sale:
        return Decimal(str(at.body.get("tokens") or 0))
    pieces, paid = int(str(sale["units"])), int(str(sale["minor"]))
    back = paid - rest.minor
    before = back - int(str(at.body["minor"]))
    return Decimal(pieces * back // paid - pieces * before // paid)


def _tell(work: Work, at: Operation, returned: Decimal) -> None:
    """Record the refund, and the revenue that is none any more as a negative amount."""
    body = at.body
    item, buyer, amount = str(body["item"]), str(body["buyer"]), float(str(body["amount"]))
    about: JsonObject = {
        "currency": body["currency"],
        "paymentId": body["payment"],
        "operation": at.id,
        **at.mark,
    }
    event.record(
        work,
        "payment_processed",
        item,
        actor=buyer,
        metadata={"status": "refunded", "amount": amount, **_quantity(returned), **about},
    )
    event.record(
        work,
        "revenue_generated",
        item,
        actor=buyer,
        metadata={
            "amount": -amount,
            "source": f"refund of {body['type']}",
            **_quantity(-returned),
            **about,
        },
    )


def _quantity(returned: Decimal) -> JsonObject:
    return {"quantity": decimals.kept(returned)} if returned else {}


def _take_back(work: Work, at: Operation) -> None:
    body = at.body
    item, buyer = refunding.token(body), str(body["buyer"])
    if "nft" in body:
        editions.free(work, str(body["purchase"]))
    if body.get("nft") == body["item"]:
        entity.update(work, item, {"tokenId": None})
    holding.show(work, buyer, item)
    event.record(
        work,
        "tokens_burned",
        item,
        actor=buyer,
        metadata={
            "amount": body["tokens"],
            "txHash": at.result("burn").get("hash"),
            "operation": at.id,
            **at.mark,
        },
    )


def _give_back(work: Work, at: Operation, returned: Decimal) -> None:
    body = at.body
    price, currency = Decimal(str(body["amount"])), str(body["currency"])
    deal = Deal(str(body["buyer"]), str(body["item"]), returned, price, currency)
    bought.take(work, at, deal)


def _has_another(work: Work, at: Operation) -> bool:
    rows = work.all(
        """
        SELECT id
        FROM operations
        WHERE organization_id = :organization
          AND kind = 'purchase'
          AND state = 'done'
          AND simulated = :simulated
          AND body ->> 'item' = :item
          AND body ->> 'buyer' = :buyer
          AND id <> :purchase
        """,
        simulated=int(at.simulated),
        item=at.body["item"],
        buyer=at.body["buyer"],
        purchase=at.body["purchase"],
    )
    return any(_is_kept(work, row["id"]) for row in rows)


def _is_kept(work: Work, purchase: str) -> bool:
    paid = int(str(operation.read(work, purchase).body["minor"]))
    return paid == 0 or refunding.refunded(work, purchase, only_done=True).minor < paid
