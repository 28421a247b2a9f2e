"""Moments: times of conditions, which may be relative to now, in the organization's time zone."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from zoneinfo import ZoneInfo

from one_mcp import clock, relative
from one_mcp.dimensions.organizations import settings
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonValue
from one_mcp.store.work import Work


def read(work: Work, given: int | str | None, argument: str, *, until: bool = False) -> int | None:
    """Return milliseconds for a time of a condition, such as -7d; as `until`, today includes today.

    Raises InvalidArgumentError for a text that is no relative time.
    """
    if not isinstance(given, str):
        return given
    try:
        return relative.read(given, work.now, _zone(work), until=until)
    except (ValueError, OverflowError):
        raise InvalidArgumentError(
            f"{argument} is a time such as 2026-01-31, or one of {relative.EXAMPLES}.",
            argument=argument,
        ) from None


def last(work: Work, given: int | str | None, argument: str) -> int | None:
    """Return the last moment that a time is part of: of a day, that before the next one."""
    begins, ends = read(work, given, argument), read(work, given, argument, until=True)
    return ends if ends is None or ends == begins else ends - 1


def span(
    work: Work, since: int | str | None, until: int | str | None, *, at: str | None = None
) -> tuple[int | None, int | None]:
    """Return both ends of a span of time, the second of which is not part of it.

    `at` is the argument that the two are fields of. Raises InvalidArgumentError for a span that
    ends before it begins: nothing could be found in it.
    """
    begin, end = read(work, since, "since"), read(work, until, "until", until=True)
    if begin is not None and end is not None and begin >= end:
        named = f"{at}.until" if at else "until"
        raise InvalidArgumentError(f"{named} is not after its since.", argument=at or "until")
    return begin, end


def reader(work: Work) -> Callable[[JsonValue, bool], int]:
    """Return what reads a time as milliseconds, also a relative one, or raises ValueError.

    Where the second argument says that it ends a span, a day includes itself.
    """

    def moment(given: JsonValue, until: bool) -> int:
        if isinstance(given, str) and relative.is_local(given):
            return relative.read(given, work.now, _zone(work), until=until)
        read = clock.given(given)
        if isinstance(read, bool) or not isinstance(read, int):
            raise ValueError(clock.FORMS)  # noqa: TRY004  # one error for whatever is no time
        return read

    return moment


def local(work: Work) -> AbstractContextManager[None]:
    """Read dates and times without a zone in the organization's, relative ones from now (D-63)."""
    return clock.local(lambda: _zone(work), work.now)


def _zone(work: Work) -> ZoneInfo:
    return ZoneInfo(settings.time_zone(work))
