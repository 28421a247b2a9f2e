"""Figures: tallies as an answer shows them, money by currency, and by which they are ranked."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from one_mcp import clock
from one_mcp.dimensions.graph.summary import measures
from one_mcp.dimensions.graph.summary.measures import Measure, Numbers
from one_mcp.dimensions.graph.summary.tally import GroupTally
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology import currencies
from one_mcp.ontology.decimals import DECIMAL


@dataclass(frozen=True, slots=True)
class MoneyRank:
    """The measure by which groups are ranked; of money in one currency, else the usual one."""

    measure: Measure
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """How tallies are written: which measures, and what money that names no currency is in.

    `times` are the fields whose numbers are milliseconds.
    """

    wanted: list[Measure]
    home: str | None
    times: frozenset[str] = frozenset()

    def of(self, one: GroupTally) -> JsonObject:
        """Compute all measures of a group."""
        return {measure.text: self._shown(one, measure) for measure in self.wanted}

    def without(self, one: GroupTally) -> dict[str, int] | None:
        """Count the rows that a measure had nothing to compute with."""
        fields = {it.field for it in self.wanted if it.field}
        return {name: n for name, n in sorted(one.missing.items()) if name in fields} or None

    def unnamed(self, total: GroupTally) -> list[str]:
        """Tell of money without a currency that was added to money with one."""
        told: list[str] = []
        for name, units in total.numbers.items():
            if name in self.times or None not in units or not any(units):
                continue
            count = units[None].count
            rows = "1 row" if count == 1 else f"{count:,} rows"
            names, counts = ("names", "counts") if count == 1 else ("name", "count")
            how = f"{counts} as {self.home}, the organization's" if self.home else f"{counts} apart"
            told.append(f"{rows} of {name} {names} no currency and {how}.")
        return told

    def ranking(self, name: str) -> MoneyRank | None:
        """Read by which measure groups are ranked, perhaps by one currency: sum:amount.chf."""
        for it in self.wanted:
            if it.text == name:
                return MoneyRank(it)
        for it in self.wanted:
            if it.is_numeric and name.startswith(f"{it.text}."):
                return MoneyRank(it, name.removeprefix(f"{it.text}.").upper())
        return None

    def uncompared(self, total: GroupTally, by: MoneyRank) -> list[str]:
        """Tell of money in other currencies than that by which groups are ranked."""
        if by.measure.field is None or not by.measure.is_numeric:
            return []
        units = [
            str(unit or currencies.NONE) for unit in _by_rows(self._units(total, by.measure.field))
        ]
        if by.currency is not None:
            known = ", ".join(sorted(units))
            told = f"No row of {by.measure.field} is in {by.currency}, but in {known or 'none'}."
            return [] if by.currency in units else [told]
        if len(units) < 2:  # noqa: PLR2004  # one currency is compared with itself
            return []
        first, *others = units
        return [
            (
                f"Groups are ranked by {first}; amounts in {', '.join(sorted(others))} are not "
                f'compared. sort="-{by.measure.text}.{min(others)}" ranks by another one.'
            )
        ]

    def rank(self, one: GroupTally, by: MoneyRank, total: GroupTally) -> Decimal | None:
        """Return what a group is ranked by: of several currencies, the one with most rows.

        None is that the group has nothing there, and comes last in either direction.
        """
        measure = by.measure
        if measure.field is None or not measure.is_numeric:
            return Decimal(self._count(one, measure))
        counted = [by.currency] if by.currency else _by_rows(self._units(total, measure.field))
        numbers = self._units(one, measure.field).get(counted[0]) if counted else None
        return measures.of(measure.does, numbers) if numbers and numbers.count else None

    def _count(self, one: GroupTally, measure: Measure) -> int:
        if measure.field is None:
            return one.rows
        return len(one.distinct.get(measure.field, ()))

    def _units(self, one: GroupTally, name: str) -> dict[str | None, Numbers]:
        """Put the numbers of a field together by currency; None is that there is no money."""
        units = one.numbers.get(name, {})
        if name in self.times:  # a currency beside it is another field's
            return {None: _together(units.values())} if units else {}
        if not any(units):
            return units
        found: dict[str | None, Numbers] = {}
        for unit, numbers in units.items():
            found.setdefault(unit or self.home or currencies.NONE, Numbers()).add(numbers)
        return found

    def _shown(self, one: GroupTally, measure: Measure) -> JsonValue:
        if measure.field is None or measure.does == measures.DISTINCT:
            return self._count(one, measure)
        units = self._units(one, measure.field)
        if not any(units):
            return self._written(measure, units.get(None, Numbers()))
        return {str(unit): self._written(measure, units[unit]) for unit in sorted(map(str, units))}

    def _written(self, measure: Measure, numbers: Numbers) -> JsonValue:
        found = measures.of(measure.does, numbers)
        if found is None:
            return None
        if measure.field in self.times and measure.does != "sum":
            return clock.shown(int(found))
        return measures.shown(found, numbers.kinds)


def _together(several: Iterable[Numbers]) -> Numbers:
    whole = Numbers()
    for numbers in several:
        whole.add(numbers)
    return whole


def growth(now: JsonObject, before: JsonObject) -> JsonObject | None:
    """Tell by how many percent figures grew, those that were more than nothing before.

    A sum in a currency that is there no more has fallen to nothing; another figure has not.
    """
    found: JsonObject = {}
    for name, value in now.items():
        base = before.get(name)
        if isinstance(base, dict):
            units = value if isinstance(value, dict) else {}
            gone = [unit for unit in base if unit not in units] if name.startswith("sum:") else []
            found[name] = growth({**units, **dict.fromkeys(gone, 0)}, base)
        elif (new := _number(value)) is not None and (old := _number(base)) and old > 0:
            found[name] = float(round((new - old) / old * 100, 1))
    return {name: value for name, value in found.items() if value is not None} or None


def _number(value: JsonValue) -> Decimal | None:
    if isinstance(value, str):
        return Decimal(value) if DECIMAL.fullmatch(value) else None  # a time is none
    return Decimal(str(value)) if isinstance(value, int | float) else None


def _by_rows(units: dict[str | None, Numbers]) -> list[str | None]:
    """List currencies, the one with most rows first."""
    return sorted(units, key=lambda unit: (-units[unit].count, unit or ""))
