"""What clients make of the tools: the published converters of agent frameworks, over the real list.

A client that cannot convert one schema refuses the whole server, or sends a model something else
than was meant. The converters come with the development dependencies.
"""

import warnings
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from mcp_types import Tool

from one_mcp.app import LOCAL
from one_mcp.server import build
from one_mcp.server.toolbox import Toolbox
from one_mcp.settings import TOOLSETS

TOOLS = Toolbox(build.SPECS, TOOLSETS).listed(LOCAL)
EVERY = pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)


def nodes(schema: Any, place: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object in a schema, with its place."""
    if isinstance(schema, dict):
        yield place, schema
        for key, value in schema.items():
            yield from nodes(value, f"{place}/{key}")
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from nodes(value, f"{place}/{index}")


@EVERY
def test_every_array_says_what_its_items_are(tool: Tool) -> None:
    for schema in (tool.input_schema, tool.output_schema):
        without = [
            place
            for place, node in nodes(schema)
            if node.get("type") == "array" and "items" not in node
        ]

        assert not without


@EVERY
def test_arguments_keep_to_what_every_client_reads(tool: Tool) -> None:
    """No union at the root, one type each, and no reference that a client would have to follow."""
    assert tool.input_schema["type"] == "object"
    assert not {"anyOf", "oneOf", "allOf", "not"} & tool.input_schema.keys()
    for place, node in nodes(tool.input_schema):
        assert not isinstance(node.get("type"), list), place
        assert not {"$ref", "$defs", "prefixItems", "const"} & node.keys(), place
        assert not isinstance(node.get("additionalProperties"), bool), place


@EVERY
@pytest.mark.parametrize("strict", [False, True], ids=["plain", "strict"])
def test_openai_agents_converts_the_tool(tool: Tool, strict: bool) -> None:
    agents = imported("agents.mcp")
    server = agents.MCPServerStdio(params={"command": "one-mcp"})

    made = agents.MCPUtil.to_function_tool(tool, server, strict)

    assert made.name == tool.name
    assert made.description == tool.description
    if made.strict_json_schema:
        for place, node in nodes(made.params_json_schema):
            if node.get("type") == "object":
                assert node["additionalProperties"] is False, place
                assert sorted(node["required"]) == sorted(node["properties"]), place
    else:  # open objects, such as properties, fit no strict schema: it stays what it was
        assert made.params_json_schema == tool.input_schema
    assert properties(made.params_json_schema) == properties(tool.input_schema)


@EVERY
def test_google_genai_converts_the_tool(tool: Tool) -> None:
    converters = imported("google.genai._mcp_utils")

    (made,) = converters.mcp_to_gemini_tools([tool])

    (declaration,) = made.function_declarations
    schema = declaration.parameters.model_dump(mode="json", exclude_none=True)
    assert declaration.name == tool.name
    assert properties(schema) == properties(tool.input_schema)
    for place, node in nodes(schema):
        assert node.get("type") != "ARRAY" or "items" in node, place
        assert "enum" not in node or node["type"] == "STRING", place


@EVERY
@pytest.mark.parametrize("vendor", ["openai", "google", "google-openapi", "anthropic"])
def test_pydantic_ai_converts_the_tool(tool: Tool, vendor: str) -> None:
    transformer = {
        "openai": ("pydantic_ai.profiles.openai", "OpenAIJsonSchemaTransformer"),
        "google": ("pydantic_ai.profiles.google", "GoogleJsonSchemaTransformer"),
        "google-openapi": ("pydantic_ai.profiles.google", "GoogleOpenAPISchemaTransformer"),
        "anthropic": ("pydantic_ai._json_schema", "InlineDefsJsonSchemaTransformer"),
    }[vendor]
    make = getattr(imported(transformer[0]), transformer[1])

    for strict in (None, True, False):
        made = make(deepcopy(tool.input_schema), strict=strict).walk()

        assert made["type"] == "object"
        assert properties(made) == properties(tool.input_schema)


@EVERY
def test_langchain_reads_the_arguments_as_they_stand(tool: Tool) -> None:
    """The rule of langchain-mcp-adapters 0.3.1, which does not run beside version 2 of the SDK.

    `convert_mcp_tool_to_langchain_tool` passes `inputSchema` on as `args_schema`; LangChain's tool
    then lists `args_schema["properties"]` and wants a type, or a union, of each.
    """
    schema = tool.input_schema

    assert isinstance(schema["properties"], dict)
    for name, node in schema["properties"].items():
        assert "type" in node or "anyOf" in node, name
    assert set(schema.get("required", [])) <= schema["properties"].keys()
    assert tool.description


def properties(schema: dict[str, Any]) -> set[str]:
    return set(schema.get("properties", {}))


def imported(name: str) -> Any:
    """Load a framework, whose own deprecations are not ours; without it, say so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name, reason="comes with `pip install --group dev`")
