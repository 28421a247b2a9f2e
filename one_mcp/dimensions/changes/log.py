"""The change log: every write belongs to one, and triggers keep each row before and after."""

import json
from collections.abc import Sequence

from one_mcp import ids, jsons
from one_mcp.dimensions.changes import touched
from one_mcp.errors import NotFoundError
from one_mcp.store import dialect
from one_mcp.store.work import BEGINS, Row, Work

UPGRADE = "upgrade"  # the tool of a change that an upgrade of the file made
IMPORT = "import_data"  # the tool of imports, whoever asked for them
NEWEST = 2**63 - 1
HEADER = """
    number, at, tool, client, reason, undoes, undone_by, touched, part_of, unfinished,
    coalesce(part_of, number) AS told_as,
    (
        SELECT coalesce(other.part_of, other.number)
        FROM change_log AS other
        WHERE other.organization_id = change_log.organization_id
          AND other.number = change_log.undoes
    ) AS undoes_told_as,
    (
        SELECT coalesce(other.part_of, other.number)
        FROM change_log AS other
        WHERE other.organization_id = change_log.organization_id
          AND other.number = change_log.undone_by
    ) AS undone_by_told_as,
    coalesce(
        (
            SELECT name
            FROM people
            WHERE people.organization_id = change_log.organization_id
              AND people.id = change_log.person_id
        ),
        person_id
    ) AS by,
    (
        SELECT at
        FROM compactions
        WHERE compactions.organization_id = change_log.organization_id
    ) AS compacted_at
"""
_PARTS = """(
    SELECT number.value
    UNION ALL
    SELECT part.number
    FROM change_log AS part
    WHERE part.organization_id = :organization
      AND part.part_of = number.value
      AND part.number > number.value
)"""
ROW = "seq, change, kind, row_id, before, after, purged_by"


def close_change(
    work: Work, tool: str, reason: str | None, client: str | None = None
) -> str | None:
    """Write the change down and return its id; None where nothing was written, and nothing is left.

    `client` is the program that asked, by its name and version. What the change touched is kept for
    other processes, which tell their own subscribers.
    """
    found = touched.by_change(work)
    if not found:
        return None
    work.touched = found
    work.run(
        """
        INSERT INTO change_log
            (organization_id, number, person_id, client, tool, reason, at, undoes, touched,
             part_of, unfinished)
        VALUES
            (:organization, :change, :person, :client, :tool, :reason, :now, :undoes, :touched,
             :part_of, :unfinished)
        """,
        change=work.change,
        person=work.principal.person,
        client=client,
        tool=tool,
        reason=reason if work.keeps_reason else None,
        now=work.now,
        undoes=work.undoes,
        touched=jsons.dumps(sorted(work.touched)),
        part_of=work.change if work.part_of == BEGINS else work.part_of,
        unfinished=1 if work.part_of == BEGINS else None,
    )
    return ids.change(work.change)


def header(work: Work, number: int) -> Row:
    """Return who made a change, when, with what, why, and how it relates to other changes.

    Raises NotFoundError, for a change of another organization just as for one that never was.
    """
    row = work.one(
        f"""
        SELECT {HEADER}
        FROM change_log
        WHERE organization_id = :organization
          AND number = :number
        """,
        number=number,
    )
    if row is None:
        id = ids.change(number)
        raise NotFoundError(f"There is no change {id}; get_history lists the changes.", id=id)
    return row


def rows(work: Work, number: int, *, after: int = 0, limit: int) -> list[Row]:
    """List the rows of a change in the order in which they were written."""
    return work.all(
        f"""
        SELECT {ROW}
        FROM change_rows
        WHERE organization_id = :organization
          AND change = :number
          AND seq > :after
        ORDER BY seq
        {dialect.most("limit")}
        """,
        number=number,
        after=after,
        limit=limit,
    )


def first_rows(work: Work, numbers: Sequence[int], *, limit: int) -> list[Row]:
    """List the first rows of each of some changes."""
    return work.all(
        f"""
        SELECT {ROW}
        FROM {dialect.each_number("numbers", "number")}
        CROSS JOIN change_rows
        WHERE organization_id = :organization
          AND change = number.value
          -- up to the last of the first few, or to the newest where there are fewer
          AND seq <= coalesce(
              (
                  SELECT first.seq
                  FROM change_rows AS first
                  WHERE first.organization_id = :organization
                    AND first.change = number.value
                  ORDER BY first.seq
                  LIMIT 1
                  OFFSET :beyond
              ),
              :newest
          )
        ORDER BY seq
        """,
        numbers=numbers,
        beyond=limit - 1,
        newest=NEWEST,
    )


def sizes(work: Work, numbers: Sequence[int], *, limit: int) -> dict[int, int]:
    """Count the rows and events of each of some changes or groups, up to twice a limit."""
    rows = work.all(
        f"""
        SELECT number.value AS number, (
            SELECT count(*) FROM (
                SELECT 1
                FROM change_rows
                WHERE organization_id = :organization
                  AND change IN {_PARTS}
                {dialect.most("limit")}
            ) AS rows
        ) + (
            SELECT count(*) FROM (
                SELECT 1
                FROM events
                WHERE organization_id = :organization
                  AND version IN {_PARTS}
                {dialect.most("limit")}
            ) AS happened
        ) AS size
        FROM {dialect.each_number("numbers", "number")}
        """,
        numbers=numbers,
        limit=limit,
    )
    return {row["number"]: row["size"] for row in rows}


def events(work: Work, numbers: Sequence[int], *, limit: int) -> int:
    """Count the events that changes recorded, up to a limit."""
    return work.value(
        f"""
        SELECT count(*) FROM (
            SELECT 1
            FROM {dialect.each_number("numbers", "number")}
            CROSS JOIN events
            WHERE organization_id = :organization
              AND version = number.value
            {dialect.most("limit")}
        ) AS happened
        """,
        numbers=numbers,
        limit=limit,
    )


def latest(work: Work) -> int:
    """Return the number of the newest change."""
    return work.value(
        "SELECT coalesce(max(number), 0) FROM change_log WHERE organization_id = :organization"
    )


def since(work: Work, number: int) -> tuple[int, frozenset[str], int]:
    """Return the newest change's number, what was touched after `number`, and by how many."""
    rows = work.all(
        """
        SELECT number, touched
        FROM change_log
        WHERE organization_id = :organization
          AND number > :number
        ORDER BY number
        """,
        number=number,
    )
    some = (id for row in rows for id in json.loads(row["touched"] or "[]"))
    return (rows[-1]["number"] if rows else number), frozenset(some), len(rows)
