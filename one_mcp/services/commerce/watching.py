"""Watching: whether a chain has taken back what had counted, when nobody works on it any more.

A reorganisation may be deeper than the confirmations that were waited for. What is gone is said
aloud, and the same bytes are sent again: they count once, and later nonces wait for theirs.
"""

import logging
from collections.abc import Awaitable, Callable

from one_mcp.dimensions.commerce import transactions
from one_mcp.dimensions.commerce.transactions import SentTransaction
from one_mcp.dimensions.operations import operation
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.dimensions.operations.unfinished import Unfinished
from one_mcp.providers.ports.chain import Chain
from one_mcp.services import rails, rounds
from one_mcp.services.commerce import onchain
from one_mcp.session import Session

POLL_S = 60.0

log = logging.getLogger(__name__)


class Watcher:
    """Looks after the transactions of operations that have ended, of all organizations."""

    def __init__(
        self,
        due: Callable[[], Awaitable[list[Unfinished]]],
        open_session: Callable[[Unfinished], Session],
    ) -> None:
        self._due = due
        self._open = open_session

    async def run(self) -> None:
        """Look at once, and then every minute, for as long as the server runs."""
        await rounds.repeat(self.work_off, POLL_S, "transactions to be watched")

    async def work_off(self) -> None:
        """Look at every transaction that a chain may still take back."""
        await rounds.each(await self._due(), lambda it: look(self._open(it), it.id))


async def look(one: Session, id: str) -> None:
    """Look whether all that an operation had done on the chain is still there."""
    chain, at = rails.of(one).chain, await one.read(operation.read, id)
    if chain.simulated:
        return
    for sent in (await one.read(transactions.of_operation, id)).values():
        counted = _counted(at, sent)
        if counted is not None and counted.chain_id == chain.chain_id:
            await _look(one, chain, id, sent, counted)


def _counted(at: Operation, sent: list[SentTransaction]) -> SentTransaction | None:
    """Return the bytes of a nonce that the journal says were mined."""
    mined = {str(row.result.get("hash")) for row in (*at.done.values(), *at.back.values())}
    return next((it for it in sent if it.hash in mined), None)


async def _look(
    one: Session, chain: Chain, id: str, sent: list[SentTransaction], counted: SentTransaction
) -> None:
    receipt = await onchain.receipt_of(chain, [it.hash for it in sent])
    if receipt is not None and receipt.succeeded:
        if counted.missing:
            await one.derive(transactions.found, id, counted.hash)
            log.info("transaction is in the chain again", extra={"operation": id})
        return
    if not counted.missing:
        await one.derive(transactions.miss, id, counted.hash)
        log.error("transaction is gone from the chain", extra={"operation": id})
    if receipt is None:
        await chain.broadcast(counted.raw)
