"""The way out: whatever a request is answered with has nothing hidden in it, and says what it is.

It stands around every handler, so that none can be forgotten.
"""

from typing import Any

from mcp.server.context import CallNext, HandlerResult
from mcp.shared.exceptions import MCPError

from one_mcp.server.caller import Context
from one_mcp.server.results import STORED_TEXT
from one_mcp.texts import visible

STORED_TEXT_META = "one_mcp/stored_text"
_CARRIES_STORED_TEXT = frozenset(
    {"tools/call", "tasks/get", "resources/read", "completion/complete"}
)


async def shown(ctx: Context, call_next: CallNext) -> HandlerResult:
    """Show what is invisible in an answer or an error, and mark what users have stored as data."""
    try:
        answer = await call_next(ctx)
    except MCPError as error:
        told = error.error
        raise MCPError(told.code, visible.text(told.message), visible.json(told.data)) from error
    if not isinstance(answer, dict):  # a notification has no answer
        return answer
    if ctx.method in _CARRIES_STORED_TEXT:
        meta: dict[str, Any] = answer.setdefault("_meta", {})
        meta[STORED_TEXT_META] = STORED_TEXT
    return visible.json(answer)
