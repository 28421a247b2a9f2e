"""Means of payment: the card that a buyer has on file, or a page on which they give one.

Waiting for a person is no step of a purchase: nothing is held meanwhile, and the quote is bought
once the page is done (D-72).
"""

from dataclasses import dataclass

from one_mcp import jsons
from one_mcp.dimensions.commerce import payers
from one_mcp.dimensions.operations.plans import Plan
from one_mcp.money_errors import CheckoutRequiredError
from one_mcp.providers.ports.payments import CheckoutState, Payer
from one_mcp.services.rails import Rails
from one_mcp.session import Session


@dataclass(frozen=True, slots=True)
class Means:
    """What pays: a method of the vendor's, and whose it is there."""

    method: str | None
    customer: str | None = None


async def find(one: Session, on: Rails, plan: Plan) -> Means:
    """Say what pays for a plan; raises CheckoutRequiredError where the buyer has to give a card."""
    body = plan.body
    named = jsons.text(body["method"])
    if not body["minor"] or on.payments.simulated:
        return Means(named)
    buyer, mode = str(body["buyer"]), str(body["mode"])
    customer = await one.read(payers.customer, buyer, mode)
    kept = await on.payments.methods(customer) if customer else []
    if named is not None:
        return Means(named, customer if any(it.id == named for it in kept) else None)
    if kept:
        return Means(kept[0].id, customer)
    raise await _page(one, on, plan, await customer_of(one, on, buyer, mode))


async def customer_of(one: Session, on: Rails, buyer: str, mode: str) -> str:
    """Say which customer of the vendor's a buyer is, who is made one if need be."""
    known = await one.read(payers.customer, buyer, mode)
    if known is not None:
        return known
    name, email = await one.read(payers.described, buyer)
    made = await on.payments.customer(Payer(buyer, name, email), f"{buyer}:customer:{mode}")
    await one.apart().derive(payers.keep_customer, buyer, mode, made)
    return made


async def _page(one: Session, on: Rails, plan: Plan, customer: str) -> CheckoutRequiredError:
    """Open a page for a plan, or say again where the open one is."""
    before = await one.read(payers.checkout, plan.id)
    opened = await on.payments.retrieve_checkout(before) if before else None
    if opened is None or opened.state is not CheckoutState.OPEN:
        key = f"{plan.id}:checkout:{before or ''}"
        opened = await on.payments.checkout(customer, str(plan.body["currency"]), key)
        await one.apart().derive(payers.keep_checkout, plan.id, opened.id)
    return CheckoutRequiredError(
        f"{plan.body['buyerName']} has no card on file at {on.payments.name}. They give one on its "
        f"page, {opened.url} , where nothing is charged; then call again with {plan.id}.",
        pay_at=opened.url,
        quote=plan.id,
    )
