"""Recovery: what was cut off or left for later goes on, in whichever process is alive."""

import logging
from collections.abc import Awaitable, Callable

import anyio

from one_mcp.dimensions.operations import operation
from one_mcp.dimensions.operations.unfinished import Unfinished
from one_mcp.errors import OneError
from one_mcp.services import rails, saga
from one_mcp.services.rails import Rails
from one_mcp.services.workflows import WORKFLOWS
from one_mcp.session import Session
from one_mcp.store.work import Work

POLL_S = 5.0  # how late work is noticed that a killed process left behind
AT_ONCE = 4  # operations that one process resumes side by side: a slow vendor holds up few

PATIENCE_MS = 60 * 60_000  # for a server that has the keys which an operation began with

log = logging.getLogger(__name__)


class Recovery:
    """Resumes the open operations of all organizations while the server runs."""

    def __init__(
        self,
        due: Callable[[], Awaitable[list[Unfinished]]],
        open_session: Callable[[Unfinished], Session],
    ) -> None:
        self._due = due
        self._open = open_session
        self._failing = False

    async def run(self) -> None:
        """Look at once, and then every few seconds, for as long as the server runs."""
        while True:
            try:
                await self.work_off()
                self._failing = False
            except OneError as error:
                self._say(error)
            except Exception:  # the server lives on, whatever happens to what it does besides
                log.exception("operations cannot be resumed")
            await anyio.sleep(POLL_S)

    async def work_off(self) -> None:
        """Bring every operation that is due as far as it goes now."""
        limiter = anyio.CapacityLimiter(AT_ONCE)
        async with anyio.create_task_group() as tasks:
            for each in await self._due():
                tasks.start_soon(self._resume, each, limiter)

    async def _resume(self, each: Unfinished, limiter: anyio.CapacityLimiter) -> None:
        workflow = WORKFLOWS.get(each.kind)
        if workflow is None:
            return  # a newer server on this file began it, and knows how it goes on
        one = self._open(each)
        async with limiter:
            try:
                if await one.read(_is_for_others, rails.of(one), each.id):
                    return
                left = await saga.drive(one, workflow, each.id)
            except OneError as error:
                self._say(error)
                return
        log.info("operation resumed", extra={"operation": left.id, "state": left.state.value})

    def _say(self, error: OneError) -> None:
        if not self._failing:
            log.warning("operations wait", extra={"reason": str(error), "code": error.code})
        self._failing = True


def _is_for_others(work: Work, on: Rails, id: str) -> bool:
    """Tell whether another server may have the vendors that an operation began with, unlike us.

    Where none comes for an hour, the saga leaves it to a person.
    """
    at = operation.read(work, id)
    return rails.has_changed(on, at.body) and work.clock < at.updated_at + PATIENCE_MS
