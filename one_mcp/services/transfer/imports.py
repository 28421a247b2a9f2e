"""Imports: JSON Lines, CSV or Markdown files into the caller's organization, as one change."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from anyio import to_thread

from one_mcp.dimensions.exchange import load
from one_mcp.dimensions.exchange.load import OnError
from one_mcp.dimensions.exchange.report import Loaded, Place, at_its_line
from one_mcp.errors import InvalidArgumentError
from one_mcp.services.transfer import folders, pages, places, sources
from one_mcp.services.transfer.csvs import Table
from one_mcp.services.transfer.folders import Folder
from one_mcp.services.transfer.jsonl import Lines
from one_mcp.services.transfer.mapping import Mapping
from one_mcp.services.transfer.meter import Meter, watched
from one_mcp.services.transfer.pages import Pages
from one_mcp.services.transfer.sources import Source
from one_mcp.session import Session

Format = Literal["jsonl", "csv", "markdown"]
SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    **dict.fromkeys(folders.SUFFIXES, "markdown"),
}


@dataclass(frozen=True, slots=True)
class _Given:
    """What an import reads, how far it has come, and where a record of it stands."""

    rows: Lines | Table | Pages
    meter: Meter
    place: Place = at_its_line

    @property
    def remarks(self) -> list[str]:
        return [] if isinstance(self.rows, Lines) else self.rows.remarks


async def run(
    one: Session,
    *,
    path: str | None = None,
    data: str | None = None,
    format: Format | None = None,
    mapping: Mapping | None = None,
    on_error: OnError = "abort",
    dry_run: bool = False,
) -> Loaded:
    """Import a file, a folder of Markdown or a text.

    A dry run says what would happen, bad rows included.

    Raises ImportFileError where the whole cannot be read, and ImportRowsError where rows are bad
    and `on_error` is "abort": then nothing is written.
    """
    given = await _given(one, path, data, format, mapping)
    door = one.rehearse if dry_run else one.write
    loaded = await watched(
        given.meter,
        one.call.report,
        lambda: door(
            load.load,
            given.rows,
            on_error="skip" if dry_run else on_error,
            place=given.place,
        ),
    )
    return loaded.model_copy(
        update={
            "dry_run": dry_run or None,
            "warnings": [*given.remarks, *(loaded.warnings or [])] or None,
        }
    )


async def _given(
    one: Session,
    path: str | None,
    data: str | None,
    format: Format | None,
    mapping: Mapping | None,
) -> _Given:
    if data is not None and path is None:
        source = sources.of_text(data)
        return _lines(one, source, format or _format_of_text(source, mapping), mapping)
    if path is None or data is not None:
        raise InvalidArgumentError("Give path or data, and not both.", argument="path")
    return await to_thread.run_sync(_found, one, path, format, mapping)


def _found(one: Session, path: str, format: Format | None, mapping: Mapping | None) -> _Given:
    place = places.resolved(path, one.settings.folder)
    if format in (None, "markdown") and _is_folder(place):
        return _pages(one, folders.of_folder(place), mapping)
    source = sources.of_file(place)
    format = format or _format_of_name(place)
    if format == "markdown":
        return _pages(one, folders.of_file(place), mapping)
    return _lines(one, source, format, mapping)


def _pages(one: Session, folder: Folder, mapping: Mapping | None) -> _Given:
    rows = Pages(folder, one.ontology, _type_of_pages(mapping))
    return _Given(rows, rows.meter, rows.place)


def _is_folder(place: Path) -> bool:
    try:
        return place.is_dir()
    except OSError:  # a name that is too long, for one; reading it says so
        return False


def _lines(one: Session, source: Source, format: Format, mapping: Mapping | None) -> _Given:
    if format == "csv":
        return _Given(Table(source, mapping or Mapping(), one.ontology), source.meter)
    if format == "markdown":
        raise InvalidArgumentError(
            "Markdown is imported from files; give the path of a folder or of a file.",
            argument="path",
        )
    if mapping is not None:
        raise InvalidArgumentError(
            "JSON Lines name their own fields; a mapping is for CSV.", argument="mapping"
        )
    return _Given(Lines(source), source.meter)


def _type_of_pages(mapping: Mapping | None) -> str:
    """Read the type of files that name none; there is nothing else to map."""
    if mapping is None:
        return pages.USUAL_TYPE
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


def _format_of_text(source: Source, mapping: Mapping | None) -> Format:
    return "csv" if mapping is not None or not source.text.lstrip().startswith(b"{") else "jsonl"
