"""Repair: passages and vectors that are missing, wrong or left over, and how they come right.

Both are made from texts, so nothing of them has to be saved: what is wrong is removed, and what is
missing waits in the queues for whoever cuts and embeds.
"""

from one_mcp.answers import Answer
from one_mcp.store import dialect
from one_mcp.store.work import Work

_LOST_CHUNKS = """
    SELECT seq
    FROM chunks
    WHERE organization_id = :organization
      AND NOT EXISTS (SELECT 1 FROM knowledge WHERE knowledge.organization_id = :organization
                      AND knowledge.seq = chunks.document)
"""
_WRONG_VECTORS = """
    SELECT seq
    FROM embeddings
    WHERE organization_id = :organization
      AND (
          -- a vector has one byte for each of its dimensions
          length(vector) IS DISTINCT FROM (
              SELECT dimension FROM embedding_models WHERE number = embeddings.model
          )
          OR NOT EXISTS (SELECT 1 FROM chunks WHERE chunks.organization_id = :organization
                         AND chunks.seq = embeddings.chunk)
      )
"""
_LOST_WAITING = """
    SELECT chunk
    FROM embedding_queue
    WHERE organization_id = :organization
      AND NOT EXISTS (SELECT 1 FROM chunks WHERE chunks.organization_id = :organization
                      AND chunks.seq = embedding_queue.chunk)
"""
_UNEMBEDDED = """
    SELECT embedding_models.number AS model, chunks.seq AS chunk
    FROM chunks
    CROSS JOIN embedding_models
    WHERE chunks.organization_id = :organization
      AND chunks.text IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM embeddings WHERE embeddings.organization_id = :organization
                      AND embeddings.chunk = chunks.seq
                      AND embeddings.model = embedding_models.number)
      AND NOT EXISTS (SELECT 1 FROM embedding_queue
                      WHERE embedding_queue.organization_id = :organization
                      AND embedding_queue.model = embedding_models.number
                      AND embedding_queue.chunk = chunks.seq)
"""
_UNCUT = f"""
    SELECT subject
    FROM (
        SELECT knowledge.id AS subject
        FROM knowledge
        WHERE organization_id = :organization
          AND source_id IS NULL
          AND trim(text) <> ''
          AND NOT EXISTS (SELECT 1 FROM chunks WHERE chunks.organization_id = :organization
                          AND chunks.document = knowledge.seq)
        UNION
        SELECT entities.id
        FROM embeddable_fields
        CROSS JOIN entities
        WHERE entities.organization_id = :organization
          AND entities.type = embeddable_fields.type
          AND {dialect.is_text("entities.properties", "field")}
          AND trim(entities.properties ->> field) <> ''
          AND NOT EXISTS (SELECT 1 FROM knowledge CROSS JOIN chunks
                          WHERE knowledge.organization_id = :organization
                          AND knowledge.source_id = entities.id AND knowledge.source_field = field
                          AND chunks.organization_id = :organization
                          AND chunks.document = knowledge.seq)
    ) AS uncut
    WHERE subject NOT IN (SELECT subject_id FROM chunk_queue
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
        ("embeddings", "seq", _WRONG_VECTORS),
        ("chunks", "seq", _LOST_CHUNKS),
        ("embedding_queue", "chunk", _LOST_WAITING),
    ):
        work.run(
            f"DELETE FROM {table} WHERE organization_id = :organization AND {column} IN ({wrong})"
        )
    return work.run(
        f"""
        INSERT INTO embedding_queue (organization_id, model, chunk)
        SELECT :organization, model, chunk
        FROM ({_UNEMBEDDED}) AS unembedded
        """
    ) + work.run(
        f"""
        INSERT INTO chunk_queue (organization_id, subject_id)
        SELECT :organization, subject
        FROM ({_UNCUT}) AS uncut
        """
    )


def _count(work: Work, wrong: str) -> int:
    return work.value(f"SELECT count(*) FROM ({wrong}) AS wrong")
