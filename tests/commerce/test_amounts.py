"""Amounts in minor units, as Stripe counts them: https://docs.stripe.com/currencies."""

from decimal import Decimal

import pytest

from one_mcp import money
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.operations.operation import State
from one_mcp.errors import InvalidArgumentError
from one_mcp.services.commerce import selling
from tests.commerce.conftest import Shop

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("each", "currency", "minor", "amount"),
    [
        ("12.345", "usd", 1235, "12.35"),
        ("500", "jpy", 500, "500"),
        ("500.2", "jpy", 501, "501"),
        ("5", "ugx", 500, "5.00"),
        ("4.2", "isk", 500, "5.00"),
        ("5.124", "kwd", 5130, "5.130"),
        ("5.12", "kwd", 5120, "5.120"),
    ],
)
def test_a_price_is_what_can_be_paid_rounded_up(
    each: str, currency: str, minor: int, amount: str
) -> None:
    total = money.price(1, 0, Decimal(each), currency)

    assert (total.minor, total.amount) == (minor, amount)


@pytest.mark.parametrize(
    ("amount", "currency"), [("5.5", "ugx"), ("1.01", "isk"), ("5.124", "kwd"), ("0.5", "jpy")]
)
def test_an_amount_that_no_card_pays_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(InvalidArgumentError):
        money.minor(amount, currency)


@pytest.mark.parametrize("currency", ["ugx", "isk", "kwd", "jpy", "usd"])
async def test_stripe_charges_what_was_quoted_in_every_kind_of_currency(
    at_stripe: Shop, currency: str
) -> None:
    about = {"price": 7.011, "currency": currency.upper()}
    item = await at_stripe.one.write(entity.create, "digital_product", "Map", about)
    quote = await selling.quote(at_stripe.one, item.id, at_stripe.buyer.id, "1", "pm_card_visa")

    done = await selling.purchase(at_stripe.one, quote.quote)

    assert done.state is State.DONE
