"""`one-mcp reindex`: wait until all texts are found by meaning."""

import anyio
import click

from one_mcp.app import open_app
from one_mcp.cli import options, screen
from one_mcp.services.knowledge import upkeep
from one_mcp.services.knowledge.upkeep import Indexed
from one_mcp.session import Call, Report
from one_mcp.settings import Settings


@click.command("reindex")
@click.option("--everything", is_flag=True, help="Cut and embed all texts anew.")
@options.settings("database", "packs", "embedding_model", "openai_base_url", "log_level")
@options.as_json
def command(*, everything: bool, as_json: bool) -> int:
    """Wait until all texts are found by meaning, or index all anew.

    Servers do this by themselves, in the background. It can be stopped at any time, and goes on
    where it was. Exit codes: 0 all is indexed; 1 something could not be; 2 usage.
    """
    settings = options.existing()
    with screen.progress("Indexing") as bar:

        async def report(done: float, total: float | None, _message: str | None) -> None:
            bar(done, total)

        indexed = anyio.run(_reindex, settings, report, everything)
    if as_json:
        screen.show_json(indexed)
    else:
        _show(indexed)
    return 1 if indexed.failed or indexed.reason else 0


async def _reindex(settings: Settings, report: Report, everything: bool) -> Indexed:
    async with open_app(settings) as app:
        return await upkeep.reindex(
            app.session(Call("reindex", report=report), app.owner), everything=everything
        )


def _show(indexed: Indexed) -> None:
    if indexed.reason:
        screen.complain(indexed.reason)
    screen.show(f"{indexed.documents:>9,}  documents")
    screen.show(f"{indexed.passages:>9,}  passages")
    screen.show(f"{indexed.vectors:>9,}  with a vector of {indexed.model or 'no model'}")
    if indexed.failed:
        screen.show(f"{indexed.failed:>9,}  could not be indexed; the log says why")
