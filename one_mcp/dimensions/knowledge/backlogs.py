"""Backlogs: how much is still to be cut and embedded, and what failed."""

from one_mcp.answers import Answer
from one_mcp.dimensions.knowledge.queues import MOST_FAILURES
from one_mcp.store.work import Work

MOST_COUNTED = 1_000


class Backlog(Answer):
    """How much is still to do: texts to cut, passages to embed, and what failed for good."""

    uncut: int = 0
    unembedded: int = 0
    failed: int = 0

    def __bool__(self) -> bool:
        return bool(self.uncut or self.unembedded)


def waiting(work: Work, model: str | None) -> bool:
    """Tell whether there is something to cut or to embed; `model` is the embedder's name.

    Passages that were made while no process had this embedder wait for it, too.
    """
    return bool(
        work.value(
            """
            SELECT
                EXISTS (
                    SELECT 1 FROM knowledge_queue
                    WHERE organization_id = :organization AND leased_until <= :now
                      AND failures < :failures
                )
                OR EXISTS (
                    SELECT 1 FROM vector_queue
                    WHERE organization_id = :organization AND leased_until <= :now
                      AND failures < :failures
                      AND model = (SELECT number FROM models WHERE name = :model)
                )
                OR (
                    :model IS NOT NULL
                    AND NOT EXISTS (SELECT 1 FROM models WHERE name = :model)
                    AND EXISTS (SELECT 1 FROM chunks WHERE organization_id = :organization)
                )
            """,
            now=work.now,
            failures=MOST_FAILURES,
            model=model,
        )
    )


def count(work: Work, model: int | None) -> Backlog:
    """Count what is still to do for a model."""
    row = work.one(
        """
        SELECT
            (
                SELECT count(*) FROM knowledge_queue
                WHERE organization_id = :organization AND failures < :failures
            ) AS uncut,
            (
                SELECT count(*) FROM vector_queue
                WHERE organization_id = :organization AND model = :model AND failures < :failures
            ) AS unembedded,
            (
                SELECT count(*) FROM knowledge_queue
                WHERE organization_id = :organization AND failures >= :failures
            ) + (
                SELECT count(*) FROM vector_queue
                WHERE organization_id = :organization AND model = :model AND failures >= :failures
            ) AS failed
        """,
        model=model,
        failures=MOST_FAILURES,
    )
    if row is None:
        return Backlog()
    return Backlog(uncut=row["uncut"], unembedded=row["unembedded"], failed=row["failed"])


def few(work: Work, model: int | None) -> int:
    """Count what is still to do, up to a number that costs nothing to count."""
    return work.value(
        """
        SELECT count(*)
        FROM (
            SELECT 1 FROM knowledge_queue WHERE organization_id = :organization
            UNION ALL
            SELECT 1 FROM vector_queue WHERE organization_id = :organization AND model = :model
            LIMIT :most
        )
        """,
        model=model,
        most=MOST_COUNTED,
    )


def retry(work: Work) -> None:
    """Give what failed another chance."""
    work.run(
        """
        UPDATE knowledge_queue
        SET failures = 0
        WHERE organization_id = :organization
          AND failures > 0
        """
    )
    work.run(
        """
        UPDATE vector_queue
        SET failures = 0
        WHERE organization_id = :organization
          AND failures > 0
        """
    )
