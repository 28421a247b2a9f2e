"""Recording: what a sale leaves behind, written together with the end of its operation (D-31).

The ledger is posted, and the graph tells of it: a payment, the events, and the connection that says
who holds or has bought what. The balance on that connection is the ledger's.
"""

from decimal import Decimal

from one_mcp.dimensions.commerce import bought, editions, holding, ledger, stock
from one_mcp.dimensions.commerce.bought import Deal
from one_mcp.dimensions.commerce.ledger import Account, LedgerLine, Posting
from one_mcp.dimensions.commerce.quoting import TOKENS
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.events import event
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.jsons import JsonObject
from one_mcp.ontology import decimals
from one_mcp.store.work import Work

COMPLETED, FAILED = "completed", "failed"


def sold(work: Work, at: Operation) -> JsonObject:
    """Write down a sale that is paid and delivered; returns its receipt."""
    body = at.body
    nft = editions.record(work, at) if body["type"] == editions.NFT else None
    token = nft or str(body["item"])
    ledger.post(work, Posting(at.id, ledger.RECORD, at.simulated, _lines(at, token)))
    payment = _payment(work, at, COMPLETED) if body["minor"] else None
    _tell(work, at, token, payment)
    return {
        "paymentId": payment,
        "txHash": at.result("transfer").get("hash") or at.result("mint").get("hash"),
        "amount": body["amount"],
        "total": body["total"],
        "currency": body["currency"],
        "item": body["item"],
        "buyer": body["buyer"],
        "custodial": _is_custodial(at) if "contract" in body else None,
        **({"nft": nft, "tokenId": body["tokenId"]} if nft else {}),
        "providerPaymentId": at.result("authorize").get("payment"),
    }


def unsold(work: Work, at: Operation) -> JsonObject:
    """Write down that a sale came to nothing, and what was undone."""
    body = at.body
    editions.free(work, at.id)
    if body["minor"]:
        event.record(
            work,
            "payment_processed",
            str(body["item"]),
            actor=str(body["buyer"]),
            metadata={
                "status": FAILED,
                "amount": _amount(body),
                "currency": body["currency"],
                "operation": at.id,
                **at.mark,
            },
        )
    return {
        "undone": [name for name, row in at.back.items() if row.state == "done"],
        "item": body["item"],
        "buyer": body["buyer"],
    }


def _lines(at: Operation, token: str) -> list[LedgerLine]:
    body = at.body
    lines: list[LedgerLine] = []
    if body["minor"]:
        currency, minor = str(body["currency"]), int(str(body["minor"]))
        lines += ledger.transfer(
            currency, minor, ledger.OUTSIDE, (Account.REVENUE, str(body["item"]))
        )
    if "contract" in body:
        kind = Account.CUSTODY if _is_custodial(at) else Account.WALLET
        lines += ledger.transfer(
            token,
            int(str(body["units"])),
            ledger.SUPPLY,
            (kind, str(body["buyer"])),
        )
    return lines


def _is_custodial(at: Operation) -> bool:
    """Tell whether tokens are kept here: for want of a wallet, or since they never got there."""
    return not at.body.get("wallet") or not at.result("transfer")


def _payment(work: Work, at: Operation, status: str) -> str:
    body = at.body
    name = f"{str(body['name'])[:200]}: {body['total']} {str(body['currency']).upper()}"
    properties: JsonObject = {
        "amount": _amount(body),
        "netAmount": _amount(body),
        "currency": body["currency"],
        "description": f"{body['amount']} {str(body['name'])[:200]}",
        "paymentMethod": "stripe",
        "stripePaymentIntentId": at.result("authorize").get("payment"),
        "status": status,
        "processedAt": work.now,
        **at.mark,
    }
    saved = entity.create(work, "payment", name, properties, external_id=at.id)
    event.expect_no_more(work, saved.id)
    event.record(
        work,
        "payment_processed",
        str(body["item"]),
        actor=str(body["buyer"]),
        metadata={
            "status": status,
            "amount": _amount(body),
            "currency": body["currency"],
            "quantity": decimals.kept(_quantity(body)),
            "paymentId": saved.id,
            **at.mark,
        },
    )
    return saved.id


def _tell(work: Work, at: Operation, token: str, payment: str | None) -> None:
    body = at.body
    item, buyer = str(body["item"]), str(body["buyer"])
    if "contract" in body:
        wallet = None if _is_custodial(at) else body["wallet"]
        holding.show(work, buyer, token, wallet=str(wallet) if wallet else None)
        paid: JsonObject = {"usdAmount": _amount(body)} if body["currency"] == "usd" else {}
        event.record(
            work,
            "tokens_purchased",
            item,
            actor=buyer,
            metadata={
                "amount": body["amount"],
                **paid,
                "blockchain": body["blockchain"],
                **({"paymentId": payment} if payment else {}),
                "txHash": at.result("transfer").get("hash") or at.result("mint").get("hash"),
                **at.mark,
            },
        )
    if body["type"] not in TOKENS:
        _bought(work, at, payment)
    if payment is not None:
        event.record(
            work,
            "revenue_generated",
            item,
            actor=buyer,
            metadata={
                "amount": _amount(body),
                "currency": body["currency"],
                "quantity": decimals.kept(_quantity(body)),
                "source": f"sale of {body['type']}",
                "paymentId": payment,
                **at.mark,
            },
        )


def _bought(work: Work, at: Operation, payment: str | None) -> None:
    body = at.body
    price, currency = Decimal(str(body["total"])), str(body["currency"])
    deal = Deal(str(body["buyer"]), str(body["item"]), _quantity(body), price, currency, payment)
    bought.add(work, at, str(body["type"]), deal)
    stock.take(work, at)


def _quantity(body: JsonObject) -> Decimal:
    """Say how many, or how much of a token, a sale is of."""
    return Decimal(str(body["amount"]))


def _amount(body: JsonObject) -> float:
    """Return an amount of money as the ontology keeps it, a number of whole units."""
    return float(str(body["total"]))
