"""The suite's tools; see `fixtures`."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import mcp_types as types
from mcp.server.context import HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.shared.message import ServerMessageMetadata
from mcp.shared.subscriptions import PromptsListChanged, ServerEvent, ToolsListChanged

from tests.conformance import inputs, jobs

Context = ServerRequestContext[Any]
Tool = Callable[[Context, dict[str, Any]], Awaitable[HandlerResult]]

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8Dw"
    "HwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
)
WAV = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
SCHEMA_2020_12 = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}
DEFAULTS = {
    "name": {"type": "string", "default": "John Doe"},
    "age": {"type": "integer", "default": 30},
    "score": {"type": "number", "default": 95.5},
    "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
    "verified": {"type": "boolean", "default": True},
}
TITLED = [{"const": f"value{n}", "title": f"Option {n}"} for n in (1, 2, 3)]
UNTITLED = ["option1", "option2", "option3"]
ENUMS = {
    "untitledSingle": {"type": "string", "enum": UNTITLED},
    "titledSingle": {"type": "string", "oneOf": TITLED},
    "legacyEnum": {
        "type": "string",
        "enum": ["opt1", "opt2", "opt3"],
        "enumNames": ["Option One", "Option Two", "Option Three"],
    },
    "untitledMulti": {"type": "array", "items": {"type": "string", "enum": UNTITLED}},
    "titledMulti": {"type": "array", "items": {"anyOf": TITLED}},
}
PERSON = {"username": {"type": "string"}, "email": {"type": "string"}}


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def image() -> dict[str, Any]:
    return {"type": "image", "data": PNG, "mimeType": "image/png"}


def resource(uri: str, said: str, mime_type: str = "text/plain") -> dict[str, Any]:
    return {"type": "resource", "resource": {"uri": uri, "mimeType": mime_type, "text": said}}


def done(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"content": list(parts), "resultType": "complete"}


def content(*parts: dict[str, Any]) -> Tool:
    async def answer(_context: Context, _given: dict[str, Any]) -> HandlerResult:
        return done(*parts)

    return answer


async def log(context: Context, said: str) -> None:
    await context.session.send_log_message("info", said, related_request_id=context.request_id)


async def logging_tool(context: Context, _given: dict[str, Any]) -> HandlerResult:
    for said in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await log(context, said)
        await anyio.sleep(0.05)
    return done(text("Logged three times."))


async def progress_tool(context: Context, _given: dict[str, Any]) -> HandlerResult:
    for step in (0, 50, 100):
        await context.session.report_progress(step, 100, f"Completed step {step} of 100")
        await anyio.sleep(0.05)
    return done(text("Done."))


async def failing_tool(_context: Context, _given: dict[str, Any]) -> HandlerResult:
    said = "This tool intentionally returns an error for testing"
    return {**done(text(said)), "isError": True}


async def sampling_tool(context: Context, given: dict[str, Any]) -> HandlerResult:
    message = types.SamplingMessage(role="user", content=types.TextContent(text=given["prompt"]))
    result = await context.session.send_request(
        types.CreateMessageRequest(
            params=types.CreateMessageRequestParams(messages=[message], max_tokens=100)
        ),
        types.CreateMessageResult,
        metadata=ServerMessageMetadata(related_request_id=context.request_id),
    )
    return done(text(f"LLM response: {getattr(result.content, 'text', '')}"))


async def elicit(context: Context, message: str, properties: dict[str, Any]) -> HandlerResult:
    schema = {"type": "object", "properties": properties, "required": []}
    result = await context.session.elicit_form(message, schema, context.request_id)
    said = f"Elicitation completed: action={result.action}, content={result.content}"
    return done(text(said))


def eliciting_tool(properties: dict[str, Any]) -> Tool:
    async def answer(context: Context, given: dict[str, Any]) -> HandlerResult:
        return await elicit(context, given.get("message", "Please choose"), properties)

    return answer


async def reconnecting_tool(context: Context, _given: dict[str, Any]) -> HandlerResult:
    if context.close_sse_stream:
        await context.close_sse_stream()
    await anyio.sleep(0.2)
    return done(text("Reconnection test completed"))


async def choosy_tool(context: Context, _given: dict[str, Any]) -> HandlerResult:
    capabilities = context.session.client_capabilities
    if capabilities is None or capabilities.sampling is None:
        raise MCPError(
            types.MISSING_REQUIRED_CLIENT_CAPABILITY,
            "This tool needs sampling",
            {"requiredCapabilities": {"sampling": {}}},
        )
    return done(text("The client can sample."))


TOOLS: dict[str, Tool] = {
    "test_simple_text": content(text("This is a simple text response for testing.")),
    "test_image_content": content(image()),
    "test_audio_content": content({"type": "audio", "data": WAV, "mimeType": "audio/wav"}),
    "test_embedded_resource": content(
        resource("test://embedded-resource", "This is an embedded resource content.")
    ),
    "test_multiple_content_types": content(
        text("Multiple content types test:"),
        image(),
        resource(
            "test://mixed-content-resource", '{"test":"data","value":123}', "application/json"
        ),
    ),
    "test_tool_with_logging": logging_tool,
    "test_logging_tool": logging_tool,
    "test_tool_with_progress": progress_tool,
    "test_error_handling": failing_tool,
    "test_sampling": sampling_tool,
    "test_elicitation": eliciting_tool(PERSON),
    "test_elicitation_sep1034_defaults": eliciting_tool(DEFAULTS),
    "test_elicitation_sep1330_enums": eliciting_tool(ENUMS),
    "test_reconnection": reconnecting_tool,
    "test_missing_capability": choosy_tool,
    "test_x_mcp_header": content(text("The header fits.")),
    "json_schema_2020_12_tool": content(text("The schema is whole.")),
    **inputs.TOOLS,
}
TRIGGERS = {
    "test_trigger_tool_change": ToolsListChanged,
    "test_trigger_prompt_change": PromptsListChanged,
}
SCHEMAS: dict[str, dict[str, Any]] = {
    "test_sampling": {"type": "object", "properties": {"prompt": {"type": "string"}}},
    "test_elicitation": {"type": "object", "properties": {"message": {"type": "string"}}},
    "test_x_mcp_header": {
        "type": "object",
        "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
    },
    "json_schema_2020_12_tool": SCHEMA_2020_12,
}
LISTED = [
    {
        "name": name,
        "description": f"The tool {name} of the conformance suite",
        "inputSchema": SCHEMAS.get(name, {"type": "object", "properties": {}}),
    }
    for name in (*TOOLS, *TRIGGERS, *jobs.NAMES)
]


class Caller:
    """Answer `tools/call` for the suite's tools, and None for all others."""

    def __init__(self, publish: Callable[[ServerEvent], Awaitable[None]]) -> None:
        self._publish = publish

    async def __call__(
        self, context: Context, params: types.CallToolRequestParams
    ) -> HandlerResult:
        if event := TRIGGERS.get(params.name):
            await self._publish(event())
            return done(text("Changed."))
        tool = TOOLS.get(params.name)
        return await tool(context, params.arguments or {}) if tool else None
