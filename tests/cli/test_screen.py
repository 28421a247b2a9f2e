"""A terminal shows what is hidden in stored text, and no stored text moves its cursor."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from one_mcp import cli
from one_mcp.cli import COMMANDS
from tests.cli.conftest import Run

HIDDEN = "\u202e\u2066\u200b\U000e0041\x1b\x9b\x07\ufeff"
NAME = "Zo\u202e\u200b\U000e0041"  # a name may hold no control characters; a text may
TEXT = f"Otters{HIDDEN}[2K breathe."
COMMANDS_WITH_TEXT = {
    "search": ["search", "otters"],
    "export": ["export"],
    "stats": ["stats"],
    "doctor": ["doctor"],
    "models": ["models"],
    "reindex": ["reindex"],
    "graph": ["graph", NAME],
    "import": ["import", "--skip-bad"],
}


@pytest.fixture
def filled(run: Run, tmp_path: Path) -> Path:
    """A database with hidden characters wherever they may be, and the file it was filled from."""
    file = tmp_path / "all.jsonl"
    rows = [
        {"entity": {"type": "blog_post", "name": NAME, "properties": {"content": TEXT, NAME: TEXT}}}
    ]
    rows += [{"entity": {"type": f"nothing{HIDDEN}", "name": NAME, f"field{HIDDEN}": 1}}]
    file.write_text("\n".join(map(json.dumps, rows)))
    run("import", "--skip-bad", file)
    return file


@pytest.mark.parametrize("name", COMMANDS_WITH_TEXT)
@pytest.mark.parametrize("as_json", [False, True])
def test_no_command_prints_what_cannot_be_seen(
    run: Run, filled: Path, tmp_path: Path, name: str, as_json: bool
) -> None:
    words = list(COMMANDS_WITH_TEXT[name])
    words += [str(filled)] if name == "import" else []
    words += ["-o", str(tmp_path / "picture.svg")] if name == "graph" else []
    words += ["--json"] if as_json and name != "export" else []

    result = run(*words)

    assert result.exit_code in (0, 1), result.output
    assert result.stdout
    assert not set(HIDDEN) & set(result.stdout + result.stderr)
    if name == "graph":
        assert not set(HIDDEN) & set((tmp_path / "picture.svg").read_text("utf-8"))


def test_an_export_on_stdout_loses_nothing(run: Run, filled: Path) -> None:
    assert filled

    lines = [json.loads(line) for line in run("export").stdout.splitlines()]

    (post,) = (line["entity"] for line in lines if "entity" in line)
    assert post["name"] == NAME
    assert post["properties"]["content"] == TEXT


def test_a_name_with_a_line_end_makes_no_second_line(run: Run) -> None:
    result = run("graph", "Zoe\none-mcp: nothing is wrong")

    assert len(result.stderr.splitlines()) == 1


def test_every_command_prints_by_the_screen_alone() -> None:
    """So a new command cannot forget it."""
    folder = Path(cli.__file__).parent
    for file in folder.glob("*.py"):
        calls = [
            node
            for node in ast.walk(ast.parse(file.read_text("utf-8")))
            if isinstance(node, ast.Call)
        ]
        printing = [
            ast.unparse(call.func)
            for call in calls
            if ast.unparse(call.func) in {"print", "click.echo", "click.secho", "sys.stdout.write"}
        ]
        assert file.name == "screen.py" or not printing, file.name
    assert {name for section in COMMANDS.values() for name in section} >= COMMANDS_WITH_TEXT.keys()


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_an_old_encoding_stops_no_command_and_breaks_no_data(
    run: Run, tmp_path: Path, encoding: str
) -> None:
    name = "✓ Yōga 瑜伽 🧘"
    file = tmp_path / "all.jsonl"
    row = {"entity": {"type": "course", "name": name}}
    file.write_text(json.dumps(row))
    run("import", file)

    def printed(*words: str) -> bytes:
        command = [sys.executable, "-m", "one_mcp", *words]
        environment = {**os.environ, "PYTHONIOENCODING": encoding}
        return subprocess.run(command, capture_output=True, check=True, env=environment).stdout

    (exported,) = (
        row["entity"]
        for row in map(json.loads, printed("export").decode().splitlines())
        if "entity" in row
    )
    assert exported["name"] == name
    assert name in printed("export", "--entities", "course").decode()
    assert json.loads(printed("search", "Yōga", "--json"))["entities"][0]["name"] == name
    assert b"ga" in printed("search", "Yōga")
