"""Rounds: what a server looks after again and again beside its calls, for all organizations."""

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import anyio

from one_mcp.errors import OneError

AT_ONCE = 4  # that one process does side by side: a slow vendor holds up few

T = TypeVar("T")

log = logging.getLogger(__name__)


async def repeat(work_off: Callable[[], Awaitable[None]], wait_s: float, what: str) -> None:
    """Work off what is due at once, and then every so often, for as long as the server runs.

    What is in the way is said once, until a round goes well again.
    """
    is_failing = False
    while True:
        try:
            await work_off()
            is_failing = False
        except OneError as error:
            if not is_failing:
                reason = {"reason": str(error), "code": error.code}
                log.warning("%s wait", what, extra=reason)
            is_failing = True
        except Exception:  # the server lives on, whatever happens to what it does besides
            log.exception("%s cannot be worked off", what)
        await anyio.sleep(wait_s)


async def each(due: Iterable[T], do: Callable[[T], Awaitable[object]]) -> None:
    """Do all that is due, some side by side; the first failure is raised once all had a turn."""
    limiter, failures = anyio.CapacityLimiter(AT_ONCE), list[OneError]()

    async def turn(it: T) -> None:
        async with limiter:
            try:
                await do(it)
            except OneError as error:
                failures.append(error)

    async with anyio.create_task_group() as tasks:
        for it in due:
            tasks.start_soon(turn, it)
    for failure in failures:
        raise failure
