"""Following: tags, documents and old ids of an entity that is merged go to its survivor."""

from one_mcp.store.work import Row, Work


def tags(work: Work, gone: str, survivor: str) -> int:
    """Give an entity's tags to another one, and return how many are new there."""
    added = work.run(
        """
        INSERT INTO tags (organization_id, entity_id, key, value)
        SELECT organization_id, :survivor, key, value
        FROM tags
        WHERE organization_id = :organization
          AND entity_id = :gone
        ORDER BY key, value
        ON CONFLICT (organization_id, entity_id, key, value) DO NOTHING
        """,
        survivor=survivor,
        gone=gone,
    )
    work.run(
        "DELETE FROM tags WHERE organization_id = :organization AND entity_id = :gone", gone=gone
    )
    return added


def documents(work: Work, gone: str, survivor: str) -> int:
    """Let documents tell of another entity; an entity's own texts are its own, and go with it."""
    added = work.run(
        """
        INSERT INTO knowledge_links (organization_id, knowledge_id, entity_id, role)
        SELECT links.organization_id, links.knowledge_id, :survivor, links.role
        FROM knowledge_links AS links
        JOIN knowledge
          ON knowledge.organization_id = :organization
         AND knowledge.id = links.knowledge_id
        WHERE links.organization_id = :organization
          AND links.entity_id = :gone
          AND knowledge.source_id IS NULL
        ORDER BY links.knowledge_id, links.role
        ON CONFLICT (organization_id, knowledge_id, entity_id, role) DO NOTHING
        """,
        survivor=survivor,
        gone=gone,
    )
    work.run(
        """
        DELETE FROM knowledge_links
        WHERE organization_id = :organization
          AND entity_id = :gone
          AND EXISTS (
              SELECT 1
              FROM knowledge
              WHERE organization_id = :organization
                AND id = knowledge_id
                AND source_id IS NULL
          )
        """,
        gone=gone,
    )
    return added


def old_ids(work: Work, gone: Row, survivor: str) -> None:
    """Let an id lead to the survivor, and all ids that led to it."""
    work.run(
        """
        UPDATE merged_entities
        SET survivor_id = :survivor, version = :change
        WHERE organization_id = :organization
          AND survivor_id = :gone
        """,
        survivor=survivor,
        gone=gone["id"],
        change=work.change,
    )
    work.run(
        """
        INSERT INTO merged_entities
            (organization_id, id, survivor_id, type, name, external_id, version)
        VALUES (:organization, :id, :survivor, :type, :name, :external_id, :change)
        """,
        id=gone["id"],
        survivor=survivor,
        type=gone["type"],
        name=gone["name"],
        external_id=gone["external_id"],
        change=work.change,
    )
