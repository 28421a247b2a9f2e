"""`one-mcp export`: take everything along, or tables of it."""

import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import click

from one_mcp.app import open_app
from one_mcp.cli import options, screen
from one_mcp.services import findings
from one_mcp.services.exchange import exports, places
from one_mcp.services.exchange.exports import Exported
from one_mcp.session import Call, Report, Session
from one_mcp.settings import Settings

Export = Callable[[Session, str], Awaitable[Exported]]
EVERY = "every type"


@click.command("export")
@click.argument("file", required=False, type=click.Path(allow_dash=True), metavar="[FILE]")
@click.option("--entities", metavar="TYPE", help="A table (CSV) of the live entities of a type.")
@click.option(
    "--connections",
    is_flag=False,
    flag_value=EVERY,
    metavar="[TYPE]",
    help="A table (CSV) of the live connections, all or of a type.",
)
@click.option("--force", is_flag=True, help="Replace FILE where it exists.")
@options.settings("database", "packs", "log_level")
@options.as_json
def command(
    file: str | None, *, entities: str | None, connections: str | None, force: bool, as_json: bool
) -> None:
    """Export the whole organization, or tables of it.

    Without a table, FILE becomes JSON Lines that `one-mcp import` brings back without a loss. They
    hold the people and their addresses. Without FILE, or with -, the export goes to stdout.
    """
    if entities and connections:
        raise click.UsageError("One table at a time: --entities or --connections.")
    if as_json and file in (None, "-"):
        raise click.UsageError("--json says where the export is, so it needs FILE.")
    settings = options.existing()
    export = _export(entities, connections, force=force)
    if file is None or file == "-":
        _print(settings, export)
        return
    done = _run(settings, export, file)
    if as_json:
        screen.show_json(done)
    else:
        rows = ", ".join(f"{number:,} {kind}" for kind, number in done.rows.items())
        screen.show(f"{done.path} ({findings.size(done.bytes)}): {rows or 'nothing'}")


def _export(entities: str | None, connections: str | None, *, force: bool) -> Export:
    async def export(one: Session, path: str) -> Exported:
        reach = places.everywhere(one.settings)
        if entities is not None:
            return await exports.entities(one, entities, path, overwrite=force, reach=reach)
        if connections is not None:
            type = None if connections == EVERY else connections
            return await exports.connections(one, type, path, overwrite=force, reach=reach)
        return await exports.everything(one, path, overwrite=force, reach=reach)

    return export


def _print(settings: Settings, export: Export) -> None:
    """Write to a private file first, so that a failure prints nothing."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export"
        _run(settings, export, str(path))
        screen.pour(path)


def _run(settings: Settings, export: Export, path: str) -> Exported:
    with screen.progress("Exporting") as bar:

        async def report(done: float, total: float | None, _message: str | None) -> None:
            bar(done, total)

        return anyio.run(_export_from, settings, report, export, path)


async def _export_from(settings: Settings, report: Report, export: Export, path: str) -> Exported:
    async with open_app(settings.model_copy(update={"read_only": True})) as app:
        return await export(app.session(Call("export_data", report=report), app.owner), path)
