"""Adjustments: changes of what a field has by then, so that two who add to it lose nothing."""

from dataclasses import dataclass
from decimal import Decimal

from one_mcp import jsons
from one_mcp.errors import InvalidPropertyError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology import decimals, shape
from one_mcp.ontology.limits import kind_of, refusal
from one_mcp.ontology.model import Property


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What is added to numbers, and what comes to lists or goes, by the fields' names.

    A list stands for several items; a list that is an item itself stands in one.
    """

    increment: JsonObject | None = None
    append: JsonObject | None = None
    remove: JsonObject | None = None

    def __bool__(self) -> bool:
        return bool(self.increment or self.append or self.remove)


NONE = Adjustment()


def applied(
    declared: dict[str, Property],
    stored: JsonObject,
    patch: JsonObject,
    adjustment: Adjustment,
    at: str,
) -> JsonObject:
    """Return a merge patch with what an adjustment makes of the stored values beside its own.

    Sums are exact: of two numbers in decimal, of decimal strings to their last digit; the sum is a
    string where either is one, or where a number of JSON would lose digits. A number that is not
    there is 0, a list empty. Raises InvalidPropertyError for what is no number or no list, below
    the field's minimum, or changed in two ways at once.
    """
    if not adjustment:
        return patch
    present = shape.spelled(declared, stored)
    changed = dict(patch)
    said = {_known(declared, name) for name in patch}
    for given, change in (
        (adjustment.increment, _increased),
        (adjustment.append, _longer),
        (adjustment.remove, _shorter),
    ):
        for name, value in (given or {}).items():
            known = _known(declared, name)
            if known in said:
                raise InvalidPropertyError(
                    f"{at}.{known} is changed in two ways; change it in one.", field=f"{at}.{known}"
                )
            said.add(known)
            changed[known] = change(declared.get(known), present.get(known), value, f"{at}.{known}")
    return changed


def now(declared: dict[str, Property], kept: JsonObject, adjustment: Adjustment) -> JsonObject:
    """Return what the fields that an adjustment changed hold now."""
    parts = (adjustment.increment, adjustment.append, adjustment.remove)
    named = [_known(declared, name) for part in parts for name in part or ()]
    return {name: kept.get(name) for name in named}


def _known(declared: dict[str, Property], name: str) -> str:
    other = None if name in declared else shape.by_alias(declared, name)
    return name if other is None else other.name


def _increased(declared: Property | None, stored: JsonValue, by: JsonValue, at: str) -> JsonValue:
    if flawed := jsons.flaw(by):
        raise InvalidPropertyError(f"increment of {at} {flawed[1]}", field=at)
    step = _amount(by)
    if step is None:
        raise refusal(f"increment of {at}", kind_of(by), 'a number or a decimal such as "-12.5"')
    if stored is None and declared is not None and declared.computed is not None:
        raise InvalidPropertyError(
            f"{at} is counted from {declared.computed.words}, and nobody gave it as a number that "
            "could be added to. Write what happened, or give the whole number in properties.",
            field=at,
        )
    there = 0 if stored is None else stored
    amount = _amount(there)
    if amount is None:
        raise refusal(at, kind_of(stored), "a number that can be added to")
    total = decimals.EXACT.add(amount, step)
    low, high = (declared.minimum, declared.maximum) if declared else (None, None)
    if declared and (
        (low is not None and total < Decimal(str(low)))
        or (high is not None and total > Decimal(str(high)))
    ):
        raise InvalidPropertyError(
            f"{at} is {_written(amount)}, and {_written(step)} more would make "
            f"{_written(total)}; it is {shape.expected(declared)}.",
            field=at,
            now=there,
            expected=shape.expected(declared),
        )
    if declared and declared.type in {"integer", "number"}:  # the step may have come as a text
        return decimals.kept(total)
    if isinstance(there, str) or isinstance(by, str):
        return _written(total)
    return decimals.kept(total)


def _amount(value: JsonValue) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and not decimals.DECIMAL.fullmatch(value):
        return None
    amount = Decimal(value if isinstance(value, int | str) else repr(value))
    return amount if amount.is_finite() else None


def _written(amount: Decimal) -> str:
    return f"{amount:f}"


def _longer(_: Property | None, stored: JsonValue, items: JsonValue, at: str) -> JsonValue:
    return [*_list(stored, at), *_items(items)]


def _shorter(_: Property | None, stored: JsonValue, items: JsonValue, at: str) -> JsonValue:
    gone = _items(items)
    return [it for it in _list(stored, at) if not any(jsons.same(it, item) for item in gone)]


def _list(stored: JsonValue, at: str) -> list[JsonValue]:
    if stored is None:
        return []
    if not isinstance(stored, list):
        raise refusal(at, kind_of(stored), "a list")
    return [*stored]


def _items(given: JsonValue) -> list[JsonValue]:
    return [*given] if isinstance(given, list) else [given]
