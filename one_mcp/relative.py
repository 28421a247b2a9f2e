"""Relative times: now, -7d, today, start of month: a moment from now, in days of a time zone."""

import re
from datetime import date, datetime, timedelta, tzinfo

from one_mcp import clock

NO_BOUND = "none"
EXAMPLES = "now, today, -7d, start of month, start of last month"
_STEP = re.compile(r"([+-])([0-9]{1,4})(min|h|d|w|mo|y)")
_SPANS = {"min": 60_000, "h": 3_600_000, "d": clock.DAY_MS, "w": 7 * clock.DAY_MS}
_MONTHS = {"mo": 1, "y": 12}
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_START = re.compile(r"start of (?:the |this )?(last )?(day|week|month|quarter|year)")


def is_one(text: str) -> bool:
    """Tell whether a text is a relative time."""
    plain = _plain(text)
    known = plain == "now" or plain in _DAYS
    return known or bool(_STEP.fullmatch(plain) or _START.fullmatch(plain))


def is_local(text: str) -> bool:
    """Tell whether a text means another moment elsewhere: it is relative, or says no zone."""
    return is_one(text) or clock.is_zoneless(text)


def is_taken() -> bool:
    """Tell whether a time that is read now may be relative."""
    here = clock.here()
    return here is not None and here.now is not None


def given(value: object) -> object:
    """Read a time as the clock does, or a relative one where it is known what now is (D-63).

    Raises ValueError, which says what fits.
    """
    here = clock.here()
    if here is None or here.now is None or not isinstance(value, str) or not is_one(value):
        return clock.given(value)
    return read(value, here.now, here.zone())


def given_or_local(value: object) -> object:
    """Read a time as the clock does, but leave what means another moment elsewhere as it is.

    Raises ValueError, which says what fits.
    """
    if isinstance(value, str) and is_local(value):
        return value
    try:
        return clock.given(value)
    except ValueError:
        raise ValueError(f"{clock.FORMS}, or one of {EXAMPLES}") from None


def bound(value: object) -> object:
    """Read the beginning or the end of a span; `none` leaves it open."""
    if isinstance(value, str) and _plain(value) == NO_BOUND:
        return NO_BOUND
    try:
        return given_or_local(value)
    except ValueError as error:
        raise ValueError(f'{error}, or "{NO_BOUND}"') from None


def read(text: str, now: int, zone: tzinfo, *, until: bool = False) -> int:
    """Read a relative or zone-less time as milliseconds; as `until`, a day includes itself.

    A span is an exact time before or after now; days, weeks (from Monday) and months begin at
    midnight in the zone. Raises ValueError for what is none.
    """
    plain = _plain(text)
    here = _at(now, zone)
    if plain == "now":
        return now
    if plain in _DAYS:
        return _midnight(here, _DAYS[plain] + int(until))
    if step := _STEP.fullmatch(plain):
        return _stepped(here, now, int(step[1] + step[2]), step[3])
    if start := _START.fullmatch(plain):
        begins = _started(here, start[2])
        return _started(_at(begins - 1, zone), start[2]) if start[1] else begins
    if day := clock.day(text):
        return _day(here, day, until=until)
    if clock.is_zoneless(text):
        with clock.local(lambda: zone):
            return clock.from_text(text)
    raise ValueError(EXAMPLES)


def _at(ms: int, zone: tzinfo) -> datetime:
    return (clock.EPOCH + timedelta(milliseconds=ms)).astimezone(zone)


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def _stepped(here: datetime, now: int, count: int, unit: str) -> int:
    if unit in _SPANS:
        return clock.within(now + count * _SPANS[unit])
    years, month = divmod(here.year * 12 + here.month - 1 + count * _MONTHS[unit], 12)
    if not 1 <= years < 9999:  # noqa: PLR2004  # the years that there are
        raise ValueError(EXAMPLES)
    first = here.replace(year=years, month=month + 1, day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return _ms(first.replace(day=min(here.day, last.day)))


def _started(here: datetime, unit: str) -> int:
    match unit:
        case "week":
            return _midnight(here, -here.weekday())
        case "month":
            return _midnight(here.replace(day=1))
        case "quarter":
            return _midnight(here.replace(month=(here.month - 1) // 3 * 3 + 1, day=1))
        case "year":
            return _midnight(here.replace(month=1, day=1))
        case _:
            return _midnight(here)


def _day(here: datetime, day: date, *, until: bool) -> int:
    if day.year in (date.min.year, date.max.year):  # a zone could move it out of all years
        ends = clock.DAY_MS if until else 0
        return min(clock.midnight(day) + ends, clock.LATEST_MS)
    return _midnight(here.replace(year=day.year, month=day.month, day=day.day), int(until))


def _midnight(here: datetime, days: int = 0) -> int:
    begins = here.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return _ms(begins + timedelta(days=days))


def _ms(moment: datetime) -> int:
    return clock.within(round(moment.timestamp() * 1000))
