"""Traces: what history, reasons and kept answers still tell of a row that is purged."""

from one_mcp import jsons
from one_mcp.dimensions.changes import idempotency, touched
from one_mcp.dimensions.entities import archive
from one_mcp.dimensions.purge import naming
from one_mcp.dimensions.purge.naming import Called
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work

_EMPTIED = """
    SET before = CASE WHEN before IS NULL THEN before ELSE '{}' END,
        after = CASE WHEN after IS NULL THEN after ELSE '{}' END,
        image = NULL,
        purged_by = :change
"""
_ITS_EVENTS = """
    SELECT id
    FROM events
    WHERE organization_id = :organization
      AND target_id = :id
    UNION ALL
    SELECT id
    FROM events
    WHERE organization_id = :organization
      AND actor_id = :id
"""


def remove(work: Work, id: str) -> None:
    """Empty the log of what a row was, with its tags or labels and all that ever led to it.

    Of an entity, these are its connections and the links from documents. The rows of the log stay,
    and say which change emptied them. Changes that wrote them, or told of the row in an event,
    lose their reasons, the purge too: a reason is free text, and names its subject more often than
    not; so do changes of others whose reasons name it (D-17). Kept answers about any of it, or that
    name it, are emptied.
    """
    names = naming.of(work, id)
    subjects = [id, *_connections_ever(work, id)]
    telling = [
        *_rows_of(work, subjects),
        *_links_to(work, id),
        *_events_of(work, id),
        *_retractions_of(work, id),
    ]
    work.keeps_reason = False
    _empty_reasons(work, {row["change"] for row in telling}, names)
    idempotency.forget(work, subjects, names.pieces)


def of_connections(work: Work, ids: list[str]) -> None:
    """Empty the log of what connections were that led to a row which is being purged."""
    work.keeps_reason = False
    _forget_reasons(work, {row["change"] for row in _rows_of(work, ids)})
    idempotency.forget(work, ids, [])


def _empty_reasons(work: Work, changes: set[int], names: Called) -> None:
    reasons = work.each(
        """
        SELECT number, reason
        FROM change_log
        WHERE organization_id = :organization
          AND reason IS NOT NULL
        """
    )
    naming_it = naming.told(((row["number"], row["reason"]) for row in reasons), names)
    _forget_reasons(work, {*changes, *naming_it})
    work.run(
        f"""
        UPDATE change_log
        SET touched = :everything
        WHERE organization_id = :organization
          AND number {dialect.any_of("changes")}
        """,
        changes=sorted(changes),
        # whoever has not read it yet looks everywhere
        everything=jsons.dumps([touched.EVERYTHING]),
    )


def _forget_reasons(work: Work, changes: set[int]) -> None:
    work.run(
        f"""
        UPDATE change_log
        SET reason = NULL
        WHERE organization_id = :organization
          AND number {dialect.any_of("changes")}
        """,
        changes=sorted(changes),
    )


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


def _retractions_of(work: Work, id: str) -> list[Row]:
    """Empty the reasons for which events about it were taken back; the events stay taken back."""
    work.run(
        f"""
        UPDATE retractions
        SET reason = NULL
        WHERE organization_id = :organization
          AND reason IS NOT NULL
          AND event_id IN ({_ITS_EVENTS})
        """,
        id=id,
    )
    work.run(
        f"""
        UPDATE change_rows
        {_EMPTIED}
        WHERE organization_id = :organization
          AND row_id IN ({_ITS_EVENTS})
          AND kind = 'retraction'
          AND coalesce(before ->> 'reason', after ->> 'reason') IS NOT NULL
        """,
        id=id,
        change=work.change,
    )
    return work.all(
        f"""
        SELECT change
        FROM change_rows
        WHERE organization_id = :organization
          AND row_id IN ({_ITS_EVENTS})
          AND kind = 'retraction'
        """,
        id=id,
    )
