"""Consistency: what the rows of an organization must agree on, whoever wrote them."""

from collections.abc import Callable

from one_mcp.answers import Answer, Written
from one_mcp.dimensions.changes import touched
from one_mcp.dimensions.knowledge.index import chunk_queue, repair, vector_queue
from one_mcp.dimensions.knowledge.index.repair import Upkeep
from one_mcp.store import leases, sight
from one_mcp.store.ports import Raw
from one_mcp.store.work import Work

_WRONGLY_SHOWN_OR_HIDDEN = f"""
    SELECT connections.id
    FROM connections
    JOIN entities AS start
      ON start.organization_id = connections.organization_id AND start.id = connections.from_id
    JOIN entities AS finish
      ON finish.organization_id = connections.organization_id AND finish.id = connections.to_id
    WHERE connections.organization_id = :organization
      AND (connections.deleted_at IS NULL)
          <> (start.deleted_at IS NULL AND finish.deleted_at IS NULL)
      AND {sight.unmasked("connections")}
"""
_TRUE_COUNTS = """
    SELECT from_id AS entity_id, 'out' AS direction, type, count(*) AS live
    FROM connections
    WHERE organization_id = :organization
      AND deleted_at IS NULL
    GROUP BY from_id, type
    UNION ALL
    SELECT to_id, 'in', type, count(*)
    FROM connections
    WHERE organization_id = :organization
      AND deleted_at IS NULL
    GROUP BY to_id, type
"""
_KEPT_COUNTS = """
    SELECT entity_id, direction, type, live
    FROM connection_counts
    WHERE organization_id = :organization
"""
_SOMEBODY = """
    SELECT id FROM entities WHERE organization_id = :organization
    UNION ALL
    SELECT id FROM people WHERE organization_id = :organization
    UNION ALL
    SELECT :organization
"""
QUEUES = (chunk_queue.QUEUE, vector_queue.QUEUE)


class Gone(Answer):
    """How many events tell of entities that are gone, by why: each event has one reason.

    Of what is `unknown` the history does not tell, or no longer.
    """

    purged: int
    merged: int
    undone: int
    unknown: int


class Soundness(Answer):
    """How many rows disagree. Events about what is gone are kept on purpose (D-17).

    `ahead_ms` is how far the newest change lies in the future, `leases_ahead` how many leases end
    later than any could: marks of a process whose clock was ahead.
    """

    wrongly_hidden: int
    wrong_counts: int
    events_about_gone: Gone
    knowledge: Upkeep
    ahead_ms: int
    leases_ahead: int


class Mended(Written):
    """How many connections were hidden or shown again, and how much waits to be made anew."""

    connections: int
    queued: int | None = None


def examine(work: Work) -> Soundness:
    """Count what does not agree."""
    return Soundness(
        wrongly_hidden=work.value(f"SELECT count(*) FROM ({_WRONGLY_SHOWN_OR_HIDDEN}) AS wrong"),
        wrong_counts=work.value(
            f"""
            SELECT count(*)
            FROM (
                SELECT entity_id, direction, type, live
                FROM ({_TRUE_COUNTS} UNION ALL {_KEPT_COUNTS}) AS counted
                GROUP BY entity_id, direction, type, live
                -- a count that is kept as it should be comes twice, once from each side
                HAVING count(*) < 2
            ) AS wrong
            """
        ),
        events_about_gone=_gone(work),
        knowledge=repair.examine(work),
        ahead_ms=_ahead(work),
        leases_ahead=sum(leases.ahead(work, queue) for queue in QUEUES),
    )


def _gone(work: Work) -> Gone:
    counted = work.all(
        f"""
        SELECT
            CASE
                WHEN EXISTS (
                    SELECT 1
                    FROM merged_entities
                    WHERE merged_entities.organization_id = :organization
                      AND merged_entities.id = gone.id
                ) THEN 'merged'
                ELSE coalesce(
                    (
                        -- a purge empties all that the log has of an entity
                        SELECT min(CASE WHEN purged_by IS NULL THEN 'undone' ELSE 'purged' END)
                        FROM change_rows
                        WHERE change_rows.organization_id = :organization
                          AND change_rows.kind = 'entity'
                          AND change_rows.row_id = gone.id
                    ),
                    'unknown'
                )
            END AS reason,
            sum(gone.events) AS events
        FROM (
            SELECT id, count(*) AS events
            FROM (
                SELECT
                    CASE
                        WHEN target_id NOT IN ({_SOMEBODY}) THEN target_id
                        WHEN actor_id NOT IN ({_SOMEBODY}) THEN actor_id
                    END AS id
                FROM events
                WHERE organization_id = :organization
            ) AS told
            WHERE id IS NOT NULL
            GROUP BY id
        ) AS gone
        GROUP BY reason
        """
    )
    events = {row["reason"]: row["events"] for row in counted}
    return Gone(**{reason: events.get(reason, 0) for reason in Gone.model_fields})


def _ahead(work: Work) -> int:
    newest = work.value("SELECT at FROM heads WHERE organization_id = :organization")
    return max(0, (newest or 0) - work.clock)


def mend(work: Work, fill_search: Callable[[Raw], None]) -> Mended:
    """Hide or show connections as their ends demand, count them anew, and fill the search indexes.

    Knowledge is queued where passages or vectors are missing or wrong.
    """
    changed = work.run(
        f"""
        UPDATE connections
        SET deleted_at = (
                -- NULL where both ends are live
                SELECT max(deleted_at)
                FROM entities
                WHERE organization_id = :organization
                  AND id IN (connections.from_id, connections.to_id)
            ),
            updated_at = :now,
            version = :change
        WHERE organization_id = :organization
          AND id IN ({_WRONGLY_SHOWN_OR_HIDDEN})
        """,
        now=work.now,
        change=work.change,
    )
    work.run("DELETE FROM connection_counts WHERE organization_id = :organization")
    work.run(
        f"""
        INSERT INTO connection_counts (organization_id, entity_id, direction, type, live)
        SELECT :organization, entity_id, direction, type, live
        FROM ({_TRUE_COUNTS}) AS counted
        """
    )
    fill_search(work.raw)  # first: removing a passage needs its words
    queued = repair.mend(work)
    work.touch(touched.EVERYTHING)
    return Mended(connections=changed, queued=queued or None)
