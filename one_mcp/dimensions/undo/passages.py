"""Passages: what becomes of passages when an undo writes documents back."""

from one_mcp.dimensions.knowledge.index import chunks
from one_mcp.store.work import Work


def settle(work: Work, number: int) -> None:
    """Let go of passages that no longer fit a text which is not kept, and say what is not found.

    A text that is kept is in the queue already, and is cut anew; what it was cut into before is
    replaced then. Of a text that was never stored nothing can be cut.
    """
    rows = work.all(
        """
        SELECT DISTINCT knowledge.seq, knowledge.id
        FROM change_rows AS mine
        CROSS JOIN knowledge
        WHERE mine.organization_id = :organization
          AND mine.change = :number
          AND mine.kind = 'knowledge'
          AND mine.before IS NOT NULL
          AND mine.purged_by IS NULL
          AND knowledge.organization_id = :organization
          AND knowledge.id = mine.row_id
          AND knowledge.kind = 'vector_only'
          AND (
              mine.after IS NULL
              OR mine.before -> 'hash' IS NOT NULL
                  AND mine.after ->> 'hash' IS DISTINCT FROM knowledge.hash
              OR mine.before -> 'kind' IS NOT NULL
                  AND mine.after ->> 'kind' IS DISTINCT FROM knowledge.kind
          )
        """,
        number=number,
    )
    if not rows:
        return
    for row in rows:
        chunks.remove(work, row["seq"])
    work.warn(
        f"{rows[0]['id']}{f' and {len(rows) - 1} more' if len(rows) > 1 else ''} came back without "
        "passages, since the text is not stored; it is found again once its text is added again."
    )
