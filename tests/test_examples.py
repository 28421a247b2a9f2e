"""The configuration examples are what `one-mcp config` would print."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from one_mcp.cli import cli
from one_mcp.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = {
    "claude-desktop": ROOT / "claude_desktop_config.example.json",
    "claude-code": ROOT / ".mcp.example.json",
}


@pytest.mark.parametrize("client", EXAMPLES)
def test_an_example_has_the_form_that_config_prints(client: str, tmp_path: Path) -> None:
    words = ["config", client, "--json", "--database", str(tmp_path / "one.db")]
    printed = json.loads(CliRunner().invoke(cli, words).stdout)["mcpServers"]

    example = json.loads(EXAMPLES[client].read_text())["mcpServers"]

    assert example.keys() == printed.keys() == {"one"}
    assert example["one"].keys() == printed["one"].keys()


@pytest.mark.parametrize("path", EXAMPLES.values(), ids=EXAMPLES)
def test_an_example_names_only_settings_that_exist(path: Path) -> None:
    entry = json.loads(path.read_text())["mcpServers"]["one"]

    assert entry["env"].keys() <= {PREFIX + name.upper() for name in Settings.model_fields}
    assert entry["command"].startswith("/")
