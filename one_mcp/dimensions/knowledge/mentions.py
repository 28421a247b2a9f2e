"""Mentions: which documents tell of an entity, for those who take the entity away."""

from one_mcp.store.work import Work

NAMED = 5


def passages_of(work: Work, entity_id: str) -> int:
    """Count the passages of an entity's own texts."""
    return work.value(
        """
        SELECT count(*)
        FROM knowledge
        CROSS JOIN chunks
        WHERE knowledge.organization_id = :organization
          AND knowledge.source_id = :id
          AND chunks.organization_id = :organization
          AND chunks.document = knowledge.row
        """,
        id=entity_id,
    )


def unlink(work: Work, entity_id: str) -> int:
    """Remove the links from documents to an entity, and return how many there were.

    Warns of documents that told of nothing else: they may hold what was to be removed.
    """
    alone = _only_about(work, entity_id)
    gone = work.run(
        """
        DELETE FROM knowledge_links
        WHERE organization_id = :organization
          AND entity_id = :id
          AND EXISTS (
              SELECT 1
              FROM knowledge
              WHERE organization_id = :organization
                AND id = knowledge_id
                AND source_id IS NULL
          )
        """,
        id=entity_id,
    )
    if alone:
        more = f" and {len(alone) - NAMED} more" if len(alone) > NAMED else ""
        work.warn(
            f"{len(alone)} documents told only of {entity_id} and are still there: "
            f"{', '.join(alone[:NAMED])}{more}. purge_entity takes their ids too."
        )
    return gone


def _only_about(work: Work, entity_id: str) -> list[str]:
    rows = work.all(
        """
        SELECT DISTINCT mine.knowledge_id
        FROM knowledge_links AS mine INDEXED BY knowledge_links_by_entity
        CROSS JOIN knowledge
        WHERE mine.organization_id = :organization
          AND mine.entity_id = :id
          AND knowledge.organization_id = :organization
          AND knowledge.id = mine.knowledge_id
          AND knowledge.source_id IS NULL
          AND NOT EXISTS (
              SELECT 1
              FROM knowledge_links AS other
              WHERE other.organization_id = :organization
                AND other.knowledge_id = mine.knowledge_id
                AND other.entity_id <> :id
          )
        ORDER BY mine.knowledge_id
        """,
        id=entity_id,
    )
    return [row["knowledge_id"] for row in rows]
