"""Load a batch of connections: connect, merge metadata, refuse what no connection may be."""

from dataclasses import asdict, dataclass, field, replace
from functools import partial

from one_mcp import ids, jsons
from one_mcp.dimensions.commerce import forging
from one_mcp.dimensions.connections import rows
from one_mcp.dimensions.connections.cycles import Cycles
from one_mcp.dimensions.connections.rows import ConnectionRow
from one_mcp.dimensions.connections.validity import ALWAYS, Span
from one_mcp.dimensions.exchange import authors, records
from one_mcp.dimensions.exchange.authors import Authors
from one_mcp.dimensions.exchange.context import Keys, Lines, Loading, repeated
from one_mcp.dimensions.exchange.notices import Notice
from one_mcp.dimensions.exchange.references import References, Subject
from one_mcp.errors import ConflictError, InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.ontology import check
from one_mcp.ontology.model import RelationshipType
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work

KIND = "connections"
TIMES = frozenset({"valid_from", "valid_until"})


@dataclass(slots=True)
class ConnectionLine:
    """A line on its way: what it says, the row that is there, and the row that will be."""

    record: records.ConnectionRecord
    kind: RelationshipType
    ends: tuple[str, str, str]  # from, type, to
    before: Row | None = None
    row: ConnectionRow = field(init=False)

    @property
    def differs(self) -> bool:
        """Whether the row that is there has to be written."""
        return self.before is not None and rows.differs(self.before, self.row)


def load(loading: Loading, lines: Lines[records.ConnectionRecord]) -> None:
    """Load connections; one that is there already gets the metadata merged (D-20)."""
    work = loading.work
    references = References(work, [end for _, it in lines for end in (it.from_, it.to)])
    drafted = loading.sift(lines, partial(_drafted, loading, references))
    present = _PresentConnections(work, [draft for _, draft in drafted])
    matched = loading.sift(drafted, partial(_matched, loading, present, Keys()))
    settled = _settled(loading, matched)
    kept = [draft for _, draft in loading.sift(settled, partial(_acyclic, Cycles(work)))]
    new = [draft.row for draft in kept if draft.before is None]
    changed = [draft.row for draft in kept if draft.differs]
    rows.insert(work, new)
    rows.update(work, changed)
    loading.report.created[KIND] += len(new)
    loading.report.updated[KIND] += len(changed)
    loading.report.unchanged[KIND] += len(kept) - len(new) - len(changed)


def _drafted(
    loading: Loading, references: References, _line: int, record: records.ConnectionRecord
) -> ConnectionLine:
    ontology = loading.work.ontology
    kind = check.relationship_type(ontology, record.type)
    start, end = references.find(record.from_), references.find(record.to)
    if start.id == end.id:
        raise InvalidArgumentError("An entity cannot be connected to itself.", argument="to")
    advice = loading.advice(start.type, kind.name, end.type)
    if advice is not None:
        loading.report.note(advice)
    _check_hidden(record, start, end)
    return ConnectionLine(record, kind, (start.id, kind.name, end.id))


def _check_hidden(record: records.ConnectionRecord, start: Subject, end: Subject) -> None:
    """See to it that a connection is hidden exactly while one of its ends is archived (D-17)."""
    if record.hidden_at is None:
        start.require_live()
        end.require_live()
    elif not (start.archived or end.archived):
        raise InvalidArgumentError(
            "hidden_at stands only on a connection of an archived entity.", argument="hidden_at"
        )


class _PresentConnections:
    """The connections that the lines of a batch may mean."""

    def __init__(self, work: Work, drafts: list[ConnectionLine]) -> None:
        given = [draft.record.id for draft in drafts if draft.record.id]
        self.ids = _ends_of(work, given) if given else {}
        self.rows = rows.between(work, [draft.ends for draft in drafts])


def _ends_of(work: Work, given: list[str]) -> dict[str, tuple[str, str, str]]:
    found = work.all(
        f"""
        SELECT id, from_id, type, to_id
        FROM connections
        WHERE organization_id = :organization
          AND id {dialect.any_of("ids")}
        """,
        ids=given,
    )
    return {row["id"]: (row["from_id"], row["type"], row["to_id"]) for row in found}


def _matched(
    loading: Loading, present: _PresentConnections, keys: Keys, line: int, draft: ConnectionLine
) -> ConnectionLine:
    record = draft.record
    keys.claim(line, "from, type and to", *draft.ends)
    if record.id is not None:
        keys.claim(line, "id", record.id)
        if present.ids.get(record.id, draft.ends) != draft.ends:
            raise ConflictError(f"{record.id} connects other entities here.", id=record.id)
    draft.before = before = present.rows.get(draft.ends)
    if before is None:
        id, hidden_at = record.id or ids.new(ids.CONNECTION, loading.work.now), record.hidden_at
    else:
        id, hidden_at = before["id"], record.hidden_at and before["deleted_at"]
        if before["version"] in loading.file.changes or before["seq"] in loading.file.connections:
            raise repeated("from, type and to")
        loading.file.connections.add(before["seq"])
    draft.row = ConnectionRow(
        draft.kind,
        id,
        draft.ends[0],
        draft.ends[2],
        _metadata(loading, draft),
        _span(draft),
        record.created_at,
        record.updated_at,
        hidden_at,
    )
    if draft.before is None or draft.differs:
        forging.require_free(loading.work, draft.row)
    return draft


def _settled(loading: Loading, lines: Lines[ConnectionLine]) -> Lines[ConnectionLine]:
    """Leave what somebody took away or corrected since an import made it, and tell of it."""
    work, report = loading.work, loading.report
    wrote = authors.of(work, "connection", {draft.row.id for _, draft in lines if draft.differs})
    new = [draft.ends for _, draft in lines if draft.before is None]
    gone = {} if loading.file.overwrite else authors.taken_apart(work, new)
    for line, draft in lines:
        if draft.before is not None and draft.differs:
            _keep(loading, wrote[draft.row.id], line, draft, draft.before)
        elif draft.ends in gone:
            start, type, end = draft.ends
            report.notice(Notice.KEPT, line, f"no {type} from {start} to {end}")
            report.unchanged[KIND] += 1
    return [(line, draft) for line, draft in lines if draft.ends not in gone]


def _keep(loading: Loading, wrote: Authors, line: int, draft: ConnectionLine, before: Row) -> None:
    old, new = jsons.load_object(before["metadata"]), draft.row.metadata
    then, now = asdict(Span.of(before)), asdict(draft.row.span)
    times = jsons.differing(then, now)
    fields = {f"metadata.{name}": name in old for name in jsons.differing(old, new)}
    fields |= {name: then[name] is not None for name in times}
    for field_, was_there in fields.items():
        subject = f"{field_.removeprefix('metadata.')} of {draft.row.id}"
        if not loading.file.overwrite and wrote.has_corrected(field_):
            loading.report.notice(Notice.KEPT, line, subject)
        elif was_there and wrote.has_given(field_):
            loading.report.notice(Notice.REPLACED, line, subject)
    if not loading.file.overwrite:
        corrected = {name: then[name] for name in times if wrote.has_corrected(name)}
        span = Span(**{**now, **corrected})
        draft.row = replace(
            draft.row,
            metadata=wrote.kept("metadata", old, new),
            span=Span.of(before) if span.is_reversed else span,
        )


def _metadata(loading: Loading, draft: ConnectionLine) -> JsonObject:
    """Work out the metadata: merged, or new with defaults; an export's as it is."""
    kind, given = draft.kind, draft.record.metadata
    if draft.before is not None:
        values, checked = rows.patched(kind, draft.before, given, stored=loading.file.faithful)
    elif loading.file.faithful:
        checked = check.metadata(kind, given, patch=True, stored=True)
        values = checked.values
    else:
        values, checked = rows.begun(kind, given)
    loading.remark(checked)
    return values


def _span(draft: ConnectionLine) -> Span:
    """Work out when it holds: what the line says, null included, beside what was there."""
    record, before = draft.record, draft.before
    said = {name: getattr(record, name) for name in TIMES & record.model_fields_set}
    return replace(Span.of(before) if before else ALWAYS, **said).checked()


def _acyclic(cycles: Cycles, _line: int, draft: ConnectionLine) -> ConnectionLine:
    if draft.before is None:
        cycles.add(draft.kind, draft.ends[0], draft.ends[2])
    return draft
