"""Labels and links: what a document is filed under, and which entities it tells of."""

from collections.abc import Sequence
from typing import Literal

from one_mcp.answers import Answer
from one_mcp.dimensions import lookup
from one_mcp.dimensions.knowledge import texts
from one_mcp.ontology import check
from one_mcp.store import dialect
from one_mcp.store.work import Work

Role = Literal["about", "chunk_of", "summary", "caption", "keyword", "label"]


class Linked(Answer):
    """An entity that a document tells of, and in which role."""

    id: str
    type: str
    name: str
    role: str


def of(work: Work, knowledge_id: str) -> list[str]:
    """List a document's labels, in order."""
    return of_many(work, [knowledge_id]).get(knowledge_id, [])


def of_many(work: Work, knowledge_ids: Sequence[str]) -> dict[str, list[str]]:
    """List the labels of several documents; one without any is not in the answer."""
    found: dict[str, list[str]] = {}
    for row in work.all(
        f"""
        SELECT knowledge_id, key, value
        FROM knowledge_labels
        WHERE organization_id = :organization
          AND knowledge_id {dialect.any_of("ids")}
        ORDER BY knowledge_id, key, value
        """,
        ids=list(knowledge_ids),
    ):
        found.setdefault(row["knowledge_id"], []).append(f"{row['key']}:{row['value']}")
    return found


def add(work: Work, knowledge_id: str, given: Sequence[str]) -> int:
    """Add labels, `key:value` as tags are, and return how many are new."""
    added = 0
    for key, value in map(check.tag, given):
        if advice := check.tag_key(work.ontology, key):
            work.warn(advice)
        added += put(work, knowledge_id, key, value)
    return added


def put(work: Work, knowledge_id: str, key: str, value: str) -> int:
    """Write a label unless it is there, and return how many are new."""
    return work.run(
        """
        INSERT INTO knowledge_labels (organization_id, knowledge_id, key, value)
        VALUES (:organization, :id, :key, :value)
        ON CONFLICT (organization_id, knowledge_id, key, value) DO NOTHING
        """,
        id=knowledge_id,
        key=key,
        value=value,
    )


def remove(work: Work, knowledge_id: str, given: Sequence[str]) -> int:
    """Remove labels, and return how many were there."""
    return sum(
        work.run(
            """
            DELETE FROM knowledge_labels
            WHERE organization_id = :organization
              AND knowledge_id = :id
              AND key = :key
              AND value = :value
            """,
            id=knowledge_id,
            key=key,
            value=value,
        )
        for key, value in map(check.tag, given)
    )


def link(work: Work, knowledge_id: str, entity_ids: Sequence[str], role: Role) -> int:
    """Link a document to live entities, and return how many links are new."""
    added = 0
    for entity_id in dict.fromkeys(entity_ids):
        lookup.live(work, entity_id, "entities")
        added += texts.put_link(work, knowledge_id, entity_id, role)
    return added


def unlink(work: Work, knowledge_id: str, entity_ids: Sequence[str]) -> int:
    """Remove all links of a document to entities, and return how many were there."""
    return work.run(
        f"""
        DELETE FROM knowledge_links
        WHERE organization_id = :organization
          AND knowledge_id = :id
          AND entity_id {dialect.any_of("entities")}
        """,
        id=knowledge_id,
        entities=list(entity_ids),
    )


def links(work: Work, knowledge_ids: Sequence[str]) -> dict[str, list[Linked]]:
    """List the live entities that documents tell of."""
    found: dict[str, list[Linked]] = {}
    for row in work.all(
        f"""
        SELECT knowledge_links.knowledge_id, role, entities.id, entities.type, entities.name
        FROM {dialect.each("ids", "wanted")}
        CROSS JOIN knowledge_links
        CROSS JOIN entities
        WHERE knowledge_links.organization_id = :organization
          AND knowledge_links.knowledge_id = wanted.value
          AND entities.organization_id = :organization
          AND entities.id = knowledge_links.entity_id
          AND entities.deleted_at IS NULL
        ORDER BY knowledge_links.knowledge_id, role, entities.name
        """,
        ids=list(knowledge_ids),
    ):
        linked = Linked(id=row["id"], type=row["type"], name=row["name"], role=row["role"])
        found.setdefault(row["knowledge_id"], []).append(linked)
    return found
