"""Counts: how many there are of everything."""

from one_mcp.answers import Answer
from one_mcp.dimensions.changes import compaction
from one_mcp.store import sight
from one_mcp.store.work import Work


class Census(Answer):
    """Rows of one organization; the types are those that the rows carry.

    `history_since` is the time before which the history was compacted, if it was.
    """

    organization: str
    name: str
    people: int
    entities: dict[str, int]
    archived: int
    connections: dict[str, int]
    hidden_connections: int
    events: dict[str, int]
    tags: int
    changes: int
    history_since: str | None
    documents: int
    passages: int


def take(work: Work) -> Census:
    """Count the rows of the caller's organization."""
    return Census(
        organization=work.organization,
        name=work.value("SELECT name FROM organizations WHERE organization_id = :organization"),
        people=work.value("SELECT count(*) FROM people WHERE organization_id = :organization"),
        entities=_live_entities(work),
        archived=work.value(
            """
            SELECT count(*)
            FROM entities
            WHERE organization_id = :organization
              AND deleted_at IS NOT NULL
            """
        ),
        connections=_live_connections(work),
        hidden_connections=work.value(
            f"""
            SELECT count(*)
            FROM connections
            WHERE organization_id = :organization
              AND NOT ({sight.visible("connections")})
            """
        ),
        events=_events(work),
        tags=work.value("SELECT count(*) FROM tags WHERE organization_id = :organization"),
        changes=work.value(
            """
            SELECT count(*)
            FROM change_log
            WHERE organization_id = :organization
              AND (part_of IS NULL OR part_of = number)
            """
        ),
        history_since=compaction.since(work),
        documents=work.value(
            "SELECT count(*) FROM knowledge WHERE organization_id = :organization"
        ),
        passages=work.value("SELECT count(*) FROM chunks WHERE organization_id = :organization"),
    )


def _live_entities(work: Work) -> dict[str, int]:
    rows = work.all(
        """
        SELECT type, count(*) AS rows
        FROM entities
        WHERE organization_id = :organization
          AND deleted_at IS NULL
        GROUP BY type
        ORDER BY rows DESC, type
        """
    )
    return {row["type"]: row["rows"] for row in rows}


def _live_connections(work: Work) -> dict[str, int]:
    rows = work.all(
        f"""
        SELECT type, sum({sight.counted("kept")}) AS rows
        FROM connection_counts AS kept
        WHERE organization_id = :organization
          AND direction = 'out'
        GROUP BY type
        ORDER BY rows DESC, type
        """
    )
    return {row["type"]: row["rows"] for row in rows if row["rows"]}


def _events(work: Work) -> dict[str, int]:
    rows = work.all(
        """
        SELECT type, rows
        FROM (
            SELECT
                type,
                count(*) - (
                    SELECT count(*)
                    FROM retractions
                    WHERE retractions.organization_id = :organization
                      AND retractions.type = events.type
                ) AS rows
            FROM events
            WHERE organization_id = :organization
            GROUP BY type
        ) AS counted
        WHERE rows > 0
        ORDER BY rows DESC, type
        """
    )
    return {row["type"]: row["rows"] for row in rows}
