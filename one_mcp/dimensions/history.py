"""History: what was changed, field by field, by whom, with which tool, and why."""

from collections.abc import Callable, Sequence

from one_mcp import clock, ids, jsons
from one_mcp.answers import Answer
from one_mcp.dimensions import changes, logged
from one_mcp.dimensions.logged import Logged
from one_mcp.errors import InvalidArgumentError, NotFoundError
from one_mcp.jsons import JsonObject
from one_mcp.store import pages
from one_mcp.store.work import Row, Work

ROWS_SHOWN = 6  # of each change in a list of changes; a change's own history shows all
COUNTED = 1_000
ROWS_ABOUT = 100
CONNECTIONS_FOLLOWED = 500
NEWEST = 2**63 - 1
_TRACED = ("ent", "con", "kno", "per", "org")


class Difference(Answer):
    """What a change did to one row. `fields` has [before, after] of everything that differs.

    `purged` says that a purge emptied this, and which.
    """

    id: str
    kind: str
    did: str
    type: str | None = None
    name: str | None = None
    fields: JsonObject | None = None
    purged: str | None = None


class Change(Answer):
    """One change. `more` counts the rows that are not shown, up to about 1,000."""

    change: str
    at: str
    by: str
    tool: str
    reason: str | None = None
    undoes: str | None = None
    undone_by: str | None = None
    rows: list[Difference] | None = None
    more: int | None = None


class History(Answer):
    """Changes, newest first; `cursor` goes on to the older ones, or to the rest of a change."""

    changes: list[Change]
    note: str | None = None
    cursor: str | None = None


def history(
    work: Work, id: str | None = None, limit: int = 20, cursor: str | None = None
) -> History:
    """Tell the history of an entity with its tags and connections, of another row, or of all.

    The id of a change shows that change with all its rows. Raises NotFoundError for what never
    was; what was removed or purged still has a history.
    """
    if id is None:
        return _of_organization(work, limit, cursor)
    number = ids.change_number(id)
    if number is not None:
        return _of_change(work, number, limit, cursor)
    return _of_row(work, id, limit, cursor)


def _of_organization(work: Work, limit: int, cursor: str | None) -> History:
    headers = work.all(
        f"""
        SELECT {changes.HEADER}
        FROM changes
        WHERE organization_id = :organization
          AND number < :before
        ORDER BY number DESC
        LIMIT :limit
        """,
        before=_from(cursor, None, NEWEST),
        limit=limit + 1,
    )

    def tell(header: Row) -> Change:
        number = header["number"]
        shown = _differences(work, changes.rows(work, number, limit=ROWS_SHOWN))
        shown += _events(work, number, ROWS_SHOWN - len(shown))
        total = changes.size(work, number, limit=COUNTED + ROWS_SHOWN)
        return _change(header, shown, total - len(shown))

    return _page(headers, limit, tell, None)


def _of_change(work: Work, number: int, limit: int, cursor: str | None) -> History:
    header = changes.header(work, number)
    rows = changes.rows(work, number, after=_from(cursor, number, 0), limit=limit + 1)
    page = pages.page(
        rows,
        limit,
        lambda row: _differences(work, [row])[0],
        cursor=lambda row: pages.encode(["history", number], [row["row"]]),
        size=_size,
    )
    happened = [] if page.cursor else _events(work, number, limit)
    told = _change(header, [*page.items, *happened])
    return History(changes=[told], cursor=page.cursor)


def _of_row(work: Work, id: str, limit: int, cursor: str | None) -> History:
    if id[:3] not in _TRACED or not ids.is_id(id):
        raise InvalidArgumentError(
            "id is the id of an entity (ent_…), a connection (con_…), a document (kno_…) or a "
            "change (chg_…); an event never changes.",
            argument="id",
        )
    about = _about(work, id)
    subject = jsons.dumps(about)
    numbers = work.all(
        """
        SELECT DISTINCT change AS number
        FROM json_each(:subject) AS about
        CROSS JOIN change_rows
        WHERE organization_id = :organization
          AND row_id = about.value
          AND change < :before
        ORDER BY change DESC
        LIMIT :limit
        """,
        subject=subject,
        before=_from(cursor, id, NEWEST),
        limit=limit + 1,
    )
    if not numbers and cursor is None:
        raise NotFoundError(f"There is no history of {id}; find its id with find_entities.", id=id)

    def tell(row: Row) -> Change:
        rows = changes.rows_about(work, row["number"], subject, limit=ROWS_ABOUT)
        shown = _differences(work, rows[:ROWS_SHOWN])
        return _change(changes.header(work, row["number"]), shown, len(rows) - len(shown))

    told = _page(numbers, limit, tell, id)
    if len(about) <= CONNECTIONS_FOLLOWED:
        return told
    return told.model_copy(
        update={
            "note": f"Of very many connections, the newest {CONNECTIONS_FOLLOWED} each way are "
            "looked at; an older one has a history under its own id."
        }
    )


def _page(
    rows: Sequence[Row], limit: int, tell: Callable[[Row], Change], subject: str | None
) -> History:
    page = pages.page(
        rows,
        limit,
        tell,
        cursor=lambda row: pages.encode(["history", subject], [row["number"]]),
        size=_size,
    )
    return History(changes=page.items, cursor=page.cursor)


def _size(answer: Answer) -> int:
    return len(answer.model_dump_json(exclude_none=True))


def _from(cursor: str | None, subject: str | int | None, start: int) -> int:
    keys = pages.decode(["history", subject], cursor, 1)
    return keys[0] if keys and isinstance(keys[0], int) else start


def _about(work: Work, id: str) -> list[str]:
    """List the id of an entity and those of the connections it has and had, the newest first."""
    if not id.startswith(ids.ENTITY):
        return [id]
    rows = work.all(
        """
        SELECT id FROM (
            SELECT id
            FROM connections
            WHERE organization_id = :organization
              AND from_id = :id
            ORDER BY created_at DESC
            LIMIT :limit
        )
        UNION
        SELECT id FROM (
            SELECT id
            FROM connections
            WHERE organization_id = :organization
              AND to_id = :id
            ORDER BY created_at DESC
            LIMIT :limit
        )
        UNION
        SELECT row_id FROM (
            SELECT row_id
            FROM change_rows
            WHERE organization_id = :organization
              AND kind = 'connection'
              AND after IS NULL
              AND json_extract(before, '$.from_id') = :id
            ORDER BY row DESC
            LIMIT :limit
        )
        UNION
        SELECT row_id FROM (
            SELECT row_id
            FROM change_rows
            WHERE organization_id = :organization
              AND kind = 'connection'
              AND after IS NULL
              AND json_extract(before, '$.to_id') = :id
            ORDER BY row DESC
            LIMIT :limit
        )
        """,
        id=id,
        limit=CONNECTIONS_FOLLOWED,
    )
    return [id, *(row["id"] for row in rows)]


def _differences(work: Work, rows: Sequence[Row]) -> list[Difference]:
    found = [Logged.from_row(row) for row in rows]
    names = logged.names_of(work, found)
    return [
        Difference(
            id=one.id,
            kind=one.kind,
            did=one.did,
            type=str(one.image["type"]) if "type" in one.image else None,
            name=one.label(work, names),
            fields=one.fields() or None,
            purged=None if one.purged_by is None else ids.change(one.purged_by),
        )
        for one in found
    ]


def _events(work: Work, number: int, limit: int) -> list[Difference]:
    rows = work.all(
        """
        SELECT events.id, events.type, coalesce(entities.name, events.target_id) AS target
        FROM events
        LEFT JOIN entities
          ON entities.organization_id = :organization
         AND entities.id = events.target_id
        WHERE events.organization_id = :organization
          AND events.version = :number
        ORDER BY events.row
        LIMIT :limit
        """,
        number=number,
        limit=limit,
    )
    return [
        Difference(id=row["id"], kind="event", did="recorded", type=row["type"], name=row["target"])
        for row in rows
    ]


def _change(header: Row, rows: list[Difference], more: int = 0) -> Change:
    return Change(
        change=ids.change(header["number"]),
        at=clock.to_text(header["at"]),
        by=header["by"],
        tool=header["tool"],
        reason=header["reason"],
        undoes=_named(header["undoes"]),
        undone_by=_named(header["undone_by"]),
        rows=rows or None,
        more=more or None,
    )


def _named(number: int | None) -> str | None:
    return None if number is None else ids.change(number)
