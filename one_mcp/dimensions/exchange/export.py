"""Read an organization row by row, in an order that never varies, with flat memory."""

from collections.abc import Generator

from one_mcp import jsons
from one_mcp.store import dialect, sight
from one_mcp.store.work import Row, Work

Rows = Generator[Row]  # to be closed by whoever stops before the end


def organization(work: Work) -> Rows:
    """Read the caller's organization."""
    return work.each(
        """
        SELECT organization_id AS id, name, status, plan, properties, created_at, updated_at
        FROM organizations
        WHERE organization_id = :organization
        """
    )


def people(work: Work) -> Rows:
    """Read all people by id."""
    return work.each(
        """
        SELECT id, name, email, role, properties, created_at, updated_at
        FROM people
        WHERE organization_id = :organization
        ORDER BY id
        """
    )


def entities(work: Work) -> Rows:
    """Read all entities by id, archived ones too, each with its tags as a JSON list."""
    return work.each(
        f"""
        SELECT
            id, type, name, status, properties,
            (
                SELECT {dialect.json_list("key || ':' || value")}
                FROM tags
                WHERE organization_id = :organization
                  AND entity_id = entities.id
            ) AS tags,
            external_id, created_at, updated_at, deleted_at AS archived_at, status_before
        FROM entities
        WHERE organization_id = :organization
        ORDER BY id
        """
    )


def entities_of(work: Work, type: str) -> Rows:
    """Read all live entities of a type, the oldest first."""
    return work.each(
        f"""
        SELECT
            id, type, name, status, properties,
            (
                SELECT {dialect.json_list("key || ':' || value")}
                FROM tags
                WHERE organization_id = :organization
                  AND entity_id = entities.id
            ) AS tags,
            external_id, created_at, updated_at
        FROM entities
        WHERE organization_id = :organization
          AND type = :type
          AND deleted_at IS NULL
        ORDER BY created_at, seq
        """,
        type=type,
    )


def connections(work: Work) -> Rows:
    """Read all connections by id, hidden ones too."""
    return work.each(
        f"""
        SELECT
            id, from_id, type, to_id, metadata, valid_from, valid_until, created_at, updated_at,
            CASE WHEN {sight.unmasked("connections")} THEN deleted_at ELSE (
                SELECT max(entities.deleted_at)
                FROM entities
                WHERE entities.organization_id = :organization
                  AND entities.id IN (connections.from_id, connections.to_id)
            ) END AS hidden_at
        FROM connections
        WHERE organization_id = :organization
        ORDER BY id
        """
    )


def connections_of(work: Work, type: str | None) -> Rows:
    """Read all live connections, or those of one type, with the names of both ends."""
    narrowed = "AND c.type = :type" if type else ""
    return work.each(
        f"""
        SELECT
            c.id, c.from_id, start.name AS from_name, c.type, c.to_id, finish.name AS to_name,
            c.metadata, c.valid_from, c.valid_until, c.created_at
        FROM connections AS c
        JOIN entities AS start
          ON start.organization_id = :organization
         AND start.id = c.from_id
        JOIN entities AS finish
          ON finish.organization_id = :organization
         AND finish.id = c.to_id
        WHERE c.organization_id = :organization
          {narrowed}
          AND {sight.visible("c")}
        ORDER BY c.id
        """,
        **({"type": type} if type else {}),
    )


def events(work: Work) -> Rows:
    """Read all events by id, each with what took it back, if anything did."""
    return work.each(
        """
        SELECT
            events.id, events.type, actor_id AS actor, target_id AS target, events.at, metadata,
            external_id, CASE WHEN event_id IS NOT NULL THEN 1 END AS retracted, reason, replaced_by
        FROM events
        LEFT JOIN retractions
          ON retractions.organization_id = :organization
         AND retractions.event_id = events.id
        WHERE events.organization_id = :organization
        ORDER BY events.id
        """
    )


def documents(work: Work) -> Rows:
    """Read all documents by id, each with its labels and links; of entities' texts none."""
    return work.each(
        f"""
        SELECT
            id, title, text, media_type, language, source,
            CASE WHEN kind = 'vector_only' THEN hash END AS hash,
            CASE WHEN kind = 'vector_only' THEN 1 END AS vector_only,
            CASE WHEN redacted = 1 THEN 1 END AS redacted,
            quality, metadata,
            (
                SELECT {dialect.json_list("label")}
                FROM (
                    SELECT key || ':' || value AS label
                    FROM knowledge_labels
                    WHERE organization_id = :organization
                      AND knowledge_id = knowledge.id
                    ORDER BY key, value
                ) AS labelled
            ) AS labels,
            (
                SELECT {dialect.json_list(dialect.json_record(entity="entity_id", role="role"))}
                FROM (
                    SELECT entity_id, role
                    FROM knowledge_links
                    WHERE organization_id = :organization
                      AND knowledge_id = knowledge.id
                    ORDER BY entity_id, role
                ) AS linked
            ) AS links,
            created_at, updated_at
        FROM knowledge
        WHERE organization_id = :organization
          AND source_id IS NULL
        ORDER BY id
        """
    )


def property_names(work: Work, type: str) -> list[str]:
    """List the names of all properties that live entities of a type have, in order."""
    rows = work.all(
        f"""
        SELECT DISTINCT key
        FROM entities
        CROSS JOIN {dialect.members("properties")}
        WHERE organization_id = :organization
          AND entities.type = :type
          AND deleted_at IS NULL
        ORDER BY key
        """,
        type=type,
    )
    return [row["key"] for row in rows]


def metadata_names(work: Work, type: str | None) -> list[str]:
    """List the names of all metadata that live connections have, in order."""
    narrowed = "AND connections.type = :type" if type else ""
    rows = work.all(
        f"""
        SELECT DISTINCT key
        FROM connections
        CROSS JOIN {dialect.members("metadata")}
        WHERE organization_id = :organization
          {narrowed}
          AND {sight.visible("connections")}
        ORDER BY key
        """,
        **({"type": type} if type else {}),
    )
    return [row["key"] for row in rows]


def tags(row: Row) -> list[str]:
    """Return the tags of an entity's row, in order."""
    found = jsons.loads(row["tags"])
    return sorted(tag for tag in found if isinstance(tag, str)) if isinstance(found, list) else []
