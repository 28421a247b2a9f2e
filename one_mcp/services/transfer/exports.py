"""Exports: the whole organization as JSON Lines, or a table of one kind as CSV."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from anyio import to_thread

from one_mcp import jsons
from one_mcp.access import Permission
from one_mcp.answers import Answer
from one_mcp.errors import AnswerTooLargeError, ExportFileError
from one_mcp.services.transfer import jsonl, places, tables
from one_mcp.services.transfer.meter import Meter, watched
from one_mcp.session import Session
from one_mcp.settings import Settings
from one_mcp.store.sqlite import copies
from one_mcp.store.work import Work

INLINE_CHARACTERS = 64_000

Write = Callable[[Work, Callable[[str], None]], dict[str, int]]


class Exported(Answer):
    """Where the export is and how much is in it: `data` is the export itself when it is small."""

    path: str | None = None
    rows: dict[str, int]
    bytes: int
    data: str | None = None


async def everything(one: Session, path: str | None = None, *, overwrite: bool = False) -> Exported:
    """Export the whole organization as JSON Lines; it can be imported again without a loss.

    It holds the people and their addresses, so it needs the admin permission.
    """
    one.principal.require(Permission.ADMIN)
    return await _export(one, jsonl.write, path, overwrite=overwrite)


async def entities(
    one: Session, type: str, path: str | None = None, *, overwrite: bool = False
) -> Exported:
    """Export the live entities of a type as CSV, with a column for each property."""
    return await _export(one, partial(tables.write_entities, type=type), path, overwrite=overwrite)


async def connections(
    one: Session, type: str | None = None, path: str | None = None, *, overwrite: bool = False
) -> Exported:
    """Export the live connections as CSV, all or those of one type."""
    return await _export(
        one, partial(tables.write_connections, type=type), path, overwrite=overwrite
    )


async def _export(one: Session, write: Write, path: str | None, *, overwrite: bool) -> Exported:
    meter = Meter("bytes")
    if path is None:
        return await watched(
            meter, one.call.report, lambda: one.read(_into_answer, write=write, meter=meter)
        )
    place = await to_thread.run_sync(_place, path, one.settings)
    return await watched(
        meter,
        one.call.report,
        lambda: one.read(_into_file, write=write, meter=meter, place=place, overwrite=overwrite),
    )


def _place(path: str, settings: Settings) -> Path:
    place = places.resolved(path, settings.folder)
    if copies.belongs(place, settings.database):
        raise ExportFileError(f"{place} belongs to the database; give another path.")
    return place


def _into_answer(work: Work, *, write: Write, meter: Meter) -> Exported:
    parts: list[str] = []
    room = INLINE_CHARACTERS

    def put(text: str) -> None:
        nonlocal room
        room -= len(jsons.dumps(text))
        if room < 0:
            raise AnswerTooLargeError(
                f"The export is longer than {INLINE_CHARACTERS:,} characters; "
                "give the path of a file to write it to.",
                argument="path",
            )
        meter.advance(len(text.encode()))
        parts.append(text)

    rows = write(work, put)
    return Exported(rows=rows, bytes=meter.done, data="".join(parts))


def _into_file(work: Work, *, write: Write, meter: Meter, place: Path, overwrite: bool) -> Exported:
    with places.written(place, overwrite=overwrite) as file:

        def put(text: str) -> None:
            meter.advance(file.write(text.encode()))

        rows = write(work, put)
    return Exported(path=str(place), rows=rows, bytes=meter.done)
