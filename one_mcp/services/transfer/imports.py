"""Imports: JSON Lines or CSV into the caller's organization, as one change."""

from pathlib import Path
from typing import Literal

from anyio import to_thread

from one_mcp.dimensions.exchange import load
from one_mcp.dimensions.exchange.load import OnError
from one_mcp.dimensions.exchange.report import Loaded
from one_mcp.errors import InvalidArgumentError
from one_mcp.services.transfer import places, sources
from one_mcp.services.transfer.csvs import Table
from one_mcp.services.transfer.jsonl import Lines
from one_mcp.services.transfer.mapping import Mapping
from one_mcp.services.transfer.meter import watched
from one_mcp.services.transfer.sources import Source
from one_mcp.session import Session

Format = Literal["jsonl", "csv"]
SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
}


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
    """Import a file or a text; a dry run says what would happen, bad rows included.

    Raises ImportFileError where the whole cannot be read, and ImportRowsError where rows are bad
    and `on_error` is "abort": then nothing is written.
    """
    source = await _source(one, path, data)
    rows = _rows(one, source, format or _format(source, mapping), mapping)
    door = one.rehearse if dry_run else one.write
    loaded = await watched(
        source.meter,
        one.call.report,
        lambda: door(load.load, rows, on_error="skip" if dry_run else on_error),
    )
    remarks = rows.remarks if isinstance(rows, Table) else []
    return loaded.model_copy(
        update={
            "dry_run": dry_run or None,
            "warnings": [*remarks, *(loaded.warnings or [])] or None,
        }
    )


def _rows(one: Session, source: Source, format: Format, mapping: Mapping | None) -> Table | Lines:
    if format == "csv":
        return Table(source, mapping or Mapping(), one.ontology)
    if mapping is not None:
        raise InvalidArgumentError(
            "JSON Lines name their own fields; a mapping is for CSV.", argument="mapping"
        )
    return Lines(source)


async def _source(one: Session, path: str | None, data: str | None) -> Source:
    if (path is None) == (data is None):
        raise InvalidArgumentError("Give path or data, and not both.", argument="path")
    if data is not None:
        return sources.of_text(data)
    return await to_thread.run_sync(_file, path or "", one.settings.folder)


def _file(path: str, folder: Path | None) -> Source:
    return sources.of_file(places.resolved(path, folder))


def _format(source: Source, mapping: Mapping | None) -> Format:
    """Tell the format by the name's end, or by the text's beginning."""
    if source.path is not None:
        known = SUFFIXES.get(source.path.suffix.lower())
        if known is not None:
            return known
        raise InvalidArgumentError(
            f"{source.name} ends in none of {', '.join(SUFFIXES)}; say which format it has.",
            argument="format",
        )
    return "csv" if mapping is not None or not source.text.lstrip().startswith(b"{") else "jsonl"
