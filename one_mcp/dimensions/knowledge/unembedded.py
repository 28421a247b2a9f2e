"""Unembedded: passages that wait for their vectors, leased to whoever makes them."""

from collections.abc import Sequence
from dataclasses import dataclass

from one_mcp import jsons
from one_mcp.dimensions.knowledge import chunks
from one_mcp.dimensions.knowledge.queues import LEASE_MS, MOST_FAILURES
from one_mcp.store.work import Work


@dataclass(frozen=True, slots=True)
class Unembedded:
    """A chunk that has no vector of a model yet."""

    chunk: int
    text: str


def lease(work: Work, model: int, most: int) -> list[Unembedded]:
    """Lease chunks that have to be embedded, the newest first."""
    rows = work.all(
        """
        UPDATE vector_queue
        SET leased_until = :until
        WHERE organization_id = :organization
          AND model = :model
          AND chunk IN (
              SELECT chunk
              FROM vector_queue
              WHERE organization_id = :organization
                AND model = :model
                AND leased_until <= :now
                AND failures < :failures
              ORDER BY chunk DESC
              LIMIT :most
          )
        RETURNING chunk
        """,
        model=model,
        now=work.now,
        until=work.now + LEASE_MS,
        failures=MOST_FAILURES,
        most=most,
    )
    leased = work.all(
        """
        SELECT row, heading, text
        FROM chunks
        WHERE organization_id = :organization
          AND row IN (SELECT value FROM json_each(:rows))
        """,
        rows=jsons.dumps([row["chunk"] for row in rows]),
    )
    return [
        Unembedded(row["row"], chunks.embedded(row["heading"], row["text"] or "")) for row in leased
    ]


def release(work: Work, model: int, leased: Sequence[int], *, failed: bool) -> None:
    """Give chunks back; those that failed a few times are left alone."""
    work.run(
        """
        UPDATE vector_queue
        SET leased_until = 0, failures = failures + :failed
        WHERE organization_id = :organization
          AND model = :model
          AND chunk IN (SELECT value FROM json_each(:chunks))
        """,
        model=model,
        failed=int(failed),
        chunks=jsons.dumps(list(leased)),
    )


def all_anew(work: Work, model: int) -> None:
    """Queue all passages to be embedded anew; the vectors that there are serve until then."""
    work.run(
        """
        INSERT INTO vector_queue (organization_id, model, chunk)
        SELECT organization_id, :model, row
        FROM chunks
        WHERE organization_id = :organization
          AND text IS NOT NULL
        ON CONFLICT DO UPDATE SET leased_until = 0, failures = 0
        """,
        model=model,
    )
