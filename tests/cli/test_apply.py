"""apply at the command line: the operations of apply_changes from a file."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from click.testing import CliRunner

from one_mcp.app import LOCAL, open_app
from one_mcp.cli import cli
from one_mcp.dimensions.changes import history
from one_mcp.session import Call
from one_mcp.settings import Settings
from tests.cli.conftest import Run, answer

MADE: list[dict[str, Any]] = [
    {"op": "create_entity", "as": "$course", "type": "course", "name": "Yoga"},
    {"op": "create_entity", "as": "$lesson", "type": "lesson", "name": "Breath"},
    {"op": "connect_entities", "from": "$lesson", "type": "part_of", "to": "$course"},
]


@pytest.fixture
def made(tmp_path: Path) -> Path:
    path = tmp_path / "made.json"
    path.write_text(json.dumps(MADE))
    return path


def test_a_file_of_operations_is_one_change(run: Run, made: Path) -> None:
    applied = answer(run("apply", made, "--reason", "the autumn programme", "--json"))

    assert list(applied["ids"]) == ["$course", "$lesson"]
    assert applied["change"].startswith("chg_")
    assert len(applied["done"]) == 3


def test_what_was_done_is_said_line_by_line(run: Run, made: Path) -> None:
    shown = run("apply", made).stdout.splitlines()

    assert shown[0].startswith("created course Yoga ($course ent_")
    assert shown[-1].startswith("All of it is the change chg_")


def test_a_dry_run_writes_nothing(run: Run, made: Path) -> None:
    shown = run("apply", made, "--dry-run").stdout
    again = answer(run("apply", made, "--json"))

    assert "created course Yoga ($course)" in shown
    assert "nothing was written" in shown
    assert "warnings" not in again  # no course of this name is there


def test_operations_come_from_stdin_as_the_tool_takes_them() -> None:
    given = json.dumps({"operations": MADE})

    result = CliRunner().invoke(cli, ["apply", "-", "--json"], input=given)

    assert len(answer(result)["done"]) == 3


def test_the_file_may_say_why_and_a_flag_says_it_instead(
    run: Run, tmp_path: Path, settings: Settings
) -> None:
    path = tmp_path / "given.json"
    path.write_text(json.dumps({"operations": MADE[:1], "reason": "the autumn programme"}))

    run("apply", path)
    run("apply", path, "--reason", "once more")

    assert anyio.run(reasons, settings)[:2] == ["once more", "the autumn programme"]


async def reasons(settings: Settings) -> list[str | None]:
    async with open_app(settings) as app:
        told = await app.session(Call("test"), LOCAL).read(history.history)
    return [change.reason for change in told.changes]


def test_the_file_may_ask_for_a_dry_run(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "given.json"
    path.write_text(json.dumps({"operations": MADE, "dry_run": True}))

    assert "nothing was written" in run("apply", path).stdout


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("no json", 2, "no JSON"),
        ('{"op": "create_entity"}', 2, "a list of operations"),
        ('"create_entity"', 2, "a list of operations"),
        ('{"operations": [], "dryRun": true}', 2, "did you mean 'dry_run'?"),
        ('{"operations": [], "idempotency_key": "k"}', 2, "no field 'idempotency_key'"),
        ('[{"op": "merge"}]', 1, "operations[0].op is no operation"),
        (json.dumps([*MADE, {"op": "archive_entity", "id": "$x"}]), 1, "operations[3]"),
    ],
)
def test_what_does_not_work_is_one_line_and_nothing_is_written(
    run: Run, tmp_path: Path, text: str, code: int, said: str
) -> None:
    path = tmp_path / "given.json"
    path.write_text(text)

    refused = run("apply", path)

    assert refused.exit_code == code
    assert said in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert "created" not in refused.stdout


def test_a_file_that_is_not_there_is_one_line(run: Run, tmp_path: Path) -> None:
    refused = run("apply", tmp_path / "nothing.json")

    assert refused.exit_code == 1
    assert "nothing.json" in refused.stderr


def test_a_folder_is_said_to_be_one(run: Run, tmp_path: Path) -> None:
    refused = run("apply", tmp_path)

    assert refused.exit_code == 2
    assert "is a folder" in refused.stderr
