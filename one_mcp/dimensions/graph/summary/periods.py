"""Periods: a span of time cut into days, months and the like of a time zone, and the span before.

Each bucket is a range in milliseconds, so that an index counts what falls into it, and a day on
which the clock is put forward has its 23 hours.
"""

import calendar
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from one_mcp import clock, relative
from one_mcp.errors import InvalidArgumentError

HOUR_MS = 3_600_000
# past the end of any bucket that begins at 0, and before the end of the next one
_STEPS = {
    "day": 36 * HOUR_MS,
    "week": 8 * clock.DAY_MS,
    "month": 32 * clock.DAY_MS,
    "quarter": 93 * clock.DAY_MS,
    "year": 367 * clock.DAY_MS,
}
UNITS = ("hour", *_STEPS)
CYCLES = {"weekday": range(1, 8), "hour_of_day": range(24)}  # what comes round, from Monday on
MOST_BUCKETS = 10_000


def buckets(unit: str, first: int, last: int, zone: str) -> list[tuple[int, int]]:
    """Cut the time from `first` to `last`, both part of it, into whole units of a time zone.

    Raises InvalidArgumentError where these are too many.
    """
    made: list[tuple[int, int]] = []
    begin = start(unit, first, zone)
    while begin <= last:
        if len(made) == MOST_BUCKETS:
            raise InvalidArgumentError(
                f"The time asked about has more than {MOST_BUCKETS:,} times {unit}; "
                "give since and until, or a longer unit.",
                argument="group_by",
            )
        end = _next(unit, begin, zone)
        made.append((begin, end))
        begin = end
    return made


def label(unit: str, at: int, zone: str) -> str:
    """Name the bucket that begins at a time: 2026-11-29, 2026-W48, 2026-11, 2026-Q4, 2026."""
    here = _local(at, zone)
    match unit:
        case "hour":
            return here.isoformat(timespec="minutes")
        case "day":
            return here.date().isoformat()
        case "week":
            year, week, _ = here.isocalendar()
            return f"{year}-W{week:02}"
        case "month":
            return f"{here.year}-{here.month:02}"
        case "quarter":
            return f"{here.year}-Q{(here.month + 2) // 3}"
        case _:
            return str(here.year)


def shown(at: int, zone: str) -> str:
    """Write a moment out in a time zone."""
    whole = "seconds" if at % 1000 == 0 else "milliseconds"
    return _local(at, zone).isoformat(timespec=whole)


def turn(unit: str, at: int, zone: str) -> int:
    """Say which weekday or hour of its day a moment is in."""
    here = _local(at, zone)
    return here.isoweekday() if unit == "weekday" else here.hour


def turn_label(unit: str, turn: int) -> str:
    """Name a weekday or an hour of the day: Monday, 09:00."""
    return calendar.day_name[turn - 1] if unit == "weekday" else f"{turn:02}:00"


def before(since: int, until: int, zone: str) -> tuple[int, int]:
    """Return the span that comes before one: of whole months by months, of whole days by days.

    Where a span begins with a month and ends within one, as a month so far does, the one before
    begins with the month before and ends as far into it.
    """
    begin, end = _local(since, zone), _local(until, zone)
    if begin.day == 1 and _is_midnight(begin):
        months = (end.year - begin.year) * 12 + end.month - begin.month
        if (end.day, _is_midnight(end)) != (1, True):
            months += 1
        return _ms(_months(begin, -months)), min(since, _ms(_months(end, -months)))
    if _is_midnight(begin) and _is_midnight(end):
        days = (end.date() - begin.date()).days
        return _ms(begin - timedelta(days=days)), since
    return since - (until - since), since


def start(unit: str, at: int, zone: str) -> int:
    """Return when the unit of time began that a moment is part of."""
    if unit == "hour":
        here = _local(at, zone)
        return at - (here.minute * 60 + here.second) * 1000 - here.microsecond // 1000
    return relative.read(f"start of {unit}", at, ZoneInfo(zone))


def _next(unit: str, at: int, zone: str) -> int:
    if unit == "hour":
        return at + HOUR_MS
    return start(unit, at + _STEPS[unit], zone)


def _months(here: datetime, count: int) -> datetime:
    year, month = divmod(here.year * 12 + here.month - 1 + count, 12)
    first = here.replace(year=year, month=month + 1, day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return first.replace(day=min(here.day, last.day))


def _is_midnight(here: datetime) -> bool:
    return (here.hour, here.minute, here.second, here.microsecond) == (0, 0, 0, 0)


def _local(at: int, zone: str) -> datetime:
    return (clock.EPOCH + timedelta(milliseconds=at)).astimezone(ZoneInfo(zone))


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
