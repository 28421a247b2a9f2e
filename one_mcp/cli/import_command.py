"""`one-mcp import`: bring in what is there already."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import anyio
import click
from pydantic import BaseModel, ValidationError

from one_mcp import refusals
from one_mcp.app import open_app
from one_mcp.cli import inputs, options, screen
from one_mcp.dimensions.exchange.report import BadRow, Loaded
from one_mcp.errors import ImportRowsError
from one_mcp.jsons import JsonValue
from one_mcp.services.exchange import imports, places
from one_mcp.services.exchange.mapping import TableMapping
from one_mcp.session import Call, Report, Session
from one_mcp.settings import Settings

MAPPING = refusals.Form(TableMapping, whole="The mapping", noun="field")
EPILOG = """\b
Examples:
  one-mcp import backup.jsonl
  one-mcp import courses.csv --type course --column Title=name \\
      --column "Price (EUR)=price" --column Number=external_id
  one-mcp import owners.csv --kind connections --type owns \\
      --column Creator=from.name --column Course=to.external_id
  one-mcp import notes/
  one-mcp import posts/ --type blog_post --skip-bad

Exit codes: 0 everything was imported; 1 rows are bad, or nothing could be read; 2 usage."""


@click.command("import", epilog=EPILOG)
@click.argument("file", type=click.Path(allow_dash=True), metavar="FILE")
@click.option(
    "--format",
    type=click.Choice(["jsonl", "csv", "markdown"]),
    help="Where FILE's ending does not say it.",
)
@click.option("--kind", type=click.Choice(["entities", "connections"]), help="What the rows are.")
@click.option(
    "--type", "type_", metavar="TYPE", help="The type of all rows, or of Markdown that names none."
)
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="TITLE=FIELD",
    help="What a column becomes; may be repeated. Columns that are not named are left out.",
)
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="TITLE",
    help="A column by which a row's entity is known; may be repeated.",
)
@click.option("--from-type", metavar="TYPE", help="The type of the connections' first ends.")
@click.option("--to-type", metavar="TYPE", help="The type of the connections' second ends.")
@click.option("--delimiter", metavar="CHARACTER", help="What stands between cells.")
@click.option(
    "--mapping",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="All this as a JSON object, as the tool import_data takes it.",
)
@click.option("--skip-bad", is_flag=True, help="Import the good rows where others are bad.")
@click.option(
    "--overwrite",
    is_flag=True,
    help="Replace also what somebody has corrected here since the last import.",
)
@click.option("--dry-run", is_flag=True, help="Say what would happen, and write nothing.")
@options.settings("database", "packs", "log_level")
@options.as_json
def command(
    file: str,
    *,
    format: imports.Format | None,
    mapping: Path | None,
    columns: tuple[str, ...],
    keys: tuple[str, ...],
    skip_bad: bool,
    overwrite: bool,
    dry_run: bool,
    as_json: bool,
    **table: str | None,
) -> int:
    """Import JSONL, CSV or a folder of Markdown; repeating an import changes nothing.

    FILE is JSON Lines as `one-mcp export` writes them, or a table (CSV) whose first row has titles;
    - reads stdin. One undo_change takes all of it back. A row with an external_id, or a
    --key, updates the entity that has it already. Of a folder, each Markdown file becomes an
    entity, with the fields in its front matter, and links between files become connections.
    """
    settings = options.chosen()
    read = {"data": inputs.stdin()} if file == inputs.STDIN else {"path": file}
    run = partial(
        imports.run,
        **read,
        format=format,
        mapping=_mapping(mapping, columns, keys, table),
        on_error="skip" if skip_bad else "abort",
        overwrite=overwrite,
        dry_run=dry_run,
        reach=places.everywhere(settings),
    )
    with screen.progress("Importing") as bar:

        async def report(done: float, total: float | None, _message: str | None) -> None:
            bar(done, total)

        try:
            loaded = anyio.run(_import, settings, report, run)
        except ImportRowsError as error:
            return _refused(error, as_json=as_json)
    if as_json:
        screen.show_json(loaded)
    else:
        _show(loaded)
    return 1 if loaded.failed else 0


async def _import(
    settings: Settings, report: Report, run: Callable[[Session], Awaitable[Loaded]]
) -> Loaded:
    async with open_app(settings) as app:
        return await run(
            app.session(
                Call("import_data", "one-mcp import", report=report, client=screen.CLIENT),
                app.owner,
            )
        )


def _mapping(
    file: Path | None,
    columns: tuple[str, ...],
    keys: tuple[str, ...],
    table: dict[str, str | None],
) -> TableMapping | None:
    """Read the mapping from a file or from flags; None where there is neither."""
    given: JsonValue = {
        name.removesuffix("_"): value for name, value in table.items() if value is not None
    }
    if columns:
        pairs = [column.rpartition("=") for column in columns]
        if not all(title and field for title, _, field in pairs):
            raise click.UsageError("--column takes TITLE=FIELD, such as Title=name.")
        given["columns"] = {title: field for title, _, field in pairs}
    if keys:
        given["key"] = list(keys)
    if file is not None and given:
        raise click.UsageError("--mapping stands for the other flags; give one or the other.")
    if file is not None:
        given = inputs.document(str(file))
    elif not given:
        return None
    try:
        return TableMapping.model_validate(given)
    except ValidationError as error:
        problems = refusals.problems(error, given, MAPPING)
        raise click.UsageError(f"{refusals.told(problems, MAPPING)}.") from None


def _refused(error: ImportRowsError, *, as_json: bool) -> int:
    if as_json:
        screen.show_json({"error": {**error.data(), "message": str(error)}})
    else:
        report = _Bad.model_validate(error.fields)
        _show_bad(report.errors, report.more_errors)
        screen.complain(
            f"{report.failed} of {report.lines} rows are bad, so nothing of it is kept; "
            "mend them and import all again, or leave them out with --skip-bad"
        )
    return 1


class _Bad(BaseModel):
    lines: int
    failed: int
    errors: list[BadRow]
    more_errors: dict[str, int] | None = None


def _show(loaded: Loaded) -> None:
    for warning in loaded.warnings or []:
        screen.complain(warning)
    _show_bad(loaded.errors or [], loaded.more_errors)
    for verb, rows in (
        ("created", loaded.created),
        ("updated", loaded.updated),
        ("unchanged", loaded.unchanged),
    ):
        if rows:
            told = ", ".join(
                f"{number:,} {kind.replace('_', ' ')}" for kind, number in rows.items()
            )
            screen.show(f"{verb:10} {told}")
    if loaded.failed:
        screen.show(f"{'left out':10} {loaded.failed:,} bad rows")
    if loaded.dry_run:
        screen.show("This was a dry run: nothing was written.")
    elif loaded.change:
        screen.show(f"All of it is the change {loaded.change}.")
    else:
        screen.show("There was nothing to write.")


def _show_bad(rows: list[BadRow], more: dict[str, int] | None) -> None:
    for row in rows:
        where = f"lines {row.lines}" if row.lines else f"line {row.line}"
        screen.show(f"{where}: {row.code}: {row.problem}")
    for code, number in (more or {}).items():
        screen.show(f"and {number:,} more with {code}")
