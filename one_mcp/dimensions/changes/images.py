"""Images: what a whole row was, had back from what it is and what the log keeps of its changes."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from one_mcp import jsons
from one_mcp.dimensions.changes.log import NEWEST
from one_mcp.jsons import JsonObject
from one_mcp.store import dialect, patches
from one_mcp.store.tables import LOGGED
from one_mcp.store.work import Row, Work

_COLUMNS = {"row": "seq"}  # what columns were called in images of an earlier schema
# columns that images of an earlier schema lack
_ADDED = {"connection": ("valid_from", "valid_until")}
_JSON = frozenset(
    column.name for table in LOGGED.values() for column in table.columns if column.kind == "json"
)
# `wanted` has lists: a row's kind and id, then `seq` and `change` of its first entry that is asked
# for, and of its last one
_CHAIN = f"""
    SELECT later.kind, later.row_id, later.seq, later.steps, later.image,
        CASE
            WHEN later.kind = 'knowledge' THEN {dialect.json_without("later.before", "text")}
            ELSE later.before
        END AS before
    FROM {dialect.each_list("wanted", "wanted")}
    CROSS JOIN change_rows AS later
    WHERE later.organization_id = :organization
      AND later.row_id = wanted.value ->> 1
      AND later.kind = wanted.value ->> 0
      AND later.seq > CAST(wanted.value ->> 2 AS BIGINT)
      -- follows from seq, but this is what the index on rows goes by
      AND later.change >= CAST(wanted.value ->> 3 AS BIGINT)
      -- up to the next entry that has the row as a whole, or up to today
      AND later.change <= coalesce(
          (
              SELECT whole.change
              FROM change_rows AS whole
              WHERE whole.organization_id = :organization
                AND whole.row_id = wanted.value ->> 1
                AND whole.kind = wanted.value ->> 0
                AND whole.seq > CAST(wanted.value ->> 4 AS BIGINT)
                AND whole.change >= CAST(wanted.value ->> 5 AS BIGINT)
                AND whole.steps = 0
              ORDER BY whole.change, whole.seq
              LIMIT 1
          ),
          :newest
      )
"""


def load(text: str) -> JsonObject:
    """Read an image, or the columns of one; what is whole of a JSON column is read as well."""
    return whole(jsons.load_object(text))


def whole(row: JsonObject) -> JsonObject:
    """Return a row with its columns' names of today, and its JSON columns as objects."""
    return {
        _COLUMNS.get(name, name): jsons.load_object(value)
        if name in _JSON and isinstance(value, str)
        else value
        for name, value in row.items()
    }


def columns(kind: str, image: JsonObject) -> JsonObject:
    """Return an image as its row is stored: with JSON columns as text."""
    added: JsonObject = dict.fromkeys(_ADDED.get(kind, ()))
    return added | {
        name: jsons.dumps(value) if name in _JSON else value for name, value in image.items()
    }


def before(image: JsonObject, kept: JsonObject) -> JsonObject:
    """Return what a row was before a change of which the log kept this, as `load` read it."""
    back = dict(image)
    for name, value in kept.items():
        if isinstance(value, list):
            now = image[name]
            back[name] = patches.restored(now if isinstance(now, dict) else {}, value)
        else:
            back[name] = value
    return back


def says_all(image: JsonObject) -> bool:
    """Tell whether this is a whole row, and not what differs of one."""
    return any(isinstance(image.get(name), dict) for name in _JSON)


def current(work: Work, kind: str, ids: Sequence[str]) -> dict[str, JsonObject]:
    """Read rows of a logged table as they are now, by their ids."""
    table = LOGGED[kind]
    if table.logged is None:
        return {}
    rows = work.all(
        f"""
        SELECT {table.logged.row_id} AS row_id, {", ".join(table.imaged)}
        FROM {table.name}
        WHERE organization_id = :organization
          AND {table.logged.row_id} {dialect.any_of("ids")}
        """,
        ids=list(ids),
    )
    return {row["row_id"]: whole({name: row[name] for name in table.imaged}) for row in rows}


def left(work: Work, rows: Sequence[Row]) -> dict[int, JsonObject]:
    """Return the rows as some entries of the log left them, by the entries' `seq`.

    A removed row is as it was before. One that a purge emptied is not in the answer. Documents
    come without their texts.
    """
    found = {row["seq"]: image for row in rows if (image := _own(row)) is not None}
    wanted: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row["seq"] not in found and row["purged_by"] is None:
            wanted[row["kind"], row["row_id"]].append(row)
    if not wanted:
        return found
    later: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in _later(work, wanted):
        later[row["kind"], row["row_id"]].append(row)
    for subject, entries in wanted.items():
        found |= _afterwards(entries, later[subject])
    return found


def _own(row: Row) -> JsonObject | None:
    """Return the image that an entry has itself: of what went, or what is all key, or is old."""
    if row["purged_by"] is not None:
        return None
    if row["after"] is None:
        return load(row["before"])
    after = load(row["after"])
    return after if LOGGED[row["kind"]].is_whole or says_all(after) else None


def _later(work: Work, wanted: dict[tuple[str, str], list[Row]]) -> list[Row]:
    """Read what was done to rows after some entries, up to where the log has them whole.

    The rows as they are now come last.
    """
    kinds = sorted({kind for kind, _ in wanted})
    asked = [
        [
            *(kind, id),
            *(min(row["seq"] for row in rows), min(row["change"] for row in rows)),
            *(max(row["seq"] for row in rows), max(row["change"] for row in rows)),
        ]
        for (kind, id), rows in wanted.items()
    ]
    rows = work.all(
        " UNION ALL ".join([_CHAIN, *(_now(kind) for kind in kinds)]),
        wanted=asked,
        newest=NEWEST,
    )
    return sorted(rows, key=lambda row: row["seq"])


def _now(kind: str) -> str:
    table = LOGGED[kind]
    row_id = "id" if table.logged is None else table.logged.row_id
    image = dialect.json_record(**{name: name for name in table.imaged if name != "text"})
    return f"""
        SELECT '{kind}', {row_id}, {NEWEST}, 0, {image}, NULL
        FROM {table.name}
        WHERE organization_id = :organization
          AND {row_id} IN (
              SELECT wanted.value ->> 1
              FROM {dialect.each_list("wanted", "wanted")}
              WHERE wanted.value ->> 0 = '{kind}'
          )
    """


def _afterwards(entries: Sequence[Row], later: Sequence[Row]) -> Iterator[tuple[int, JsonObject]]:
    """Go back over what was done later, and return what each entry left."""
    waiting = sorted(entries, key=lambda row: row["seq"])
    last = waiting[-1]["seq"]
    ends = (place for place, row in enumerate(later) if row["seq"] > last and row["steps"] == 0)
    image: JsonObject = {}
    for row in reversed(later[: next(ends, 0) + 1]):
        while waiting and waiting[-1]["seq"] >= row["seq"]:
            yield waiting.pop()["seq"], image
        image = _before(row, image)
    for row in waiting:
        yield row["seq"], image


def _before(row: Row, image: JsonObject) -> JsonObject:
    if row["image"] is not None:
        return load(row["image"])
    return {} if row["before"] is None else before(image, load(row["before"]))
