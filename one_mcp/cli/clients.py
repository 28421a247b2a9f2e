"""Clients: how each of them is told to start this server."""

import base64
import io
import json
import shlex
import shutil
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import quote

from one_mcp import __version__, jsons
from one_mcp.jsons import JsonObject

NAME = "one"
PACKAGE = "one-mcp"
SUMMARY = "A business backend for AI agents: people, courses, payments, knowledge, history"
MANIFEST_VERSION = "0.4"
ENTRY_POINT = "server.py"
STUB = "from one_mcp.__main__ import main\n\nmain()\n"
DESKTOP_FILES = {
    "darwin": "~/Library/Application Support/Claude/claude_desktop_config.json",
    "win32": "%APPDATA%\\Claude\\claude_desktop_config.json",
}
DESKTOP_ELSEWHERE = "~/.config/Claude/claude_desktop_config.json"
CURSOR_LINK = "cursor://anysphere.cursor-deeplink/mcp/install"
VSCODE_LINK = "vscode:mcp/install"


@dataclass(frozen=True, slots=True)
class Entry:
    """How a client starts this server."""

    program: list[str]
    environment: dict[str, str]

    def as_json(self) -> JsonObject:
        command, *arguments = self.program
        return {"command": command, "args": [*arguments], "env": {**self.environment}}

    def assignments(self, flag: str) -> list[str]:
        """Write the variables as words of a command."""
        words = [[flag, f"{name}={value}"] for name, value in self.environment.items()]
        return [word for pair in words for word in pair]


@dataclass(frozen=True, slots=True)
class Client:
    """A client: what its file holds, and the steps (a sentence, what to copy) that add the server.

    Programs get the document alone.
    """

    document: Callable[[Entry], JsonObject]
    steps: Callable[[Entry], list[tuple[str, str]]]


def shown(document: JsonObject) -> str:
    """Write a document for people."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def manifest(entry: Entry) -> JsonObject:
    """Describe an extension of Claude Desktop that runs this installation."""
    return {
        "manifest_version": MANIFEST_VERSION,
        "name": PACKAGE,
        "display_name": "ONE",
        "version": __version__,
        "description": SUMMARY,
        "author": {"name": "one-mcp"},
        "license": "MIT",
        "server": {
            "type": "python",
            "entry_point": ENTRY_POINT,
            "mcp_config": entry.as_json(),
        },
        "tools_generated": True,
        "prompts_generated": True,
    }


def bundle(manifest: JsonObject, more: dict[str, str] | None = None) -> bytes:
    """Pack an extension: a zip archive with its manifest and what starts the server.

    The same manifest makes the same bytes.
    """
    files = {"manifest.json": shown(manifest) + "\n", ENTRY_POINT: STUB, **(more or {})}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), text)
    return packed.getvalue()


def program() -> list[str]:
    """Name the program by which this copy runs: uvx, the script, or Python with the module."""
    if in_a_cache(sys.executable):
        return [shutil.which("uvx") or "uvx", *_wanted()]
    script = Path(sys.executable).with_name("one-mcp.exe" if sys.platform == "win32" else "one-mcp")
    if script.is_file():
        return [str(script.absolute())]
    return [str(Path(sys.executable).absolute()), "-m", "one_mcp"]


def in_a_cache(program: str) -> bool:
    """Tell whether uvx made this copy for one run; it may remove it."""
    return any(part.startswith(("archive-v", "environments-v")) for part in Path(program).parts)


def _wanted() -> list[str]:
    """Say to uvx what it is to run: the package, from where this copy came if it was no index."""
    try:
        origin = distribution(PACKAGE).read_text("direct_url.json")
    except PackageNotFoundError:
        origin = None
    address = jsons.load_object(origin).get("url") if origin else None
    return ["--from", address, PACKAGE] if isinstance(address, str) else [PACKAGE]


def _usual(entry: Entry) -> JsonObject:
    return {"mcpServers": {NAME: entry.as_json()}}


def _claude_code(entry: Entry) -> list[tuple[str, str]]:
    variables = [f"--env={name}={value}" for name, value in entry.environment.items()]
    add = shlex.join(["claude", "mcp", "add", NAME, *variables, "--", *entry.program])
    place = "or put this into .mcp.json in the folder of a project:"
    return [("Run this in the folder of a project:", add), (place, shown(_usual(entry)))]


def _cursor(entry: Entry) -> list[tuple[str, str]]:
    packed = base64.b64encode(jsons.dumps(entry.as_json()).encode()).decode()
    link = f"{CURSOR_LINK}?name={NAME}&config={quote(packed, safe='')}"
    place = "or put this into ~/.cursor/mcp.json, or .cursor/mcp.json in the folder of a project:"
    return [
        ("Open this link on the machine that runs Cursor:", link),
        (place, shown(_usual(entry))),
    ]


def _claude_desktop(entry: Entry) -> list[tuple[str, str]]:
    place = DESKTOP_FILES.get(sys.platform, DESKTOP_ELSEWHERE)
    return [(f"Put this into {place} and start Claude Desktop again:", shown(_usual(entry)))]


def _claude_extension(entry: Entry) -> list[tuple[str, str]]:
    write = (
        f"Ask again with --output {NAME}.mcpb, and open that file with Claude Desktop (Settings, "
        "Extensions). It holds this manifest.json:"
    )
    return [(write, shown(manifest(entry)))]


def _vscode_document(entry: Entry) -> JsonObject:
    return {"servers": {NAME: {"type": "stdio", **entry.as_json()}}}


def _vscode(entry: Entry) -> list[tuple[str, str]]:
    named = jsons.dumps({"name": NAME, **entry.as_json()})
    return [
        (
            "Open this link on the machine that runs VS Code:",
            f"{VSCODE_LINK}?{quote(named, safe='')}",
        ),
        ("or run this:", shlex.join(["code", "--add-mcp", named])),
        (
            "or put this into .vscode/mcp.json in the folder of a project:",
            shown(_vscode_document(entry)),
        ),
    ]


def _codex(entry: Entry) -> list[tuple[str, str]]:
    add = ["codex", "mcp", "add", NAME, *entry.assignments("--env"), "--", *entry.program]
    command, *arguments = entry.program
    toml = [
        f"[mcp_servers.{NAME}]",
        f"command = {_toml(command)}",
        f"args = [{', '.join(map(_toml, arguments))}]",
        f"\n[mcp_servers.{NAME}.env]",
        *(f"{name} = {_toml(value)}" for name, value in entry.environment.items()),
    ]
    return [
        ("Run this:", shlex.join(add)),
        ("or put this into ~/.codex/config.toml:", "\n".join(toml)),
    ]


def _gemini(entry: Entry) -> list[tuple[str, str]]:
    add = ["gemini", "mcp", "add", "--scope", "user", *entry.assignments("--env"), NAME]
    return [
        ("Run this:", shlex.join([*add, *entry.program])),
        ("or put this into ~/.gemini/settings.json:", shown(_usual(entry))),
    ]


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


CLIENTS = {
    "claude-code": Client(_usual, _claude_code),
    "cursor": Client(_usual, _cursor),
    "claude-desktop": Client(_usual, _claude_desktop),
    "claude-extension": Client(manifest, _claude_extension),
    "vscode": Client(_vscode_document, _vscode),
    "codex": Client(lambda entry: {"mcp_servers": {NAME: entry.as_json()}}, _codex),
    "gemini-cli": Client(_usual, _gemini),
}
