"""The hand-off: a call that began an operation is answered at once, and goes on behind."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import anyio
from anyio.abc import TaskGroup

from one_mcp.server.caller import Answered, Caller
from one_mcp.session import Report

Run = Callable[[Caller], Awaitable[Answered]]


@dataclass
class _Running:
    """A call that runs apart from its request."""

    known: anyio.Event = field(default_factory=anyio.Event)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    began: str | None = None
    answer: Answered | None = None
    error: Exception | None = None

    def begin(self, operation: str) -> None:
        self.began = operation
        self.known.set()


async def until_begun(tasks: TaskGroup, caller: Caller, run: Run) -> Answered | str:
    """Return what a call answers, or the id of its operation as soon as that has begun.

    What has begun goes on, whether or not anybody still waits for the request. A task has no
    progress: its client asks for it.
    """
    running = _Running()
    apart = replace(caller, begun=running.begin, report=_before(running, caller.report))
    tasks.start_soon(_carry, running, apart, run)
    try:
        await running.known.wait()
    except anyio.get_cancelled_exc_class():
        if running.began is None:
            running.scope.cancel()
        raise
    if running.began is not None:
        return running.began
    if running.answer is None:
        raise running.error or RuntimeError("the call ended without an answer")
    return running.answer


async def _carry(running: _Running, caller: Caller, run: Run) -> None:
    try:
        with running.scope:
            running.answer = await run(caller)
    except Exception as error:  # noqa: BLE001  # whoever asked is told, and the server lives on
        running.error = error
    finally:
        running.known.set()


def _before(running: _Running, report: Report) -> Report:
    async def told(done: float, total: float | None = None, message: str | None = None) -> None:
        if running.began is None:
            await report(done, total, message)

    return told
