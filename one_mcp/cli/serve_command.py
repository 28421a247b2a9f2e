"""`one-mcp serve`: serve one client over stdin and stdout."""

import sys

import anyio
import click

from one_mcp.app import open_app
from one_mcp.cli import options, screen
from one_mcp.errors import SettingsError
from one_mcp.opening.playing import Opening
from one_mcp.server import build
from one_mcp.server.stdio import refusing, serving
from one_mcp.settings import Settings


@click.command("serve")
@options.settings()
@click.pass_context
def command(context: click.Context) -> None:
    """Serve one client over stdin and stdout; the default command.

    This is what the configuration of a client starts, which `one-mcp config` prints. Any number of
    servers may work on one database at once. The server ends when its client does.
    """
    opening = context.find_object(Opening) or Opening()
    try:
        settings = options.chosen()
    except SettingsError as error:
        refusing.refuse(f"{error.code}: {error}", opening)  # clients show it; stderr, few do
        raise
    if sys.stdin.isatty():
        screen.complain("waiting for an MCP client on stdin; `one-mcp --help` shows other commands")
    anyio.run(_serve, settings, opening)
    serving.leave()


async def _serve(settings: Settings, opening: Opening) -> None:
    async with open_app(settings) as app:
        built = build.server(app)
        await serving.serve(built, build.options(built), opening)
