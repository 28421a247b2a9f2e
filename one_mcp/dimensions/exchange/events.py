"""Load a batch of events: record what is new; what is there never changes."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from one_mcp import ids, jsons
from one_mcp.access import Permission
from one_mcp.dimensions.events import retraction, rows
from one_mcp.dimensions.events.rows import EventRow
from one_mcp.dimensions.exchange import records, retractions
from one_mcp.dimensions.exchange.context import Keys, Lines, Loading, repeated
from one_mcp.dimensions.exchange.likeness import AlikeEvents, ToldEvent
from one_mcp.dimensions.exchange.records import End
from one_mcp.dimensions.exchange.references import OURS, References
from one_mcp.errors import ConflictError, NotFoundError
from one_mcp.ontology import check
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work

KIND = "events"


@dataclass(slots=True)
class EventLine:
    """A line on its way: what it says, and the row that will be."""

    record: records.EventRecord
    row: EventRow

    @property
    def happening(self) -> ToldEvent:
        """What the line tells, by which it is known where it has no key."""
        row = self.row
        return ToldEvent(row.type, row.actor, row.target, self.record.at, row.metadata)


def load(loading: Loading, lines: Lines[records.EventRecord]) -> None:
    """Load events; one whose id or external id is there must be the same.

    One that an undo has taken back is not there: it is recorded anew, or, by its own id, taken up.
    One that is retracted in the file is so here, too.
    """
    named = [end for _, it in lines for end in (it.actor, it.target) if end is not None]
    entities = [end for end in named if not (_is_person(end) or _as_it_is(loading, end))]
    references = References(loading.work, entities)
    people = _people(loading.work, {str(end) for end in named if _is_person(end)})
    drafted = loading.sift(lines, partial(_drafted, loading, references, people))
    present = _PresentEvents(loading, [draft for _, draft in drafted])
    matched = loading.sift(drafted, partial(_matched, loading, present, Keys()))
    new = [draft.row for _, (draft, before) in matched if before is None]
    rows.insert(loading.work, new)
    undone = [
        before["id"]
        for _, (draft, before) in matched
        if before and before["undone_by"] and not draft.record.retracted
    ]
    retraction.take_up(loading.work, undone)
    retracted = retractions.load(
        loading,
        [
            (line, before["id"] if before else draft.row.id, draft.record)
            for line, (draft, before) in matched
            if draft.record.retracted
        ],
    )
    there = [
        before["id"]
        for line, (_, before) in matched
        if before
        and not (loading.file.again and line in loading.file.unreplaced)  # counted when it came
    ]
    changed = len(retracted.intersection(there))
    loading.report.created[KIND] += len(new) + len(undone)
    loading.report.updated[KIND] += changed
    loading.report.unchanged[KIND] += len(there) - len(undone) - changed


def _is_person(end: End) -> bool:
    return isinstance(end, str) and end.startswith("per_")


def _as_it_is(loading: Loading, end: End) -> bool:
    """Tell whether an id stands for itself: an export's events outlive what they tell of (D-17)."""
    return loading.file.faithful and isinstance(end, str) and end.startswith(OURS)


def _people(work: Work, ids: set[str]) -> set[str]:
    found = work.all(
        f"""
        SELECT id
        FROM people
        WHERE organization_id = :organization
          AND id {dialect.any_of("ids")}
        """,
        ids=list(ids),
    )
    return {row["id"] for row in found}


def _drafted(
    loading: Loading,
    references: References,
    people: set[str],
    _line: int,
    record: records.EventRecord,
) -> EventLine:
    work = loading.work
    kind = check.event_type(work.ontology, record.type)
    checked = check.metadata(
        kind, record.metadata, patch=loading.file.faithful, stored=loading.file.faithful
    )
    loading.remark(checked)
    me = work.principal.person
    actor = me if record.actor is None else _party(loading, references, people, record.actor)
    given = record.target
    target = None if given is None else _party(loading, references, people, given)
    at = work.now if record.at is None else record.at
    id = record.id or ids.new(ids.EVENT, work.now)
    row = EventRow(id, kind.name, actor, target, checked.values, at, record.external_id)
    return EventLine(record, row)


def _party(loading: Loading, references: References, people: set[str], end: End) -> str:
    if isinstance(end, str) and _as_it_is(loading, end):
        return end
    if isinstance(end, str) and _is_person(end):
        if end not in people:
            raise NotFoundError(f"There is no person {end}.", id=end)
        if end != loading.work.principal.person:
            loading.work.principal.require(Permission.ADMIN)
        return end
    found = references.find(end)
    found.require_live()
    return found.id


class _PresentEvents:
    """The events that the lines of a batch may mean."""

    def __init__(self, loading: Loading, given: Iterable[EventLine]) -> None:
        work, given = loading.work, list(given)
        by_id = [it.record.id for it in given if it.record.id]
        by_external = [it.record.external_id for it in given if it.record.external_id]
        found = _rows(work, "id", by_id) if by_id else []
        self.by_id = {row["id"]: row for row in found}
        found = _rows(work, "external_id", by_external) if by_external else []
        self.by_external = {row["external_id"]: row for row in found if row["undone_by"] is None}
        self.alike = AlikeEvents(
            work,
            (it.happening for it in given if not (it.record.id or it.record.external_id)),
        )


def _rows(work: Work, column: str, values: list[str]) -> list[Row]:
    return work.all(
        f"""
        SELECT
            id, type, actor_id, target_id, at, metadata, external_id, version,
            (
                SELECT undone_by
                FROM change_log
                WHERE change_log.organization_id = :organization
                  AND change_log.number = events.version
            ) AS undone_by
        FROM events
        WHERE organization_id = :organization
          AND {column} {dialect.any_of("values")}
        ORDER BY seq
        """,
        values=values,
    )


def _matched(
    loading: Loading, present: _PresentEvents, keys: Keys, line: int, draft: EventLine
) -> tuple[EventLine, Row | None]:
    record = draft.record
    if record.id is not None:
        keys.claim(line, "id", record.id)
        before = present.by_id.get(record.id)
    elif record.external_id is not None:
        keys.claim(line, "external_id", record.external_id)
        before = present.by_external.get(record.external_id)
    else:
        before = present.alike.take(draft.happening, loading.file.events)
        if before is not None:
            loading.file.events.add(before["seq"])
            return draft, before
    if before is None:
        loading.report.happens(line, draft.row.at, loading.work.now)
        return draft, None
    if before["version"] in loading.file.changes and line not in loading.file.unreplaced:
        raise repeated("id" if record.id else "external_id")
    if _says_otherwise(draft, before):
        raise ConflictError(
            f"{before['id']} is here and says something else; events are never changed.",
            id=before["id"],
        )
    return draft, before


def _says_otherwise(draft: EventLine, before: Row) -> bool:
    """Tell whether a line contradicts the event that is there, in what the line says."""
    record, row = draft.record, draft.row
    return (
        row.type != before["type"]
        or (record.actor is not None and row.actor != before["actor_id"])
        or row.target != before["target_id"]
        or (record.at is not None and record.at != before["at"])
        or not jsons.same(row.metadata, jsons.load_object(before["metadata"]))
        or (record.id or before["id"]) != before["id"]
        or (record.external_id or before["external_id"]) != before["external_id"]
    )
