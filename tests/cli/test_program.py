"""The command line as a whole: help, settings, mistakes and exit codes."""

import re
import subprocess
import sys
from pathlib import Path

import anyio
import click
import pytest

from one_mcp import __version__
from one_mcp.app import LOCAL, open_app
from one_mcp.cli import COMMANDS, cli
from one_mcp.dimensions.changes import history
from one_mcp.dimensions.changes.history import History
from one_mcp.session import Call
from one_mcp.settings import SECRETS, Settings
from tests.cli.conftest import Run, answer

ALL = [name for section in COMMANDS.values() for name in section]


def test_help_names_every_command_and_the_exit_codes(run: Run) -> None:
    result = run("--help")

    assert result.exit_code == 0
    for name in ALL:
        assert f"\n  {name} " in result.stdout
    assert "Exit codes: 0 " in result.stdout


@pytest.mark.parametrize("name", ALL)
def test_every_command_has_help_that_begins_as_the_overview_says(run: Run, name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name
    overview = next(section[name] for section in COMMANDS.values() if name in section)

    result = run(name, "--help")

    assert result.exit_code == 0
    assert (command.help or "").startswith(overview.rstrip("."))


def test_every_setting_but_a_secret_is_a_flag(run: Run) -> None:
    text = run("--help").stdout

    for name in Settings.model_fields:
        assert (f"--{name.replace('_', '-')}" in text) is (name not in SECRETS)


def test_version_is_the_packages(run: Run) -> None:
    assert run("--version").stdout == f"one-mcp {__version__}\n"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["docto"], "No such command 'docto'"),
        (["stats", "--jsn"], "No such option '--jsn'"),
        (["restore"], "Missing argument 'BACKUP'"),
        (["--toolsets", "nonsense", "stats"], "--toolsets must be all, or some of"),
        (["stats", "--database", ""], "--database must be the path"),
        (["--log-level", "loud", "stats"], "Invalid value for '--log-level'"),
    ],
)
def test_mistakes_are_refused_with_one_line_and_code_2(
    run: Run, words: list[str], complaint: str
) -> None:
    result = run(*words)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert re.fullmatch(r"one-mcp: [^\n]+\n", result.stderr)
    assert complaint in result.stderr


def test_a_mistyped_variable_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE_MCP_DATABSE", "x.db")

    result = run("stats")

    assert result.exit_code == 2
    assert "did you mean ONE_MCP_DATABASE?" in result.stderr


def test_a_mistyped_value_of_a_variable_is_refused_by_its_name(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONE_MCP_READ_ONLY", "perhaps")

    result = run("doctor")

    assert result.exit_code == 2
    assert "ONE_MCP_READ_ONLY must be true or false" in result.stderr


def test_a_flag_wins_over_the_environment(run: Run, tmp_path: Path) -> None:
    result = run("stats", "--database", tmp_path / "flag.db")

    assert str(tmp_path / "flag.db") in result.stderr


def test_a_flag_may_stand_before_the_command(run: Run, tmp_path: Path) -> None:
    result = run("--database", tmp_path / "flag.db", "stats")

    assert str(tmp_path / "flag.db") in result.stderr


def test_the_commands_own_flag_wins_over_the_programs(run: Run, tmp_path: Path) -> None:
    result = run("--database", tmp_path / "a.db", "stats", "--database", tmp_path / "b.db")

    assert str(tmp_path / "b.db") in result.stderr


def test_what_cannot_be_done_is_said_in_one_line_with_code_1(run: Run, tmp_path: Path) -> None:
    result = run("stats")

    assert result.exit_code == 1
    assert re.fullmatch(r"one-mcp: There is no database at [^\n]+\n", result.stderr)
    assert not (tmp_path / "one.db").exists()


def test_module_and_script_are_the_same_program() -> None:
    command = [sys.executable, "-m", "one_mcp", "--version"]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout == f"one-mcp {__version__}\n"


def test_the_organization_is_set_and_shown(run: Run) -> None:
    run("organization", "--name", "Bakery", "--currency", "EUR", "--time-zone", "Europe/Berlin")

    shown = answer(run("organization", "--json"))
    refused = run("organization", "--time-zone", "Berlin")

    assert (shown["name"], shown["currency"]) == ("Bakery", "EUR")
    assert shown["time_zone"] == "Europe/Berlin"
    assert refused.exit_code == 1


def test_history_tells_what_the_command_line_changed(run: Run, settings: Settings) -> None:
    async def told() -> History:
        async with open_app(settings) as app:
            return await app.session(Call("test"), LOCAL).read(history.history)

    run("organization", "--name", "Bakery")

    assert anyio.run(told).changes[0].client == f"one-mcp {__version__}"
