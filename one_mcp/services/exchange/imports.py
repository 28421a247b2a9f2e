"""Imports: JSON Lines, CSV or Markdown files into the caller's organization.

Few rows are one change, many a group of them: history and undo take them as one, and others write
in between.
"""

import stat
from dataclasses import replace
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from anyio import to_thread

from one_mcp import clock
from one_mcp.dimensions.exchange import importing, keyed
from one_mcp.dimensions.exchange.importing import OnError
from one_mcp.dimensions.exchange.key_maps import KeyMaps
from one_mcp.dimensions.exchange.report import Loaded
from one_mcp.dimensions.organizations import settings
from one_mcp.errors import InvalidArgumentError
from one_mcp.services.exchange import batches, folders, markdown, places, sources
from one_mcp.services.exchange.batches import Intake
from one_mcp.services.exchange.csvs import CsvTable
from one_mcp.services.exchange.folders import Folder
from one_mcp.services.exchange.jsonl import Lines
from one_mcp.services.exchange.mapping import TableMapping
from one_mcp.services.exchange.markdown import Pages
from one_mcp.services.exchange.meter import watched
from one_mcp.services.exchange.places import Reach, Spot
from one_mcp.services.exchange.sources import Source
from one_mcp.session import Session
from one_mcp.store.work import Work

Format = Literal["jsonl", "csv", "markdown"]
SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    **dict.fromkeys(folders.SUFFIXES, "markdown"),
}


async def run(
    one: Session,
    *,
    path: str | None = None,
    data: str | None = None,
    format: Format | None = None,
    mapping: TableMapping | None = None,
    on_error: OnError = "abort",
    dry_run: bool = False,
    overwrite: bool = False,
    reach: Reach | None = None,
) -> Loaded:
    """Import a file, a folder of Markdown or a text.

    A dry run says what would happen, bad rows included. What somebody has corrected since an import
    brought it stays and is told, unless `overwrite` lets the file replace it. `reach` says which
    files may be read; those of agents, unless given.

    Raises ImportFileError where the whole cannot be read, and ImportRowsError where rows are bad
    and `on_error` is "abort": then nothing is written, or what was is taken back.
    """
    if data is not None and path is None:
        source = sources.of_text(data)
        given = _lines(one, source, format or _format_of_text(source, mapping), mapping)
    elif path is None or data is not None:
        raise InvalidArgumentError("Give path or data, and not both.", argument="path")
    else:
        reach = reach or places.of_agents(one.settings)
        given = await to_thread.run_sync(_found, one, reach, path, format, mapping)
    given = replace(given, overwrite=overwrite)
    if dry_run:
        loaded = await watched(
            given.meter, one.call.report, lambda: one.rehearse(_load, given, "skip")
        )
        return loaded.model_copy(update={"dry_run": True})
    return await watched(given.meter, one.call.report, lambda: _imported(one, given, on_error))


async def _imported(one: Session, given: Intake, on_error: OnError) -> Loaded:
    zone = ZoneInfo(await one.read(settings.time_zone))
    with clock.local(lambda: zone):  # many rows are read between transactions
        return await _written(one, given, on_error)


async def _written(one: Session, given: Intake, on_error: OnError) -> Loaded:
    survey = await to_thread.run_sync(batches.survey, given)
    keys = await one.read(keyed.prepared, survey.keyed)
    if survey.is_small:
        return await one.finish(_load, given, on_error, keys)
    if survey.report.failed and on_error == "abort":
        raise survey.report.refusal()
    return await batches.load(one, given, on_error, keys, tells_events=survey.tells_events)


def _load(work: Work, given: Intake, on_error: OnError, keys: KeyMaps | None = None) -> Loaded:
    loaded = importing.load(
        work,
        given.rows,
        on_error=on_error,
        place=given.place,
        keys=keys,
        overwrite=given.overwrite,
    )
    return loaded.warned(given.remarks)


def _found(
    one: Session, reach: Reach, path: str, format: Format | None, mapping: TableMapping | None
) -> Intake:
    spot = reach.find(path)
    if format in (None, "markdown") and _is_folder(spot):
        return _pages(one, folders.of_folder(spot), mapping)
    source = sources.of_file(spot)
    format = format or _format_of_name(spot.path)
    if format == "markdown":
        return _pages(one, folders.of_file(spot), mapping)
    return _lines(one, source, format, mapping)


def _pages(one: Session, folder: Folder, mapping: TableMapping | None) -> Intake:
    rows = Pages(folder, one.ontology, _type_of_pages(mapping))
    return Intake(rows, rows.meter, rows.place)


def _is_folder(spot: Spot) -> bool:
    try:
        return stat.S_ISDIR(spot.stat().st_mode)
    except OSError:  # a name that is too long, for one; reading it says so
        return False


def _lines(one: Session, source: Source, format: Format, mapping: TableMapping | None) -> Intake:
    if format == "csv":
        return Intake(CsvTable(source, mapping or TableMapping(), one.ontology), source.meter)
    if format == "markdown":
        raise InvalidArgumentError(
            "Markdown is imported from files; give the path of a folder or of a file.",
            argument="path",
        )
    if mapping is not None:
        raise InvalidArgumentError(
            "JSON Lines name their own fields; a mapping is for CSV.", argument="mapping"
        )
    return Intake(Lines(source), source.meter)


def _type_of_pages(mapping: TableMapping | None) -> str:
    """Read the type of files that name none; there is nothing else to map."""
    if mapping is None:
        return markdown.USUAL_TYPE
    if mapping.model_fields_set != {"type"} or mapping.type is None:
        raise InvalidArgumentError(
            "Markdown names its own fields; a mapping says nothing but the type of files that "
            "name none.",
            argument="mapping",
        )
    return mapping.type


def _format_of_name(path: Path) -> Format:
    known = SUFFIXES.get(path.suffix.lower())
    if known is not None:
        return known
    raise InvalidArgumentError(
        f"{path.name} ends in none of {', '.join(SUFFIXES)}; say which format it has.",
        argument="format",
    )


def _format_of_text(source: Source, mapping: TableMapping | None) -> Format:
    return "csv" if mapping is not None or not source.text.lstrip().startswith(b"{") else "jsonl"
