"""Drafts: what becomes of an entity's line beside the row that is there already."""

from dataclasses import dataclass

from one_mcp import ids, jsons
from one_mcp.dimensions import entities
from one_mcp.dimensions.exchange import records
from one_mcp.dimensions.exchange.loading import Keys, Loading, repeated
from one_mcp.errors import ArchivedError, ConflictError, DuplicateError, InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.ontology import check
from one_mcp.ontology.model import EntityType
from one_mcp.ontology.names import shown
from one_mcp.store.work import Row, Work


@dataclass(slots=True)
class Draft:
    """A row on its way: what the line says, the row that is there, the row that will be."""

    record: records.Entity
    kind: EntityType
    name: str
    tags: list[tuple[str, str]]
    values: JsonObject
    before: Row | None = None
    old: JsonObject | None = None
    identity: str | None = None
    id: str = ""

    @property
    def status(self) -> str:
        given = self.record.status
        if given is not None:
            return given
        return entities.DEFAULT_STATUS if self.before is None else self.before["status"]

    @property
    def differs(self) -> bool:
        """Whether the row that is there has to be written."""
        before = self.before
        return before is not None and (
            self.name != before["name"]
            or self.status != before["status"]
            or (self.record.external_id or before["external_id"]) != before["external_id"]
            or self.values != self.old
        )


def drafted(loading: Loading, _line: int, record: records.Entity) -> Draft:
    work = loading.work
    kind = check.entity_type(work.ontology, record.type)
    _check_status(work, record)
    given = [check.tag(text) for text in record.tags]
    for key, _ in given:
        if advice := check.tag_key(work.ontology, key):
            loading.report.note(advice)
    return Draft(record, kind, entities.named(record.name), given, record.properties)


def _check_status(work: Work, record: records.Entity) -> None:
    if record.archived_at is None:
        entities.settable(work, record.status or entities.DEFAULT_STATUS)
    elif record.status != entities.ARCHIVED:
        raise InvalidArgumentError('Where archived_at stands, the status is "archived".')
    else:
        entities.settable(work, record.status_before or entities.DEFAULT_STATUS)


class Present:
    """The rows that the lines of a batch may mean."""

    def __init__(self, work: Work, drafts: list[Draft]) -> None:
        given = [draft.record.id for draft in drafts if draft.record.id]
        external = [draft.record.external_id for draft in drafts if draft.record.external_id]
        by_id = _rows(work, "id", given) if given else []
        by_external = _rows(work, "external_id", external) if external else []
        self.by_id = {row["id"]: row for row in by_id}
        self.by_external = {(row["type"], row["external_id"]): row for row in by_external}

    def find(self, draft: Draft) -> Row | None:
        """Return the row that a line means by its id, or else by its external id."""
        record = draft.record
        by_external = self.by_external.get((draft.kind.name, record.external_id or ""))
        if record.id is None:
            return by_external
        if by_external is not None and by_external["id"] != record.id:
            raise DuplicateError(
                f"{by_external['id']} ({shown(by_external['name'])}) has this external_id.",
                id=by_external["id"],
            )
        return self.by_id.get(record.id)


def _rows(work: Work, column: str, values: list[str]) -> list[Row]:
    return work.all(
        f"""
        SELECT row, id, type, name, properties, status, external_id, deleted_at, version
        FROM entities
        WHERE organization_id = :organization
          AND {column} IN (SELECT value FROM json_each(:values))
        """,
        values=jsons.dumps(values),
    )


def matched(loading: Loading, present: Present, keys: Keys, line: int, draft: Draft) -> Draft:
    record = draft.record
    if record.id is not None:
        keys.claim(line, "id", record.id)
    if record.external_id is not None:
        keys.claim(line, "external_id", draft.kind.name, record.external_id)
    draft.before = before = present.find(draft)
    if before is None:
        draft.id = record.id or ids.new(ids.ENTITY, loading.work.now)
        _begin(loading, draft)
    else:
        draft.id = before["id"]
        if before["version"] == loading.work.change or before["row"] in loading.entities:
            raise repeated("id" if record.id else "external_id")
        _merge(loading, draft, before)
        loading.entities.add(before["row"])
    draft.identity = entities.identity(draft.kind, draft.values)
    return draft


def _begin(loading: Loading, draft: Draft) -> None:
    """Work out the values of a new entity: an export's as they are, others with their defaults.

    Null means the same here as in a merge, so that the same line changes nothing when it comes
    again: the property is not there, default or not.
    """
    given = draft.record.properties
    if loading.faithful:
        checked = check.properties(draft.kind, given)
        draft.values = checked.values
    else:
        stripped = entities.merged({}, given)
        checked = check.properties(draft.kind, stripped, fill=True)
        draft.values = checked.values
        if stripped != given:
            patch = check.properties(draft.kind, given, patch=True)
            draft.values = entities.merged(checked.values, patch.values)
    loading.report.remark(checked.extra, checked.hints)


def _merge(loading: Loading, draft: Draft, before: Row) -> None:
    """Work out the values of an entity that is there already."""
    record = draft.record
    if before["type"] != draft.kind.name:
        raise ConflictError(f"{draft.id} is a {before['type']} here.", id=draft.id)
    if before["deleted_at"] is not None and record.archived_at is None:
        raise ArchivedError(
            f"{draft.id} ({shown(before['name'])}) is archived here; "
            "restore it first with restore_entity.",
            id=draft.id,
        )
    if before["deleted_at"] is None and record.archived_at is not None:
        raise ConflictError(
            f"{draft.id} ({shown(before['name'])}) is archived in the import and live here; "
            "archive it first with archive_entity.",
            id=draft.id,
        )
    draft.old = draft.values = old = jsons.load_object(before["properties"])
    if record.properties != old:
        checked = check.properties(draft.kind, record.properties, patch=True)
        draft.values = entities.merged(old, checked.values)
        if draft.values != old:
            check.properties(draft.kind, draft.values)
        loading.report.remark(checked.extra, checked.hints)


def identities(work: Work, drafts: list[Draft]) -> dict[tuple[str, str], Row]:
    wanted = [draft.identity for draft in drafts if draft.identity is not None]
    if not wanted:
        return {}
    rows = work.all(
        """
        SELECT id, type, name, identity, deleted_at
        FROM entities
        WHERE organization_id = :organization
          AND type IN (SELECT value FROM json_each(:types))
          AND identity IN (SELECT value FROM json_each(:identities))
        """,
        types=jsons.dumps(sorted({draft.kind.name for draft in drafts if draft.kind.identity})),
        identities=jsons.dumps(wanted),
    )
    return {(row["type"], row["identity"]): row for row in rows}


def unique(taken: dict[tuple[str, str], Row], keys: Keys, line: int, draft: Draft) -> Draft:
    """Refuse an identity that another entity has (D-14)."""
    if draft.identity is not None:
        field = draft.kind.identity or ""
        keys.claim(line, field, draft.kind.name, draft.identity)
        other = taken.get((draft.kind.name, draft.identity))
        if other is not None and other["id"] != draft.id:
            state = " (archived)" if other["deleted_at"] is not None else ""
            raise DuplicateError(
                f"A {draft.kind.name} with this {field} exists: {other['id']} "
                f"({shown(other['name'])}){state}.",
                field=field,
                id=other["id"],
            )
    return draft
