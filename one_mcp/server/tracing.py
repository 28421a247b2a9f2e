"""Tracing: a tool call as a span of whatever its client traces, where somebody takes spans.

Names are those of OpenTelemetry's conventions for MCP; arguments and answers are in none.
"""

from collections.abc import Mapping
from dataclasses import replace

from mcp.server.context import CallNext, HandlerResult
from mcp.shared.exceptions import MCPError

from one_mcp import traces
from one_mcp.providers.ports.spans import TraceSpan
from one_mcp.server.caller import TRACEPARENT, Context

LONGEST_NAME = 64  # of a tool, as a client wrote it


async def traced(ctx: Context, call_next: CallNext) -> HandlerResult:
    """Tell of a tool call, and let what it begins belong to it."""
    app = ctx.lifespan_context.app
    if ctx.method != "tools/call" or not app.providers.tracing.is_on:
        return await call_next(ctx)
    parent = traces.parse((ctx.meta or {}).get(TRACEPARENT))
    own = parent.child() if parent else traces.new()
    began_at, error = app.clock(), None
    meta = {**(ctx.meta or {}), TRACEPARENT: str(own)}
    try:
        answer = await call_next(replace(ctx, meta=meta))
        error = "tool_error" if _is_error(answer) else None
    except MCPError as refused:
        error = str(refused.error.code)
        raise
    finally:
        tool = str((ctx.params or {}).get("name"))[:LONGEST_NAME]
        named = {"mcp.method.name": ctx.method, "gen_ai.tool.name": tool}
        failed = {} if error is None else {"error.type": error}
        span = TraceSpan(
            f"{ctx.method} {tool}",
            *(own, parent, began_at, app.clock()),
            {**named, **failed},
            error,
            serves=True,
        )
        await app.providers.tracing.tell(span)
    return answer


def _is_error(answer: HandlerResult) -> bool:
    return isinstance(answer, Mapping) and answer.get("isError") is True
