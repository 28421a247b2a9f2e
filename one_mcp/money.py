"""Money and token amounts: whole units inside, decimal text outside, never a float (D-27).

A currency's minor unit is what ISO 4217 and Stripe say (https://docs.stripe.com/currencies); a
token's base unit is what its contract says.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal, Inexact, InvalidOperation

from one_mcp.errors import InvalidArgumentError

MOST_DIGITS = 78  # a uint256 has no more
LARGEST = 2**256 - 1
TOKEN_DECIMALS = 18  # of a token that does not say, as of most that there are
LARGEST_MINOR = 99_999_999_999  # what Stripe takes at most, in minor units
_NO_MINOR = frozenset(
    "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split()  # noqa: SIM905  # reads better
)
_THOUSANDTHS = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
_WHOLE = frozenset({"isk", "ugx"})  # counted in hundredths, and paid in whole units
_AMOUNT = re.compile(r"[0-9]{1,78}(?:\.[0-9]{1,78})?")
_EXACT = Context(prec=200, traps=[InvalidOperation, Inexact])


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the minor units of a currency, such as 1250 for 12.50 usd."""

    minor: int
    currency: str

    def __str__(self) -> str:
        return f"{decimal(self.minor, exponent(self.currency))} {self.currency.upper()}"

    @property
    def amount(self) -> str:
        """The amount in whole units, as decimal text with all places of the currency."""
        return decimal(self.minor, exponent(self.currency), trim=False)


def exponent(currency: str) -> int:
    """Say how many decimal places a currency has."""
    code = currency.lower()
    return 0 if code in _NO_MINOR else 3 if code in _THOUSANDTHS else 2


def step(currency: str) -> int:
    """Say in steps of how many minor units a currency is paid.

    Not each minor unit can be: no card pays half a króna, nor the thousandth of a dinar.
    """
    code = currency.lower()
    return 100 if code in _WHOLE else 10 if code in _THOUSANDTHS else 1


def price(units: int, decimals: int, each: Decimal, currency: str) -> Money:
    """Return what `units` of something cost at a price for each whole one, rounded up."""
    places, steps = exponent(currency), step(currency)
    exact = _EXACT.multiply(Decimal(units).scaleb(-decimals, _EXACT), each).scaleb(places, _EXACT)
    whole = int(exact.to_integral_value(ROUND_CEILING))
    return Money(-(-whole // steps) * steps, currency.lower())


def token_decimals(said: object) -> int:
    """Say how many decimal places a token has, by what its entity says of its `decimals`."""
    return said if isinstance(said, int) else TOKEN_DECIMALS


def units(amount: str, decimals: int, argument: str = "amount") -> int:
    """Read a decimal text as base units; raises InvalidArgumentError for what is none of them."""
    text = amount.strip()
    if not _AMOUNT.fullmatch(text):
        raise InvalidArgumentError(
            f'{argument} is a decimal number above 0, written as text such as "12.5".',
            argument=argument,
        )
    scaled = Decimal(text).scaleb(decimals, _EXACT)
    if scaled != scaled.to_integral_value():
        raise InvalidArgumentError(
            f"{argument} has more than {decimals} decimal places, which is all there are here.",
            argument=argument,
            decimals=decimals,
        )
    found = int(scaled)
    if not 0 < found <= LARGEST:
        raise InvalidArgumentError(
            f"{argument} must be above 0, and no more than a token can count.", argument=argument
        )
    return found


def minor(amount: str, currency: str, argument: str = "amount") -> int:
    """Read a decimal text as minor units of a currency, of which each can be paid."""
    found, steps = units(amount, exponent(currency), argument), step(currency)
    if found % steps:
        least = decimal(steps, exponent(currency))
        raise InvalidArgumentError(
            f"{argument} is paid in steps of {least} {currency.upper()}.", argument=argument
        )
    return found


def decimal(units: int, decimals: int, *, trim: bool = True) -> str:
    """Write base units as decimal text; trimmed, 12.50 is 12.5."""
    sign, digits = "-" * (units < 0), str(abs(units)).rjust(decimals + 1, "0")
    whole, rest = digits[: len(digits) - decimals], digits[len(digits) - decimals :]
    rest = rest.rstrip("0") if trim else rest
    return f"{sign}{whole}.{rest}" if rest else f"{sign}{whole}"
