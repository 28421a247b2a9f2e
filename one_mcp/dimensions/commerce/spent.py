"""Spent: what spending and giving tokens leave in the ledger and in the graph."""

from decimal import Decimal

from one_mcp import jsons
from one_mcp.dimensions import lookup
from one_mcp.dimensions.commerce import bought, holding, ledger, spending, stock
from one_mcp.dimensions.commerce.bought import Deal
from one_mcp.dimensions.commerce.ledger import Account
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
            **({"quantity": 1} if item else {}),
            **({"reason": body["reason"]} if body["reason"] else {}),
            **_about(at),
        },
    )
    if item and item != holder:
        type, price = lookup.any_state(work, str(item))["type"], Decimal(str(body["amount"]))
        bought.add(work, at, type, Deal(holder, str(item), Decimal(1), price, symbol))
        stock.take(work, at)
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
        bought.add(work, at, str(body["type"]), Deal(holder, item, Decimal(str(body["amount"]))))
        stock.take(work, at)
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


def _symbol(work: Work, token: str) -> str:
    symbol = jsons.load_object(lookup.any_state(work, token)["properties"]).get("symbol")
    return str(symbol or token)


def _answer(at: Operation) -> JsonObject:
    names = ("token", "item", "holder", "amount", "source")
    return {name: at.body[name] for name in names if at.body.get(name)}


def _about(at: Operation) -> JsonObject:
    return {"operation": at.id, **at.mark}
