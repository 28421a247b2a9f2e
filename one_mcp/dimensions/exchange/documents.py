"""Load a batch of documents: store what is new, replace what has another text, leave the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from one_mcp import ids, jsons
from one_mcp.dimensions.exchange import records
from one_mcp.dimensions.exchange.loading import Keys, Lines, Loading, repeated
from one_mcp.dimensions.exchange.references import References
from one_mcp.dimensions.knowledge import texts
from one_mcp.errors import ConflictError, InvalidArgumentError
from one_mcp.ontology import check
from one_mcp.store.work import Row, Work

KIND = "documents"
NOT_SEARCHED = "A document of which only vectors were kept is not found until it is added again."
Links = frozenset[tuple[str, str]]


@dataclass(slots=True)
class _Draft:
    record: records.Document
    links: Links
    labels: frozenset[tuple[str, str]]
    hash: str
    before: Row | None = None

    @property
    def kept_as(self) -> tuple[str, str]:
        """How the text is kept, and its hash: passages of another text, or of a kept one, go."""
        return ("vector_only" if self.record.vector_only else "document"), self.hash

    @property
    def redacted(self) -> bool:
        return self.record.redacted or self.record.vector_only

    @property
    def differs(self) -> bool:
        """Whether the row that is there says something else."""
        before, record = self.before, self.record
        return before is not None and (
            (before["kind"], before["hash"]) != self.kept_as
            or (before["title"], before["media_type"], before["language"])
            != (record.title, record.media_type, record.language)
            or (before["quality"], bool(before["redacted"])) != (record.quality, self.redacted)
            or jsons.load_object(before["metadata"]) != record.metadata
        )


def load(loading: Loading, lines: Lines[records.Document]) -> None:
    """Load documents; one that is there by id, by source or word for word is not stored again."""
    references = References(loading.work, [link.entity for _, it in lines for link in it.links])
    drafted = loading.sift(lines, partial(_drafted, references))
    matched = loading.sift(drafted, partial(_matched, loading.work, Keys()))
    for _, draft in matched:
        _store(loading, draft)


def _drafted(references: References, _line: int, record: records.Document) -> _Draft:
    if record.vector_only and record.hash is None:
        raise InvalidArgumentError("A vector_only document has a hash.", argument="hash")
    if not record.vector_only and not (record.text or "").strip():
        raise InvalidArgumentError("text is missing or empty.", argument="text")
    return _Draft(
        record,
        frozenset((references.find(link.entity).id, link.role) for link in record.links),
        frozenset(check.tag(label) for label in record.labels),
        (record.hash or "") if record.vector_only else texts.digest(record.text or ""),
    )


def _matched(work: Work, keys: Keys, line: int, draft: _Draft) -> _Draft:
    record = draft.record
    if record.id is not None:
        keys.claim(line, "id", record.id)
    if record.source is not None:
        keys.claim(line, "source", record.source)
    elif record.id is None:
        keys.claim(line, "title and text", record.title, draft.hash)
    draft.before = before = _present(work, draft)
    if before is None:
        return draft
    if before["version"] == work.change:
        raise repeated("document")
    if before["source_id"] is not None:
        raise ConflictError(
            f"{before['id']} is the {before['source_field']} of {before['source_id']} here.",
            id=before["id"],
        )
    if record.source is not None and before["source"] != record.source:
        raise ConflictError(f"{before['id']} has another source here.", id=before["id"])
    return draft


def _present(work: Work, draft: _Draft) -> Row | None:
    record = draft.record
    ways: list[tuple[str, dict[str, object]]] = [("id = :id", {"id": record.id})]
    if record.source is not None:
        ways.append(("source = :source AND source_id IS NULL", {"source": record.source}))
    elif record.id is None:
        same: dict[str, object] = {"hash": draft.hash, "title": record.title}
        condition = "hash = :hash AND title = :title AND source IS NULL AND source_id IS NULL"
        ways.append((condition, same))
    for condition, parameters in ways:
        row = work.one(
            f"""
            SELECT {texts.COLUMNS}
            FROM knowledge
            WHERE organization_id = :organization
              AND {condition}
            """,
            **parameters,
        )
        if row is not None:
            return row
    return None


def _store(loading: Loading, draft: _Draft) -> None:
    work, report = loading.work, loading.report
    if draft.before is None:
        id = draft.record.id or ids.new(ids.KNOWLEDGE, work.now)
        _insert(work, id, draft)
        if draft.record.vector_only:
            report.note(NOT_SEARCHED)
    else:
        id = draft.before["id"]
        if draft.differs:
            _update(work, id, draft)
        if draft.record.vector_only and draft.kept_as != (
            draft.before["kind"],
            draft.before["hash"],
        ):
            _let_go(work, draft.before["row"])
            report.note(NOT_SEARCHED)
    added = _file(work, id, draft)
    counts = (
        report.created
        if draft.before is None
        else report.updated
        if draft.differs or added
        else report.unchanged
    )
    counts[KIND] += 1
    if counts is not report.unchanged:
        loading.touch([id, *(entity for entity, _ in draft.links)])


def _values(work: Work, id: str, draft: _Draft) -> dict[str, object]:
    record = draft.record
    return {
        "id": id,
        "kind": draft.kept_as[0],
        "title": record.title,
        "text": None if record.vector_only else record.text,
        "media_type": record.media_type,
        "language": record.language,
        "hash": draft.hash,
        "redacted": int(draft.redacted),
        "quality": record.quality,
        "metadata": jsons.dumps(record.metadata),
        "updated_at": work.now if record.updated_at is None else record.updated_at,
        "change": work.change,
    }


def _insert(work: Work, id: str, draft: _Draft) -> None:
    record = draft.record
    work.run(
        """
        INSERT INTO knowledge
            (organization_id, id, kind, title, text, media_type, language, source, hash, redacted,
             quality, metadata, created_at, updated_at, version)
        VALUES
            (:organization, :id, :kind, :title, :text, :media_type, :language, :source, :hash,
             :redacted, :quality, :metadata, :created_at, :updated_at, :change)
        """,
        source=record.source,
        created_at=work.now if record.created_at is None else record.created_at,
        **_values(work, id, draft),
    )


def _update(work: Work, id: str, draft: _Draft) -> None:
    work.run(
        """
        UPDATE knowledge
        SET kind = :kind, title = :title, text = :text, media_type = :media_type,
            language = :language, hash = :hash, redacted = :redacted, quality = :quality,
            metadata = :metadata, updated_at = :updated_at, version = :change
        WHERE organization_id = :organization
          AND id = :id
        """,
        **_values(work, id, draft),
    )


def _let_go(work: Work, document: int) -> None:
    """Remove the passages of a text of which nothing is kept any more."""
    work.run(
        "DELETE FROM chunks WHERE organization_id = :organization AND document = :document",
        document=document,
    )


def _file(work: Work, id: str, draft: _Draft) -> int:
    """Add the links and labels that are missing, and return how many those were."""
    return sum(
        work.run(
            """
            INSERT INTO knowledge_links (organization_id, knowledge_id, entity_id, role)
            VALUES (:organization, :id, :entity, :role)
            ON CONFLICT DO NOTHING
            """,
            id=id,
            entity=entity,
            role=role,
        )
        for entity, role in _sorted(draft.links)
    ) + sum(
        work.run(
            """
            INSERT INTO knowledge_labels (organization_id, knowledge_id, key, value)
            VALUES (:organization, :id, :key, :value)
            ON CONFLICT DO NOTHING
            """,
            id=id,
            key=key,
            value=value,
        )
        for key, value in _sorted(draft.labels)
    )


def _sorted(pairs: frozenset[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    return sorted(pairs)
