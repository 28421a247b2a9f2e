"""About: the changes that are about an entity with its connections, or about another row."""

from collections.abc import Sequence

from one_mcp.dimensions.changes import log
from one_mcp.dimensions.changes.choice import Choice
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work

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

_TOLD_AS = "coalesce(part.part_of, part.number)"
_WRITTEN = """
            FROM about
            CROSS JOIN change_rows
            CROSS JOIN change_log AS part
            WHERE change_rows.organization_id = :organization
              AND change_rows.row_id = about.id
              AND part.organization_id = :organization
              AND part.number = change_rows.change
"""


def headers(work: Work, id: str, chosen: Choice, before: int, limit: int) -> list[Row]:
    """List the newest changes that are about an entity with its connections, or about another row.

    A group is one change, however many of its parts are about it. `followed` counts the ids that
    were looked at.
    """
    return work.all(
        f"""
        WITH {_ABOUT}
        SELECT {log.HEADER}, (SELECT count(*) FROM about) AS followed
        FROM (
            SELECT DISTINCT {_TOLD_AS} AS told_as
            {_WRITTEN}
              AND {_TOLD_AS} < :before
              {chosen.among(_TOLD_AS)}
            ORDER BY 1 DESC
            {dialect.most("limit")}
        ) AS newest
        CROSS JOIN change_log
        WHERE change_log.organization_id = :organization
          AND change_log.number = newest.told_as
        ORDER BY change_log.number DESC
        """,
        id=id,
        followed=CONNECTIONS_FOLLOWED,
        before=before,
        limit=limit,
        **chosen.parameters,
    )


def rows(work: Work, id: str, numbers: Sequence[int], limit: int) -> list[Row]:
    """List the first rows of changes or groups that are about an id.

    `told_as` is the number of the change or group, and `total` counts its rows that are about it.
    """
    return work.all(
        f"""
        WITH {_ABOUT}, found AS (
            SELECT
                change_rows.seq AS at,
                {_TOLD_AS} AS told_as,
                row_number() OVER (PARTITION BY {_TOLD_AS} ORDER BY change_rows.seq) AS place,
                count(*) OVER (PARTITION BY {_TOLD_AS}) AS total
            {_WRITTEN}
              AND {_TOLD_AS} IN (
                  SELECT number.value FROM {dialect.each_number("numbers", "number")}
              )
        )
        SELECT {log.ROW}, told_as, total
        FROM found
        CROSS JOIN change_rows
        WHERE organization_id = :organization
          AND seq = found.at
          AND place <= :limit
        ORDER BY seq
        """,
        id=id,
        followed=CONNECTIONS_FOLLOWED,
        numbers=numbers,
        limit=limit,
    )
