"""Authors: which fields of a row an import wrote last, and which somebody has corrected since."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from one_mcp import jsons
from one_mcp.dimensions.changes import images, log
from one_mcp.jsons import JsonObject
from one_mcp.store import dialect, patches
from one_mcp.store.work import Row, Work

Ends = tuple[str, str, str]  # of a connection: from, type, to
_JSON = ("properties", "metadata")


class Author(NamedTuple):
    """The change that wrote a field, and whether that was an import."""

    change: int
    imported: bool


@dataclass(slots=True)
class Authors:
    """Who wrote the fields of one row, as far as the log goes back and nobody took it back."""

    first_import: int | None = None
    _made: Author | None = None
    _fields: dict[str, Author] = field(default_factory=dict[str, Author])

    def take(self, author: Author, fields: Collection[str] | None) -> None:
        """Take in what was written after all that is known; None stands for the whole row."""
        if author.imported and self.first_import is None:
            self.first_import = author.change
        if fields is None:
            self._made = author
            self._fields.clear()
        else:
            self._fields.update(dict.fromkeys(fields, author))

    def of(self, field: str) -> Author | None:
        """Return who wrote a field last: a column, or `properties.price`."""
        return self._fields.get(field, self._made)

    def has_given(self, field: str) -> bool:
        """Tell whether somebody wrote a field, and no import since."""
        author = self.of(field)
        return author is not None and not author.imported

    def has_corrected(self, field: str) -> bool:
        """Tell whether somebody wrote a field after an import had brought the row."""
        author = self.of(field)
        first = self.first_import
        return (
            author is not None
            and not author.imported
            and first is not None
            and (first < author.change)
        )

    def kept(self, column: str, old: JsonObject, new: JsonObject) -> JsonObject:
        """Return new values of a JSON column, but with what somebody has corrected put back."""
        differing = jsons.differing(old, new)
        mine = {name for name in differing if self.has_corrected(f"{column}.{name}")}
        return {name: value for name, value in new.items() if name not in mine} | {
            name: value for name, value in old.items() if name in mine
        }


def of(
    work: Work,
    kind: Literal["entity", "connection", "knowledge"],
    ids: Collection[str],
    since: Mapping[str, int] | None = None,
) -> dict[str, Authors]:
    """Read who wrote the fields of some rows.

    Where only imports have written since the first of them, there is nothing to tell apart, and
    what they wrote night after night is not read; except of some rows, `since` a change.
    """
    found = {id: Authors() for id in ids}
    begins: dict[str, int] = {}
    for row in _spans(work, kind, ids) if ids else ():
        id, first, given = row["row_id"], row["first_import"], row["given"]
        found[id].first_import = first
        if since and id in since:
            begins[id] = min(since[id], first or 0)
        elif given is not None and (first is None or first < given):
            begins[id] = first or 0
    for row in _entries(work, [kind], begins) if begins else ():
        author = Author(row["change"], bool(row["imported"]))
        found[row["row_id"]].take(author, None if row["before"] is None else _touched(row))
    return found


def taken_apart(work: Work, ends: Collection[Ends]) -> dict[Ends, str]:
    """Find connections that an import had made and somebody took away since: ends and id."""
    gone = {
        (row["from_id"], row["type"], row["to_id"]): row
        for row in (_removed(work, ends) if ends else ())
    }
    wrote = of(work, "connection", {row["row_id"] for row in gone.values()})
    found: dict[Ends, str] = {}
    for ends_of, row in gone.items():
        first = wrote[row["row_id"]].first_import
        if not row["imported"] and first is not None and first < row["change"]:
            found[ends_of] = row["row_id"]
    return found


def of_tags(work: Work, ids: Collection[str]) -> dict[str, Authors]:
    """Read who gave or took the tags of some entities; each tag is a field of its own."""
    found = {id: Authors() for id in ids}
    begins = dict.fromkeys(ids, 0)
    for row in _entries(work, ["entity", "tag"], begins) if begins else ():
        author = Author(row["change"], bool(row["imported"]))
        found[row["row_id"]].take(author, [_tag(row)] if row["kind"] == "tag" else [])
    return found


def _tag(row: Row) -> str:
    image = images.load(row["before"] or row["after"])
    return f"{image['key']}:{image['value']}"


def _touched(row: Row) -> set[str]:
    before = images.load(row["before"])
    after = {} if row["after"] is None else images.load(row["after"])
    fields: set[str] = set()
    for column, value in before.items():
        now = after.get(column)
        if column not in _JSON:
            fields.add(column)
        elif isinstance(value, list):
            fields |= {f"{column}.{key}" for key in patches.keys(value)}
        elif isinstance(value, dict):  # an image of an earlier version has the row as a whole
            fields |= _differing(column, value, now if isinstance(now, dict) else {})
    return fields


def _differing(column: str, before: JsonObject, after: JsonObject) -> set[str]:
    return {f"{column}.{key}" for key in jsons.differing(before, after)}


# what was undone is not there, nor is its undo, unless that was undone
_IN_EFFECT = """
    JOIN change_log
      ON change_log.organization_id = :organization
     AND change_log.number = change_rows.change
     AND change_log.undone_by IS NULL
    LEFT JOIN change_log AS taken_back
      ON taken_back.organization_id = :organization
     AND taken_back.number = change_log.undoes
    LEFT JOIN change_log AS meant
      ON meant.organization_id = :organization
     AND meant.number = taken_back.undoes
    WHERE (change_log.undoes IS NULL OR taken_back.undoes IS NOT NULL)
      AND change_rows.purged_by IS NULL
      AND change_log.tool <> :upgrade
"""


def _spans(work: Work, kind: str, ids: Collection[str]) -> list[Row]:
    """Read when an import first wrote rows, and when somebody else last did."""
    return work.all(
        f"""
        SELECT
            row_id,
            min(change) FILTER (WHERE imported) AS first_import,
            max(change) FILTER (WHERE NOT imported) AS given
        FROM (
            SELECT
                change_rows.row_id, change_rows.change,
                coalesce(meant.tool, change_log.tool) = :tool AS imported
            FROM {dialect.each("ids", "wanted")}
            CROSS JOIN change_rows {dialect.by_index("change_rows_by_row_id")}
            {_IN_EFFECT}
              AND change_rows.organization_id = :organization
              AND change_rows.row_id = wanted.value
              AND change_rows.kind = :kind
              AND change_rows.after IS NOT NULL
        ) AS written
        GROUP BY row_id
        """,
        ids=list(ids),
        kind=kind,
        tool=log.IMPORT,
        upgrade=log.UPGRADE,
    )


def _entries(work: Work, kinds: list[str], begins: Mapping[str, int]) -> list[Row]:
    """Read what was done to rows, each from a change on."""
    return work.all(
        f"""
        SELECT
            change_rows.row_id, change_rows.change, change_rows.kind, change_rows.before,
            change_rows.after, coalesce(meant.tool, change_log.tool) = :tool AS imported
        FROM {dialect.each_list("begins", "wanted")}
        CROSS JOIN change_rows {dialect.by_index("change_rows_by_row_id")}
        {_IN_EFFECT}
          AND change_rows.organization_id = :organization
          AND change_rows.row_id = wanted.value ->> 0
          AND change_rows.change >= CAST(wanted.value ->> 1 AS BIGINT)
          AND change_rows.kind {dialect.any_of("kinds")}
          AND (change_rows.kind = 'tag' OR change_rows.after IS NOT NULL)
        ORDER BY change_rows.change, change_rows.seq
        """,
        begins=list(begins.items()),
        kinds=kinds,
        tool=log.IMPORT,
        upgrade=log.UPGRADE,
    )


def _removed(work: Work, ends: Collection[Ends]) -> list[Row]:
    return work.all(
        f"""
        SELECT
            change_rows.row_id, change_rows.change, wanted.value ->> 0 AS from_id,
            wanted.value ->> 1 AS type, wanted.value ->> 2 AS to_id,
            coalesce(meant.tool, change_log.tool) = :tool AS imported
        FROM {dialect.each_list("ends", "wanted")}
        CROSS JOIN change_rows {dialect.by_index("change_rows_deleted_from")}
        {_IN_EFFECT}
          AND change_rows.organization_id = :organization
          AND change_rows.kind = 'connection'
          AND change_rows.after IS NULL
          AND change_rows.before ->> 'from_id' = wanted.value ->> 0
          AND change_rows.before ->> 'type' = wanted.value ->> 1
          AND change_rows.before ->> 'to_id' = wanted.value ->> 2
        ORDER BY change_rows.change, change_rows.seq
        """,
        ends=list(ends),
        tool=log.IMPORT,
        upgrade=log.UPGRADE,
    )
