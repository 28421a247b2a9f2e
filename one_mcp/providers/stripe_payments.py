"""Payments over Stripe's API, whoever answers it: Stripe itself, or the simulation of it.

No card number passes through here: a buyer gives it on Stripe's own page, which keeps it for them.
What is kept is charged later, while they are not there.
"""

from collections.abc import Mapping
from typing import Protocol

from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.money_errors import ProviderError
from one_mcp.providers import payment_intents
from one_mcp.providers.ports.checkup import Checkup
from one_mcp.providers.ports.payments import (
    Charge,
    Checkout,
    Payer,
    Payment,
    PaymentState,
    Refund,
    SavedMethod,
)

Parameters = Mapping[str, JsonValue]
MOST_METHODS = 10
MOST_REFUNDS = 100  # of one payment that Stripe lists at once
_SESSIONS = "/v1/checkout/sessions"


class StripeApi(Protocol):
    """Answers requests of Stripe's REST API, https://docs.stripe.com/api."""

    @property
    def name(self) -> str: ...

    @property
    def simulated(self) -> bool: ...

    @property
    def moves_money(self) -> bool: ...

    async def ask(
        self, method: str, path: str, given: Parameters, key: str | None = None
    ) -> JsonObject:
        """Return what is answered; raises what `payment_intents.failure` makes of a refusal."""
        ...

    async def close(self) -> None: ...


class StripePayments:
    """The Payments port on Stripe's API."""

    def __init__(self, api: StripeApi, return_url: str) -> None:
        self._api = api
        self._return_url = return_url

    @property
    def name(self) -> str:
        return self._api.name

    @property
    def simulated(self) -> bool:
        return self._api.simulated

    @property
    def moves_money(self) -> bool:
        return self._api.moves_money

    async def authorize(self, charge: Charge, key: str) -> Payment:
        """Hold an amount; the operation is noted in the metadata, by which it is found."""
        given: Parameters = {
            "amount": charge.amount,
            "currency": charge.currency,
            "payment_method": charge.method,
            "allowed_payment_method_types": ["card"],
            "description": charge.description,
            "capture_method": "manual",
            "confirm": True,
            "metadata": {"operation": charge.operation},
        }
        if charge.customer is not None:
            given = {**given, "customer": charge.customer, "off_session": True}
        return payment_intents.payment(await self._ask("POST", "/v1/payment_intents", given, key))

    async def capture(self, payment: str, key: str) -> Payment:
        """Take all that is held."""
        path = f"/v1/payment_intents/{payment}/capture"
        return payment_intents.payment(await self._ask("POST", path, {}, key))

    async def cancel(self, payment: str, key: str) -> Payment:
        """Let what is held go, also where that was done before under another key."""
        path = f"/v1/payment_intents/{payment}/cancel"
        try:
            return payment_intents.payment(await self._ask("POST", path, {}, key))
        except ProviderError as error:
            if error.fields.get("provider_code") != payment_intents.UNEXPECTED_STATE:
                raise
            found = await self.retrieve(payment)
            if found.state is not PaymentState.CANCELED:
                raise
            return found

    async def refund(self, payment: str, amount: int, key: str, operation: str) -> Refund:
        """Give back a part; Stripe refuses more than is left."""
        given: Parameters = {
            "payment_intent": payment,
            "amount": amount,
            "metadata": {"operation": operation},
        }
        return payment_intents.refund(await self._ask("POST", "/v1/refunds", given, key))

    async def find_refund(self, payment: str, operation: str) -> Refund | None:
        """Look through a payment's refunds; raises where there are too many to see them all."""
        given: Parameters = {"payment_intent": payment, "limit": MOST_REFUNDS}
        listed = await self._ask("GET", "/v1/refunds", given)
        return payment_intents.refund_of(listed, operation)

    async def retrieve(self, payment: str) -> Payment:
        """Look at a payment, and what was given back of it."""
        given: Parameters = {"expand": ["latest_charge"]}
        found = await self._ask("GET", f"/v1/payment_intents/{payment}", given)
        return payment_intents.payment(found)

    async def find(self, operation: str) -> Payment | None:
        """Search for the payment of an operation; Stripe finds what is older than a minute."""
        if not operation.replace("_", "").isalnum():  # it stands in a query
            return None
        given: Parameters = {
            "query": f"metadata['operation']:'{operation}'",
            "expand": ["data.latest_charge"],
        }
        found = await self._ask("GET", "/v1/payment_intents/search", given)
        intents = found.get("data")
        first = intents[0] if isinstance(intents, list) and intents else None
        return payment_intents.payment(first) if isinstance(first, dict) else None

    async def customer(self, payer: Payer, key: str) -> str:
        """Make a customer; the entity is noted in the metadata."""
        given: Parameters = {"name": payer.name, "metadata": {"entity": payer.id}}
        if payer.email is not None:
            given = {**given, "email": payer.email}
        return payment_intents.customer(await self._ask("POST", "/v1/customers", given, key))

    async def methods(self, customer: str) -> list[SavedMethod]:
        """List the cards that are kept for a customer, the newest first."""
        path = f"/v1/customers/{customer}/payment_methods"
        given: Parameters = {"type": "card", "limit": MOST_METHODS}
        return payment_intents.methods(await self._ask("GET", path, given))

    async def checkout(self, customer: str, currency: str, key: str) -> Checkout:
        """Open a page on which a customer gives a card to keep; nothing is charged there."""
        given: Parameters = {
            "mode": "setup",
            "customer": customer,
            "currency": currency,
            "allowed_payment_method_types": ["card"],
            "success_url": self._return_url,
        }
        return payment_intents.checkout(await self._ask("POST", _SESSIONS, given, key))

    async def retrieve_checkout(self, id: str) -> Checkout:
        """Look whether the page is open still."""
        return payment_intents.checkout(await self._ask("GET", f"{_SESSIONS}/{id}", {}))

    async def check(self) -> Checkup:
        """Search for a payment, as recovery does; a key that may do less is of no use."""
        await self.find("doctor")
        return Checkup(f"{self.name} answers a search for a payment")

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()

    async def _ask(
        self, method: str, path: str, given: Parameters, key: str | None = None
    ) -> JsonObject:
        return await self._api.ask(method, path, given, key)
