"""What clients are told of every tool: each change of it is a reviewed difference of a file."""

import inspect

import jsonschema
import pytest

from benchmarks.tokens import SELLING
from one_mcp.jsons import dumps
from one_mcp.server.build import NAME, SPECS
from one_mcp.server.toolbox import ToolSpec
from one_mcp.settings import DEFAULT, TOOLSETS
from tests.snapshots import SCHEMAS, STALE, entries, schemas

MODEL_CHARS, MODEL_CHARS_UNSOLD = 5_500 * 4, 4_800 * 4
WIRE_CHARS, WIRE_CHARS_UNSOLD = 11_500 * 4, 10_000 * 4  # no goals: that of the latter is 9,700
NAME_CHARS = 30
QUALIFIED_NAME_CHARS = 60  # server and tool, in the client that allows least
READING = {"check", "describe", "explore", "find", "get", "list", "recall", "search", "summarize"}


ENTRIES = entries()
LIVE = schemas()


@pytest.mark.parametrize("name", ENTRIES)
def test_tool_is_what_its_snapshot_says(name: str) -> None:
    file = SCHEMAS / f"{name}.json"

    assert file.is_file(), STALE
    assert LIVE[name] == file.read_text(encoding="utf-8"), STALE


def test_there_is_no_snapshot_without_its_tool() -> None:
    assert {file.stem for file in SCHEMAS.glob("*.json")} == set(ENTRIES), STALE


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_tool_keeps_to_the_rules(spec: ToolSpec) -> None:
    entry = ENTRIES[spec.name]

    assert len(spec.name) <= NAME_CHARS
    assert len(f"mcp__{NAME}__{spec.name}") <= QUALIFIED_NAME_CHARS
    assert spec.toolset in TOOLSETS
    assert spec.annotations.read_only_hint == (spec.name.split("_")[0] in READING)
    jsonschema.Draft202012Validator.check_schema(entry["inputSchema"])
    jsonschema.Draft202012Validator.check_schema(entry["outputSchema"])


def test_the_usual_tools_find_change_and_import() -> None:
    off = {spec.name for spec in SPECS if not spec.by_default}

    assert off == {
        *("label_knowledge", "forget_knowledge", "reindex_knowledge", "restore_entity"),
        *("export_data", "purge_entity"),
        *("deploy_token", "mint_tokens", "burn_tokens", "transfer_tokens", "get_token_supply"),
        "manage_subscription",
        *("spend_tokens", "grant_tokens", "get_holdings", "list_allowances", "list_operations"),
    }


def test_names_are_unique() -> None:
    assert len({spec.name for spec in SPECS}) == len(SPECS)


def test_every_tool_is_a_coroutine() -> None:
    assert all(inspect.iscoroutinefunction(spec.run) for spec in SPECS)


def test_the_default_tools_fit_the_budget() -> None:
    """What a model reads on every turn: names, descriptions and input schemas."""
    default = entries((DEFAULT,))
    seen = {
        name: len(dumps([name, entry["description"], entry["inputSchema"]]))
        for name, entry in default.items()
    }

    assert len(default) <= 30
    assert sum(seen.values()) <= MODEL_CHARS, seen
    assert sum(len(dumps(entry)) for entry in default.values()) <= WIRE_CHARS
    unsold = default.keys() - SELLING
    assert len(unsold) <= 26
    assert sum(seen[name] for name in unsold) <= MODEL_CHARS_UNSOLD, seen
    assert sum(len(dumps(default[name])) for name in unsold) <= WIRE_CHARS_UNSOLD
