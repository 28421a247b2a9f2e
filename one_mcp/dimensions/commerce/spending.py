"""Spending: tokens that are kept for somebody go back to the business, for something; and giving.

Both happen in the ledger alone: the treasury of the business holds these tokens on the chain before
and after. What is worked out here is worked out again when it begins.
"""

from dataclasses import dataclass
from decimal import Decimal

from one_mcp import jsons, money
from one_mcp.dimensions import lookup
from one_mcp.dimensions.commerce import editions, issuing, ledger, stock
from one_mcp.dimensions.commerce.ledger import Account, Pocket, Posting
from one_mcp.dimensions.commerce.quoting import SOLD, TOKENS
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.ontology.names import a
from one_mcp.store.work import Row, Work

SPEND, GRANT = "spend_tokens", "grant_tokens"


@dataclass(frozen=True, slots=True)
class SpendOrder:
    """Who spends tokens on what; the amount is the item's `tokenPrice` where it has one."""

    token: str
    holder: str
    item: str = ""
    amount: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class GrantOrder:
    """What the business gives to whom, for nothing; `source` is what it was earned from."""

    item: str
    holder: str
    amount: str = ""
    source: str = ""
    reason: str = ""


def spent_body(work: Work, given: SpendOrder, *, simulated: bool) -> JsonObject:
    """Work out what is spent; raises InsufficientTokensError where the holder has less here."""
    about = issuing.deployed(work, given.token, simulated=simulated)
    holder = lookup.live(work, given.holder, "holder", follow=True)
    item = lookup.live(work, given.item, "item", follow=True) if given.item else None
    price = _token_price(item)
    if item is not None:
        _require_token_price(item, price)
    if price is None and not given.amount:
        raise InvalidArgumentError(
            "Say the amount: nothing here has a tokenPrice that says it.", argument="amount"
        )
    if item is not None:
        _require_ungiven(item)
    decimals = int(str(about["decimals"]))
    units = money.units(given.amount or str(price), decimals)
    if price is not None and units != money.units(price, decimals):
        raise InvalidArgumentError(
            f"Its tokenPrice is {price}; leave amount out.", argument="amount", price=price
        )
    body: JsonObject = {
        **about,
        "holder": holder["id"],
        "holderName": holder["name"],
        "item": item["id"] if item else None,
        "itemName": item["name"] if item else None,
        "amount": money.decimal(units, decimals),
        "units": str(units),
        "reason": given.reason or None,
        "chosen": money.decimal(units, decimals) if price is None else "",
    }
    issuing.require_enough(work, body, _from(SPEND, body))
    return body | (stock.pieces(work, item, "1", simulated=simulated) if item else {})


def _token_price(item: Row | None) -> str | None:
    price = jsons.load_object(item["properties"]).get("tokenPrice") if item else None
    return None if price is None else f"{Decimal(str(price)):f}"


def _require_token_price(item: Row, price: str | None) -> None:
    """Raise for what is sold for money and says no price in tokens: else any amount would do."""
    costs = jsons.load_object(item["properties"]).get("price") if item["type"] in SOLD else None
    if costs and price is None:
        raise InvalidArgumentError(
            f"{item['id']} ({item['name'][:80]}) costs money and has no tokenPrice; set one: "
            f'update_entity(id="{item["id"]}", properties={{"tokenPrice": 10}}).',
            argument="item",
        )


def spend_order(body: JsonObject) -> SpendOrder:
    """Read again what a body was worked out from."""
    return SpendOrder(
        str(body["token"]),
        str(body["holder"]),
        str(body["item"] or ""),
        str(body["chosen"]),
        str(body["reason"] or ""),
    )


def granted_body(work: Work, given: GrantOrder, *, simulated: bool) -> JsonObject:
    """Work out a gift: tokens of the treasury's own, or something that is sold otherwise."""
    item = lookup.live(work, given.item, "item", follow=True)
    holder = lookup.live(work, given.holder, "holder", follow=True)
    source = lookup.live(work, given.source, "source", follow=True) if given.source else None
    if item["id"] == holder["id"]:
        raise InvalidArgumentError("Nobody is given themselves.", argument="holder")
    if item["type"] not in SOLD:
        raise InvalidArgumentError(
            f"{a(item['type']).capitalize()} is not given; what is sold is: "
            f"{', '.join(sorted(SOLD))}.",
            argument="item",
        )
    _require_ungiven(item)
    body: JsonObject = {
        "item": item["id"],
        "type": item["type"],
        "itemName": item["name"],
        "holder": holder["id"],
        "holderName": holder["name"],
        "source": source["id"] if source else None,
        "reason": given.reason or None,
        "simulated": simulated,
    }
    if item["type"] not in TOKENS:
        amount = money.decimal(money.units(given.amount or "1", 0), 0)
        return {**body, "amount": amount, **stock.pieces(work, item, amount, simulated=simulated)}
    if not given.amount:
        raise InvalidArgumentError("Say how many tokens: amount.", argument="amount")
    body |= issuing.deployed(work, given.item, simulated=simulated)
    decimals = int(str(body["decimals"]))
    units = money.units(given.amount, decimals)
    body |= {"amount": money.decimal(units, decimals), "units": str(units)}
    issuing.require_enough(work, body, _from(GRANT, body))
    return body


def _require_ungiven(item: Row) -> None:
    """Raise for an nft, which has to be minted for its holder: that is a sale, if only for 0."""
    if item["type"] == editions.NFT:
        raise InvalidArgumentError(
            "An nft is minted as it is sold: to give it away, set its price to 0 and send "
            "quote_tokens for its holder, then purchase_tokens.",
            argument="item",
        )


def grant_order(body: JsonObject) -> GrantOrder:
    """Read again what a body was worked out from."""
    return GrantOrder(
        str(body["item"]),
        str(body["holder"]),
        str(body["amount"]),
        str(body["source"] or ""),
        str(body["reason"] or ""),
    )


def reserve(work: Work, at: Operation) -> None:
    """Put aside what is spent or given, so that nobody else takes the same."""
    if "units" in at.body:
        source = _from(at.kind, at.body)
        move(work, at, ledger.RESERVE, source, ledger.reserved(source))


def move(work: Work, at: Operation, name: str, source: Pocket, target: Pocket) -> None:
    """Post what goes from one account to another."""
    lines = ledger.transfer(str(at.body["token"]), int(str(at.body["units"])), source, target)
    ledger.post(work, Posting(at.id, name, at.simulated, lines))


def _from(kind: str, body: JsonObject) -> Pocket:
    if kind == GRANT:
        return ledger.OUR_OWN
    return Account.CUSTODY, str(body["holder"])
