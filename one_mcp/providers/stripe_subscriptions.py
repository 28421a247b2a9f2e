"""Subscriptions over Stripe's API, whoever answers it: Stripe itself, or the simulation of it."""

from pydantic import BaseModel, ConfigDict, ValidationError

from one_mcp.jsons import JsonObject
from one_mcp.money_errors import ProviderError
from one_mcp.providers import payment_intents
from one_mcp.providers.ports.subscriptions import (
    Billing,
    BillingInterval,
    BillingOrder,
    BillingPrice,
    BillingState,
    BillPaid,
)
from one_mcp.providers.stripe_payments import Parameters, StripeApi

MOST_BILLS = 100
MOST_SUBSCRIPTIONS = 100  # of one customer that are looked through, the newest
_PATH = "/v1/subscriptions"
_EXISTS = "resource_already_exists"
_STATES = {
    "active": BillingState.ACTIVE,
    "trialing": BillingState.ACTIVE,
    "past_due": BillingState.PAST_DUE,
    "unpaid": BillingState.PAST_DUE,
    "incomplete": BillingState.PAST_DUE,
    "paused": BillingState.PAST_DUE,
    "canceled": BillingState.CANCELED,
    "incomplete_expired": BillingState.CANCELED,
}


class _StripeTold(BaseModel):
    """What Stripe says, as far as it matters here."""

    model_config = ConfigDict(extra="allow", frozen=True)


class _StripeRecurring(_StripeTold):
    interval: BillingInterval


class _StripePrice(_StripeTold):
    unit_amount: int
    recurring: _StripeRecurring


class _StripeItem(_StripeTold):
    id: str
    current_period_end: int
    price: _StripePrice


class _StripeItems(_StripeTold):
    data: list[_StripeItem]


class _StripeSubscription(_StripeTold):
    id: str
    status: str
    currency: str
    cancel_at_period_end: bool
    items: _StripeItems


class _StripeInvoice(_StripeTold):
    id: str
    amount_paid: int
    currency: str
    created: int


class _StripeInvoices(_StripeTold):
    data: list[_StripeInvoice]


class StripeSubscriptions:
    """The Subscriptions port on Stripe's API; each has one item, at the price of one entity."""

    def __init__(self, api: StripeApi) -> None:
        self._api = api

    async def begin(self, order: BillingOrder, key: str) -> Billing:
        """Charge the first bill and begin; a card that is declined begins nothing."""
        product = await self._product(order.price, key)
        given: Parameters = {
            "customer": order.customer,
            "default_payment_method": order.method,
            "items": [{"price_data": _price_data(order.price, product)}],
            "off_session": True,
            "payment_behavior": "error_if_incomplete",
            "metadata": {"operation": order.operation},
        }
        return _billing(await self._api.ask("POST", _PATH, given, key))

    async def change(self, id: str, price: BillingPrice, key: str) -> Billing:
        """Bill another price from the next time on; nothing is charged or given back now."""
        product = await self._product(price, key)
        now = _read(await self._api.ask("GET", f"{_PATH}/{id}", {}))
        item: JsonObject = {"id": now.items.data[0].id, "price_data": _price_data(price, product)}
        given: Parameters = {"items": [item], "proration_behavior": "none"}
        return _billing(await self._api.ask("POST", f"{_PATH}/{id}", given, key))

    async def end(self, id: str, key: str) -> Billing:
        """Let it run out: it is not renewed."""
        given: Parameters = {"cancel_at_period_end": True}
        return _billing(await self._api.ask("POST", f"{_PATH}/{id}", given, key))

    async def resume(self, id: str, key: str) -> Billing:
        """Renew it after all, while it has not run out."""
        given: Parameters = {"cancel_at_period_end": False}
        return _billing(await self._api.ask("POST", f"{_PATH}/{id}", given, key))

    async def stop(self, id: str, key: str) -> Billing:
        """End it at once; nothing is given back, and what ended before stays so.

        Stripe refuses to end what has ended, and keeps no key of a deletion.
        """
        now = await self.look(id)
        if now.state is BillingState.CANCELED:
            return now
        return _billing(await self._api.ask("DELETE", f"{_PATH}/{id}", {}, key))

    async def look(self, id: str) -> Billing:
        """Say how it stands now."""
        return _billing(await self._api.ask("GET", f"{_PATH}/{id}", {}))

    async def find(self, customer: str, operation: str) -> Billing | None:
        """Find what an operation began for a customer: its metadata names it."""
        given: Parameters = {"customer": customer, "status": "all", "limit": MOST_SUBSCRIPTIONS}
        found = (await self._api.ask("GET", _PATH, given)).get("data")
        for each in found if isinstance(found, list) else []:
            metadata = each.get("metadata") if isinstance(each, dict) else None
            if isinstance(metadata, dict) and metadata.get("operation") == operation:
                return _billing(each if isinstance(each, dict) else {})
        return None

    async def paid(self, id: str) -> list[BillPaid]:
        """List the bills that were paid, the newest first."""
        given: Parameters = {"subscription": id, "status": "paid", "limit": MOST_BILLS}
        found = await self._api.ask("GET", "/v1/invoices", given)
        try:
            bills = _StripeInvoices.model_validate(found).data
        except ValidationError:
            raise payment_intents.failure(0, {"message": payment_intents.UNREAD}) from None
        return [BillPaid(it.id, it.amount_paid, it.currency, it.created * 1000) for it in bills]

    async def _product(self, price: BillingPrice, key: str) -> str:
        """Make the product of an entity, unless it is there: its id is made of the entity's."""
        id = f"one_{price.item}"
        try:
            given: Parameters = {"id": id, "name": price.name}
            await self._api.ask("POST", "/v1/products", given, f"{key}:product")
        except ProviderError as error:
            if error.fields.get("provider_code") != _EXISTS:
                raise
        return id


def _price_data(price: BillingPrice, product: str) -> JsonObject:
    return {
        "currency": price.currency,
        "product": product,
        "unit_amount": price.amount,
        "recurring": {"interval": price.interval.value},
    }


def _read(given: JsonObject) -> _StripeSubscription:
    try:
        found = _StripeSubscription.model_validate(given)
    except ValidationError:
        raise payment_intents.failure(0, {"message": payment_intents.UNREAD}) from None
    if found.status not in _STATES or not found.items.data:
        raise payment_intents.failure(0, {"message": payment_intents.UNREAD})
    return found


def _billing(given: JsonObject) -> Billing:
    found = _read(given)
    item = found.items.data[0]
    return Billing(
        found.id,
        _STATES[found.status],
        item.price.unit_amount,
        found.currency,
        item.price.recurring.interval,
        item.current_period_end * 1000,
        found.cancel_at_period_end,
    )
