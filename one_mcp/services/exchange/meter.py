"""A meter between long work on the database's thread and the task that waits for it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import anyio

from one_mcp.errors import OneError, StoppedError
from one_mcp.session import Report

T = TypeVar("T")
INTERVAL_S = 0.1


@dataclass(slots=True)
class Meter:
    """How far the work has come, and whether it shall stop: written on one side, read on the other.

    Both threads only ever set plain attributes, so neither waits for the other. What is read before
    the work itself does not count.
    """

    unit: str
    total: int | None = None
    done: int = 0
    counts: bool = True
    stopped: bool = False

    @property
    def shown(self) -> int:
        """How far to say the work is: lines that are read again do not count twice."""
        return self.done if self.total is None else min(self.done, self.total)

    def advance(self, amount: int) -> None:
        """Count what was done; raises StoppedError once the caller has gone."""
        self.done += amount if self.counts else 0
        if self.stopped:
            raise StoppedError("The call was cancelled; nothing was written.")


async def watched(meter: Meter, report: Report, work: Callable[[], Awaitable[T]]) -> T:
    """Wait for long work, tell the client how far it has come, and stop it when it is cancelled.

    The work always comes to its end before this returns: nothing goes on behind a cancelled call.
    """
    outcome: list[T] = []
    failure: OneError | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(_follow, meter, report)
        with anyio.CancelScope(shield=True):
            try:
                outcome.append(await work())
            except OneError as error:
                failure = error
        group.cancel_scope.cancel()
    await anyio.lowlevel.checkpoint()
    if failure is not None:
        raise failure
    await report(meter.shown, meter.total, meter.unit)
    return outcome[0]


async def _follow(meter: Meter, report: Report) -> None:
    try:
        while True:
            await anyio.sleep(INTERVAL_S)
            await report(meter.shown, meter.total, meter.unit)
    finally:
        meter.stopped = True
