"""Load a batch of connections: connect, merge metadata, refuse what no connection may be."""

from dataclasses import dataclass
from functools import partial

from one_mcp import ids, jsons
from one_mcp.dimensions import entities
from one_mcp.dimensions.exchange import records
from one_mcp.dimensions.exchange.cycles import Cycles
from one_mcp.dimensions.exchange.loading import Keys, Lines, Loading, repeated
from one_mcp.dimensions.exchange.references import References, Subject
from one_mcp.errors import ArchivedError, ConflictError, InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.ontology import check
from one_mcp.ontology.model import RelationshipType
from one_mcp.store.work import Row, Work

KIND = "connections"


@dataclass(slots=True)
class _Draft:
    record: records.Connection
    kind: RelationshipType
    ends: tuple[str, str, str]  # from, type, to
    values: JsonObject
    id: str = ""
    before: Row | None = None
    differs: bool = False


def load(loading: Loading, lines: Lines[records.Connection]) -> None:
    """Load connections; one that is there already gets the metadata merged (D-20)."""
    work = loading.work
    references = References(work, [end for _, it in lines for end in (it.from_, it.to)])
    drafted = loading.sift(lines, partial(_drafted, loading, references))
    present = _Present(work, [draft for _, draft in drafted])
    matched = loading.sift(drafted, partial(_matched, loading, present, Keys()))
    kept = [draft for _, draft in loading.sift(matched, partial(_acyclic, Cycles(work)))]
    new = [draft for draft in kept if draft.before is None]
    changed = [draft for draft in kept if draft.differs]
    _insert(loading, new)
    _update(loading, changed)
    loading.report.created[KIND] += len(new)
    loading.report.updated[KIND] += len(changed)
    loading.report.unchanged[KIND] += len(kept) - len(new) - len(changed)


def _drafted(
    loading: Loading, references: References, _line: int, record: records.Connection
) -> _Draft:
    ontology = loading.work.ontology
    kind = check.relationship_type(ontology, record.type)
    start, end = references.find(record.from_), references.find(record.to)
    if start.id == end.id:
        raise InvalidArgumentError("An entity cannot be connected to itself.", argument="to")
    advice = loading.advice(start.type, kind.name, end.type)
    if advice is not None:
        loading.report.note(advice)
    _check_hidden(record, start, end)
    return _Draft(record, kind, (start.id, kind.name, end.id), record.metadata)


def _check_hidden(record: records.Connection, start: Subject, end: Subject) -> None:
    """See to it that a connection is hidden exactly while one of its ends is archived (D-17)."""
    if record.hidden_at is None:
        for subject in (start, end):
            if subject.archived:
                raise ArchivedError(
                    f"{subject.id} is archived; restore it first with restore_entity.",
                    id=subject.id,
                )
    elif not (start.archived or end.archived):
        raise InvalidArgumentError(
            "hidden_at stands only on a connection of an archived entity.", argument="hidden_at"
        )


class _Present:
    """The connections that the lines of a batch may mean."""

    def __init__(self, work: Work, drafts: list[_Draft]) -> None:
        given = [draft.record.id for draft in drafts if draft.record.id]
        self.ids = _ends_of(work, given) if given else {}
        self.rows = _between(work, [draft.ends for draft in drafts])


def _ends_of(work: Work, given: list[str]) -> dict[str, tuple[str, str, str]]:
    rows = work.all(
        """
        SELECT id, from_id, type, to_id
        FROM connections
        WHERE organization_id = :organization
          AND id IN (SELECT value FROM json_each(:ids))
        """,
        ids=jsons.dumps(given),
    )
    return {row["id"]: (row["from_id"], row["type"], row["to_id"]) for row in rows}


def _between(work: Work, ends: list[tuple[str, str, str]]) -> dict[tuple[str, str, str], Row]:
    rows = work.all(
        """
        SELECT c.row, c.id, c.from_id, c.type, c.to_id, c.metadata, c.version
        FROM json_each(:ends) AS wanted
        CROSS JOIN connections AS c
        WHERE c.organization_id = :organization
          AND c.from_id = wanted.value ->> 0
          AND c.type = wanted.value ->> 1
          AND c.to_id = wanted.value ->> 2
        """,
        ends=jsons.dumps(ends),
    )
    return {(row["from_id"], row["type"], row["to_id"]): row for row in rows}


def _matched(loading: Loading, present: _Present, keys: Keys, line: int, draft: _Draft) -> _Draft:
    record = draft.record
    keys.claim(line, "from, type and to", *draft.ends)
    if record.id is not None:
        keys.claim(line, "id", record.id)
        if present.ids.get(record.id, draft.ends) != draft.ends:
            raise ConflictError(f"{record.id} connects other entities here.", id=record.id)
    draft.before = before = present.rows.get(draft.ends)
    new = before is None and not loading.faithful
    checked = check.metadata(draft.kind, record.metadata, patch=not new, fill=new)
    loading.report.remark(checked.extra, checked.hints)
    if before is None:
        draft.id = record.id or ids.new(ids.CONNECTION, loading.work.now)
        draft.values = entities.merged({}, checked.values) if new else checked.values
        return draft
    if before["version"] == loading.work.change or before["row"] in loading.connections:
        raise repeated("from, type and to")
    loading.connections.add(before["row"])
    draft.id = before["id"]
    old = jsons.load_object(before["metadata"])
    if record.metadata != old:
        draft.values = entities.merged(old, checked.values)
        draft.differs = draft.values != old
    return draft


def _acyclic(cycles: Cycles, _line: int, draft: _Draft) -> _Draft:
    if draft.kind.acyclic and draft.before is None:
        cycles.add(draft.kind, draft.ends[0], draft.ends[2])
    return draft


def _insert(loading: Loading, drafts: list[_Draft]) -> None:
    now = loading.work.now
    loading.work.many(
        """
        INSERT INTO connections
            (organization_id, id, from_id, type, to_id, metadata, created_at, updated_at,
             deleted_at, version)
        VALUES
            (:organization, :id, :from_id, :type, :to_id, :metadata, :created_at, :updated_at,
             :hidden_at, :change)
        """,
        (
            {
                "id": draft.id,
                "from_id": draft.ends[0],
                "type": draft.ends[1],
                "to_id": draft.ends[2],
                "metadata": jsons.dumps(draft.values),
                "created_at": now if draft.record.created_at is None else draft.record.created_at,
                "updated_at": now if draft.record.updated_at is None else draft.record.updated_at,
                "hidden_at": draft.record.hidden_at,
                "change": loading.work.change,
            }
            for draft in drafts
        ),
    )
    loading.touch(id for it in drafts for id in (it.id, *it.ends))


def _update(loading: Loading, drafts: list[_Draft]) -> None:
    loading.work.many(
        """
        UPDATE connections
        SET metadata = :metadata, updated_at = :now, version = :change
        WHERE organization_id = :organization
          AND id = :id
        """,
        (
            {
                "id": draft.id,
                "metadata": jsons.dumps(draft.values),
                "now": loading.work.now,
                "change": loading.work.change,
            }
            for draft in drafts
        ),
    )
    loading.touch(id for it in drafts for id in (it.id, *it.ends))
