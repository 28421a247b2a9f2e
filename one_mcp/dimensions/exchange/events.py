"""Load a batch of events: record what is new; what is there never changes."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from one_mcp import ids, jsons
from one_mcp.access import Permission
from one_mcp.dimensions.exchange import records
from one_mcp.dimensions.exchange.loading import Keys, Lines, Loading, repeated
from one_mcp.dimensions.exchange.records import End
from one_mcp.dimensions.exchange.references import OURS, References
from one_mcp.errors import ArchivedError, ConflictError, NotFoundError
from one_mcp.jsons import JsonObject
from one_mcp.ontology import check
from one_mcp.store.work import Row, Work

KIND = "events"
ANNOUNCED = 1_000


@dataclass(slots=True)
class _Draft:
    record: records.Event
    id: str
    type: str
    actor: str
    target: str | None
    metadata: JsonObject
    at: int


def load(loading: Loading, lines: Lines[records.Event]) -> None:
    """Load events; one whose id or external id is there must be the same."""
    named = [end for _, it in lines for end in (it.actor, it.target) if end is not None]
    entities = [end for end in named if not (_is_person(end) or _as_it_is(loading, end))]
    references = References(loading.work, entities)
    people = _people(loading.work, {str(end) for end in named if _is_person(end)})
    drafted = loading.sift(lines, partial(_drafted, loading, references, people))
    present = _Present(loading.work, [draft.record for _, draft in drafted])
    matched = loading.sift(drafted, partial(_matched, loading, present, Keys()))
    new = [draft for _, (draft, before) in matched if before is None]
    _insert(loading, new)
    loading.report.created[KIND] += len(new)
    loading.report.unchanged[KIND] += len(matched) - len(new)


def announce(loading: Loading) -> None:
    """Record the automatic events of all entities that this import created or updated.

    None where the import itself has an event of the same type and target.
    """
    after = 0
    while rows := _written(loading.work, after):
        after = rows[-1]["row"]
        drafts = list(_automatic(loading.work, rows))
        said = _said(loading.work, [draft.target for draft in drafts])
        new = [draft for draft in drafts if (draft.type, draft.target) not in said]
        _insert(loading, new)
        loading.report.created["automatic_events"] += len(new)


def _is_person(end: End) -> bool:
    return isinstance(end, str) and end.startswith("per_")


def _as_it_is(loading: Loading, end: End) -> bool:
    """Tell whether an id stands for itself: an export's events outlive what they tell of (D-17)."""
    return loading.faithful and isinstance(end, str) and end.startswith(OURS)


def _people(work: Work, ids: set[str]) -> set[str]:
    rows = work.all(
        """
        SELECT id
        FROM people
        WHERE organization_id = :organization
          AND id IN (SELECT value FROM json_each(:ids))
        """,
        ids=jsons.dumps(list(ids)),
    )
    return {row["id"] for row in rows}


def _drafted(
    loading: Loading, references: References, people: set[str], _line: int, record: records.Event
) -> _Draft:
    work = loading.work
    kind = check.event_type(work.ontology, record.type)
    checked = check.metadata(kind, record.metadata, patch=loading.faithful)
    loading.report.remark(checked.extra, checked.hints)
    me = work.principal.person
    actor = me if record.actor is None else _party(loading, references, people, record.actor)
    given = record.target
    target = None if given is None else _party(loading, references, people, given)
    at = work.now if record.at is None else record.at
    id = record.id or ids.new(ids.EVENT, work.now)
    return _Draft(record, id, kind.name, actor, target, checked.values, at)


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
    if found.archived:
        raise ArchivedError(
            f"{found.id} is archived; restore it first with restore_entity.", id=found.id
        )
    return found.id


class _Present:
    """The events that the lines of a batch may mean."""

    def __init__(self, work: Work, given: Iterable[records.Event]) -> None:
        given = list(given)
        by_id = [record.id for record in given if record.id]
        by_external = [record.external_id for record in given if record.external_id]
        rows = _rows(work, "id", by_id) if by_id else []
        self.by_id = {row["id"]: row for row in rows}
        rows = _rows(work, "external_id", by_external) if by_external else []
        self.by_external = {row["external_id"]: row for row in rows}


def _rows(work: Work, column: str, values: list[str]) -> list[Row]:
    return work.all(
        f"""
        SELECT id, type, actor_id, target_id, at, metadata, external_id, version
        FROM events
        WHERE organization_id = :organization
          AND {column} IN (SELECT value FROM json_each(:values))
        """,
        values=jsons.dumps(values),
    )


def _matched(
    loading: Loading, present: _Present, keys: Keys, line: int, draft: _Draft
) -> tuple[_Draft, Row | None]:
    record = draft.record
    before: Row | None = None
    if record.external_id is not None:
        keys.claim(line, "external_id", record.external_id)
        before = present.by_external.get(record.external_id)
    if record.id is not None:
        keys.claim(line, "id", record.id)
        before = present.by_id.get(record.id, before)
    if before is None:
        return draft, None
    if before["version"] == loading.work.change:
        raise repeated("id" if record.id else "external_id")
    if _says_otherwise(draft, before):
        raise ConflictError(
            f"{before['id']} is here and says something else; events are never changed.",
            id=before["id"],
        )
    return draft, before


def _says_otherwise(draft: _Draft, before: Row) -> bool:
    """Tell whether a line contradicts the event that is there, in what the line says."""
    record = draft.record
    return (
        draft.type != before["type"]
        or (record.actor is not None and draft.actor != before["actor_id"])
        or draft.target != before["target_id"]
        or (record.at is not None and record.at != before["at"])
        or draft.metadata != jsons.load_object(before["metadata"])
        or (record.id or before["id"]) != before["id"]
        or (record.external_id or before["external_id"]) != before["external_id"]
    )


def _insert(loading: Loading, drafts: list[_Draft]) -> None:
    loading.work.many(
        """
        INSERT INTO events
            (organization_id, id, type, actor_id, target_id, at, metadata, external_id, version)
        VALUES
            (:organization, :id, :type, :actor, :target, :at, :metadata, :external, :change)
        """,
        (
            {
                "id": draft.id,
                "type": draft.type,
                "actor": draft.actor,
                "target": draft.target,
                "at": draft.at,
                "metadata": jsons.dumps(draft.metadata),
                "external": draft.record.external_id,
                "change": loading.work.change,
            }
            for draft in drafts
        ),
    )
    loading.touch(id for it in drafts for id in (it.id, it.type, it.actor, it.target) if id)


def _written(work: Work, after: int) -> list[Row]:
    return work.all(
        """
        SELECT row, row_id, before IS NULL AS created, json_extract(after, '$.type') AS type
        FROM change_rows
        WHERE organization_id = :organization
          AND change = :change
          AND kind = 'entity'
          AND row > :after
        ORDER BY row
        LIMIT :limit
        """,
        change=work.change,
        after=after,
        limit=ANNOUNCED,
    )


def _automatic(work: Work, rows: list[Row]) -> Iterable[_Draft]:
    for row in rows:
        moment = "created" if row["created"] else "updated"
        happening = work.ontology.automatic_event(work.ontology.entity_types[row["type"]], moment)
        if happening is not None:
            kind, metadata = happening
            record = records.Event(type=kind.name)
            id = ids.new(ids.EVENT, work.now)
            actor, target = work.principal.person, row["row_id"]
            yield _Draft(record, id, kind.name, actor, target, metadata, work.now)


def _said(work: Work, targets: list[str | None]) -> set[tuple[str, str]]:
    """Find what this change recorded about targets, by the index of targets: it may be huge."""
    rows = work.all(
        """
        SELECT type, target_id
        FROM events
        WHERE organization_id = :organization
          AND +version = :change
          AND target_id IN (SELECT value FROM json_each(:targets))
        """,
        change=work.change,
        targets=jsons.dumps(targets),
    )
    return {(row["type"], row["target_id"]) for row in rows}
