"""`one-mcp compact`: let go of old history, and write the file anew."""

import anyio
import click

from one_mcp.app import LOCAL, open_app
from one_mcp.cli import options, screen
from one_mcp.services import compaction, findings
from one_mcp.services.compaction import Compacted
from one_mcp.session import Call, Report
from one_mcp.settings import Settings


@click.command("compact")
@click.option(
    "--before",
    required=True,
    metavar="TIME",
    help="A date, a time, or one from now such as -1y; what was changed before it stays changed.",
)
@options.settings("database", "packs", "log_level")
@options.as_json
def command(*, before: str, as_json: bool) -> None:
    """Let go of old history, and write the file anew, smaller.

    Who changed something before that time, when and why stays in the history. What it was cannot be
    seen or undone any more, and a repeated import knows rows that were changed since by their ids
    only.
    Servers go on working; their writes wait while the file is written anew. There is no way back:
    make a backup first.
    """
    settings = options.existing()
    with screen.progress("Compacting") as bar:

        async def report(done: float, total: float | None, _message: str | None) -> None:
            bar(done, total)

        done = anyio.run(_compact, settings, report, before)
    if as_json:
        screen.show_json(done)
    else:
        _show(done)


async def _compact(settings: Settings, report: Report, before: str) -> Compacted:
    chosen = settings.model_copy(update={"embedding_model": "none"})
    async with open_app(chosen) as app:
        return await compaction.compact(app.session(Call("compact", report=report), LOCAL), before)


def _show(done: Compacted) -> None:
    screen.show(f"{done.rows:>9,}  rows of history before {done.before}")
    sizes = (findings.size(done.size_before_bytes), findings.size(done.size_bytes))
    screen.show(f"{sizes[0]} became {sizes[1]}")
    if not done.log_cut:
        screen.show("A reader holds the write-ahead log; it is cut once nobody does.")
