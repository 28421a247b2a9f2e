"""Changes: every write belongs to one, and triggers keep each row before and after."""

import json

from one_mcp import ids, jsons
from one_mcp.errors import NotFoundError
from one_mcp.store.work import Row, Work

TOUCHED_LIMIT = 500
EVERYTHING = "*"
HEADER = """
    number, at, tool, reason, undoes, undone_by, touched,
    coalesce(
        (
            SELECT name
            FROM people
            WHERE people.organization_id = changes.organization_id
              AND people.id = changes.person_id
        ),
        person_id
    ) AS by
"""
ROW = "row, change, kind, row_id, before, after, purged_by"


def open_change(work: Work, tool: str, reason: str | None) -> None:
    """Begin a change; rows written from now on carry its number as their version."""
    work.change = work.value(
        """
        INSERT INTO changes (organization_id, person_id, tool, reason, at)
        VALUES (:organization, :person, :tool, :reason, :now)
        RETURNING number
        """,
        person=work.principal.person,
        tool=tool,
        reason=reason,
        now=work.now,
    )


def close_change(work: Work) -> str | None:
    """End the change and return its id; None where nothing was written, and nothing is left of it.

    The ids it touched are kept for other processes, which tell their own subscribers; a change of
    very many rows is kept as touching everything.
    """
    if not _wrote(work):
        work.run(
            "DELETE FROM changes WHERE number = :number AND organization_id = :organization",
            number=work.change,
        )
        return None
    if len(work.touched) > TOUCHED_LIMIT:
        work.touched = {EVERYTHING}
    work.run(
        """
        UPDATE changes
        SET touched = :touched
        WHERE number = :number
          AND organization_id = :organization
        """,
        number=work.change,
        touched=jsons.dumps(sorted(work.touched)),
    )
    return ids.change(work.change)


def header(work: Work, number: int) -> Row:
    """Return who made a change, when, with what, why, and how it relates to other changes.

    Raises NotFoundError, for a change of another organization just as for one that never was.
    """
    row = work.one(
        f"""
        SELECT {HEADER}
        FROM changes
        WHERE organization_id = :organization
          AND number = :number
          AND number <> :open
        """,
        number=number,
        open=work.change,
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
          AND row > :after
        ORDER BY row
        LIMIT :limit
        """,
        number=number,
        after=after,
        limit=limit,
    )


def size(work: Work, number: int, *, limit: int) -> int:
    """Count the rows and events of a change, up to twice a limit."""
    return work.value(
        """
        SELECT (
            SELECT count(*) FROM (
                SELECT 1
                FROM change_rows
                WHERE organization_id = :organization
                  AND change = :number
                LIMIT :limit
            )
        ) + (
            SELECT count(*) FROM (
                SELECT 1
                FROM events
                WHERE organization_id = :organization
                  AND version = :number
                LIMIT :limit
            )
        )
        """,
        number=number,
        limit=limit,
    )


def events(work: Work, number: int) -> int:
    """Count the events that a change recorded."""
    return work.value(
        """
        SELECT count(*)
        FROM events
        WHERE organization_id = :organization
          AND version = :number
        """,
        number=number,
    )


def rows_about(work: Work, number: int, subject: str, *, limit: int) -> list[Row]:
    """List the rows of a change that are about one of the ids in `subject`, a JSON array."""
    return work.all(
        f"""
        SELECT {ROW}
        FROM json_each(:subject) AS about
        CROSS JOIN change_rows
        WHERE organization_id = :organization
          AND row_id = about.value
          AND change = :number
        ORDER BY row
        LIMIT :limit
        """,
        subject=subject,
        number=number,
        limit=limit,
    )


def forget(work: Work, id: str) -> None:
    """Empty the log of what a row was, with its tags or labels and all that ever led to it.

    Of an entity, these are its connections and the links from documents. The rows of the log stay,
    and say which change emptied them. Kept answers that name the id go too.
    """
    work.run(
        """
        UPDATE change_rows
        SET before = CASE WHEN before IS NULL THEN NULL ELSE '{}' END,
            after = CASE WHEN after IS NULL THEN NULL ELSE '{}' END,
            purged_by = :change
        WHERE organization_id = :organization
          AND row_id IN (
              SELECT :id
              UNION ALL
              SELECT row_id
              FROM change_rows
              WHERE organization_id = :organization
                AND kind = 'connection'
                AND after IS NULL
                AND json_extract(before, '$.from_id') = :id
              UNION ALL
              SELECT row_id
              FROM change_rows
              WHERE organization_id = :organization
                AND kind = 'connection'
                AND after IS NULL
                AND json_extract(before, '$.to_id') = :id
          )
        """,
        id=id,
        change=work.change,
    )
    work.run(
        """
        UPDATE change_rows
        SET before = CASE WHEN before IS NULL THEN NULL ELSE '{}' END,
            after = CASE WHEN after IS NULL THEN NULL ELSE '{}' END,
            purged_by = :change
        WHERE organization_id = :organization
          AND kind = 'knowledge_link'
          AND json_extract(coalesce(after, before), '$.entity_id') = :id
        """,
        id=id,
        change=work.change,
    )
    work.run(
        """
        DELETE FROM idempotency_keys
        WHERE organization_id = :organization
          AND instr(answer, :id) > 0
        """,
        id=id,
    )


def _wrote(work: Work) -> bool:
    return bool(
        work.value(
            """
            SELECT EXISTS (
                    SELECT 1
                    FROM change_rows
                    WHERE organization_id = :organization
                      AND change = :number
                )
                OR EXISTS (
                    SELECT 1
                    FROM events
                    WHERE version = :number
                      AND organization_id = :organization
                )
            """,
            number=work.change,
        )
    )


def latest(work: Work) -> int:
    """Return the number of the newest change."""
    return work.value(
        "SELECT coalesce(max(number), 0) FROM changes WHERE organization_id = :organization"
    )


def since(work: Work, number: int) -> tuple[int, frozenset[str]]:
    """Return the newest change's number, and what was touched after `number`."""
    rows = work.all(
        """
        SELECT number, touched
        FROM changes
        WHERE organization_id = :organization
          AND number > :number
        ORDER BY number
        """,
        number=number,
    )
    touched = (id for row in rows for id in json.loads(row["touched"] or "[]"))
    return (rows[-1]["number"] if rows else number), frozenset(touched)
