"""Notices: which documents look different when an entity changes; who reads them is told."""

from collections.abc import Iterable

from one_mcp import jsons
from one_mcp.dimensions import changes
from one_mcp.store.work import Work


def texts(work: Work, entity_ids: Iterable[str]) -> None:
    """Touch the documents that are texts of entities' own fields."""
    rows = work.all(
        """
        SELECT id
        FROM knowledge
        WHERE organization_id = :organization
          AND source_id IN (SELECT value FROM json_each(:entities))
        LIMIT :limit
        """,
        entities=jsons.dumps(list(entity_ids)),
        limit=changes.TOUCHED_LIMIT + 1,
    )
    work.touch(*(row["id"] for row in rows))


def links(work: Work, entity_id: str) -> None:
    """Touch the documents that tell of an entity, its own texts among them."""
    rows = work.all(
        """
        SELECT knowledge_id
        FROM knowledge_links
        WHERE organization_id = :organization
          AND entity_id = :entity
        LIMIT :limit
        """,
        entity=entity_id,
        limit=changes.TOUCHED_LIMIT + 1,
    )
    work.touch(*(row["knowledge_id"] for row in rows))
