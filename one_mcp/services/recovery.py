"""Recovery: what was cut off or left for later goes on, in whichever process is alive."""

import logging
from collections.abc import Awaitable, Callable

from one_mcp.dimensions.operations import operation
from one_mcp.dimensions.operations.unfinished import Unfinished
from one_mcp.services import rails, rounds, saga
from one_mcp.services.rails import Rails
from one_mcp.services.workflows import WORKFLOWS
from one_mcp.session import Session
from one_mcp.store.work import Work

POLL_S = 5.0  # how late work is noticed that a killed process left behind
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

    async def run(self) -> None:
        """Look at once, and then every few seconds, for as long as the server runs."""
        await rounds.repeat(self.work_off, POLL_S, "operations")

    async def work_off(self) -> None:
        """Bring every operation that is due as far as it goes now."""
        await rounds.each(await self._due(), self._resume)

    async def _resume(self, each: Unfinished) -> None:
        workflow = WORKFLOWS.get(each.kind)
        if workflow is None:
            return  # a newer server on this file began it, and knows how it goes on
        one = self._open(each)
        if await one.read(_is_for_others, rails.of(one), each.id):
            return
        left = await saga.drive(one, workflow, each.id)
        log.info("operation resumed", extra={"operation": left.id, "state": left.state.value})


def _is_for_others(work: Work, on: Rails, id: str) -> bool:
    """Tell whether another server may have the vendors that an operation began with, unlike us.

    Where none comes for an hour, the saga leaves it to a person.
    """
    at = operation.read(work, id)
    return rails.has_changed(on, at.body) and work.clock < at.updated_at + PATIENCE_MS
