"""Loopback: pages on this machine alone, at a port that is open only while a link waits."""

import logging
import socket
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any

import anyio
import uvicorn
from anyio.abc import TaskGroup, TaskStatus

from one_mcp.server.pages.approval import ApprovalPages, Door
from one_mcp.server.pages.ends import EndPages
from one_mcp.server.pages.site import Site

ADDRESS = "127.0.0.1"
LONGEST_S = 60 * 60.0
LINGER_S = 20.0  # after the last decision, for another tab to be told of it


log = logging.getLogger(__name__)


class _Guest(uvicorn.Server):
    """A web server in a process that has other work: it leaves the signals alone."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class Loopback:
    """Opens a port when a link is wanted, and closes it when none is."""

    def __init__(self, tasks: TaskGroup, *, linger_s: float = LINGER_S) -> None:
        self._ends = EndPages(self._start)
        self._approvals = ApprovalPages(self._ends.begin)
        self._site = Site(self._approvals, self._ends)
        self._tasks = tasks
        self._linger_s = linger_s
        self._opening = anyio.Lock()
        self._is_up = False

    async def link(self, plan: str, door: Door) -> str | None:
        """Return a link to a plan's page; None where it has none any more, or no port is free."""
        return await self._linked(lambda: self._approvals.offer(plan, door))

    async def _linked(self, offer: Callable[[], str | None]) -> str | None:
        async with self._opening:
            try:
                if not self._is_up:
                    await self._tasks.start(self._serve)
            except OSError:
                log.warning("no port for the approval page", exc_info=True)
                return None
            path = offer()
            return path and f"{self._site.origin}{path}"

    def _start(self, run: Callable[..., Awaitable[None]], *given: object) -> None:
        self._tasks.start_soon(_survived, run, given)

    async def _serve(self, *, task_status: TaskStatus[None]) -> None:
        with socket.socket() as listener:
            listener.bind((ADDRESS, 0))
            listener.listen()
            self._site.origin = f"http://{ADDRESS}:{listener.getsockname()[1]}"
            self._is_up = True
            server = _Guest(
                uvicorn.Config(
                    self._site,
                    log_config=None,
                    access_log=False,
                    lifespan="off",
                    ws="none",
                    server_header=False,
                    limit_concurrency=20,
                    timeout_graceful_shutdown=1,
                )
            )
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._watch, server)
                task_status.started()
                with anyio.CancelScope(shield=True):  # it ends by itself, once it is told to
                    await server.serve([listener])
        self._is_up = False

    async def _watch(self, server: uvicorn.Server) -> None:
        """Tell the server to end, when nobody needs it or the process ends."""
        try:
            with anyio.move_on_after(LONGEST_S):
                is_wanted = True
                while is_wanted:
                    await anyio.sleep(1)
                    is_wanted = await self._is_wanted()
        finally:
            self._is_up = False
            self._site.close()
            server.should_exit = True

    async def _is_wanted(self) -> bool:
        """Tell whether somebody is to come still; whoever has just been here may look once more."""
        if not self._site.is_open:
            await anyio.sleep(self._linger_s)
        return self._site.is_open


async def _survived(run: Callable[..., Awaitable[None]], given: tuple[Any, ...]) -> None:
    """Run what a page has begun; the server lives on, whatever becomes of it."""
    try:
        await run(*given)
    except Exception:
        log.exception("what was approved cannot be followed")
