"""`one-mcp backup`: copy the database while servers use it."""

from pathlib import Path

import click

from one_mcp import clock
from one_mcp.cli import options, screen
from one_mcp.errors import DatabaseError
from one_mcp.services import findings
from one_mcp.store.sqlite import backup


@click.command("backup")
@click.argument("target", required=False, type=click.Path(path_type=Path), metavar="[TARGET]")
@click.option("--force", is_flag=True, help="Replace TARGET where it exists.")
@options.settings("database", "log_level")
@options.as_json
def command(target: Path | None, *, force: bool, as_json: bool) -> None:
    """Copy the database while servers use it.

    The copy holds what was committed when it began, is one file with nothing beside it, and is
    checked before it gets its name. TARGET is a file or a folder; without it the copy is made
    beside the database, with the time in its name.
    """
    settings = options.chosen()
    path = _target(settings.database, target)
    if path.exists() and not force:
        raise DatabaseError(f"{path} exists; name another file, or add --force to replace it.")
    with screen.progress("Copying") as report:
        schema = backup.save(settings.database, path, report)
    taken = path.stat().st_size
    if as_json:
        screen.show_json({"backup": str(path), "size_bytes": taken, "schema": schema})
    else:
        screen.show(f"{path} ({findings.size(taken)}), checked")


def _target(database: Path, given: Path | None) -> Path:
    moment = clock.to_text(clock.system() // 1000 * 1000)
    name = f"{database.stem}-{moment.replace('-', '').replace(':', '')}{database.suffix}"
    if given is None:
        return database.with_name(name)
    given = given.expanduser().absolute()
    return given / name if given.is_dir() else given
