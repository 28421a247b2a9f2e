"""Recording: what a sale leaves behind, written together with the end of its operation (D-31).

The ledger is posted, and the graph tells of it: a payment, the events, and the connection that says
who holds or has bought what. The balance on that connection is the ledger's.
"""

from decimal import Decimal

from one_mcp.dimensions.commerce import bought, editions, holding, ledger, payment, stock
from one_mcp.dimensions.commerce.bought import Deal
from one_mcp.dimensions.commerce.ledger import Account, LedgerLine, Posting
from one_mcp.dimensions.commerce.payment import Paid
from one_mcp.dimensions.commerce.quoting import TOKENS
from one_mcp.dimensions.events import event
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.jsons import JsonObject
from one_mcp.store.work import Work


def sold(work: Work, at: Operation) -> JsonObject:
    """Write down a sale that is paid and delivered; returns its receipt."""
    body = at.body
    nft = editions.record(work, at) if body["type"] == editions.NFT else None
    token = nft or str(body["item"])
    ledger.post(work, Posting(at.id, ledger.RECORD, at.simulated, _lines(at, token)))
    made = _payment(work, at) if body["minor"] else None
    _tell(work, at, token, made)
    return {
        "paymentId": made,
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
        about: JsonObject = {"operation": at.id, **at.mark}
        payment.failed(work, str(body["item"]), str(body["buyer"]), body, about)
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


def _payment(work: Work, at: Operation) -> str:
    body, paid = at.body, _paid(at)
    about: JsonObject = {
        "description": f"{body['amount']} {str(body['name'])[:200]}",
        "stripePaymentIntentId": at.result("authorize").get("payment"),
        "processedAt": work.now,
    }
    made = payment.make(work, at, paid, str(body["name"]), about)
    payment.processed(work, at, paid, made)
    return made


def _tell(work: Work, at: Operation, token: str, made: str | None) -> None:
    body = at.body
    item, buyer = str(body["item"]), str(body["buyer"])
    if "contract" in body:
        wallet = None if _is_custodial(at) else body["wallet"]
        holding.show(work, buyer, token, wallet=str(wallet) if wallet else None)
        paid: JsonObject = (
            {"usdAmount": payment.amount(body["total"])} if body["currency"] == "usd" else {}
        )
        event.record(
            work,
            "tokens_purchased",
            item,
            actor=buyer,
            metadata={
                "amount": body["amount"],
                **paid,
                "blockchain": body["blockchain"],
                **({"paymentId": made} if made else {}),
                "txHash": at.result("transfer").get("hash") or at.result("mint").get("hash"),
                **at.mark,
            },
        )
    if body["type"] not in TOKENS:
        _bought(work, at, made)
    if made is not None:
        payment.earned(work, at, _paid(at), made, f"sale of {body['type']}")


def _bought(work: Work, at: Operation, made: str | None) -> None:
    body, paid = at.body, _paid(at)
    price = Decimal(paid.total)
    buyer = str(body["buyer"])
    deal = Deal(buyer, paid.item, paid.quantity, price, paid.currency, made)
    bought.add(work, at, str(body["type"]), deal)
    stock.take(work, at)


def _paid(at: Operation) -> Paid:
    """Say what a sale took for how many, or for how much of a token."""
    body = at.body
    return Paid(
        str(body["item"]),
        str(body["buyer"]),
        str(body["total"]),
        str(body["currency"]),
        Decimal(str(body["amount"])),
    )
