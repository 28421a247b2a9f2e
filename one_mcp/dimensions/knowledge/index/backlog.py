"""Backlog: how much is still to be cut and embedded, and what failed."""

from dataclasses import dataclass, replace

from one_mcp.answers import Answer
from one_mcp.dimensions.knowledge.index import chunk_queue, vector_queue
from one_mcp.store import dialect, leases
from one_mcp.store.ports import Raw
from one_mcp.store.work import Work

MOST_COUNTED = 1_000


class Backlog(Answer):
    """How much is still to do: texts to cut, passages to embed, and what failed for good."""

    uncut: int = 0
    unembedded: int = 0
    failed: int = 0

    def __bool__(self) -> bool:
        return bool(self.uncut or self.unembedded)

    @property
    def says(self) -> str | None:
        """Say what a search does not reach yet; None where it reaches all."""
        parts = [
            *(
                [f"{_some(self.uncut, 'text')} not read yet, and found by no search"]
                if self.uncut
                else []
            ),
            *(
                [f"{_some(self.unembedded, 'passage')} found by words only, not by meaning yet"]
                if self.unembedded
                else []
            ),
        ]
        return f"{'; '.join(parts)}: this may miss some. Ask again in a moment." if parts else None


@dataclass(frozen=True, slots=True)
class Until:
    """Which of what waits is meant: texts up to a ticket, passages up to a chunk."""

    ticket: int = leases.LAST
    chunk: int = leases.LAST


EVERYTHING = Until()


def owners(raw: Raw, model: str | None, now: int) -> list[str]:
    """List the organizations with something to do; `model` is the embedder's name.

    Passages that were made while no process had this embedder wait for it, too.
    """
    rows = raw.execute(
        f"""
        SELECT organization_id
        FROM organizations
        WHERE EXISTS (
                SELECT 1 FROM unindexed
                WHERE unindexed.organization_id = organizations.organization_id
            )
            OR EXISTS (
                SELECT 1 FROM unindexed_properties
                WHERE unindexed_properties.organization_id = organizations.organization_id
            )
            OR EXISTS (
                SELECT 1 FROM hidden_hubs
                WHERE hidden_hubs.organization_id = organizations.organization_id
                  AND {leases.FREE}
            )
            OR EXISTS (
                SELECT 1 FROM chunk_queue
                WHERE chunk_queue.organization_id = organizations.organization_id
                  AND {leases.WAITING}
            )
            OR EXISTS (
                SELECT 1 FROM embedding_queue
                WHERE embedding_queue.organization_id = organizations.organization_id
                  AND {leases.WAITING}
                  AND model = (SELECT number FROM embedding_models WHERE name = :model)
            )
            OR (
                CAST(:model AS TEXT) IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM embedding_models WHERE name = :model)
                AND EXISTS (
                    SELECT 1 FROM chunks
                    WHERE chunks.organization_id = organizations.organization_id
                )
            )
        ORDER BY organization_id
        """,
        {"model": model, **leases.times(now)},
    )
    return [row[0] for row in rows]


def count(work: Work, model: int | None, until: Until = EVERYTHING) -> Backlog:
    """Count what is still to do for a model."""
    row = work.one(
        """
        SELECT
            (
                SELECT count(*) FROM chunk_queue
                WHERE organization_id = :organization
                  AND seq <= :ticket AND failures < :failures
            ) AS uncut,
            (
                SELECT count(*) FROM embedding_queue
                WHERE organization_id = :organization
                  AND model = :model AND chunk <= :chunk AND failures < :failures
            ) AS unembedded,
            (
                SELECT count(*) FROM chunk_queue
                WHERE organization_id = :organization AND failures >= :failures
            ) + (
                SELECT count(*) FROM embedding_queue
                WHERE organization_id = :organization AND model = :model AND failures >= :failures
            ) AS failed
        """,
        model=model,
        ticket=until.ticket,
        chunk=until.chunk,
        failures=leases.MOST_FAILURES,
    )
    if row is None:
        return Backlog()
    return Backlog(uncut=row["uncut"], unembedded=row["unembedded"], failed=row["failed"])


def few(work: Work, model: int | None) -> Backlog:
    """Count what is still to do, up to a number that costs nothing to count."""
    row = work.one(
        f"""
        SELECT
            (
                SELECT count(*)
                FROM (
                    SELECT 1 FROM chunk_queue
                    WHERE organization_id = :organization
                    {dialect.most("most")}
                ) AS texts
            ) AS uncut,
            (
                SELECT count(*)
                FROM (
                    SELECT 1 FROM embedding_queue
                    WHERE organization_id = :organization
                      AND model = :model
                    {dialect.most("most")}
                ) AS passages
            ) AS unembedded
        """,
        model=model,
        most=MOST_COUNTED,
    )
    return Backlog(uncut=row["uncut"], unembedded=row["unembedded"]) if row else Backlog()


def _some(count: int, what: str) -> str:
    if count == 1:
        return f"1 {what} is"
    return f"{'at least ' if count == MOST_COUNTED else ''}{count:,} {what}s are"


def texts(work: Work) -> Until:
    """Say up to where texts wait now; their passages have no numbers before they are cut."""
    ticket = work.value(
        "SELECT coalesce(max(seq), 0) FROM chunk_queue WHERE organization_id = :organization"
    )
    return Until(ticket, chunk=0)


def passages(work: Work, until: Until) -> Until:
    """Add the passages that there are now to the texts that are meant."""
    chunk = work.value(
        "SELECT coalesce(max(seq), 0) FROM chunks WHERE organization_id = :organization"
    )
    return replace(until, chunk=chunk)


def all_anew(work: Work, model: int | None) -> None:
    """Queue all texts to be cut, and all passages to be embedded anew by a model."""
    chunk_queue.recut(work)
    if model is not None:
        vector_queue.all_anew(work, model)


def retry(work: Work) -> None:
    """Give what failed another chance."""
    work.run(
        """
        UPDATE chunk_queue
        SET failures = 0
        WHERE organization_id = :organization
          AND failures > 0
        """
    )
    work.run(
        """
        UPDATE embedding_queue
        SET failures = 0
        WHERE organization_id = :organization
          AND failures > 0
        """
    )
