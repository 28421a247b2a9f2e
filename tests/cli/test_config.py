"""Client configuration that starts this very program on the chosen file."""

import base64
import json
import shlex
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests import publishing
from tests.cli.conftest import Run, answer


def entry(result: Any) -> Any:
    return answer(result)["mcpServers"]["one"]


@pytest.mark.parametrize("client", ["claude-code", "cursor", "claude-desktop", "gemini-cli"])
def test_every_client_gets_the_same_entry(run: Run, tmp_path: Path, client: str) -> None:
    found = entry(run("config", client, "--json"))

    assert Path(found["command"]).is_absolute()
    assert Path(found["command"]).exists()
    assert found["env"] == {"ONE_MCP_DATABASE": str(tmp_path / "one.db")}


def test_what_people_read_holds_the_same_json(run: Run) -> None:
    text = run("config", "claude-desktop").stdout

    assert json.loads(text[text.index("{") :]) == answer(run("config", "cursor", "--json"))


def test_a_copy_that_uv_may_remove_is_started_by_uvx(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = entry(run("config", "cursor", "--json"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "uv" / "archive-v0" / "x" / "python"))

    cached = entry(run("config", "cursor", "--json"))

    assert Path(cached["command"]).stem == "uvx"
    assert cached["args"][-1] == "one-mcp"
    assert cached["env"] == installed["env"]


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


def copied(text: str, begins: str) -> str:
    """What people copy: the part of the printed text that begins so."""
    return next(part for part in text.split("\n\n") if part.startswith(begins))


def test_vs_code_gets_a_link_a_command_and_a_file(run: Run) -> None:
    text = run("config", "vscode", "--toolsets", "all").stdout
    server = answer(run("config", "vscode", "--toolsets", "all", "--json"))["servers"]["one"]

    named = {"name": "one", **{key: server[key] for key in ("command", "args", "env")}}
    link = urlsplit(copied(text, "vscode:"))
    words = shlex.split(copied(text, "code --add-mcp"))

    assert server["type"] == "stdio"
    assert json.loads(unquote(link.query)) == named
    assert json.loads(words[2]) == named
    assert json.loads(text[text.index("{\n") :]) == {"servers": {"one": server}}


def test_codex_gets_a_command_and_a_table(run: Run, tmp_path: Path) -> None:
    database = tmp_path / 'my "db"' / "one.db"
    text = run("config", "codex", "--database", database).stdout
    server = answer(run("config", "codex", "--database", database, "--json"))

    words = shlex.split(copied(text, "codex mcp add"))

    assert words[3] == "one"
    assert f"ONE_MCP_DATABASE={database}" in words
    assert words[words.index("--") + 1] == server["mcp_servers"]["one"]["command"]
    assert tomllib.loads(text[text.index("[mcp_servers") :]) == server


def test_gemini_gets_a_command(run: Run) -> None:
    server = entry(run("config", "gemini-cli", "--json"))

    words = shlex.split(copied(run("config", "gemini-cli").stdout, "gemini mcp add"))

    assert words[3:5] == ["--scope", "user"]
    assert words[-2:] == ["one", server["command"]]


def test_claude_desktop_gets_an_extension(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "one.mcpb"
    run("config", "claude-extension", "--read-only", "--output", file)
    refused = run("config", "cursor", "--output", file)

    manifest = publishing.check_bundle(file.read_bytes())

    assert manifest == answer(run("config", "claude-extension", "--read-only", "--json"))
    assert manifest["server"]["mcp_config"]["env"]["ONE_MCP_READ_ONLY"] == "true"
    assert refused.exit_code == 2
