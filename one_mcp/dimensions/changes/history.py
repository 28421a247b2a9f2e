"""History: what was changed, field by field, by whom, with which tool, and why."""

from collections.abc import Callable, Sequence

from one_mcp import clock, ids
from one_mcp.answers import Answer
from one_mcp.dimensions.changes import about, choice, compaction, differences, groups, log
from one_mcp.dimensions.changes.choice import Choice
from one_mcp.dimensions.changes.differences import Difference
from one_mcp.dimensions.changes.log import NEWEST
from one_mcp.errors import InvalidArgumentError, NotFoundError
from one_mcp.jsons import JsonValue
from one_mcp.store import dialect, pages
from one_mcp.store.work import Row, Work

ROWS_SHOWN = 6  # of each change in a list of changes; a change's own history shows all
COUNTED = 1_000
_TABLES = {"ent": "entities", "con": "connections", "kno": "knowledge", "per": "people"}
_TRACED = (*_TABLES, "org")


class Change(Answer):
    """One change, which `client` asked for, a program by its name and version.

    `more` counts the rows and events that are not shown, up to about 1,000; find_events shows the
    events. What is `unfinished` is under way or was cut off: the same call goes on with it, and
    undo_change takes back what is there.
    """

    change: str
    at: str
    by: str
    client: str | None = None
    tool: str
    reason: str | None = None
    undoes: str | None = None
    undone_by: str | None = None
    unfinished: bool | None = None
    rows: list[Difference] | None = None
    more: int | None = None


class History(Answer):
    """Changes, newest first; `cursor` goes on to the older ones, or to the rest of a change."""

    changes: list[Change]
    note: str | None = None
    cursor: str | None = None


def history(
    work: Work,
    id: str | None = None,
    limit: int = 20,
    cursor: str | None = None,
    chosen: Choice = choice.ALL,
) -> History:
    """Tell the history of an entity with its tags and connections, of another row, or of all.

    The id of a change shows that change with all its rows. Raises NotFoundError for what never
    was; what was removed or purged still has a history.
    """
    number = None if id is None else ids.change_number(id)
    if number is not None:
        if chosen.conditions:
            raise InvalidArgumentError(
                "A change is one; since, until, by and tool choose among several.", argument="id"
            )
        return _of_change(work, number, limit, cursor)
    if id is None:
        return _of_organization(work, chosen, limit, cursor)
    return _of_row(work, id, chosen, limit, cursor)


def _of_organization(work: Work, chosen: Choice, limit: int, cursor: str | None) -> History:
    headers = work.all(
        f"""
        SELECT {log.HEADER}
        FROM change_log
        WHERE organization_id = :organization
          AND (part_of IS NULL OR part_of = number)
          AND {" AND ".join(["number < :before", *chosen.conditions])}
        ORDER BY number DESC
        {dialect.most("limit")}
        """,
        before=_from(cursor, chosen.subject(None), NEWEST),
        limit=limit + 1,
        **chosen.parameters,
    )
    numbers = [header["number"] for header in headers[:limit]]
    rows = differences.by_change(work, log.first_rows(work, numbers, limit=ROWS_SHOWN))
    events = differences.of_events(work, numbers, ROWS_SHOWN)
    sizes = log.sizes(work, numbers, limit=COUNTED + ROWS_SHOWN)

    def tell(header: Row) -> Change:
        number = header["number"]
        shown = rows[number] + events[number][: ROWS_SHOWN - len(rows[number])]
        return _change(header, shown, sizes[number] - len(shown))

    return _page(headers, limit, tell, chosen.subject(None))


def _of_change(work: Work, number: int, limit: int, cursor: str | None) -> History:
    number = groups.first_of(work, number)
    header = log.header(work, number)
    after = _from(cursor, number, 0)
    listed = log.rows if header["part_of"] is None else groups.rows
    rows = listed(work, number, after=after, limit=limit + 1)
    found = dict(zip((row["seq"] for row in rows), differences.of_rows(work, rows), strict=True))
    page = pages.page(
        rows,
        limit,
        lambda row: found[row["seq"]],
        cursor=lambda row: pages.encode(["history", number], [row["seq"]]),
        size=_size,
    )
    parts = groups.parts(work, number) or [number]
    happened = [] if page.cursor else _happened(work, parts[:limit], limit)
    more = 0 if page.cursor else log.events(work, parts, limit=COUNTED) - len(happened)
    told = [_change(header, [*page.items, *happened], more)]
    return History(changes=told, cursor=page.cursor, note=compaction.note([header]))


def _happened(work: Work, parts: Sequence[int], limit: int) -> list[Difference]:
    """List as many events of a change's parts as a page has room for."""
    events = differences.of_events(work, parts, limit)
    found = [event for part in parts for event in events[part]][:limit]
    room = pages.CHARACTERS["concise"]
    for index, one in enumerate(found):
        room -= _size(one)
        if room < 0 and index:
            return found[:index]
    return found


def _of_row(work: Work, id: str, chosen: Choice, limit: int, cursor: str | None) -> History:
    if not ids.is_of(id, *_TRACED):
        raise ids.refusal(id, "id", *_TRACED, ids.CHANGE)
    subject = chosen.subject(id)
    headers = about.headers(work, id, chosen, _from(cursor, subject, NEWEST), limit + 1)
    if not headers and cursor is None and not about.headers(work, id, choice.ALL, NEWEST, 1):
        if (compacted := compaction.said(work)) and _is_there(work, id):
            return History(changes=[], note=compacted)
        raise NotFoundError(f"There is no history of {id}; find its id with find_entities.", id=id)
    numbers = [header["number"] for header in headers[:limit]]
    found = about.rows(work, id, numbers, ROWS_SHOWN)
    totals = {row["told_as"]: min(row["total"], COUNTED + ROWS_SHOWN) for row in found}
    rows = differences.by_change(work, found, "told_as")

    def tell(header: Row) -> Change:
        shown = rows[header["number"]]
        return _change(header, shown, totals[header["number"]] - len(shown))

    told = _page(headers, limit, tell, subject)
    if not headers or headers[0]["followed"] <= about.CONNECTIONS_FOLLOWED:
        return told
    return told.model_copy(
        update={
            "note": f"Of very many connections, the newest {about.CONNECTIONS_FOLLOWED} each way "
            "are looked at; an older one has a history under its own id."
        }
    )


def _is_there(work: Work, id: str) -> bool:
    table = _TABLES.get(id[:3])
    if table is None:
        return id == work.organization
    return bool(
        work.value(
            f"""
            SELECT EXISTS (
                SELECT 1
                FROM {table}
                WHERE organization_id = :organization
                  AND id = :id
            )
            """,
            id=id,
        )
    )


def _page(
    rows: Sequence[Row], limit: int, tell: Callable[[Row], Change], subject: JsonValue
) -> History:
    page = pages.page(
        rows,
        limit,
        tell,
        cursor=lambda row: pages.encode(["history", subject], [row["number"]]),
        size=_size,
    )
    return History(changes=page.items, cursor=page.cursor, note=compaction.note(rows[:limit]))


def _size(answer: Answer) -> int:
    return len(answer.model_dump_json(exclude_none=True))


def _from(cursor: str | None, subject: JsonValue, start: int) -> int:
    keys = pages.decode(["history", subject], cursor, 1)
    return keys[0] if keys and isinstance(keys[0], int) else start


def _change(header: Row, rows: list[Difference], more: int = 0) -> Change:
    return Change(
        change=ids.change(header["told_as"]),
        at=clock.to_text(header["at"]),
        by=header["by"],
        client=header["client"],
        tool=header["tool"],
        reason=header["reason"],
        undoes=_named(header["undoes_told_as"]),
        undone_by=_named(header["undone_by_told_as"]),
        unfinished=bool(header["unfinished"] and header["undone_by"] is None) or None,
        rows=rows or None,
        more=more or None,
    )


def _named(number: int | None) -> str | None:
    return None if number is None else ids.change(number)
