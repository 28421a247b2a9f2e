"""Time: milliseconds since 1970 in UTC, read in one place so that tests can move it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], int]
MILLISECOND = timedelta(milliseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def system() -> int:
    """Milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


def to_text(ms: int) -> str:
    """Write a time as ISO 8601 in UTC, with milliseconds only where there are any."""
    moment = EPOCH + timedelta(milliseconds=ms)
    return moment.isoformat(timespec="milliseconds" if ms % 1000 else "seconds")[:-6] + "Z"


def from_text(text: str) -> int:
    """Read ISO 8601 (a time without a zone is UTC) or digits (milliseconds).

    Raises ValueError for anything else.
    """
    if text.lstrip("-").isdigit():
        ms = int(text)
    else:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        ms = (moment - EPOCH) // MILLISECOND
    try:
        to_text(ms)  # a zone may move a time out of the years that there are
    except OverflowError as error:
        raise ValueError("no time between the years 1 and 9999") from error
    return ms
