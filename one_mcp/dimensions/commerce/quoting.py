"""Quoting: what a sale will be, worked out from what is sold, never from what a caller says (D-26).

The same is worked out again when the sale begins; where a price, a wallet or a contract has changed
meanwhile, the quote is void.
"""

import re
from decimal import Decimal

from one_mcp import jsons, money
from one_mcp.dimensions import lookup
from one_mcp.dimensions.commerce import editions, stock, subscriptions
from one_mcp.dimensions.organizations import settings
from one_mcp.errors import InvalidArgumentError, shown
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology import currencies
from one_mcp.ontology.names import a
from one_mcp.store.work import Row, Work

BUYERS = frozenset({"creator", "audience_member"})
TOKENS = frozenset({"token"})
ON_CHAIN = TOKENS | {editions.NFT}
SOLD = frozenset(
    {
        *TOKENS,
        *("course", "membership", "consultation", "digital_product", "nft", "subscription"),
        stock.PRODUCT,
        *("template", "livestream", "lesson", "recording", "video", "podcast", "media_asset"),
    }
)
USUAL = "usd"  # where neither the item nor the organization says a currency
CARD = "pm_card_visa"  # what a simulated buyer pays with
_METHOD = re.compile(r"(?!.*\d{13})(?:pm|card|src)_[A-Za-z0-9_]+")  # a card has 13 digits or more


def sale(
    work: Work, item: str, buyer: str, amount: str, method: str | None, *, simulated: bool
) -> JsonObject:
    """Work out the body of a sale; raises where the buyer is billed for it again and again."""
    body = priced(work, item, buyer, amount, method, simulated=simulated)
    has = subscriptions.of_buyer(work, str(body["buyer"]), str(body["item"]))
    subscriptions.require_none_begins(work, str(body["buyer"]), str(body["item"]))
    if has is None and subscriptions.find(work, str(body["item"])) is not None:
        has = str(body["item"])
    if has is not None:
        raise InvalidArgumentError(
            f"{body['buyerName']} is billed for this again and again: {has}. manage_subscription "
            "changes, cancels or resumes that; nothing is bought beside it.",
            argument="item",
            subscription=has,
        )
    return body


def priced(
    work: Work, item: str, buyer: str, amount: str, method: str | None, *, simulated: bool
) -> JsonObject:
    """Work out what is sold, to whom, how much, for how much, how it gets there."""
    sold = lookup.live(work, item, "item", follow=True)
    to = _buyer(work, buyer)
    if sold["id"] == to["id"]:
        raise InvalidArgumentError("Nobody buys themselves.", argument="buyer")
    if sold["type"] not in SOLD:
        raise InvalidArgumentError(
            f"{a(sold['type']).capitalize()} is not sold; tokens, courses, memberships, "
            f"consultations and other products are: {', '.join(sorted(SOLD))}.",
            argument="item",
        )
    properties = jsons.load_object(sold["properties"])
    decimals = _decimals(sold["type"], properties)
    units = money.units(amount, decimals)
    currency = _currency(work, sold, properties)
    each = _price(sold, properties)
    total = money.price(units, decimals, each, currency)
    if total.minor > money.LARGEST_MINOR:
        raise InvalidArgumentError(f"{total} is more than one payment can be.", argument="amount")
    body: JsonObject = {
        "item": sold["id"],
        "type": sold["type"],
        "name": sold["name"],
        "buyer": to["id"],
        "buyerName": to["name"],
        "amount": money.decimal(units, decimals),
        "units": str(units),
        "decimals": decimals,
        "each": str(each),
        "total": total.amount,
        "minor": total.minor,
        "currency": currency,
        "method": paid_by(method, simulated=simulated),
        "simulated": simulated,
    }
    if sold["type"] not in ON_CHAIN:
        return body
    body |= _on_chain(work, sold, properties, to)
    if sold["type"] == editions.NFT:
        if units != 1:
            raise InvalidArgumentError("NFTs are sold one at a time.", argument="amount")
        body |= editions.sale(work, sold, properties, simulated=simulated)
    return body


def paid_by(method: str | None, *, simulated: bool) -> str | None:
    """Say what pays; raises for anything but a vendor's reference, and never repeats it."""
    if not method:
        return CARD if simulated else None
    if _METHOD.fullmatch(method) is None:
        raise InvalidArgumentError(
            "payment_method is a reference of the vendor's to a card that it has, such as pm_1N…, "
            "and never the number of one: that is given on the vendor's page alone. Without "
            "payment_method the buyer's card on file pays, or they are asked for one there.",
            argument="payment_method",
        )
    return method


def _buyer(work: Work, id: str) -> Row:
    to = lookup.live(work, id, "buyer", follow=True)
    if to["type"] not in BUYERS:
        raise InvalidArgumentError(
            f"{a(to['type']).capitalize()} cannot buy; a creator or an audience_member can.",
            argument="buyer",
        )
    return to


def _decimals(type: str, properties: JsonObject) -> int:
    """Say into how many decimal places something is cut: only tokens are."""
    return money.token_decimals(properties.get("decimals")) if type in TOKENS else 0


def _currency(work: Work, sold: Row, properties: JsonObject) -> str:
    """Say in which currency something is paid: its own, else that of the organization."""
    usual = USUAL if sold["type"] in TOKENS else settings.currency(work) or USUAL
    given = properties.get("currency") or usual
    code = currencies.paid(given)
    if code is None:
        raise InvalidArgumentError(
            f"{sold['id']} ({sold['name'][:80]}) has the currency '{shown(str(given))}', which is "
            "no code of ISO 4217, so no money is charged in it; set one: "
            f'update_entity(id="{sold["id"]}", properties={{"currency": "EUR"}}). A price in '
            "tokens is its tokenPrice, which spend_tokens takes.",
            argument="item",
        )
    return code


def _price(sold: Row, properties: JsonObject) -> Decimal:
    given: JsonValue = properties.get("price")
    if given is None:
        raise InvalidArgumentError(
            f"{sold['id']} ({sold['name'][:80]}) has no price; set one: "
            f'update_entity(id="{sold["id"]}", properties={{"price": 10}}). 0 makes it free.',
            argument="item",
        )
    return Decimal(str(given))


def contract_of(work: Work, token: Row, properties: JsonObject, argument: str) -> str:
    """Return where the contract of a token or an nft is; raises where there is none."""
    own = properties.get("contractAddress")
    is_nft = token["type"] == editions.NFT
    contract = editions.contract(work, token, properties) if is_nft else own
    if not contract:
        raise InvalidArgumentError(
            f"{token['id']} ({token['name'][:80]}) has no contract on a chain yet; deploy_token "
            "makes one.",
            argument=argument,
        )
    return str(contract)


def _on_chain(work: Work, token: Row, properties: JsonObject, buyer: Row) -> JsonObject:
    """Say where a token is, and where it goes; without a wallet it is kept for the buyer."""
    wallet = jsons.load_object(buyer["properties"]).get("walletAddress")
    return {
        "contract": contract_of(work, token, properties, "item"),
        "blockchain": properties.get("blockchain") or "base",
        "symbol": None if token["type"] == editions.NFT else properties.get("symbol"),
        "wallet": wallet or None,
    }
