"""`one-mcp stats`: count what the database holds."""

from functools import partial
from pathlib import Path

import anyio
import click

from one_mcp.app import open_app
from one_mcp.cli import options, screen
from one_mcp.dimensions import counts
from one_mcp.dimensions.counts import Census
from one_mcp.services import findings
from one_mcp.session import Call
from one_mcp.settings import Settings


@click.command("stats")
@options.settings("database", "log_level")
@options.as_json
def command(*, as_json: bool) -> None:
    """Count what the database holds: entities, connections and events by type, and its size."""
    settings = options.existing()
    taken = anyio.run(partial(_census, settings))
    if as_json:
        file = {"database": str(settings.database), "size_bytes": _size(settings.database)}
        screen.show_json(file | taken.model_dump())
    else:
        _show(settings.database, taken)


async def _census(settings: Settings) -> Census:
    async with open_app(settings.model_copy(update={"read_only": True})) as app:
        return await app.session(Call("stats"), app.owner).read(counts.take)


def _size(path: Path) -> int:
    log = path.with_name(path.name + "-wal")
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)


def _show(path: Path, taken: Census) -> None:
    screen.show(f"{path}, {findings.size(_size(path))}")
    screen.show(f"{taken.name} ({taken.organization}), people: {taken.people}")
    for title, rows, besides in (
        ("entities", taken.entities, f"{taken.archived} archived"),
        ("connections", taken.connections, f"{taken.hidden_connections} hidden"),
        ("events", taken.events, f"{taken.changes} changes, {taken.tags} tags"),
    ):
        screen.show()
        screen.show(f"{sum(rows.values()):>9,}  {title} ({besides})")
        for name, number in rows.items():
            screen.show(f"{number:>9,}    {name}")
    if taken.history_since is not None:
        screen.show(f"history since {taken.history_since}; what was before is compacted")
    screen.show()
    screen.show(f"{taken.documents:>9,}  texts ({taken.passages:,} passages)")
