"""A command line to type on, and a small business in a file."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from click.testing import CliRunner, Result

from one_mcp.app import LOCAL, open_app
from one_mcp.cli import cli
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import entity
from one_mcp.session import Call
from one_mcp.settings import Settings

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the environment's own settings, and the user's database, out of the tests."""
    monkeypatch.setenv("ONE_MCP_DATABASE", str(tmp_path / "one.db"))
    for name in Settings.model_fields.keys() - {"database"}:
        monkeypatch.delenv(f"ONE_MCP_{name.upper()}", raising=False)


@pytest.fixture
def run() -> Run:
    """Run one-mcp with words."""

    def typed(*words: object) -> Result:
        return CliRunner().invoke(cli, [str(word) for word in words])

    return typed


@pytest.fixture
def business(settings: Settings) -> dict[str, str]:
    """A creator who owns a course with a video; the ids by name."""
    return anyio.run(partial(_business, settings))


async def _business(settings: Settings) -> dict[str, str]:
    async with open_app(settings) as app:

        async def write(rule: Callable[..., Any], *words: object) -> str:
            answer = await app.session(Call("test"), LOCAL).write(rule, *words)
            return answer.id

        ids = {
            "jane": await write(entity.create, "creator", "Jane", {"email": "j@example.com"}),
            "course": await write(entity.create, "course", "Yoga <&> more"),
            "video": await write(entity.create, "video", "Sun salutation"),
        }
        await write(connection.connect, ids["jane"], "owns", ids["course"])
        await write(connection.connect, ids["video"], "part_of", ids["course"])
        return ids


def answer(result: Result) -> Any:
    """What a program reads from a command that worked."""
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)
