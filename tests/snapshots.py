"""Write anew every file that says what the code says: schemas, first answers, README tables.

    python -m tests.snapshots

Each change of them is a difference to look at before it is committed; tests compare the files with
the code.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import anyio

from one_mcp.app import LOCAL
from one_mcp.cli import COMMANDS
from one_mcp.jsons import JsonObject
from one_mcp.opening import playing
from one_mcp.server import build, offer, toolbox
from one_mcp.server.toolbox import Toolbox
from one_mcp.settings import PREFIX, SECRETS, TOOLSETS, Settings, flag

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
SCHEMAS = ROOT / "tests" / "server" / "snapshots"
STALE = "run python -m tests.snapshots, and look at what it changes"


def entries(toolsets: tuple[str, ...] = TOOLSETS) -> dict[str, JsonObject]:
    """What tools/list says of every tool."""
    return {
        tool.name: tool.model_dump(mode="json", by_alias=True, exclude_none=True)
        for tool in Toolbox(build.SPECS, toolsets).listed(LOCAL)
    }


def schemas() -> dict[str, str]:
    """One text for each tool."""
    return {
        name: json.dumps(entry, indent=2, ensure_ascii=False) + "\n"
        for name, entry in entries().items()
    }


def first_answers(answers: offer.Answers) -> str:
    """The opening's file: one line for each answer."""
    return json.dumps(answers, indent=0, ensure_ascii=False) + "\n"


def readme() -> str:
    """The README with its tables as they have to be."""
    text = README.read_text("utf-8")
    for name, table in (("tools", _tools), ("settings", _settings), ("commands", _commands)):
        begin, end = f"<!-- {name}: written by the tests -->\n", f"\n<!-- end of {name} -->"
        before, opened, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not (opened and closed):
            raise ValueError(f"the README has no table of {name}")
        text = f"{before}{begin}{table()}{end}{after}"
    return text


def _tools() -> str:
    rows: list[tuple[str, ...]] = []
    for spec in build.SPECS:
        sentence = re.split(r"(?<=[.:;])\s", toolbox.describe(spec), maxsplit=1)[0].rstrip(".:;")
        extra = "" if spec.by_default else " (off by default)"
        rows.append((f"`{spec.name}`", spec.toolset + extra, sentence))
    return _table(("tool", "toolset", "what it does"), rows)


def _settings() -> str:
    rows: list[tuple[str, ...]] = []
    for name, field in Settings.model_fields.items():
        usual = field.default
        if isinstance(usual, tuple):
            usual = ",".join(usual) or "none"
        shown = {False: "no", True: "yes", None: "none"}.get(usual, usual)
        rows.append(
            (
                f"`{PREFIX}{name.upper()}`",
                "none" if name in SECRETS else f"`{flag(name)}`",
                field.description or "",
                f"{shown}",
            )
        )
    return _table(("variable", "flag", "what it says", "default"), rows)


def _commands() -> str:
    rows = [
        (f"`one-mcp {name}`", sentence)
        for section in COMMANDS.values()
        for name, sentence in section.items()
    ]
    return _table(("command", "what it does"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def main() -> None:
    """Write all of them, and remove the schemas of tools that are gone."""
    live = schemas()
    for name, text in live.items():
        (SCHEMAS / f"{name}.json").write_text(text, encoding="utf-8")
    for file in SCHEMAS.glob("*.json"):
        if file.stem not in live:
            file.unlink()
    Path(playing.FILE).write_text(first_answers(anyio.run(offer.live)), encoding="utf-8")
    README.write_text(readme(), encoding="utf-8")


if __name__ == "__main__":
    main()
