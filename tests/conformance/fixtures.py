"""The tools, resources and prompts that the official conformance suite expects to find.

They are laid over the product's own handlers, so that lists, caching, middleware, subscriptions and
errors are the product's. See https://github.com/modelcontextprotocol/conformance.
"""

import json
from collections.abc import Sequence
from typing import Any

import mcp_types as types
from mcp.server import Server
from mcp.server.context import HandlerResult, ServerRequestContext
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.shared.subscriptions import (
    SUBSCRIPTION_ID_META_KEY,
    ServerEvent,
    event_matches,
    event_to_notification,
)

from one_mcp.server.tasks.operations import TaskAnswers, TaskParams
from tests.conformance import inputs, tools
from tests.conformance.jobs import Jobs

Context = ServerRequestContext[Any]

RESOURCES = [
    {
        "uri": f"test://{name}",
        "name": name,
        "description": f"A {name} resource for the conformance suite",
        "mimeType": "image/png" if name == "static-binary" else "text/plain",
    }
    for name in ("static-text", "static-binary", "watched-resource")
]
TEMPLATES = [
    {
        "uriTemplate": "test://template/{id}/data",
        "name": "template",
        "description": "A resource with a parameter",
        "mimeType": "application/json",
    }
]
PROMPTS = [
    {"name": name, "description": f"The prompt {name}", "arguments": arguments}
    for name, arguments in {
        "test_simple_prompt": [],
        "test_prompt_with_arguments": [
            {"name": "arg1", "description": "The first", "required": True},
            {"name": "arg2", "description": "The second", "required": True},
        ],
        "test_prompt_with_embedded_resource": [
            {"name": "resourceUri", "description": "What to embed", "required": True}
        ],
        "test_prompt_with_image": [],
        "test_input_required_result_prompt": [],
    }.items()
]


class Streams:
    """The open `subscriptions/listen` streams: the product serves them, the fixtures join in."""

    def __init__(self, server: Server[Any]) -> None:
        entry = server.get_request_handler("subscriptions/listen")
        assert entry, "the product does not serve subscriptions/listen"
        self._product = entry.handler
        self._open: list[tuple[Context, types.SubscriptionFilter]] = []

    async def __call__(
        self, context: Context, params: types.SubscriptionsListenRequestParams
    ) -> HandlerResult:
        stream = (context, params.notifications)
        self._open.append(stream)
        try:
            return await self._product(context, params)
        finally:
            self._open.remove(stream)

    async def publish(self, event: ServerEvent) -> None:
        """Tell the streams that asked for this kind of event."""
        for context, wanted in list(self._open):
            if event_matches(wanted, frozenset(), event):
                meta = {SUBSCRIPTION_ID_META_KEY: context.request_id}
                await context.session.send_notification(
                    event_to_notification(event, meta), related_request_id=context.request_id
                )


def install(server: Server[Any]) -> None:
    """Lay the fixtures over a server."""
    streams = Streams(server)
    server.add_request_handler(
        "subscriptions/listen", types.SubscriptionsListenRequestParams, streams
    )
    _know_schemas(server)
    server.middleware.append(  # what `requestState` carries must come back untouched
        RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience=server.name)
    )
    _lengthen(server, "tools/list", "tools", [types.Tool.model_validate(t) for t in tools.LISTED])
    _lengthen(
        server, "resources/list", "resources", [types.Resource.model_validate(r) for r in RESOURCES]
    )
    _lengthen(
        server,
        "resources/templates/list",
        "resource_templates",
        [types.ResourceTemplate.model_validate(t) for t in TEMPLATES],
    )
    _lengthen(server, "prompts/list", "prompts", [types.Prompt.model_validate(p) for p in PROMPTS])
    jobs = Jobs()
    _overlay(server, "tools/call", types.CallToolRequestParams, tools.Caller(streams.publish))
    _overlay(server, "tools/call", types.CallToolRequestParams, jobs.call)
    _overlay(server, "tasks/get", TaskParams, jobs.get)
    _overlay(server, "tasks/update", TaskAnswers, jobs.update)
    _overlay(server, "tasks/cancel", TaskParams, jobs.cancel)
    _overlay(server, "resources/read", types.ReadResourceRequestParams, _read)
    _overlay(server, "prompts/get", types.GetPromptRequestParams, _prompt)
    _overlay(server, "completion/complete", types.CompleteRequestParams, _complete)
    _overlay(server, "resources/subscribe", types.SubscribeRequestParams, _acknowledge)
    _overlay(server, "resources/unsubscribe", types.UnsubscribeRequestParams, _acknowledge)
    server.add_request_handler("logging/setLevel", types.SetLevelRequestParams, _set_level)


def _know_schemas(server: Server[Any]) -> None:
    product = server.get_tool_input_schema
    assert product, "without it the SDK lists all tools for every call over HTTP"
    server.get_tool_input_schema = lambda name: tools.SCHEMAS.get(name) or product(name)


def _lengthen(server: Server[Any], method: str, field: str, fixtures: Sequence[Any]) -> None:
    entry = server.get_request_handler(method)
    assert entry, f"the product does not serve {method}"

    async def listed(context: Context, params: types.PaginatedRequestParams) -> HandlerResult:
        result = await entry.handler(context, params)
        if params.cursor is not None:
            return result
        if isinstance(result, dict):
            wire = "resourceTemplates" if field == "resource_templates" else field
            dumped = [f.model_dump(by_alias=True, mode="json", exclude_none=True) for f in fixtures]
            return {**result, wire: [*result[wire], *dumped]}
        assert result is not None
        return result.model_copy(update={field: [*getattr(result, field), *fixtures]})

    server.add_request_handler(method, types.PaginatedRequestParams, listed)


def _overlay(server: Server[Any], method: str, params_type: type, fixture: Any) -> None:
    """Ask the fixture first; where it returns None, the product answers."""
    entry = server.get_request_handler(method)

    async def handled(context: Context, params: Any) -> HandlerResult:
        answer = await fixture(context, params)
        if answer is None and entry:
            return await entry.handler(context, params)
        return answer

    server.add_request_handler(method, params_type, handled)


async def _read(_context: Context, params: types.ReadResourceRequestParams) -> HandlerResult:
    uri = str(params.uri)
    content: dict[str, Any] = {"uri": uri, "mimeType": "text/plain"}
    match uri.removeprefix("test://").split("/"):
        case ["static-text"]:
            content["text"] = "This is the content of the static text resource."
        case ["watched-resource"]:
            content["text"] = "This is watched."
        case ["static-binary"]:
            content |= {"mimeType": "image/png", "blob": tools.PNG}
        case ["template", id, "data"]:
            text = json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})
            content |= {"mimeType": "application/json", "text": text}
        case _:
            return None
    return {"contents": [content], "resultType": "complete"}


async def _prompt(context: Context, params: types.GetPromptRequestParams) -> HandlerResult:
    given = params.arguments or {}
    match params.name:
        case "test_simple_prompt":
            contents = [tools.text("This is a simple prompt for testing.")]
        case "test_prompt_with_arguments":
            said = f"Prompt with arguments: arg1='{given['arg1']}', arg2='{given['arg2']}'"
            contents = [tools.text(said)]
        case "test_prompt_with_embedded_resource":
            embedded = "Embedded resource content for testing."
            contents = [
                tools.resource(given["resourceUri"], embedded),
                tools.text("Please process the embedded resource above."),
            ]
        case "test_prompt_with_image":
            contents = [tools.image(), tools.text("Please analyze the image above.")]
        case "test_input_required_result_prompt":
            return inputs.prompt(context)
        case _:
            return None
    messages = [{"role": "user", "content": content} for content in contents]
    return {"messages": messages, "resultType": "complete"}


async def _complete(_context: Context, params: types.CompleteRequestParams) -> HandlerResult:
    if getattr(params.ref, "name", "").startswith("test_"):
        completion = {"values": ["paris", "park", "party"], "hasMore": False}
        return {"completion": completion, "resultType": "complete"}
    return None


async def _acknowledge(_context: Context, params: Any) -> HandlerResult:
    return {} if str(params.uri).startswith("test://") else None


async def _set_level(_context: Context, _params: types.SetLevelRequestParams) -> HandlerResult:
    return {}
