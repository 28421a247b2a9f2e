"""Load a batch of documents: store what is new, replace what has another text, leave the rest."""

from dataclasses import dataclass
from functools import partial

from one_mcp import ids, jsons
from one_mcp.dimensions.exchange import authors, records
from one_mcp.dimensions.exchange.authors import Authors
from one_mcp.dimensions.exchange.context import Keys, Lines, Loading, repeated
from one_mcp.dimensions.exchange.notices import Notice
from one_mcp.dimensions.exchange.references import References
from one_mcp.dimensions.knowledge import texts
from one_mcp.dimensions.knowledge.documents import labels
from one_mcp.dimensions.knowledge.documents.drafts import Kind
from one_mcp.dimensions.knowledge.index import chunks
from one_mcp.errors import ConflictError, InvalidArgumentError
from one_mcp.ontology import check
from one_mcp.store.work import Row, Work

KIND = "documents"
NOT_SEARCHED = "A document of which only vectors were kept is not found until it is added again."
Pairs = frozenset[tuple[str, str]]


@dataclass(slots=True)
class DocumentLine:
    record: records.DocumentRecord
    links: Pairs
    labels: Pairs
    hash: str
    before: Row | None = None

    @property
    def kind(self) -> Kind:
        return "vector_only" if self.record.vector_only else "document"

    @property
    def redacted(self) -> bool:
        return self.record.redacted or self.record.vector_only

    @property
    def is_recast(self) -> bool:
        """Whether the document is there with another text, or kept in another way."""
        before = self.before
        return before is not None and (before["kind"], before["hash"]) != (self.kind, self.hash)


def load(loading: Loading, lines: Lines[records.DocumentRecord]) -> None:
    """Load documents; one that is there by id, by source or word for word is not stored again."""
    references = References(loading.work, [link.entity for _, it in lines for link in it.links])
    drafted = loading.sift(lines, partial(_drafted, loading, references))
    matched = loading.sift(drafted, partial(_matched, loading, Keys()))
    recast = {it.before["id"] for _, it in matched if it.before is not None and it.is_recast}
    wrote = authors.of(loading.work, "knowledge", recast)
    for line, draft in matched:
        _store(loading, wrote, line, draft)


def _drafted(
    loading: Loading, references: References, _line: int, record: records.DocumentRecord
) -> DocumentLine:
    if record.vector_only and record.hash is None:
        raise InvalidArgumentError("A vector_only document has a hash.", argument="hash")
    if not record.vector_only and not (record.text or "").strip():
        raise InvalidArgumentError("text is missing or empty.", argument="text")
    return DocumentLine(
        record,
        frozenset((_told_of(loading, references, link), link.role) for link in record.links),
        frozenset(check.tag(label) for label in record.labels),
        (record.hash or "") if record.vector_only else texts.digest(record.text or ""),
    )


def _told_of(loading: Loading, references: References, link: records.DocumentLink) -> str:
    """Find the entity of a link: a live one, but an export has what is archived, too."""
    found = references.find(link.entity)
    if not loading.file.faithful:
        found.require_live()
    return found.id


def _matched(loading: Loading, keys: Keys, line: int, draft: DocumentLine) -> DocumentLine:
    record = draft.record
    if record.id is not None:
        keys.claim(line, "id", record.id)
    if record.source is not None:
        keys.claim(line, "source", record.source)
    elif record.id is None:
        keys.claim(line, "title and text", record.title, draft.hash)
    draft.before = before = _present(loading.work, draft)
    if before is None:
        return draft
    if before["version"] in loading.file.changes:
        raise repeated("document")
    if before["source_id"] is not None:
        raise ConflictError(
            f"{before['id']} is the {before['source_field']} of {before['source_id']} here.",
            id=before["id"],
        )
    if record.source is not None and before["source"] != record.source:
        raise ConflictError(f"{before['id']} has another source here.", id=before["id"])
    return draft


def _present(work: Work, draft: DocumentLine) -> Row | None:
    """Find a document by its id; else by its source, or word for word where it names neither."""
    record = draft.record
    found = texts.find(work, record.id) if record.id is not None else None
    if found is None and (record.id is None or record.source is not None):
        return texts.same(work, record.title, draft.hash, record.source)
    return found


def _store(loading: Loading, wrote: dict[str, Authors], line: int, draft: DocumentLine) -> None:
    work, report, before = loading.work, loading.report, draft.before
    id: str = (
        draft.record.id or ids.new(ids.KNOWLEDGE, work.now) if before is None else before["id"]
    )
    values = _values(work, id, draft)
    counts = report.unchanged
    if before is None:
        texts.insert(work, values)
        counts = report.created
    elif texts.differs(before, values):
        if draft.is_recast and wrote[id].has_corrected("hash") and not loading.file.overwrite:
            report.notice(Notice.KEPT, line, f"the text of {id}")
            report.unchanged[KIND] += 1
            return
        if draft.is_recast and wrote[id].has_given("hash"):
            report.notice(Notice.REPLACED, line, f"the text of {id}")
        texts.update(work, values)
        counts = report.updated
    if before is not None and draft.record.vector_only and draft.is_recast:
        chunks.remove(work, before["seq"])
    if draft.record.vector_only and (before is None or draft.is_recast):
        report.note(NOT_SEARCHED)
    if _file(work, id, draft) and counts is report.unchanged:
        counts = report.updated
    counts[KIND] += 1


def _values(work: Work, id: str, draft: DocumentLine) -> dict[str, object]:
    record = draft.record
    return {
        "id": id,
        "kind": draft.kind,
        "title": record.title,
        "text": None if record.vector_only else record.text,
        "media_type": record.media_type,
        "language": record.language,
        "source": record.source,
        "hash": draft.hash,
        "redacted": int(draft.redacted),
        "quality": record.quality,
        "metadata": jsons.dumps(record.metadata),
        "created_at": work.now if record.created_at is None else record.created_at,
        "updated_at": work.now if record.updated_at is None else record.updated_at,
    }


def _file(work: Work, id: str, draft: DocumentLine) -> int:
    """Add the links and labels that are missing, and return how many those were."""
    return sum(
        texts.put_link(work, id, entity, role) for entity, role in sorted(draft.links)
    ) + sum(labels.put(work, id, key, value) for key, value in sorted(draft.labels))
