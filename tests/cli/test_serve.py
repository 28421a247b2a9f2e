"""Serving: the command that clients start, with and without its name."""

import subprocess
import sys
from pathlib import Path

import pytest
from mcp import Client, MCPError, StdioServerParameters

from tests.cli.conftest import Run

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "words", [[], ["serve"], ["serve", "--read-only"], ["--toolsets", "all"]], ids=" ".join
)
async def test_a_client_is_served(words: list[str], tmp_path: Path) -> None:
    program = StdioServerParameters(
        command=sys.executable,
        args=["-m", "one_mcp", *words],
        env={"ONE_MCP_DATABASE": str(tmp_path / "one.db")},
    )

    async with Client(program, read_timeout_seconds=120) as client:
        tools = [tool.name for tool in (await client.list_tools()).tools]

    assert "find_entities" in tools
    assert ("create_entity" in tools) == ("--read-only" not in words)
    assert ("export_data" in tools) == ("all" in words)


def test_a_setting_that_does_not_work_ends_the_server_with_one_line() -> None:
    command = [sys.executable, "-m", "one_mcp", "--toolsets", "nonsense"]

    done = subprocess.run(command, capture_output=True, text=True, check=False, input="")

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("one-mcp: --toolsets must be")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("prelude", ["on", "off"])
async def test_a_client_is_told_which_setting_does_not_work(tmp_path: Path, prelude: str) -> None:
    program = StdioServerParameters(
        command=sys.executable,
        args=["-m", "one_mcp"],
        env={"ONE_MCP_DATABASE": "${HOME}/one.db", "ONE_MCP_PRELUDE": prelude},
        cwd=tmp_path,
    )

    with pytest.RaisesGroup(
        pytest.RaisesExc(MCPError, match=r"ONE_MCP_DATABASE has \$\{HOME\} in it"),
        allow_unwrapped=True,
        flatten_subgroups=True,
    ):
        async with Client(program, read_timeout_seconds=120) as client:
            await client.call_tool("describe_ontology", {})

    assert not list(tmp_path.iterdir())


def test_a_broken_pack_ends_the_server_with_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("[entity_types.x")

    result = run("serve", "--packs", tmp_path / "broken.toml")

    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
