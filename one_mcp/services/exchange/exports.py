"""Exports: the whole organization as JSON Lines, or a table of one kind as CSV."""

from collections.abc import Callable
from functools import partial

from anyio import to_thread

from one_mcp import jsons
from one_mcp.access import Permission
from one_mcp.answers import ROOM_CHARACTERS, Answer
from one_mcp.errors import AnswerTooLargeError
from one_mcp.services.exchange import jsonl, places, tables
from one_mcp.services.exchange.meter import Meter, watched
from one_mcp.services.exchange.places import Reach, Spot
from one_mcp.session import Session
from one_mcp.store.work import Work

Write = Callable[[Work, Callable[[str], None]], dict[str, int]]


class Exported(Answer):
    """Where the export is and how much is in it: `data` is the export itself when it is small."""

    path: str | None = None
    rows: dict[str, int]
    bytes: int
    data: str | None = None


async def everything(
    one: Session, path: str | None = None, *, overwrite: bool = False, reach: Reach | None = None
) -> Exported:
    """Export the whole organization as JSON Lines; it can be imported again without a loss.

    It holds the people and their addresses, so it needs the admin permission.
    """
    one.principal.require(Permission.ADMIN)
    return await _export(one, jsonl.write, path, overwrite=overwrite, reach=reach)


async def entities(
    one: Session,
    type: str,
    path: str | None = None,
    *,
    overwrite: bool = False,
    reach: Reach | None = None,
) -> Exported:
    """Export the live entities of a type as CSV, with a column for each property."""
    write = partial(tables.write_entities, type=type)
    return await _export(one, write, path, overwrite=overwrite, reach=reach)


async def connections(
    one: Session,
    type: str | None = None,
    path: str | None = None,
    *,
    overwrite: bool = False,
    reach: Reach | None = None,
) -> Exported:
    """Export the live connections as CSV, all or those of one type."""
    write = partial(tables.write_connections, type=type)
    return await _export(one, write, path, overwrite=overwrite, reach=reach)


async def _export(
    one: Session, write: Write, path: str | None, *, overwrite: bool, reach: Reach | None
) -> Exported:
    meter = Meter("bytes")
    if path is None:
        return await watched(
            meter, one.call.report, lambda: one.read(_into_answer, write=write, meter=meter)
        )
    reach = reach or places.of_agents(one.settings)
    spot = await to_thread.run_sync(reach.find, path)
    return await watched(
        meter,
        one.call.report,
        lambda: one.read(_into_file, write=write, meter=meter, spot=spot, overwrite=overwrite),
    )


def _into_answer(work: Work, *, write: Write, meter: Meter) -> Exported:
    parts: list[str] = []
    room = ROOM_CHARACTERS

    def put(text: str) -> None:
        nonlocal room
        room -= len(jsons.dumps(text))
        if room < 0:
            raise AnswerTooLargeError(
                f"The export is longer than {ROOM_CHARACTERS:,} characters; "
                "give the path of a file to write it to.",
                argument="path",
            )
        meter.advance(len(text.encode()))
        parts.append(text)

    rows = write(work, put)
    return Exported(rows=rows, bytes=meter.done, data="".join(parts))


def _into_file(work: Work, *, write: Write, meter: Meter, spot: Spot, overwrite: bool) -> Exported:
    with spot.written(overwrite=overwrite) as file:

        def put(text: str) -> None:
            meter.advance(file.write(text.encode()))

        rows = write(work, put)
    return Exported(path=str(spot.path), rows=rows, bytes=meter.done)
