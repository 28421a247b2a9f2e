"""What goes to Stripe and what the simulation answers is in the types of Stripe's own SDK.

A parameter that Stripe does not know would be refused in earnest only, and a word that it does not
say would be missed there.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
import stripe as sdk
from stripe import params
from stripe.params import checkout

from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.money_errors import PaymentFailedError
from one_mcp.providers.ports.payments import Charge, Payer
from one_mcp.providers.ports.subscriptions import BillingInterval, BillingOrder, BillingPrice
from one_mcp.providers.simulated.stripe import forms, sessions
from one_mcp.providers.simulated.stripe.server import StripeApp
from one_mcp.providers.stripe_payments import StripePayments
from one_mcp.providers.stripe_subscriptions import StripeSubscriptions
from one_mcp.services.rails import SimulatedCabinet
from one_mcp.session import Session
from tests.providers.stripes import KEY, Faulty, served
from tests.providers.test_stripe import at_once

pytestmark = pytest.mark.anyio
CHARGE = Charge("op_1", 1250, "usd", "pm_card_visa", "100 Jane Token")
PARAMETERS = {
    "POST /v1/payment_intents": params.PaymentIntentCreateParams,
    "POST /v1/payment_intents/_/capture": params.PaymentIntentCaptureParams,
    "POST /v1/payment_intents/_/cancel": params.PaymentIntentCancelParams,
    "GET /v1/payment_intents/_": params.PaymentIntentRetrieveParams,
    "GET /v1/payment_intents/search": params.PaymentIntentSearchParams,
    "POST /v1/refunds": params.RefundCreateParams,
    "GET /v1/refunds": params.RefundListParams,
    "POST /v1/customers": params.CustomerCreateParams,
    "GET /v1/customers/_/payment_methods": params.CustomerPaymentMethodListParams,
    "POST /v1/products": params.ProductCreateParams,
    "POST /v1/subscriptions": params.SubscriptionCreateParams,
    "POST /v1/subscriptions/_": params.SubscriptionUpdateParams,
    "GET /v1/subscriptions/_": params.SubscriptionRetrieveParams,
    "GET /v1/invoices": params.InvoiceListParams,
    "POST /v1/checkout/sessions": checkout.SessionCreateParams,
    "GET /v1/checkout/sessions/_": checkout.SessionRetrieveParams,
}
OBJECTS = {
    "charge": sdk.Charge,
    "checkout.session": sdk.checkout.Session,
    "customer": sdk.Customer,
    "payment_intent": sdk.PaymentIntent,
    "payment_method": sdk.PaymentMethod,
    "invoice": sdk.Invoice,
    "price": sdk.Price,
    "product": sdk.Product,
    "refund": sdk.Refund,
    "subscription": sdk.Subscription,
    "subscription_item": sdk.SubscriptionItem,
}


async def all_that_there_is(payments: StripePayments, one: Session) -> None:
    """Ask for everything that the port has."""
    customer = await payments.customer(Payer("ent_1", "Bob", "bob@example.com"), "k1")
    opened = await payments.checkout(customer, "usd", "k2")
    await SimulatedCabinet(one).open(lambda it: sessions.complete(it, opened.id, "pm_card_visa"))
    await payments.retrieve_checkout(opened.id)
    (kept,) = await payments.methods(customer)
    held = await payments.authorize(replace(CHARGE, method=kept.id, customer=customer), "k3")
    await payments.capture(held.id, "k4")
    await payments.refund(held.id, 1, "k5", "op_2")
    await payments.find_refund(held.id, "op_2")
    let_go = await payments.authorize(CHARGE, "k6")
    await payments.cancel(let_go.id, "k7")
    await payments.authorize(replace(CHARGE, method="pm_card_authenticationRequired"), "k8")
    with pytest.raises(PaymentFailedError):
        await payments.authorize(replace(CHARGE, method="pm_card_chargeDeclined"), "k9")
    await payments.retrieve(held.id)
    await payments.find("op_1")
    billing = StripeSubscriptions(payments._api)
    price = BillingPrice(900, "usd", BillingInterval.MONTH, "ent_1", "Membership")
    begun = await billing.begin(BillingOrder("op_2", customer, kept.id, price), "k10")
    await billing.change(begun.id, replace(price, amount=1), "k11")
    await billing.end(begun.id, "k12")
    await billing.paid(begun.id)


def objects(value: JsonValue) -> Iterator[JsonObject]:
    """Every object of Stripe's in what it said, however deep."""
    if isinstance(value, list):
        for each in value:
            yield from objects(each)
    elif isinstance(value, dict):
        if value.get("object") in OBJECTS:
            yield value
        yield from objects(list(value.values()))


async def test_stripe_knows_all_that_is_said_to_it_and_by_its_simulation(one: Session) -> None:
    faulty = Faulty(StripeApp(SimulatedCabinet(one), KEY))
    async with served(faulty) as url:
        payments = at_once(url)
        await all_that_there_is(payments, one)
        await payments.close()

    routes: set[str] = set()
    for asked, body in zip(faulty.asked, faulty.bodies, strict=True):
        route = f"{asked['method']} {re.sub('/(pi|cs|cus|sub)_[a-z0-9_]+', '/_', asked['path'])}"
        routes.add(route)
        assert forms.decode(body).keys() <= PARAMETERS[route].__annotations__.keys(), route
    assert routes == PARAMETERS.keys()
    found = list(objects([*faulty.said]))
    assert {it["object"] for it in found} == OBJECTS.keys()
    for it in found:
        assert it.keys() <= OBJECTS[str(it["object"])].__annotations__.keys()
