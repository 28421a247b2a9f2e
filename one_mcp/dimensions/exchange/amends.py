"""Amends: which of a line's values go into the row that is there, and which stay as they are here.

What somebody has corrected since an import brought it stays, unless the import is told to overwrite
it. A line of what was merged or converted says something new where it differs from what that was.
"""

from dataclasses import replace
from functools import partial
from typing import Any

from one_mcp import jsons
from one_mcp.dimensions.entities import rows, tags
from one_mcp.dimensions.entities.rows import EntityRow
from one_mcp.dimensions.exchange import authors
from one_mcp.dimensions.exchange.authors import Authors
from one_mcp.dimensions.exchange.context import Loading
from one_mcp.dimensions.exchange.entity_lines import EntityLine
from one_mcp.dimensions.exchange.former import Former, News
from one_mcp.dimensions.exchange.notices import Notice
from one_mcp.errors import OneError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology import check
from one_mcp.store.work import Row, Work

COLUMNS = ("name", "status")
PROPERTIES = "properties."
Settled = list[tuple[int, EntityLine]]


def settle(loading: Loading, lines: Settled) -> Settled:
    """Decide about the values of lines whose rows are there; those that have to wait come again.

    A line with news of what was merged waits for that of the survivor, wherever it stands.
    """
    read = loading.sift(lines, partial(_read, loading))
    now = [(line, draft) for line, draft in read if not _waits(loading, line, draft)]
    merged = [it.former for _, it in now if it.former is not None and it.former.is_merged]
    since = {it.row["id"]: it.since for it in merged}
    wrote = authors.of(loading.work, "entity", _ids(now), since)
    for line, draft in now:
        if draft.former is not None:
            _tell(loading, wrote, line, draft, draft.former)
        elif draft.before is not None and draft.differs:
            _keep(loading, wrote[draft.before["id"]], line, draft, draft.before)
    _keep_tags_away(loading, now)
    return now


def _waits(loading: Loading, line: int, draft: EntityLine) -> bool:
    waits = not loading.file.again and bool(draft.news) and draft.former and draft.former.is_merged
    if waits:
        loading.file.late.append(line)
    return bool(waits)


def _ids(lines: Settled) -> set[str]:
    """Name the entities of whose values something is to be decided, by what they were, too."""
    found: set[str] = set()
    for _, draft in lines:
        if draft.former is not None and draft.news:
            found |= {draft.former.id, draft.row.id}
        elif draft.former is None and draft.differs:
            found.add(draft.row.id)
    return found


def _keep(loading: Loading, wrote: Authors, line: int, draft: EntityLine, before: Row) -> None:
    """Put back what somebody has corrected, and tell of what else of theirs is replaced."""
    row, old = draft.row, jsons.load_object(before["properties"])
    columns: dict[str, Any] = {}
    for field in rows.differing(before, row):
        column, _, name = field.partition(".")
        was = old.get(name) if name else before[column]
        if not loading.file.overwrite and wrote.has_corrected(field):
            loading.report.notice(Notice.KEPT, line, f"{name or column} of {row.id}")
            columns |= {} if name else {column: was}
        elif was is not None and wrote.has_given(field):
            loading.report.notice(Notice.REPLACED, line, f"{name or column} of {row.id}")
    if not loading.file.overwrite:
        columns["properties"] = wrote.kept("properties", old, row.properties)
    draft.row = replace(row, **columns)


def _read(loading: Loading, _line: int, draft: EntityLine) -> EntityLine:
    if draft.former is not None:
        draft.news = _news(loading, draft, draft.former)
    return draft


def _news(loading: Loading, draft: EntityLine, former: Former) -> list[News]:
    """List what a line says that the former entity was not, and that is not so now.

    All of the latter, where the log has no more what it was.
    """
    now = _fields(draft.row.name, draft.row.status, draft.row.properties)
    before = now if former.was is None else _columns(former.was)
    record = draft.record
    checked = check.properties(
        draft.kind, record.properties, patch=True, stored=loading.file.faithful
    )
    after = _fields(
        draft.name,
        record.status or before["status"],
        jsons.merged(_properties(before), checked.values),
    )
    found = [
        News(field, after.get(field), before.get(field), now.get(field))
        for field in jsons.differing(before, after)
    ]
    return [it for it in found if not jsons.same(it.now, it.value)]


def _columns(image: JsonObject) -> JsonObject:
    properties = image["properties"]
    return _fields(
        image["name"], image["status"], properties if isinstance(properties, dict) else {}
    )


def _fields(name: JsonValue, status: JsonValue, properties: JsonObject) -> JsonObject:
    told = {f"{PROPERTIES}{field}": value for field, value in properties.items()}
    return {"name": name, "status": status, **told}


def _properties(fields: JsonObject) -> JsonObject:
    return {
        field.removeprefix(PROPERTIES): value
        for field, value in fields.items()
        if field not in COLUMNS
    }


def _tell(
    loading: Loading, wrote: dict[str, Authors], line: int, draft: EntityLine, former: Former
) -> None:
    """Let a line of what was merged or converted amend what that is now, or say what stays."""
    may_amend = _amends_survivor if former.is_merged else _amends_converted
    taken = [it for it in draft.news if may_amend(loading, wrote, former, it)]
    if taken and not _amend(loading, draft, former, taken):
        taken = []
    for it in draft.news:
        if it not in taken:
            what = f"{it.field.removeprefix(PROPERTIES)} of {draft.row.id}"
            if former.is_merged:
                what += f", which has become of {former.id}"
            loading.report.notice(Notice.KEPT, line, what)
    if taken:
        loading.file.entities.add(former.row["seq"])


def _amends_survivor(
    loading: Loading, wrote: dict[str, Authors], former: Former, news: News
) -> bool:
    """Tell whether a survivor has still what came of the merged one, or another import since.

    Where another line means the survivor, too, that one says what it is.
    """
    if former.row["deleted_at"] is not None or former.row["seq"] in loading.file.entities:
        return False
    author = wrote[former.row["id"]].of(news.field)
    brought = author is not None and author.imported and author.change > former.since
    is_as_it_was = former.was is not None and jsons.same(news.now, news.was)
    corrected = wrote[former.id].has_corrected(news.field)
    return loading.file.overwrite or ((brought or is_as_it_was) and not corrected)


def _amends_converted(
    loading: Loading, wrote: dict[str, Authors], former: Former, news: News
) -> bool:
    if former.row["deleted_at"] is not None:
        return False
    return loading.file.overwrite or not wrote[former.id].has_corrected(news.field)


def _amend(loading: Loading, draft: EntityLine, former: Former, news: list[News]) -> bool:
    """Write news into the row, unless they do not fit what it is now; tell whether they did."""
    row, values = draft.row, {it.field: it.value for it in news}
    try:
        properties, _ = rows.patched(
            row.kind, former.row, _properties(values), stored=loading.file.faithful
        )
    except OneError:
        return False
    name, status = (str(values.get(column, getattr(row, column))) for column in COLUMNS)
    draft.row = EntityRow(row.kind, row.id, name, status, properties)
    return True


def _keep_tags_away(loading: Loading, lines: Settled) -> None:
    """Leave out tags that somebody took from an entity after an import had brought it."""
    if loading.file.overwrite:
        return
    given = {
        draft.row.id: [f"{key}:{value}" for key, value in draft.tags]
        for _, draft in lines
        if draft.before is not None and draft.tags
    }
    missing = _missing_tags(loading.work, given)
    wrote = authors.of_tags(loading.work, missing)
    for line, draft in lines:
        for tag in missing.get(draft.row.id, ()):
            if wrote[draft.row.id].has_corrected(tag):
                loading.report.notice(Notice.KEPT, line, f"no tag {tag} on {draft.row.id}")
                draft.tags = [(key, value) for key, value in draft.tags if f"{key}:{value}" != tag]


def _missing_tags(work: Work, given: dict[str, list[str]]) -> dict[str, list[str]]:
    """Leave out the tags that entities have."""
    there = tags.of_many(work, list(given)) if given else {}
    missing = {id: sorted({*some}.difference(there.get(id, ()))) for id, some in given.items()}
    return {id: some for id, some in missing.items() if some}
