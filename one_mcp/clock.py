"""Time: milliseconds since 1970 in UTC, read in one place so that tests can move it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], int]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST_MS = -62_135_596_800_000  # 0001-01-01
LATEST_MS = 253_402_300_799_999  # 9999-12-31
DAY_MS = 24 * 3_600_000


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
        since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH
        ms = since.days * DAY_MS + since.seconds * 1000 + since.microseconds // 1000
    if not EARLIEST_MS <= ms <= LATEST_MS:  # a zone may move a time out of the years that there are
        raise ValueError("no time between the years 1 and 9999")
    return ms
