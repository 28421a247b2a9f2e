"""Spent: what spending and giving tokens leave in the ledger and in the graph."""

from decimal import Decimal

from one_mcp import jsons
from one_mcp.dimensions import lookup
from one_mcp.dimensions.commerce import holding, ledger, spending
from one_mcp.dimensions.commerce.ledger import Account
from one_mcp.dimensions.commerce.recording import ENROLS
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.events import event
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.jsons import JsonObject
from one_mcp.ontology.adjustments import Adjustment
from one_mcp.store.work import Work


def spent(work: Work, at: Operation) -> JsonObject:
    """Write down that a holder has spent tokens, and what they got for them."""
    body = at.body
    token, holder, item = str(body["token"]), str(body["holder"]), body["item"]
    spending.move(work, at, ledger.RECORD, (Account.RESERVED, holder), ledger.OUR_OWN)
    holding.show(work, holder, token)
    symbol = _symbol(work, token)
    paid: JsonObject = {"amount": float(Decimal(str(body["amount"]))), "currency": symbol}
    event.record(
        work,
        "payment_processed",
        str(item or token),
        actor=holder,
        metadata={
            "status": "completed",
            "method": "crypto",
            **paid,
            "tokenId": token,
            **({"reason": body["reason"]} if body["reason"] else {}),
            **_about(at),
        },
    )
    if item:
        price = {"price": paid["amount"], "currency": symbol}
        _has(work, at, str(item), str(lookup.any_state(work, str(item))["type"]), price)
    return _answer(at)


def granted(work: Work, at: Operation) -> JsonObject:
    """Write down a gift, and what it was earned from."""
    body = at.body
    item, holder = str(body["item"]), str(body["holder"])
    if "units" in body:
        given = ledger.reserved(ledger.OUR_OWN)
        spending.move(work, at, ledger.RECORD, given, (Account.CUSTODY, holder))
        holding.show(work, holder, item)
        event.record(
            work,
            "tokens_earned",
            item,
            actor=holder,
            metadata={
                "amount": body["amount"],
                **({"reason": body["reason"]} if body["reason"] else {}),
                **_about(at),
            },
        )
        _earned(work, at)
    else:
        _has(work, at, item, str(body["type"]), {"price": 0})
    return _answer(at)


def let_be(work: Work, at: Operation) -> JsonObject:
    """Say what came to nothing: no step of these can fail."""
    del work
    return _answer(at)


def _earned(work: Work, at: Operation) -> None:
    """Add what was earned to the connection with what it was earned from."""
    source, holder = at.body["source"], str(at.body["holder"])
    if source is None or source == holder:
        return
    connection.connect(
        work,
        holder,
        "earned_from",
        str(source),
        {"currency": _symbol(work, str(at.body["item"])), **at.mark},
        adjust=Adjustment(increment={"amount": at.body["amount"]}),
    )


def _has(work: Work, at: Operation, item: str, type: str, price: JsonObject) -> None:
    """Connect a holder with what they have now."""
    holder = str(at.body["holder"])
    if item == holder:
        return
    metadata: JsonObject = {**price, "purchasedAt": work.now, **at.mark}
    connection.connect(work, holder, "purchased", item, metadata)
    if type in ENROLS:
        connection.connect(work, holder, "enrolled_in", item, at.mark)


def _symbol(work: Work, token: str) -> str:
    symbol = jsons.load_object(lookup.any_state(work, token)["properties"]).get("symbol")
    return str(symbol or token)


def _answer(at: Operation) -> JsonObject:
    names = ("token", "item", "holder", "amount", "source")
    return {name: at.body[name] for name in names if at.body.get(name)}


def _about(at: Operation) -> JsonObject:
    return {"operation": at.id, **at.mark}
