"""Bucketing: groups by the moments of a field become groups by a unit of time."""

from one_mcp import clock
from one_mcp.dimensions.graph.summary import periods
from one_mcp.dimensions.graph.summary.queries import Grouping, Key, Value
from one_mcp.dimensions.graph.summary.tally import GroupTally, Tallies


def put(found: Tallies, grouping: Grouping) -> Tallies:
    """Put groups by a moment together, where the engine has not cut the time into buckets."""
    if grouping.unit is None or grouping.has_buckets:
        return found
    place = grouping.names.index(grouping.time or "")
    groups: dict[Key, GroupTally] = {}
    for key, tally in found.groups.items():
        start = _start(key[place], grouping)
        groups.setdefault((*key[:place], start, *key[place + 1 :]), GroupTally()).add(tally)
    if grouping.is_cycle:
        found.starts = [*periods.CYCLES[grouping.unit]] if groups else []
        found.groups = groups
        return found
    starts = [start for key in groups if isinstance(start := key[place], int)]
    if starts:
        buckets = periods.buckets(grouping.unit, min(starts), max(starts), grouping.zone)
        found.starts = [start for start, _ in buckets]
    found.groups = groups
    return found


def _start(value: Value, grouping: Grouping) -> int | None:
    try:
        at = clock.given(value) if isinstance(value, str) else value
    except ValueError:
        return None
    if isinstance(at, bool) or not isinstance(at, int | float) or not grouping.unit:
        return None
    take = periods.turn if grouping.is_cycle else periods.start
    return take(grouping.unit, int(at), grouping.zone)
