"""Value walks: entities in the order of an indexed property, as its values stand in their tables.

Numbers come first, then texts, each read in the order of the index, and only what is shown; in the
end those without a value, by their numbers. A condition on the same property says where a walk
begins and ends. Where few fit, a bounded number of entities is looked through.
"""

from collections.abc import Iterator
from dataclasses import replace

from one_mcp.dimensions.entities import scans
from one_mcp.dimensions.entities.orders import NOTHING, NUMBERS, TEXTS, Place, ValueOrder
from one_mcp.dimensions.entities.scans import FIRST, LOOKED_THROUGH, Reading, Wanted
from one_mcp.dimensions.entities.selection import FEW, Selection
from one_mcp.store import dialect, property_values
from one_mcp.store.property_values import LONGEST, ValueTable
from one_mcp.store.work import Row, Work

_TABLES = {NUMBERS: property_values.NUMBERS, TEXTS: property_values.TEXTS}


def read(work: Work, wanted: Wanted, order: ValueOrder) -> Reading:
    """Read a page, from the kind of value on that the last one ended with."""
    rows: list[Row] = []
    for kind in range(_kind(wanted.place), NOTHING + 1):
        left = replace(wanted, count=wanted.count - len(rows))
        if rows or _kind(wanted.place) != kind:
            left = replace(left, place=None)
        reading = _of_kind(work, left, order, kind)
        if reading is None:
            return scans.sorted_all(work, wanted, order)
        rows += reading.rows
        if reading.stopped or len(rows) == wanted.count:
            return Reading(rows, reading.stopped)
    return Reading(rows)


def _of_kind(work: Work, wanted: Wanted, order: ValueOrder, kind: int) -> Reading | None:
    if kind != NOTHING:
        return _walked(work, wanted, order, kind)
    if order.name in wanted.selection.ranges:
        return Reading([])
    if _are_few(work, wanted.selection):
        start = -1 if not order.descending else FIRST
        place = wanted.place or [[NOTHING, 0, ""], start]
        return scans.sorted_all(work, replace(wanted, place=place), order)
    return _without(work, wanted, order)


def _walked(work: Work, wanted: Wanted, order: ValueOrder, kind: int) -> Reading | None:
    """Walk a table of values; None where these are not in it as a whole: long texts and numbers."""
    table, selection = _TABLES[kind], wanted.selection
    bounds = list(_bounds(selection, order, table))
    if None in bounds or not order.fields:
        return Reading([])
    last = _last(wanted.place, kind)
    if _is_long(last) or _is_exact(wanted.place, kind):
        return None
    arms = [
        [f"field = {selection.bind(field.number)}", *(it for it in bounds if it), *after]
        for field in order.fields
        for after in _later(selection, order, last)
    ]
    walk = " UNION ALL ".join(
        f"SELECT value, entity FROM {table.name}"
        f" WHERE organization_id = :organization AND {' AND '.join(arm)}"
        for arm in arms
    )
    way = "DESC" if order.descending else "ASC"
    listed = f"{walk} ORDER BY value {way}, entity {way}"
    again = f"ORDER BY listed.value {way}, listed.entity {way}"
    at = "listed.value" if kind == NUMBERS else "0"
    rows = _joined(
        work,
        wanted,
        listed,
        f"{order.kind} = {kind}",
        again,
        also=f"{at} AS at, listed.value AS listed",
    )
    if any(_is_shortened(row, kind) for row in rows):
        return None
    if len(rows) == wanted.count:
        return Reading(rows)
    end = work.one(f"{listed} LIMIT 1 OFFSET {LOOKED_THROUGH - 1}", **selection.parameters)
    if end is None:
        return Reading(rows)
    value = [end["value"], ""] if kind == NUMBERS else [0, end["value"]]
    return Reading(rows, [[kind, *value], end["entity"]])


def _without(work: Work, wanted: Wanted, order: ValueOrder) -> Reading:
    """Walk the entities by their numbers, for those that have no value."""
    selection = wanted.selection
    last = _last(wanted.place, NOTHING)
    sign, way = ("<", "DESC") if order.descending else (">", "ASC")
    later = "" if last is None else f"AND seq {sign} {selection.bind(last[1])}"
    listed = (
        f"SELECT seq AS entity FROM entities {dialect.by_number()}"
        f" WHERE organization_id = :organization {later} ORDER BY seq {way}"
    )
    again = f"ORDER BY listed.entity {way}"
    rows = _joined(work, wanted, listed, f"{order.kind} = {NOTHING}", again, also="0 AS at")
    if len(rows) == wanted.count:
        return Reading(rows)
    end = work.one(f"{listed} LIMIT 1 OFFSET {LOOKED_THROUGH - 1}", **selection.parameters)
    return Reading(rows, [[NOTHING, 0, ""], end["entity"]] if end else None)


def _joined(
    work: Work, wanted: Wanted, listed: str, kind: str, again: str, *, also: str
) -> list[Row]:
    """Read the entities of a walk, and keep those that fit; `again` is the order it comes in.

    The tables say where a value may be; its kind is asked of the entity, which may have a list.
    """
    selection = wanted.selection
    tests = [*selection.scope, *selection.tests(), kind]
    return work.all(
        f"""
        SELECT {wanted.columns}, {also}
        FROM ({listed}{dialect.most("bound")}) AS listed
        CROSS JOIN entities
        WHERE entities.organization_id = :organization
          AND entities.seq = listed.entity
          AND {" AND ".join(tests)}
        {again}
        {dialect.most("count")}
        """,
        **selection.parameters,
        bound=LOOKED_THROUGH,
        count=wanted.count,
    )


def _bounds(selection: Selection, order: ValueOrder, table: ValueTable) -> Iterator[str | None]:
    """Say in SQL where a walk begins and ends; None where no value of the table can be meant."""
    for some in selection.ranges.get(order.name or "", []):
        here = [one for one in some if one.table is table]
        if not here:
            yield None
        elif len(here) == 1:
            yield property_values.within(here[0], selection.bind).removeprefix(" AND ")


def _later(
    selection: Selection, order: ValueOrder, last: tuple[object, object] | None
) -> list[list[str]]:
    """Cut what comes after a place in two, since an index leads to the beginning of each."""
    if last is None:
        return [[]]
    value, entity = (selection.bind(key) for key in last)
    sign = "<" if order.descending else ">"
    return [[f"value = {value}", f"entity {sign} {entity}"], [f"value {sign} {value}"]]


def _kind(place: Place | None) -> int:
    """Tell with which kind of value a page begins."""
    if place is None or not isinstance(place[0], list) or not isinstance(place[0][0], int):
        return NUMBERS
    return place[0][0]


def _last(place: Place | None, kind: int) -> tuple[object, object] | None:
    if place is None or not isinstance(place[0], list):
        return None
    return place[0][2 if kind == TEXTS else 1], place[1]


def _is_long(last: tuple[object, object] | None) -> bool:
    return last is not None and isinstance(last[0], str) and len(last[0]) >= LONGEST


def _is_shortened(row: Row, kind: int) -> bool:
    """Tell whether a table has only the beginning of a text, or not all digits of a number."""
    return bool(row["sorted_text"]) if kind == NUMBERS else _is_long((row["listed"], 0))


def _is_exact(place: Place | None, kind: int) -> bool:
    """Tell whether a page ended with a number of which the tables have not all digits."""
    return (
        kind == NUMBERS and place is not None and isinstance(place[0], list) and bool(place[0][2])
    )


def _are_few(work: Work, selection: Selection) -> bool:
    counted = work.value(
        f"""
        SELECT count(*)
        FROM (
            SELECT 1
            FROM entities
            WHERE organization_id = :organization
              AND {" AND ".join(selection.scope)}
            {dialect.most("bound")}
        ) AS counted
        """,
        **selection.parameters,
        bound=FEW + 1,
    )
    return counted <= FEW
