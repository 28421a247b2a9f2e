"""What clients are told of every tool: each change of it is a reviewed difference of a file.

ONE_MCP_UPDATE_SNAPSHOTS=1 writes the files anew.
"""

import inspect
import json
import os
from pathlib import Path

import jsonschema
import pytest

from one_mcp.access import Permission
from one_mcp.app import LOCAL
from one_mcp.jsons import JsonObject, dumps
from one_mcp.server.build import NAME, SPECS
from one_mcp.server.toolbox import Toolbox, ToolSpec
from one_mcp.settings import DEFAULT_TOOLSETS, TOOLSETS

SNAPSHOTS = Path(__file__).parent / "snapshots"
MODEL_CHARS = 4_100 * 4
WIRE_CHARS = 9_000 * 4
NAME_CHARS = 30
QUALIFIED_NAME_CHARS = 60  # server and tool, in the client that allows least


def entries(toolsets: tuple[str, ...]) -> dict[str, JsonObject]:
    return {
        tool.name: tool.model_dump(mode="json", by_alias=True, exclude_none=True)
        for tool in Toolbox(SPECS, toolsets).listed(LOCAL)
    }


ENTRIES = entries(TOOLSETS)


@pytest.mark.parametrize("name", ENTRIES)
def test_tool_is_what_its_snapshot_says(name: str) -> None:
    file = SNAPSHOTS / f"{name}.json"
    live = json.dumps(ENTRIES[name], indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("ONE_MCP_UPDATE_SNAPSHOTS"):
        SNAPSHOTS.mkdir(exist_ok=True)
        file.write_text(live, encoding="utf-8")

    assert file.is_file(), f"run ONE_MCP_UPDATE_SNAPSHOTS=1 pytest {__file__}"
    assert live == file.read_text(encoding="utf-8")


def test_there_is_no_snapshot_without_its_tool() -> None:
    assert {file.stem for file in SNAPSHOTS.glob("*.json")} == set(ENTRIES)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_tool_keeps_to_the_rules(spec: ToolSpec) -> None:
    entry = ENTRIES[spec.name]

    assert len(spec.name) <= NAME_CHARS
    assert len(f"mcp__{NAME}__{spec.name}") <= QUALIFIED_NAME_CHARS
    assert spec.toolset in TOOLSETS
    assert spec.read_only or spec.permission is not Permission.READ or spec.toolset == "exchange"
    jsonschema.Draft202012Validator.check_schema(entry["inputSchema"])
    jsonschema.Draft202012Validator.check_schema(entry["outputSchema"])


def test_names_are_unique() -> None:
    assert len({spec.name for spec in SPECS}) == len(SPECS)


def test_functions_are_named_like_their_tools() -> None:
    assert [spec.name for spec in SPECS] == [spec.run.__name__ for spec in SPECS]
    assert all(inspect.iscoroutinefunction(spec.run) for spec in SPECS)


def test_the_default_tools_fit_the_budget() -> None:
    """What a model reads on every turn: names, descriptions and input schemas."""
    default = entries(DEFAULT_TOOLSETS)
    seen = {
        name: len(dumps([name, entry["description"], entry["inputSchema"]]))
        for name, entry in default.items()
    }

    assert len(default) <= 25
    assert sum(seen.values()) <= MODEL_CHARS, seen
    assert sum(len(dumps(entry)) for entry in default.values()) <= WIRE_CHARS
