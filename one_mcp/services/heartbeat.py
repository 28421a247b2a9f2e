"""The heartbeat: an operation's lease is held while somebody works on it, and let go with them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import anyio

from one_mcp.dimensions.operations import journal
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.errors import OneError
from one_mcp.money_errors import LostLeaseError
from one_mcp.session import Session
from one_mcp.store.work import Work

BEAT_S = journal.LENGTH_MS / 3_000


@asynccontextmanager
async def beating(one: Session, taken: Operation) -> AsyncGenerator[None]:
    """Renew a lease all the while; where the work is broken off, others have it at once."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_beat, one, taken)
        try:
            yield
        except anyio.get_cancelled_exc_class():
            await _let_go(one, taken)
            raise
        tasks.cancel_scope.cancel()


async def _let_go(one: Session, taken: Operation) -> None:
    """Leave an operation to others: whoever asked has gone, or the server ends."""
    with anyio.CancelScope(shield=True), suppress(OneError):
        await one.derive(_free, taken)


def _free(work: Work, taken: Operation) -> None:
    journal.give_back(work, taken, work.clock)


async def _beat(one: Session, taken: Operation) -> None:
    while True:
        await anyio.sleep(BEAT_S)
        try:
            await one.derive(journal.beat, taken)
        except LostLeaseError:  # whoever writes next is told the same
            return
        except OneError:
            continue
