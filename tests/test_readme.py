"""The README's tables say what the code says; ONE_MCP_UPDATE_SNAPSHOTS=1 writes them anew."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from one_mcp.cli import COMMANDS
from one_mcp.server import build, toolbox
from one_mcp.services.picture import svg
from one_mcp.settings import DEFAULT_TOOLSETS, PREFIX, SECRETS, Settings, flag

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def tools() -> str:
    rows: list[tuple[str, ...]] = []
    for spec in build.SPECS:
        sentence = re.split(r"(?<=[.:;])\s", toolbox.describe(spec), maxsplit=1)[0].rstrip(".:;")
        extra = "" if spec.toolset in DEFAULT_TOOLSETS else " (off by default)"
        rows.append((f"`{spec.name}`", spec.toolset + extra, sentence))
    return table(("tool", "toolset", "what it does"), rows)


def settings() -> str:
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
    return table(("variable", "flag", "what it says", "default"), rows)


def commands() -> str:
    rows = [
        (f"`one-mcp {name}`", sentence)
        for section in COMMANDS.values()
        for name, sentence in section.items()
    ]
    return table(("command", "what it does"), rows)


@pytest.mark.parametrize(
    ("name", "expected"), [("tools", tools), ("settings", settings), ("commands", commands)]
)
def test_a_table_says_what_the_code_says(name: str, expected: object) -> None:
    assert callable(expected)
    text = README.read_text("utf-8")
    begin, end = f"<!-- {name}: written by the tests -->\n", f"\n<!-- end of {name} -->"
    before, _, rest = text.partition(begin)
    now, found, after = rest.partition(end)
    assert found, f"the README has no table of {name}"

    if os.environ.get("ONE_MCP_UPDATE_SNAPSHOTS"):
        README.write_text(f"{before}{begin}{expected()}{end}{after}", "utf-8")
        return
    assert now == expected()


def test_every_link_into_the_project_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README.read_text("utf-8"))

    inside = [link for link in links if "://" not in link]
    moved = {"one_mcp", "resources", "prompts"}  # the wheel's tests run without these
    missing = [
        link for link in inside if not (ROOT / link).exists() and link.split("/")[0] not in moved
    ]
    assert inside
    assert missing == []


def test_the_picture_is_one_that_the_program_draws_today() -> None:
    """If not: one-mcp demo, then one-mcp graph "Breathe, then run" -o docs/graph.svg."""
    drawn = (ROOT / "docs" / "graph.svg").read_text("utf-8")

    assert svg.STYLE in drawn
    assert "Maya Lindholm" in drawn
