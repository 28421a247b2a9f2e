"""About: the changes that are about an entity with its connections, or about another row."""

from collections.abc import Sequence

from one_mcp.dimensions.changes import log
from one_mcp.dimensions.changes.choice import Choice
from one_mcp.dimensions.changes.log import NEWEST
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work

ROWS_ABOUT = 100
CONNECTIONS_FOLLOWED = 500
# each arm walks an index from its newest end, so a hub costs no more than the bound; connections
# that are gone are only in the log, whose partial indexes want these very conditions
_ABOUT = f"""
    about AS (
        SELECT :id AS id
        UNION
        SELECT id FROM (
            SELECT id
            FROM connections
            WHERE organization_id = :organization
              AND from_id = :id
            ORDER BY created_at DESC
            {dialect.most("followed")}
        ) AS outgoing
        UNION
        SELECT id FROM (
            SELECT id
            FROM connections
            WHERE organization_id = :organization
              AND to_id = :id
            ORDER BY created_at DESC
            {dialect.most("followed")}
        ) AS incoming
        UNION
        SELECT id FROM (
            SELECT row_id AS id
            FROM change_rows
            WHERE organization_id = :organization
              AND kind = 'connection'
              AND after IS NULL
              AND before ->> 'from_id' = :id
            ORDER BY seq DESC
            {dialect.most("followed")}
        ) AS outgoing_once
        UNION
        SELECT id FROM (
            SELECT row_id AS id
            FROM change_rows
            WHERE organization_id = :organization
              AND kind = 'connection'
              AND after IS NULL
              AND before ->> 'to_id' = :id
            ORDER BY seq DESC
            {dialect.most("followed")}
        ) AS incoming_once
    )
"""


def headers(work: Work, id: str, chosen: Choice, before: int, limit: int) -> list[Row]:
    """List the newest changes that are about an entity with its connections, or about another row.

    `followed` counts the ids that were looked at.
    """
    return work.all(
        f"""
        WITH {_ABOUT}
        SELECT {log.HEADER}, (SELECT count(*) FROM about) AS followed
        FROM (
            SELECT DISTINCT change_rows.change
            FROM about
            CROSS JOIN change_rows
            WHERE change_rows.organization_id = :organization
              AND change_rows.row_id = about.id
              AND change_rows.change < :before
              {chosen.among("change_rows.change")}
            ORDER BY change_rows.change DESC
            {dialect.most("limit")}
        ) AS newest
        CROSS JOIN change_log
        WHERE change_log.organization_id = :organization
          AND change_log.number = newest.change
        ORDER BY change_log.number DESC
        """,
        id=id,
        followed=CONNECTIONS_FOLLOWED,
        before=before,
        limit=limit,
        **chosen.parameters,
    )


def rows(work: Work, id: str, numbers: Sequence[int], limit: int) -> list[Row]:
    """List the first rows of changes that are about an id; `total` counts up to a hundred."""
    about = """
        FROM about
        CROSS JOIN change_rows
        WHERE change_rows.organization_id = :organization
          AND change_rows.row_id = about.id
          AND change_rows.change = number.value
    """
    return work.all(
        f"""
        WITH {_ABOUT}, shown AS MATERIALIZED (
            -- worked out once for each change, not for each of the rows that are joined to it
            SELECT
                number.value AS number,
                (SELECT count(*) FROM (SELECT 1 {about}{dialect.most("most")}) AS counted) AS total,
                coalesce(
                    (
                        SELECT change_rows.seq {about}
                        ORDER BY change_rows.seq
                        LIMIT 1
                        OFFSET :beyond
                    ),
                    :newest
                ) AS last
            FROM {dialect.each_number("numbers", "number")}
        )
        SELECT {log.ROW}, shown.total
        FROM shown
        CROSS JOIN about
        CROSS JOIN change_rows
        WHERE organization_id = :organization
          AND row_id = about.id
          AND change = shown.number
          AND seq <= shown.last
        ORDER BY seq
        """,
        id=id,
        followed=CONNECTIONS_FOLLOWED,
        numbers=numbers,
        most=ROWS_ABOUT,
        beyond=limit - 1,
        newest=NEWEST,
    )
