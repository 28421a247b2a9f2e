"""`one-mcp config`: print what makes a client use this server."""

import base64
import json
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import click

from one_mcp import jsons
from one_mcp.cli import options, screen
from one_mcp.jsons import JsonObject
from one_mcp.settings import FLAGS, PREFIX, SECRETS, Settings

NAME = "one"
FILES = {
    "claude-code": ".mcp.json in the folder of a project",
    "cursor": "~/.cursor/mcp.json, or .cursor/mcp.json in the folder of a project",
    "claude-desktop": "claude_desktop_config.json",
}
DESKTOP_FILES = {
    "darwin": "~/Library/Application Support/Claude/claude_desktop_config.json",
    "win32": "%APPDATA%\\Claude\\claude_desktop_config.json",
}
DESKTOP_ELSEWHERE = "~/.config/Claude/claude_desktop_config.json"
DEEP_LINK = "cursor://anysphere.cursor-deeplink/mcp/install"


@click.command("config")
@click.argument("client", type=click.Choice(list(FILES)))
@options.settings()
@options.as_json
def command(client: str, *, as_json: bool) -> None:
    """Print what makes Claude Code, Cursor or Claude Desktop use this server.

    CLIENT is the client to configure. The program and the database are named by absolute paths;
    settings that were chosen, by flags or in the environment, go along; keys do not.
    """
    settings = options.chosen()
    entry = _entry(settings)
    for name in sorted(SECRETS & settings.model_fields_set):
        screen.complain(
            f"{PREFIX}{name.upper()} is not printed; add it to what the client gives to the server"
        )
    if _in_a_cache(entry.program[0]):
        screen.complain(
            "this copy lies in the cache of uv, which may remove it; install it to stay, "
            "with `uv tool install` or pip, and ask again"
        )
    document: JsonObject = {"mcpServers": {NAME: entry.as_json()}}
    if as_json:
        screen.show_json(document)
        return
    if client == "claude-code":
        screen.show_lines("Run this in the folder of a project:\n")
        screen.show_lines(entry.add_command())
        screen.show_lines(f"\nor put this into {FILES[client]}:\n")
    elif client == "cursor":
        screen.show_lines("Open this link on the machine that runs Cursor:\n")
        screen.show_lines(entry.deep_link())
        screen.show_lines(f"\nor put this into {FILES[client]}:\n")
    else:
        place = DESKTOP_FILES.get(sys.platform, DESKTOP_ELSEWHERE)
        screen.show_lines(f"Put this into {place} and start Claude Desktop again:\n")
    screen.show_lines(json.dumps(document, indent=2, ensure_ascii=False))


@dataclass(frozen=True, slots=True)
class Entry:
    """How a client starts this server."""

    program: list[str]
    environment: dict[str, str]

    def as_json(self) -> JsonObject:
        command, *arguments = self.program
        return {"command": command, "args": [*arguments], "env": {**self.environment}}

    def add_command(self) -> str:
        """Write the command that adds this to Claude Code."""
        variables = [f"--env={name}={value}" for name, value in self.environment.items()]
        return shlex.join(["claude", "mcp", "add", NAME, *variables, "--", *self.program])

    def deep_link(self) -> str:
        """Write the link that adds this to Cursor."""
        packed = base64.b64encode(jsons.dumps(self.as_json()).encode()).decode()
        return f"{DEEP_LINK}?name={NAME}&config={quote(packed, safe='')}"


def _entry(settings: Settings) -> Entry:
    """Write the chosen settings as variables: a server without arguments starts fastest."""
    chosen = settings.model_fields_set | {"database"}
    variables = {
        PREFIX + name.upper(): _text(getattr(settings, name)) for name in FLAGS if name in chosen
    }
    return Entry(_program(), variables)


def _program() -> list[str]:
    """Name the program as it was installed; its script where there is one."""
    script = Path(sys.executable).with_name("one-mcp.exe" if sys.platform == "win32" else "one-mcp")
    if script.is_file():
        return [str(script.absolute())]
    return [str(Path(sys.executable).absolute()), "-m", "one_mcp"]


def _in_a_cache(program: str) -> bool:
    """Tell whether uvx made this copy for one run."""
    return any(part.startswith(("archive-v", "environments-v")) for part in Path(program).parts)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        words = [str(word) for word in value]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # of any tuple
        return ",".join(
            str(Path(word).absolute()) if Path(word).exists() else word for word in words
        )
    return str(value)
