"""Transactions: nonces, and the signed bytes that are kept before anybody sends them.

A nonce is taken and the bytes are stored in one transaction. What was signed is sent again as it
is: the same bytes have the same hash, and a chain takes them once. What is stuck is replaced by
bytes of the same nonce, stored before they are sent, too: the chain takes one of the two. What is
given up is replaced by bytes that do nothing, so that later nonces need not wait for it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from one_mcp.dimensions.operations import journal
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.store.work import Row, Work

STUCK_MS = 60_000  # without a block, although it is the sender's next


@dataclass(frozen=True, slots=True)
class Sender:
    """Who signs: the chain's number, the address, and how far the chain has counted for it.

    A simulated chain is its organization's own, and counts for it alone.
    """

    chain_id: int
    address: str
    mined: int
    simulated: bool


@dataclass(frozen=True, slots=True)
class SentTransaction:
    """Signed bytes for a step; `waited_ms` is how long ago they were signed.

    `voids` says that they do nothing but take the nonce. `missing` is for bytes that had counted,
    and are in no block any more.
    """

    attempt: int
    chain_id: int
    hash: str
    raw: str
    nonce: int
    waited_ms: int
    voids: bool
    missing: bool


def of_step(work: Work, operation: str, step: str) -> list[SentTransaction]:
    """List what was signed for a step with the nonce that counts, the first bytes first.

    A step whose transaction reverted may have a later one, with a nonce of its own.
    """
    rows = work.all(
        """
        SELECT attempt, chain_id, hash, raw, nonce, created_at, voids, missing_since
        FROM chain_transactions
        WHERE organization_id = :organization
          AND operation_id = :operation
          AND step = :step
        ORDER BY attempt
        """,
        operation=operation,
        step=step,
    )
    return [_sent(work, row) for row in rows if row["nonce"] == rows[-1]["nonce"]]


def of_operation(work: Work, operation: str) -> dict[str, list[SentTransaction]]:
    """List what counts of all that was signed for an operation, by its steps."""
    rows = work.all(
        """
        SELECT DISTINCT step
        FROM chain_transactions
        WHERE organization_id = :organization
          AND operation_id = :operation
        ORDER BY step
        """,
        operation=operation,
    )
    return {row["step"]: of_step(work, operation, row["step"]) for row in rows}


def miss(work: Work, operation: str, hash: str) -> None:
    """Write down that bytes which had counted are in no block any more."""
    work.run(
        """
        UPDATE chain_transactions
        SET missing_since = :now
        WHERE organization_id = :organization
          AND operation_id = :operation
          AND hash = :hash
          AND missing_since IS NULL
        """,
        operation=operation,
        hash=hash,
        now=work.now,
    )


def found(work: Work, operation: str, hash: str) -> None:
    """Write down that what was missing is in a block again."""
    work.run(
        """
        UPDATE chain_transactions
        SET missing_since = NULL
        WHERE organization_id = :organization
          AND operation_id = :operation
          AND hash = :hash
        """,
        operation=operation,
        hash=hash,
    )


def reserve(
    work: Work,
    operation: Operation,
    step: str,
    sender: Sender,
    sign: Callable[[int], tuple[str, str]],
) -> list[SentTransaction]:
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
        sender=_counted_for(work, sender),
        mined=sender.mined,
    )
    hash, raw = sign(nonce)
    work.run(
        """
        INSERT INTO chain_transactions
            (organization_id, operation_id, step, attempt, chain_id, sender, nonce, hash, raw,
             created_at, voids)
        SELECT :organization, :operation, :step, coalesce(max(attempt) + 1, 0), :chain, :sender,
               :nonce, :hash, :raw, :now, 0
        FROM chain_transactions
        WHERE organization_id = :organization
          AND operation_id = :operation
          AND step = :step
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
    return of_step(work, operation.id, step)


def replace(
    work: Work,
    operation: Operation,
    step: str,
    stuck: SentTransaction,
    signed: tuple[str, str],
    *,
    voids: bool,
) -> list[SentTransaction]:
    """Keep the bytes that replace stuck ones; they may be sent after this.

    Raises LostLeaseError for whoever has been overtaken.
    """
    journal.renew(work, operation)
    hash, raw = signed
    work.run(
        """
        INSERT INTO chain_transactions
            (organization_id, operation_id, step, attempt, chain_id, sender, nonce, hash, raw,
             created_at, voids)
        SELECT organization_id, operation_id, step, attempt + 1, chain_id, sender, nonce, :hash,
               :raw, :now, :voids
        FROM chain_transactions
        WHERE organization_id = :organization
          AND operation_id = :operation
          AND step = :step
          AND attempt = :attempt
        """,
        operation=operation.id,
        step=step,
        attempt=stuck.attempt,
        hash=hash,
        raw=raw,
        now=work.now,
        voids=int(voids),
    )
    return of_step(work, operation.id, step)


def _sent(work: Work, row: Row) -> SentTransaction:
    return SentTransaction(
        row["attempt"],
        row["chain_id"],
        row["hash"],
        row["raw"],
        row["nonce"],
        work.now - row["created_at"],
        bool(row["voids"]),
        row["missing_since"] is not None,
    )


def _counted_for(work: Work, sender: Sender) -> str:
    if sender.simulated:
        return f"{sender.address} of {work.principal.organization}"
    return sender.address
