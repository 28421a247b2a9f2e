"""Decimals: numbers kept to their last digit, as text where a number of JSON would lose some."""

import re
from decimal import Context, Decimal

from one_mcp.jsons import MAX_INTEGER

DECIMAL = re.compile(r"[+-]?[0-9]{1,100}(\.[0-9]{1,100})?")
EXACT = Context(prec=1_000)  # digits enough for any sum of numbers that JSON holds here
_HIGHEST, _SHIFT = 9_999, 5_000  # powers of ten as four digits
_OPPOSITE = str.maketrans("0123456789", "9876543210")


def kept(amount: Decimal) -> int | float | str:
    """Return a number as it is stored: as a number of JSON if that is the very same, else text."""
    if amount == amount.to_integral_value(context=EXACT):
        whole = int(amount)
        return whole if abs(whole) <= MAX_INTEGER else str(whole)
    near = float(amount)
    return near if Decimal(repr(near)) == amount else f"{EXACT.normalize(amount):f}"


def read(text: str) -> int | float | str | None:
    """Read a decimal number that came as text as it is stored; None for another text."""
    return kept(Decimal(text)) if DECIMAL.fullmatch(text) else None


def rank(value: object) -> str | None:
    """Return a text that sorts among others as the number does, to its last digit.

    It is the sign, the power of ten and the digits, those of negative numbers turned around. What
    is no number has none.
    """
    if isinstance(value, str) and not DECIMAL.fullmatch(value):
        return None
    if not isinstance(value, int | float | str):
        return None
    amount = Decimal(repr(value) if isinstance(value, float) else value)
    if not amount.is_finite():
        return None
    negative, figures, _ = amount.as_tuple()
    digits = "".join(map(str, figures)).rstrip("0")
    if not digits:
        return "1"
    power = amount.adjusted() + _SHIFT
    if negative:
        return f"0{_HIGHEST - power:04}{digits.translate(_OPPOSITE)}~"  # 12 comes after 123 here
    return f"2{power:04}{digits}"
