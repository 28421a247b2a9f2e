"""Measures: what is computed of the rows of a group, exactly, from how often each value stands."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Context, Decimal

from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonValue
from one_mcp.ontology import decimals
from one_mcp.ontology.decimals import DECIMAL, EXACT

COUNT = "count"
DISTINCT = "distinct"
NUMERIC = ("sum", "avg", "min", "max", "median")
FOLDING = frozenset({"sum", "avg", "min", "max"})  # need not know how often each number stands
EXAMPLES = "count, count:distinct actor, sum:price, avg:metadata.amount, min:, max:, median:"
MOST = 5
PLACES = 4  # that the engine adds up in, as whole numbers
MOST_FOLDED = 100_000_000  # the largest number that it does, so that millions of them fit
_MEASURE = re.compile(
    r"(sum|avg|min|max|median|distinct|count:distinct|count distinct)[: ]\s*(\S+)"
)
_PLACES = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure as it was written, what it does, and the field it reads; `count` reads none."""

    text: str
    does: str
    field: str | None = None

    @property
    def is_numeric(self) -> bool:
        return self.does in NUMERIC


COUNTING = Measure(COUNT, COUNT)


@dataclass(slots=True)
class Numbers:
    """The numbers of one field in one currency: how often each stands, and how any was written.

    Those that the engine has added up exactly are only known as a `folded` whole.
    """

    each: Counter[Decimal] = field(default_factory=Counter[Decimal])
    kinds: set[str] = field(default_factory=set[str])
    folded: "Folded | None" = None

    @property
    def count(self) -> int:
        return self.each.total() + (self.folded.rows if self.folded else 0)

    def add(self, other: "Numbers") -> None:
        self.each.update(other.each)
        self.kinds |= other.kinds
        if other.folded:
            self.folded = self.folded.with_(other.folded) if self.folded else other.folded

    def without(self, part: "Numbers | None") -> "Numbers | None":
        """Take away a part of numbers that were added up; None if nothing is left."""
        if part is None or part.folded is None or self.folded is None:
            return self
        rows = self.folded.rows - part.folded.rows
        total = EXACT.subtract(self.folded.total, part.folded.total)
        return (
            Numbers(kinds=self.kinds, folded=replace(self.folded, rows=rows, total=total))
            if rows
            else None
        )


@dataclass(frozen=True, slots=True)
class Folded:
    """Numbers of which only this is known: how many, their sum, the least and the largest."""

    rows: int
    total: Decimal
    least: Decimal
    most: Decimal

    def with_(self, other: "Folded") -> "Folded":
        return Folded(
            self.rows + other.rows,
            EXACT.add(self.total, other.total),
            min(self.least, other.least),
            max(self.most, other.most),
        )


def read(texts: Sequence[str]) -> list[Measure]:
    """Read measures such as sum:price. Raises InvalidArgumentError for what is none."""
    if not 1 <= len(texts) <= MOST or len(set(texts)) != len(texts):
        raise InvalidArgumentError(
            f"measures takes 1 to {MOST} different ones of: {EXAMPLES}.", argument="measures"
        )
    return [_read(text) for text in texts]


def _read(text: str) -> Measure:
    text = text.strip()
    if text == COUNT:
        return Measure(text, COUNT)
    found = _MEASURE.fullmatch(text)
    if found is None:
        raise InvalidArgumentError(f"A measure is one of: {EXAMPLES}.", argument="measures")
    does = found[1] if found[1] in NUMERIC else DISTINCT
    return Measure(text, does, found[2])


def number(value: object, kind: str | None) -> Decimal | None:
    """Read a stored value as a number: one, or a decimal string such as "12.50"."""
    if kind in {"integer", "real", "time"}:
        return Decimal(str(value))
    if kind == "text" and isinstance(value, str) and DECIMAL.fullmatch(value):
        return Decimal(value)
    return None


def of(does: str, numbers: Numbers) -> Decimal | None:
    """Compute a measure over numbers; None where there are none, and 0 for their sum."""
    if not numbers.count:
        return Decimal(0) if does == "sum" else None
    folded = numbers.folded
    match does:
        case "sum":
            return _sum(numbers)
        case "avg":
            return _rounded(EXACT.divide(_sum(numbers), Decimal(numbers.count)))
        case "min":
            return min([*numbers.each, *([folded.least] if folded else [])])
        case "max":
            return max([*numbers.each, *([folded.most] if folded else [])])
        case _:
            return _median(numbers.each)


def _sum(numbers: Numbers) -> Decimal:
    total = numbers.folded.total if numbers.folded else Decimal(0)
    for value, times in numbers.each.items():
        total = EXACT.add(total, EXACT.multiply(value, Decimal(times)))
    return total


def _median(every: Counter[Decimal]) -> Decimal:
    ordered = sorted(every)
    half = every.total() // 2
    upper = _nth(every, ordered, half)
    if every.total() % 2:
        return upper
    return EXACT.divide(EXACT.add(_nth(every, ordered, half - 1), upper), Decimal(2))


def _nth(every: Counter[Decimal], ordered: list[Decimal], index: int) -> Decimal:
    for value in ordered:
        index -= every[value]
        if index < 0:
            return value
    raise IndexError(index)


def _rounded(value: Decimal) -> Decimal:
    short = EXACT.quantize(value, _PLACES)
    return short or value.normalize(Context(prec=6))


def shown(value: Decimal, kinds: set[str]) -> JsonValue:
    """Write a number as its values were: decimal strings as one, all else as a number of JSON.

    A number that JSON's readers would round is a string, too.
    """
    if "text" in kinds:
        return f"{value:f}"
    return decimals.kept(value)
