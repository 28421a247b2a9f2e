"""Completions: ids of entities whose names begin with what was typed, and tags in use."""

from one_mcp.store.work import Work

HIGHEST = "\U0010ffff"


def entities(work: Work, typed: str, limit: int) -> list[str]:
    """List the ids of live entities whose name, or whose id, begins with `typed`."""
    rows = work.all(
        """
        SELECT id
        FROM entities
        WHERE organization_id = :organization
          AND deleted_at IS NULL
          AND name >= :low COLLATE NOCASE
          AND name < :high COLLATE NOCASE
        ORDER BY name COLLATE NOCASE
        LIMIT :limit
        """,
        low=typed,
        high=typed + HIGHEST,
        limit=limit + 1,
    )
    by_id = work.all(
        """
        SELECT id
        FROM entities
        WHERE organization_id = :organization
          AND deleted_at IS NULL
          AND id >= :low
          AND id < :high
        ORDER BY id
        LIMIT :limit
        """,
        low=typed,
        high=typed + HIGHEST,
        limit=limit + 1,
    )
    return list(dict.fromkeys(row["id"] for row in (*rows, *by_id)))


def tags(work: Work, typed: str, limit: int) -> list[str]:
    """List tags in use, as `key:value`, that begin with `typed`."""
    key, _, value = typed.partition(":")
    rows = work.all(
        """
        SELECT DISTINCT key, value
        FROM tags
        WHERE organization_id = :organization
          AND key >= :key
          AND key < :high
        ORDER BY key, value
        LIMIT :limit
        """,
        key=key,
        high=key + HIGHEST,
        limit=10 * limit,
    )
    texts = [f"{row['key']}:{row['value']}" for row in rows]
    return [text for text in texts if not value or text.startswith(typed)][: limit + 1]
