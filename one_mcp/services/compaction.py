"""Compaction of a file: old history goes in slices, then the file is written anew, smaller."""

from collections.abc import Sequence

from one_mcp import clock
from one_mcp.answers import Answer
from one_mcp.dimensions.changes import compaction
from one_mcp.dimensions.organizations import moments
from one_mcp.errors import InvalidArgumentError
from one_mcp.services.findings import Finding
from one_mcp.session import Session
from one_mcp.store.work import Work


class Compacted(Answer):
    """What became of it: how many rows the change log lost, and the file's size.

    `log_cut` is false where a reader keeps the write-ahead log from being cut.
    """

    before: str
    rows: int
    size_before_bytes: int
    size_bytes: int
    log_cut: bool


async def compact(one: Session, before: str) -> Compacted:
    """Compact the history before a time, and write the file anew, without free space.

    Others read and write meanwhile, and wait while the file is written anew. It can be stopped at
    any time; the same call goes on where it was. Raises InvalidArgumentError for what is no time.
    """
    at = await one.read(_moment, before)
    size_before = _size(one)
    below = await one.derive(compaction.begin, at)
    rows = 0
    while took := await one.derive(compaction.take, below):
        rows += took
        await one.call.report(rows, None, "rows")
    while await one.derive(compaction.shorten, below):
        pass
    cut = await one.erase(rewrite=True)
    return Compacted(
        before=clock.to_text(at),
        rows=rows,
        size_before_bytes=size_before,
        size_bytes=_size(one),
        log_cut=cut,
    )


def examine(works: Sequence[Work]) -> Finding:
    """Say how far back the history of each organization goes, and what a compaction left."""
    since = {at for work in works if (at := compaction.since(work))}
    if any(map(compaction.left, works)):
        return Finding(
            check="history",
            state="note",
            says="a compaction was cut short; `one-mcp compact` with the same time goes on",
        )
    kept = f"compacted before {', '.join(sorted(since))}" if since else "all of it is kept"
    return Finding(check="history", state="ok", says=kept)


def _moment(work: Work, before: str) -> int:
    try:
        return moments.reader(work)(before, False)
    except (ValueError, OverflowError):
        raise InvalidArgumentError(
            "The history goes before a time such as 2026-01-31, -1y or start of year.",
            argument="before",
        ) from None


def _size(one: Session) -> int:
    path = one.settings.database
    log = path.with_name(path.name + "-wal")
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)
