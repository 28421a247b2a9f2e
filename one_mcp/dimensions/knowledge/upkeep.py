"""Upkeep: passages and vectors that are missing, wrong or left over, and how they come right.

Both are made from texts, so nothing of them has to be saved: what is wrong is removed, and what is
missing waits in the queues for whoever cuts and embeds.
"""

from one_mcp.answers import Answer
from one_mcp.store.work import Work

_LOST_CHUNKS = """
    SELECT row
    FROM chunks
    WHERE organization_id = :organization
      AND NOT EXISTS (SELECT 1 FROM knowledge WHERE knowledge.organization_id = :organization
                      AND knowledge.row = chunks.document)
"""
_WRONG_VECTORS = """
    SELECT row
    FROM vectors
    WHERE organization_id = :organization
      AND (
          length(vector) IS NOT (SELECT dimension FROM models WHERE number = vectors.model)
          OR NOT EXISTS (SELECT 1 FROM chunks WHERE chunks.organization_id = :organization
                         AND chunks.row = vectors.chunk)
      )
"""
_LOST_WAITING = """
    SELECT chunk
    FROM vector_queue
    WHERE organization_id = :organization
      AND NOT EXISTS (SELECT 1 FROM chunks WHERE chunks.organization_id = :organization
                      AND chunks.row = vector_queue.chunk)
"""
_UNEMBEDDED = """
    SELECT models.number AS model, chunks.row AS chunk
    FROM chunks
    CROSS JOIN models
    WHERE chunks.organization_id = :organization
      AND chunks.text IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM vectors WHERE vectors.organization_id = :organization
                      AND vectors.chunk = chunks.row AND vectors.model = models.number)
      AND NOT EXISTS (SELECT 1 FROM vector_queue WHERE vector_queue.organization_id = :organization
                      AND vector_queue.model = models.number AND vector_queue.chunk = chunks.row)
"""
_UNCUT = """
    SELECT subject
    FROM (
        SELECT knowledge.id AS subject
        FROM knowledge
        WHERE organization_id = :organization
          AND source_id IS NULL
          AND trim(text) <> ''
          AND NOT EXISTS (SELECT 1 FROM chunks WHERE chunks.organization_id = :organization
                          AND chunks.document = knowledge.row)
        UNION
        SELECT entities.id
        FROM embeddable_fields
        CROSS JOIN entities
        WHERE entities.organization_id = :organization
          AND entities.type = embeddable_fields.type
          AND json_type(entities.properties, '$."' || field || '"') = 'text'
          AND trim(entities.properties ->> ('$."' || field || '"')) <> ''
          AND NOT EXISTS (SELECT 1 FROM knowledge CROSS JOIN chunks
                          WHERE knowledge.organization_id = :organization
                          AND knowledge.source_id = entities.id AND knowledge.source_field = field
                          AND chunks.organization_id = :organization
                          AND chunks.document = knowledge.row)
    )
    WHERE subject NOT IN (SELECT subject_id FROM knowledge_queue
                          WHERE organization_id = :organization)
"""


class Upkeep(Answer):
    """How much is wrong: rows that lead nowhere, vectors, and what nobody would ever make."""

    left_over: int
    wrong_vectors: int
    unembedded: int
    uncut: int


def examine(work: Work) -> Upkeep:
    """Count what is wrong with the passages and vectors of the caller's organization."""
    return Upkeep(
        left_over=_count(work, _LOST_CHUNKS) + _count(work, _LOST_WAITING),
        wrong_vectors=_count(work, _WRONG_VECTORS),
        unembedded=_count(work, _UNEMBEDDED),
        uncut=_count(work, _UNCUT),
    )


def mend(work: Work) -> int:
    """Remove what is wrong, queue what is missing, and return how much was queued."""
    for table, column, wrong in (
        ("vectors", "row", _WRONG_VECTORS),
        ("chunks", "row", _LOST_CHUNKS),
        ("vector_queue", "chunk", _LOST_WAITING),
    ):
        work.run(
            f"DELETE FROM {table} WHERE organization_id = :organization AND {column} IN ({wrong})"
        )
    return work.run(
        f"""
        INSERT INTO vector_queue (organization_id, model, chunk)
        SELECT :organization, model, chunk
        FROM ({_UNEMBEDDED})
        """
    ) + work.run(
        f"""
        INSERT INTO knowledge_queue (organization_id, subject_id)
        SELECT :organization, subject
        FROM ({_UNCUT})
        """
    )


def _count(work: Work, wrong: str) -> int:
    return work.value(f"SELECT count(*) FROM ({wrong})")
