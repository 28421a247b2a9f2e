"""Client configuration that starts this very program on the chosen file."""

import base64
import json
import shlex
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.cli.conftest import Run, answer


@pytest.mark.parametrize("client", ["claude-code", "cursor", "claude-desktop"])
def test_every_client_gets_the_same_entry(run: Run, tmp_path: Path, client: str) -> None:
    entry = answer(run("config", client, "--json"))["mcpServers"]["one"]

    assert Path(entry["command"]).is_absolute()
    assert Path(entry["command"]).exists()
    assert entry["env"] == {"ONE_MCP_DATABASE": str(tmp_path / "one.db")}


def test_what_people_read_holds_the_same_json(run: Run) -> None:
    text = run("config", "claude-desktop").stdout

    assert json.loads(text[text.index("{") :]) == answer(run("config", "cursor", "--json"))


def test_a_copy_that_uv_may_remove_is_told(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = run("config", "cursor", "--json")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "uv" / "archive-v0" / "x" / "python"))

    cached = run("config", "cursor", "--json")

    assert installed.stderr == ""
    assert "uv tool install" in cached.stderr
    assert cached.exit_code == 0


def test_chosen_settings_go_along_as_variables(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pack.toml").touch()

    words = ["--read-only", "--toolsets", "ontology,entities", "--packs", "extended"]
    entry = answer(run("config", "cursor", "--json", *words))["mcpServers"]["one"]

    assert entry["env"] == {
        "ONE_MCP_DATABASE": str(tmp_path / "one.db"),
        "ONE_MCP_TOOLSETS": "ontology,entities",
        "ONE_MCP_READ_ONLY": "true",
        "ONE_MCP_PACKS": "extended",
    }


def test_a_key_is_not_printed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE_MCP_OPENAI_API_KEY", "sk-0123456789")

    result = run("config", "claude-code", "--embedding-model", "openai:text-embedding-3-small")

    assert "sk-0123456789" not in result.stdout + result.stderr
    assert "ONE_MCP_OPENAI_API_KEY is not printed" in result.stderr
    assert "ONE_MCP_EMBEDDING_MODEL=openai:text-embedding-3-small" in result.stdout


def test_files_among_the_packs_become_absolute(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").touch()

    entry = answer(run("config", "cursor", "--json", "--packs", "extended,mine.toml"))

    packs = entry["mcpServers"]["one"]["env"]["ONE_MCP_PACKS"]
    assert packs == f"extended,{tmp_path / 'mine.toml'}"


def test_the_command_for_claude_code_survives_a_shell(run: Run, tmp_path: Path) -> None:
    text = run("config", "claude-code", "--database", tmp_path / "my db" / "one.db").stdout

    words = shlex.split(next(line for line in text.splitlines() if line.startswith("claude ")))

    assert words[:4] == ["claude", "mcp", "add", "one"]
    assert f"--env=ONE_MCP_DATABASE={tmp_path / 'my db' / 'one.db'}" in words
    assert Path(words[words.index("--") + 1]).parent == Path(sys.executable).parent


def test_the_link_for_cursor_carries_the_entry(run: Run) -> None:
    text = run("config", "cursor").stdout
    link = next(line for line in text.splitlines() if line.startswith("cursor://"))

    query = parse_qs(urlsplit(link).query)

    entry = answer(run("config", "cursor", "--json"))["mcpServers"]["one"]
    assert query["name"] == ["one"]
    assert json.loads(base64.b64decode(query["config"][0])) == entry
