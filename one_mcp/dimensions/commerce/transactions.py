"""Transactions: nonces, and the signed bytes that are kept before anybody sends them.

A nonce is taken and the bytes are stored in one transaction. What was signed is sent again as it
is: the same bytes have the same hash, and a chain takes them once.
"""

from collections.abc import Callable
from dataclasses import dataclass

from one_mcp.dimensions.operations import journal
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.store.work import Row, Work


@dataclass(frozen=True, slots=True)
class Sender:
    """Who signs: the chain's number, the address, and how far the chain has counted for it."""

    chain_id: int
    address: str
    mined: int


def find(work: Work, operation: str, step: str) -> Row | None:
    """Return what was signed for a step: hash, raw, nonce."""
    return work.one(
        """
        SELECT hash, raw, nonce, chain_id, sender
        FROM chain_transactions
        WHERE organization_id = :organization
          AND operation_id = :operation
          AND step = :step
        """,
        operation=operation,
        step=step,
    )


def reserve(
    work: Work,
    operation: Operation,
    step: str,
    sender: Sender,
    sign: Callable[[int], tuple[str, str]],
) -> tuple[str, str]:
    """Take the sender's next nonce, sign with it, and keep the bytes; they may be sent after this.

    `sign` computes hash and bytes, and reaches nobody. Raises LostLeaseError for whoever has been
    overtaken.
    """
    journal.renew(work, operation)
    nonce = work.value(
        """
        INSERT INTO chain_nonces (chain_id, sender, next)
        VALUES (:chain, :sender, :mined + 1)
        ON CONFLICT (chain_id, sender) DO UPDATE
        SET next = CASE WHEN excluded.next > chain_nonces.next + 1 THEN excluded.next
                        ELSE chain_nonces.next + 1 END
        RETURNING next - 1
        """,
        chain=sender.chain_id,
        sender=_counted_for(work, operation, sender),
        mined=sender.mined,
    )
    hash, raw = sign(nonce)
    work.run(
        """
        INSERT INTO chain_transactions
            (organization_id, operation_id, step, chain_id, sender, nonce, hash, raw, created_at)
        VALUES
            (:organization, :operation, :step, :chain, :sender, :nonce, :hash, :raw, :now)
        """,
        operation=operation.id,
        step=step,
        chain=sender.chain_id,
        sender=sender.address,
        nonce=nonce,
        hash=hash,
        raw=raw,
        now=work.now,
    )
    return hash, raw


def _counted_for(work: Work, operation: Operation, sender: Sender) -> str:
    """Name whose nonces are counted: each organization has a simulated chain of its own."""
    if operation.simulated:
        return f"{sender.address} of {work.principal.organization}"
    return sender.address
