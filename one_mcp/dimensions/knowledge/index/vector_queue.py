"""Vector queue: passages that wait for their vectors, leased to whoever makes them."""

from collections.abc import Sequence
from dataclasses import dataclass

from one_mcp.dimensions.knowledge.index import chunks
from one_mcp.store import dialect, leases
from one_mcp.store.leases import Queue
from one_mcp.store.work import Work

QUEUE = Queue("embedding_queue", "chunk", columns="chunk", where="model = :model")


@dataclass(frozen=True, slots=True)
class Unembedded:
    """A chunk that has no vector of a model yet."""

    chunk: int
    text: str


def lease(work: Work, model: int, most: int, last: int = leases.LAST) -> list[Unembedded]:
    """Lease chunks that have to be embedded, the newest first, up to the chunk `last`."""
    rows = leases.take(work, QUEUE, most, last, model=model)
    leased = work.all(
        f"""
        SELECT seq, heading, text
        FROM chunks
        WHERE {dialect.unindexed("organization_id")} = :organization
          AND seq {dialect.any_of("rows")}
        """,
        rows=[row["chunk"] for row in rows],
    )
    return [
        Unembedded(row["seq"], chunks.embedded(row["heading"], row["text"] or "")) for row in leased
    ]


def release(work: Work, model: int, leased: Sequence[int], *, failed: bool) -> None:
    """Give chunks back; those that failed a few times are left alone."""
    end = leases.fail if failed else leases.give_back
    end(work, QUEUE, leased, model=model)


def all_anew(work: Work, model: int) -> None:
    """Queue all passages to be embedded anew; the vectors that there are serve until then."""
    work.run(
        """
        INSERT INTO embedding_queue (organization_id, model, chunk)
        SELECT organization_id, :model, seq
        FROM chunks
        WHERE organization_id = :organization
          AND text IS NOT NULL
        ON CONFLICT (organization_id, model, chunk)
        DO UPDATE SET leased_until = 0, failures = 0
        """,
        model=model,
    )
