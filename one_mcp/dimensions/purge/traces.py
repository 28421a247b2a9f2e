"""Traces: what history, reasons and kept answers still tell of a row that is purged."""

from one_mcp import jsons
from one_mcp.dimensions.changes import idempotency, touched
from one_mcp.dimensions.entities import archive
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work

_EMPTIED = """
    SET before = CASE WHEN before IS NULL THEN before ELSE '{}' END,
        after = CASE WHEN after IS NULL THEN after ELSE '{}' END,
        image = NULL,
        purged_by = :change
"""


def remove(work: Work, id: str) -> None:
    """Empty the log of what a row was, with its tags or labels and all that ever led to it.

    Of an entity, these are its connections and the links from documents. The rows of the log stay,
    and say which change emptied them. Changes that wrote them, or told of the row in an event,
    lose their reasons, the purge too: a reason is free text, and names its subject more often than
    not (D-17). Kept answers about any of it are emptied.
    """
    subjects = [id, *_connections_ever(work, id)]
    telling = _rows_of(work, subjects) + _links_to(work, id) + _events_of(work, id)
    changes = sorted({row["change"] for row in telling})
    work.keeps_reason = False
    work.run(
        f"""
        UPDATE change_log
        SET reason = NULL, touched = :everything
        WHERE organization_id = :organization
          AND number {dialect.any_of("changes")}
        """,
        changes=changes,
        everything=jsons.dumps(
            [touched.EVERYTHING]
        ),  # whoever has not read it yet looks everywhere
    )
    idempotency.forget(work, subjects)


def _connections_ever(work: Work, id: str) -> list[str]:
    """List the connections that led to an entity or from it, all of which are gone by now."""
    return [
        row["row_id"]
        for end in archive.ENDS
        for row in work.all(
            f"""
            SELECT row_id
            FROM change_rows
            WHERE organization_id = :organization
              AND kind = 'connection'
              AND after IS NULL
              AND before ->> '{end}' = :id
            """,
            id=id,
        )
    ]


def _rows_of(work: Work, subjects: list[str]) -> list[Row]:
    return work.all(
        f"""
        UPDATE change_rows
        {_EMPTIED}
        WHERE organization_id = :organization
          AND row_id {dialect.any_of("subjects")}
        RETURNING change
        """,
        subjects=subjects,
        change=work.change,
    )


def _links_to(work: Work, id: str) -> list[Row]:
    return work.all(
        f"""
        UPDATE change_rows
        {_EMPTIED}
        WHERE organization_id = :organization
          AND kind = 'knowledge_link'
          -- the very expression of an index, change_rows_links
          AND coalesce(after, before) ->> 'entity_id' = :id
        RETURNING change
        """,
        id=id,
        change=work.change,
    )


def _events_of(work: Work, id: str) -> list[Row]:
    return work.all(
        """
        SELECT version AS change
        FROM events
        WHERE organization_id = :organization
          AND target_id = :id
        UNION ALL
        SELECT version
        FROM events
        WHERE organization_id = :organization
          AND actor_id = :id
        """,
        id=id,
    )
