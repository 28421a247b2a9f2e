"""Who makes a request, and the door that opens for them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio
from anyio.abc import TaskGroup
from mcp.server.context import ServerRequestContext
from mcp_types import CallToolResult, InputRequiredResult

from one_mcp import traces
from one_mcp.access import Principal
from one_mcp.app import App
from one_mcp.money_errors import ApprovalRequiredError
from one_mcp.server import results
from one_mcp.server.pages.loopback import Loopback
from one_mcp.server.resources.subscriptions import Watch
from one_mcp.session import Begun, Call, Report, Session
from one_mcp.texts import visible

PROGRESS_INTERVAL_S = 0.1
TRACEPARENT = "traceparent"  # as in a header of W3C's; in `_meta` by SEP-414
LONGEST_CLIENT = 100  # characters that are kept of a client's name and version


@dataclass(frozen=True, slots=True)
class Serving:
    """What a running server's handlers share."""

    app: App
    watch: Watch
    loopback: Loopback
    tasks: TaskGroup


Context = ServerRequestContext[Serving]
Answered = CallToolResult | InputRequiredResult
Again = Callable[[], Awaitable[Answered]]  # the call once more, which asks nobody
Asked = Callable[[ApprovalRequiredError, Again], Awaitable[Answered]]


async def refused(error: ApprovalRequiredError, again: Again) -> CallToolResult:
    """Ask nobody."""
    _ = again
    return results.failure(error)


def _unheard(operation: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Caller:
    """One request's principal, their door to the backend, and the way to tell them of progress.

    `client` is the program that they use, by its name and version; `ask` leads them to where a
    person approves; `begun` is told which operation a call waits for;
    `traceparent` is the span that it belongs to.
    """

    principal: Principal
    open: Callable[[Call], Session]
    report: Report
    client: str | None = None
    ask: Asked = refused
    begun: Begun = _unheard
    traceparent: str | None = None


def identify(context: Context) -> Caller:
    """Say who makes this request: over stdio always the organization's owner."""
    app = context.lifespan_context.app
    return Caller(
        app.owner,
        lambda call: app.session(call, app.owner),
        paced(context.session.report_progress),
        _client(context),
        traceparent=_traceparent(context),
    )


def _traceparent(context: Context) -> str | None:
    found = traces.parse((context.meta or {}).get(TRACEPARENT))
    return None if found is None else str(found)


def _client(context: Context) -> str | None:
    """Name the program at the other end; the newest generation need not say what it is."""
    said = context.session.client_params
    if said is None:
        return None
    named = f"{said.client_info.name} {said.client_info.version}".strip()
    return visible.line(named)[:LONGEST_CLIENT] or None


def paced(send: Report) -> Report:
    """Let through what a client can use: progress that grows, ten times a second at most.

    What says something new is let through at once: it is a step, and not a count.
    """
    sent_at = -PROGRESS_INTERVAL_S
    furthest = -1.0
    said: str | None = None

    async def report(done: float, total: float | None = None, message: str | None = None) -> None:
        nonlocal sent_at, furthest, said
        now = anyio.current_time()
        early = now - sent_at < PROGRESS_INTERVAL_S and done != total and message == said
        if early or done <= furthest:
            return
        sent_at, furthest, said = now, done, message
        await send(done, total, message and visible.text(message))

    return report
