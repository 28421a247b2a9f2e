"""`one-mcp restore`: put a backup in the place of the database."""

from pathlib import Path

import click

from one_mcp.cli import options, screen
from one_mcp.store.sqlite import backup


@click.command("restore")
@click.argument("source", type=click.Path(path_type=Path), metavar="BACKUP")
@options.settings("database", "log_level")
@options.as_json
def command(source: Path, *, as_json: bool) -> None:
    """Put a backup in the place of the database.

    The backup is checked first. While another process is on the database, nothing happens: close
    the clients that use it. The old file is kept beside the new one, as NAME.before-restore.
    """
    settings = options.chosen()
    source = source.expanduser().absolute()
    with screen.progress("Copying") as report:
        kept = backup.restore(source, settings.database, report)
    if as_json:
        answer = {"restored": str(settings.database), "from": str(source)}
        screen.show_json(answer | ({"kept": str(kept)} if kept else {}))
    else:
        screen.show(f"{settings.database} is now what {source} was")
        if kept:
            screen.show(f"{kept} is the file that was there before")
