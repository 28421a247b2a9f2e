"""Summarize entities, connections or events: count and compute, group, rank, compare."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from one_mcp import jsons
from one_mcp.answers import Answer
from one_mcp.dimensions.entities.orders import Sort
from one_mcp.dimensions.events import finding
from one_mcp.dimensions.events.finding import Around
from one_mcp.dimensions.graph.summary import (
    bucketing,
    fields,
    figures,
    lines,
    measures,
    notes,
    periods,
    simulations,
    sources,
    tally,
)
from one_mcp.dimensions.graph.summary.figures import Figures, MoneyRank
from one_mcp.dimensions.graph.summary.lines import Group
from one_mcp.dimensions.graph.summary.measures import Measure
from one_mcp.dimensions.graph.summary.queries import Grouping, Key
from one_mcp.dimensions.graph.summary.sources import Conditions, Kind, RowSource
from one_mcp.dimensions.graph.summary.tally import GroupTally, Ranking, Tallies
from one_mcp.dimensions.organizations import settings
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.store import pages
from one_mcp.store.work import Work

USUAL_GROUPS = 20
USUAL_TIMES = 60
_ZERO = Decimal(0)
Compare = Literal["previous"]


class Summary(Answer):
    """Figures over `rows` rows, which are all that meet the conditions.

    `other` is computed over the groups that are not shown, `total` over all rows. What a measure
    says of money is an object by currency. `without` counts rows that a measure left out since
    they have no number there; `growth` is in percent. Where periods are compared, `period` says
    where both begin and end; `until` is no part of either. `simulated`: figures are of what
    was only tried out. Groups that are too long as objects are
    a `table` of columns and rows.
    """

    rows: int
    total: JsonObject
    previous: JsonObject | None = None
    period: dict[str, str] | None = None
    growth: JsonObject | None = None
    groups: list[JsonObject] | None = None
    table: JsonObject | None = None
    other: JsonObject | None = None
    without: dict[str, int] | None = None
    time_zone: str | None = None
    note: str | None = None
    simulated: bool | None = None
    warnings: list[str] | None = None


def summarize(
    work: Work,
    of: Kind,
    measured: Sequence[str] = ("count",),
    group_by: Sequence[str] = (),
    *,
    asked: Conditions,
    time_zone: str | None = None,
    compare: Compare | None = None,
    sort: str | None = None,
    limit: int | None = None,
) -> Summary:
    """Compute measures over all rows that meet the conditions, by group; never over a part of them.

    Events that were taken back, hidden connections and archived entities do not count.
    """
    pages.require_limit(limit or USUAL_GROUPS)
    zone = settings.time_zone(work) if time_zone is None else settings.zone(time_zone)
    grouping = tally.group_by(group_by, zone)
    source = simulations.select(work, of, asked)
    written = _figures(work, source, asked, grouping, measures.read(measured))
    source, compared = _compared(work, source, grouping, compare)
    by = Sort.of(sort) if sort else None
    best = None if compare else _best(source, grouping, written, by, limit)
    found = bucketing.put(tally.read(work, source, grouping, written.wanted, best), grouping)
    if of == "events" and not found.total.rows:
        finding.refuse_strangers(work, Around(asked.actor, asked.target))
    earlier = compared and _earlier(work, compared.before, grouping, written)
    for key in _more(grouping, found, earlier):
        found.groups.setdefault(key, GroupTally())
    ranked = _ranked(found, grouping, written, by)
    first = ranked[: limit or _usual(grouping)]
    shown = lines.fitting(lines.of(work, first, grouping, written, earlier), ranked, grouping, by)
    left = (len(ranked) if found.in_all is None else found.in_all) - shown.count
    total, previous = written.of(found.total), earlier and written.of(earlier.total)
    return Summary(
        rows=found.total.rows,
        total=total,
        previous=previous,
        period=compared and compared.period,
        growth=figures.growth(total, previous) if previous else None,
        groups=shown.groups if grouping.names else None,
        table=shown.table,
        other={"groups": left, **written.of(_rest(found, ranked, shown.count))} if left else None,
        without=written.without(found.total),
        time_zone=zone if grouping.unit or compared else None,
        note=notes.note(work, of, grouping, found, asked),
        simulated=notes.is_simulated(work, source) or None,
        warnings=notes.warnings(work, source, asked, grouping, written, found=found, by=by) or None,
    )


def _earlier(work: Work, before: RowSource, grouping: Grouping, written: Figures) -> Tallies:
    return bucketing.put(tally.read(work, before, grouping, written.wanted), grouping)


def _figures(
    work: Work, source: RowSource, asked: Conditions, grouping: Grouping, wanted: list[Measure]
) -> Figures:
    types = sources.typed(work, source.table, asked)
    fields.refuse_absent(work, source, types, [it.field for it in wanted if it.field])
    times = fields.times(work.ontology, source, notes.named(grouping, wanted))
    return Figures(wanted, settings.currency(work), times)


def _best(
    source: RowSource, grouping: Grouping, written: Figures, sort: Sort | None, limit: int | None
) -> Ranking | None:
    """Say which groups are wanted, where the engine can rank them, and tell what the others have.

    These are groups by an id or a name, of which there may be very many, with counts and sums.
    """
    name = sort.name if sort else ""
    rank = written.ranking(name) if sort else MoneyRank(written.wanted[0])
    if rank is None or rank.measure.does not in {measures.COUNT, "sum"} or len(grouping.names) != 1:
        return None
    key = grouping.names[0]
    if source.column(key) is None or key not in {*sources.NAMED, "name"}:
        return None
    if any(it.does not in {measures.COUNT, "sum", "avg"} for it in written.wanted):
        return None
    descending = sort is None or sort.descending
    most = limit or _usual(grouping)
    return Ranking(rank.measure, most, descending, written.home, rank.currency)


@dataclass(frozen=True, slots=True)
class Compared:
    """The rows of the period before, and where both periods begin and end."""

    before: RowSource
    period: dict[str, str]


def _compared(
    work: Work, source: RowSource, grouping: Grouping, compare: Compare | None
) -> tuple[RowSource, Compared | None]:
    """Put the period before beside that of a source; one that is open ends now."""
    if compare is None:
        return source, None
    if source.since is None or not (grouping.unit is None or grouping.is_cycle):
        raise InvalidArgumentError(
            "compare needs since, and no unit of time in group_by.", argument="compare"
        )
    until = work.now if source.until is None else source.until
    # days begin in the zone in which since and until were read, whatever zone is shown
    since, end = periods.before(source.since, until, settings.time_zone(work))
    ends = {
        "since": source.since,
        "until": until,
        "previous_since": since,
        "previous_until": end,
    }
    period = {name: periods.shown(at, grouping.zone) for name, at in ends.items()}
    now = replace(source, until=until + 1) if source.until is None else source  # now is part of it
    return now, Compared(replace(source, since=since, until=end), period)


def _more(grouping: Grouping, found: Tallies, earlier: Tallies | None) -> list[Key]:
    """List groups that have no rows, but are part of the answer: empty months, lost customers."""
    if grouping.unit is not None and len(grouping.names) == 1:
        return [(start,) for start in found.starts]
    return list(earlier.groups) if earlier else []


def _ranked(found: Tallies, grouping: Grouping, written: Figures, sort: Sort | None) -> list[Group]:
    """Put what is to be shown first to the front; without a wish, the newest or the most."""
    groups = list(found.groups.items())
    name = sort.name if sort else ""
    downwards = sort is None or sort.descending
    by = written.ranking(name) if name not in grouping.names else None
    if sort and by is None and name not in grouping.names:
        known = ", ".join([*(it.text for it in written.wanted), *grouping.names])
        money = next((it.text for it in written.wanted if it.is_numeric), None)
        also = f", and .usd behind {money} ranks by one currency" if money else ""
        raise InvalidArgumentError(
            f"sort takes one of {known}; with - in front the most comes first{also}.",
            argument="sort",
        )
    groups.sort(key=lambda group: jsons.dumps(group[0]))  # equal ones in an order that stays
    first, most = by or MoneyRank(written.wanted[0]), by is None or downwards
    ranks = {key: written.rank(one, first, found.total) for key, one in groups}
    groups.sort(key=lambda group: ranks[group[0]] or _ZERO, reverse=most)
    groups.sort(key=lambda group: ranks[group[0]] is None)
    if by is None and (column := name or grouping.time):
        place = grouping.names.index(column)
        groups.sort(key=lines.by_key(place), reverse=downwards)
    return groups


def _usual(grouping: Grouping) -> int:
    return USUAL_TIMES if grouping.unit else USUAL_GROUPS


def _rest(found: Tallies, ranked: list[Group], shown: int) -> GroupTally:
    """Put all groups together that are not shown."""
    rest = GroupTally() if found.in_all is None else found.rest
    for _, one in ranked[shown:]:
        rest.add(one)
    return rest
