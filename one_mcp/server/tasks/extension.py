"""The tasks extension: which requests it concerns, and what a client has to declare for it.

It belongs to 2026-07-28: https://modelcontextprotocol.github.io/ext-tasks/specification/2026-07-28/tasks.html.
The tasks of 2025-11-25 were an experiment of other shapes, and are not served (D-88).
"""

from collections.abc import Mapping

from mcp.server.context import CallNext, HandlerResult
from mcp.shared.exceptions import MCPError
from mcp.shared.inbound import MCP_NAME_HEADER, decode_header_value
from mcp_types import (
    CLIENT_CAPABILITIES_META_KEY,
    HEADER_MISMATCH,
    METHOD_NOT_FOUND,
    MISSING_REQUIRED_CLIENT_CAPABILITY,
)
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from one_mcp.jsons import JsonObject
from one_mcp.server.caller import Context

METHODS = frozenset({"tasks/get", "tasks/update", "tasks/cancel"})
TASKS = "io.modelcontextprotocol/tasks"
_NEEDED: JsonObject = {"requiredCapabilities": {"extensions": {TASKS: {}}}}


async def guarded(ctx: Context, call_next: CallNext) -> HandlerResult:
    """Refuse requests about tasks of clients that cannot make them, before they are looked at."""
    if ctx.method in METHODS:
        require(ctx)
        _require_routed(ctx)
    return await call_next(ctx)


def declared(context: Context) -> bool:
    """Tell whether this very request says that its client takes tasks: no earlier one counts."""
    if context.protocol_version in HANDSHAKE_PROTOCOL_VERSIONS:
        return False
    found: object = context.meta or {}
    for name in (CLIENT_CAPABILITIES_META_KEY, "extensions"):
        found = found.get(name) if isinstance(found, Mapping) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]  # JSON of the client's
    return isinstance(found, Mapping) and TASKS in found


def require(context: Context) -> None:
    """Raise where a request about tasks is one that this client cannot make."""
    if context.protocol_version in HANDSHAKE_PROTOCOL_VERSIONS:
        raise MCPError(METHOD_NOT_FOUND, "Method not found", context.method)
    if not declared(context):
        sentence = f"{context.method} needs the extension {TASKS} among the client's capabilities."
        raise MCPError(MISSING_REQUIRED_CLIENT_CAPABILITY, sentence, _NEEDED)


def _require_routed(context: Context) -> None:
    """Raise where what routes a request over HTTP names another task than the request does."""
    headers = getattr(context.request, "headers", None)  # nothing over stdio
    if headers is None:
        return
    id = (context.params or {}).get("taskId")
    if decode_header_value(headers.get(MCP_NAME_HEADER)) != id:
        sentence = f"The header {MCP_NAME_HEADER} and taskId have to be the same."
        raise MCPError(HEADER_MISMATCH, sentence)
