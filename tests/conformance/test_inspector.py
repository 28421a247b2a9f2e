"""The Inspector's command line works with the server over stdio, in both generations."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conformance import suite

pytestmark = suite.needs_modules
Inspect = Any
TOOL_ERROR = 5  # the Inspector's exit code


@pytest.fixture(params=["legacy", "modern"])
def inspect(request: pytest.FixtureRequest, tmp_path: Path) -> Inspect:
    """Ask the server one thing, through the Inspector, in a generation of the protocol."""
    server = {
        "type": "stdio",
        "command": sys.executable,
        "args": ["-m", "one_mcp"],
        "env": {"ONE_MCP_DATABASE": str(tmp_path / "one.db")},
        "protocolEra": request.param,
    }
    config = tmp_path / "inspector.json"
    config.write_text(json.dumps({"mcpServers": {"one": server}}))

    def ask(method: str, *arguments: str, code: int = 0) -> dict[str, Any]:
        done = suite.run(
            "inspector/clients/launcher/build/index.js",
            *("--cli", "--config", str(config), "--server", "one", "--format", "json"),
            *("--method", method, *arguments),
            MCP_INSPECTOR_SECRET_STORE="memory",  # noqa: S106  # not a secret: no key ring here
        )
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)["result"]

    return ask


def test_tools_are_called(inspect: Inspect) -> None:
    arguments = {"type": "creator", "name": "Jane", "properties": {"email": "jane@example.com"}}

    listed = inspect("tools/list")
    made = inspect(
        "tools/call",
        *("--tool-name", "create_entity", "--tool-args-json", json.dumps(arguments)),
    )
    found = inspect("tools/call", "--tool-name", "find_entities", "--tool-arg", "type=creator")

    assert "create_entity" in [tool["name"] for tool in listed["tools"]]
    assert made["structuredContent"]["id"].startswith("ent_")
    assert made["structuredContent"]["id"] in json.dumps(found["structuredContent"])


def test_an_error_reaches_the_caller_whole(inspect: Inspect) -> None:
    """Some clients hold an error result against the output schema, and show nothing else."""
    answer = inspect(
        "tools/call",
        *("--tool-name", "get_entity", "--tool-arg", "id=ent_0000000000000000"),
        code=TOOL_ERROR,
    )

    assert answer["isError"]
    assert answer["content"][0]["text"].startswith("NOT_FOUND: There is no entity")


def test_resources_are_read(inspect: Inspect) -> None:
    listed = inspect("resources/list")
    read = inspect("resources/read", "--uri", "one://ontology")

    assert "one://ontology" in [resource["uri"] for resource in listed["resources"]]
    assert "creator" in read["contents"][0]["text"]


def test_prompts_are_given(inspect: Inspect) -> None:
    listed = inspect("prompts/list")
    names = [prompt["name"] for prompt in listed["prompts"]]
    given = inspect(
        "prompts/get", "--prompt-name", "map_feature", "--prompt-args", "feature=A book club"
    )

    assert "map_feature" in names
    assert "A book club" in json.dumps(given["messages"])
