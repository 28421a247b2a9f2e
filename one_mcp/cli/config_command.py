"""`one-mcp config`: print what makes a client use this server."""

from pathlib import Path

import click

from one_mcp.cli import clients, options, screen
from one_mcp.cli.clients import CLIENTS, Entry
from one_mcp.settings import FLAGS, PREFIX, SECRETS, Settings

EXTENSION = "claude-extension"


@click.command("config")
@click.argument("client", type=click.Choice(list(CLIENTS)))
@click.option(
    "-o", "--output", metavar="FILE", help="Write the extension as a bundle (.mcpb) to open."
)
@options.settings()
@options.as_json
def command(client: str, *, output: str | None, as_json: bool) -> None:
    """Print what makes Claude Code, Cursor, VS Code or others use this server.

    CLIENT is the client to configure. The program and the database are named by absolute paths, or
    the program by uvx where that is how it runs; settings that were chosen, by flags or in the
    environment, go along; keys do not.
    """
    if output and client != EXTENSION:
        raise click.UsageError(f"Only {EXTENSION} is a file; --output goes with it.")
    settings = options.chosen()
    entry = _entry(settings)
    for name in sorted(SECRETS & settings.model_fields_set):
        screen.complain(
            f"{PREFIX}{name.upper()} is not printed; add it to what the client gives to the server"
        )
    if output:
        Path(output).write_bytes(clients.bundle(clients.manifest(entry)))
        screen.show(f"{output}: open it with Claude Desktop (Settings, Extensions)")
    elif as_json:
        screen.show_json(CLIENTS[client].document(entry))
    else:
        parts = (part for step in CLIENTS[client].steps(entry) for part in step)
        screen.show_lines("\n\n".join(parts))


def _entry(settings: Settings) -> Entry:
    """Write the chosen settings as variables: a server without arguments starts fastest."""
    chosen = settings.model_fields_set | {"database"}
    variables = {
        PREFIX + name.upper(): _text(getattr(settings, name)) for name in FLAGS if name in chosen
    }
    return Entry(clients.program(), variables)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        words = [str(word) for word in value]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # of any tuple
        return ",".join(
            str(Path(word).absolute()) if Path(word).exists() else word for word in words
        )
    return str(value)
