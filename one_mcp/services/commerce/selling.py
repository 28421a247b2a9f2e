"""Selling: a quote first, then one purchase of it, however often it is asked for."""

from dataclasses import dataclass

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from one_mcp import clock, jsons
from one_mcp.answers import Written
from one_mcp.dimensions import lookup
from one_mcp.dimensions.commerce import buyers, editions, outbox, quoting, stock, subscribing
from one_mcp.dimensions.commerce.bought import ENROLS
from one_mcp.dimensions.operations import plans, showing
from one_mcp.dimensions.operations.authority import Asking
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.dimensions.operations.plans import Plan
from one_mcp.jsons import JsonObject
from one_mcp.services import authorizing, rails
from one_mcp.services.commerce import onchain, paying_means, planned, telling
from one_mcp.services.commerce.paying_means import Means
from one_mcp.services.commerce.purchase import PURCHASE
from one_mcp.services.rails import Rails, RailsMode
from one_mcp.session import Session
from one_mcp.store.work import Work

SALES = frozenset({"sale"})


@dataclass(frozen=True, slots=True)
class SaleOrder:
    """What a caller wants to buy for whom; `method` is what pays."""

    item: str
    buyer: str
    amount: str
    method: str | None


class Purchased(Written):
    """What was bought: the payment's entity, and the hash of the transaction on the chain.

    Of an NFT it is the entity `nft`, which has the number `token_id` in its contract.

    While `state` is running the rest is missing; `get_operation` tells how it goes. `mail` is what
    became of the receipt; a buyer without an address gets none.
    """

    model_config = ConfigDict(alias_generator=to_camel)

    operation: str
    what: str | None = None
    state: str
    sentence: str
    payment_id: str | None = None
    tx_hash: str | None = None
    amount: str
    total: str
    currency: str
    item: str
    buyer: str
    custodial: bool | None = None
    nft: str | None = None
    token_id: str | None = None
    mail: str | None = None
    simulated: bool | None = None
    mode: str


class Quote(Written):
    """What a purchase will be. `quote` is what purchase_tokens takes, once, until `expires_at`."""

    quote: str
    item: str
    name: str
    buyer: str
    buyer_name: str
    amount: str
    total: str
    currency: str
    delivery: str
    steps: list[str]
    expires_at: str
    simulated: bool | None = None
    mode: str


async def quote(
    one: Session, item: str, buyer: str | None, amount: str, method: str | None = None
) -> Quote:
    """Work out a sale and keep it as a quote; nothing is charged.

    Without a buyer it is for the caller, whose entity is made on first use.
    """
    on = rails.of(one)
    if buyer is None:
        buyer = (await one.write(buyers.own)).id
    body = await one.read(_sale, on, SaleOrder(item, buyer, amount, method))
    if "contract" in body:
        await onchain.require_contract(on, body)
    is_real = body["mode"] == RailsMode.LIVE
    plan = await one.derive_once(plans.make, plans.QUOTE, "sale", body, simulated=not is_real)
    return _shown(plan, await one.read(subscribing.interval, str(body["item"])))


def _sale(work: Work, on: Rails, asked: SaleOrder) -> JsonObject:
    """Work out a sale, and how real it is."""
    body = quoting.sale(
        work,
        asked.item,
        asked.buyer,
        asked.amount,
        asked.method,
        simulated=on.payments.simulated,
    )
    mode = rails.mode(on, body)
    is_trial = mode is not RailsMode.LIVE
    sold = lookup.live(work, str(body["item"]))
    pieces = stock.pieces(work, sold, str(body["amount"]), simulated=is_trial)
    return {**body, **pieces, "mode": mode.value, "simulated": is_trial}


async def buy(one: Session, quote: str, *, again: bool = False) -> Purchased:
    """Buy what a quote says, and tell how it went; raises what it failed of."""
    return await one.read(told, await purchase(one, quote, again=again))


def told(work: Work, at: Operation) -> Purchased:
    """Tell how a purchase went; raises what it failed of."""
    telling.require_undefeated(at)
    answer = at.answer or {}
    return Purchased(
        operation=at.id,
        what=showing.what(at.kind, at.body),
        state=at.state.value,
        sentence=telling.SENTENCES[at.state],
        payment_id=jsons.text(answer.get("paymentId")),
        tx_hash=jsons.text(answer.get("txHash")),
        amount=str(at.body["amount"]),
        total=str(at.body["total"]),
        currency=str(at.body["currency"]),
        item=str(at.body["item"]),
        buyer=str(at.body["buyer"]),
        custodial=True if answer.get("custodial") else None,
        nft=jsons.text(answer.get("nft")),
        token_id=jsons.text(answer.get("tokenId")),
        mail=outbox.state(work, at.id),
        simulated=at.simulated or None,
        mode=showing.mode(at.body, simulated=at.simulated),
    )


async def purchase(one: Session, quote: str, *, again: bool = False) -> Operation:
    """Buy what a quote says; the same quote joins or tells the one purchase it ever has."""
    on = rails.of(one)
    plan = await one.read(_fresh, quote)
    means = Means(None) if plan.operation else await paying_means.find(one, on, plan)
    asking = authorizing.asking(one)
    begun = await one.derive_once(_begin, on, asking, quote, means, again=again)
    return await planned.join(one, PURCHASE, begun)


def _fresh(work: Work, quote: str) -> Plan:
    """Return a quote that may be bought, or has been: nobody is sent to a page for another."""
    plan = plans.read(work, quote, SALES)
    if plan.operation is None:
        plans.require_timely(work, plan)
    return plan


def _begin(work: Work, on: Rails, asking: Asking, quote: str, means: Means, *, again: bool) -> str:
    plan = plans.read(work, quote, SALES)
    if plan.operation is not None:
        return plan.operation
    body = plan.body
    asked = SaleOrder(
        str(body["item"]), str(body["buyer"]), str(body["amount"]), jsons.text(body["method"])
    )
    now = _sale(work, on, asked)
    plans.require_valid(work, plan, now, again=again)
    is_nft = body["type"] == editions.NFT
    nft = editions.taken(work, lookup.live(work, str(body["item"])), body) if is_nft else {}
    paid = {**body, **nft, "method": means.method, "customer": means.customer}
    begun = planned.begin(work, PURCHASE, plan, paid, asking, subjects=("item", "buyer"))
    if is_nft:
        editions.take(work, begun)
    return begun.id


def _delivery(body: JsonObject, interval: str | None) -> str:
    if interval is not None:
        return (
            f"recorded as bought once: it is {interval}, and nothing bills it again; "
            "manage_subscription (toolset commerce) would"
        )
    if "contract" not in body:
        return "recorded as bought" + (" and enrolled in" if body["type"] in ENROLS else "")
    wallet = body.get("wallet")
    if wallet:
        return f"transferred to {wallet}"
    return "held for the buyer in the treasury; transfer_tokens sends it to a wallet later"


def _shown(plan: Plan, interval: str | None) -> Quote:
    body = plan.body
    return Quote(
        quote=plan.id,
        item=str(body["item"]),
        name=str(body["name"]),
        buyer=str(body["buyer"]),
        buyer_name=str(body["buyerName"]),
        amount=str(body["amount"]),
        total=str(body["total"]),
        currency=str(body["currency"]),
        delivery=_delivery(body, interval),
        steps=[step.name for step in PURCHASE.steps(body)] + ["record"],
        expires_at=clock.to_text(plan.expires_at),
        simulated=plan.simulated or None,
        mode=showing.mode(body, simulated=plan.simulated),
    )
