"""Entity rows: what becomes of an entity's line beside the row that is there already."""

from one_mcp import ids, jsons
from one_mcp.dimensions import lookup
from one_mcp.dimensions.entities import identity, rows
from one_mcp.dimensions.entities.rows import EntityRow
from one_mcp.dimensions.exchange import merged
from one_mcp.dimensions.exchange.context import Keys, Loading, RowSet, repeated
from one_mcp.dimensions.exchange.converted import ConvertedEntities, Sought
from one_mcp.dimensions.exchange.entity_lines import EntityLine
from one_mcp.dimensions.exchange.keyed import KeyedEntities
from one_mcp.dimensions.exchange.likeness import AlikeEntities, Likely
from one_mcp.errors import (
    ArchivedError,
    ConflictError,
    DuplicateError,
    OneError,
    shown,
)
from one_mcp.jsons import JsonObject
from one_mcp.ontology import check, names
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work


class PresentEntities:
    """The rows that the lines of a batch may mean."""

    def __init__(self, loading: Loading, drafts: list[EntityLine]) -> None:
        work = loading.work
        given = [draft.record.id for draft in drafts if draft.record.id]
        external = [draft.record.external_id for draft in drafts if draft.record.external_id]
        by_id = _rows(work, "id", given) if given else []
        by_external = _rows(work, "external_id", external) if external else []
        self.by_id = {row["id"]: row for row in by_id}
        self.by_external = {(row["type"], row["external_id"]): row for row in by_external}
        self.merged = merged.survivors(work, given, external) if given or external else {}
        named = {id(it): _identity(it) for it in drafts if it.record.id is None}
        self._identities = {key: value for key, value in named.items() if value is not None}
        wanted = [(it.kind, self._identities.get(id(it))) for it in drafts]
        owners = {row["id"]: key for key, row in identity.taken(work, wanted).items()}
        rows_there = _rows(work, "id", list(owners)) if owners else []
        self.by_identity = {owners[row["id"]]: row for row in rows_there}
        keyless = {
            id(it): likely
            for it in drafts
            if it.record.id is None
            and it.record.external_id is None
            and it.key is None
            and id(it) not in self._identities
            and (likely := _likely(it)) is not None
        }
        self._keyed = KeyedEntities(
            work, [it.key for it in drafts if it.key is not None], loading.file.keys
        )
        self._likely = keyless
        self._alike = AlikeEntities(work, list(keyless.values()))
        self._converted = ConvertedEntities(work, self._wanted(drafts))

    def _wanted(self, drafts: list[EntityLine]) -> Sought:
        """Say what lines tell of that may have been given another type."""
        keyless = [it for it in drafts if not (it.record.id or it.record.external_id)]
        called = {it.record.external_id for it in drafts}
        return Sought(
            {it.kind.name for it in drafts},
            {it.record.id for it in drafts if it.record.id}
            | {row["id"] for (_, key), row in self.by_external.items() if key in called},
            {(it.kind.name, it.name) for it in keyless},
            set(self._identities.values()),
        )

    def find(self, draft: EntityLine, taken: RowSet) -> Row | None:
        """Return the row that a line means: by its id, external id, key or identity, or alike.

        A line of what was merged means the survivor.
        """
        record = draft.record
        survivor = self.merged.get(record.id or f"{draft.kind.name} {record.external_id}")
        if survivor is not None:
            draft.former = survivor
            return survivor.row
        by_external = self.by_external.get((draft.kind.name, record.external_id or ""))
        if record.id is None:
            by_key = draft.key and self._keyed.find(draft.key)
            known = by_external or by_key or self._by_identity(draft)
            return known or self._like(draft, taken) or self._once(draft, taken)
        if by_external is not None and by_external["id"] != record.id:
            raise DuplicateError(
                f"{by_external['id']} ({shown(by_external['name'])}) has this external_id.",
                id=by_external["id"],
            )
        found = self.by_id.get(record.id)
        if found is not None and found["type"] != draft.kind.name:
            return self._once(draft, taken) or found
        return found

    def _by_identity(self, draft: EntityLine) -> Row | None:
        """Find who has the identity that a line gives, unless both are called something else."""
        found = self.by_identity.get((draft.kind.name, self._identities.get(id(draft), "")))
        if found is None or (draft.record.external_id and found["external_id"]):
            return None
        return found

    def _once(self, draft: EntityLine, taken: RowSet) -> Row | None:
        """Find who was what a line says until it was given another type."""
        it, type, likely = self._converted, draft.kind.name, self._likely.get(id(draft))
        draft.former = (
            it.known(type, "id", draft.record.id)
            or it.known(type, "external_id", draft.record.external_id)
            or (it.keyed(draft.key) if draft.key else None)
            or it.known(type, "identity", self._identities.get(id(draft)))
        )
        if draft.former is not None:
            return draft.former.row
        found = it.alike(likely, taken) if likely else None
        draft.is_alike = found is not None
        return found

    def _like(self, draft: EntityLine, taken: RowSet) -> Row | None:
        likely = self._likely.get(id(draft))
        found = None if likely is None else self._alike.take(likely, taken)
        draft.is_alike = found is not None
        return found


def _identity(draft: EntityLine) -> str | None:
    """Return what a line says that no other entity of its type may have."""
    kind, given = draft.kind, draft.record.properties
    if kind.identity is None:
        return None
    called = {kind.identity, *kind.properties[kind.identity].aliases}
    try:
        checked = check.properties(
            kind, {name: given[name] for name in given.keys() & called}, patch=True
        )
    except OneError:
        return None  # said where the line is judged as a whole
    return identity.of(kind, checked.values)


def _likely(draft: EntityLine) -> Likely | None:
    """Say what a line would make; None where it is refused, which is said later."""
    record = draft.record
    try:
        values, _ = rows.begun(draft.kind, draft.name, record.properties)
    except OneError:
        return None
    tags = frozenset(f"{key}:{value}" for key, value in draft.tags)
    return Likely(draft.kind.name, draft.name, record.status, values, tags)


def _rows(work: Work, column: str, values: list[str]) -> list[Row]:
    return work.all(
        f"""
        SELECT seq, id, type, name, properties, status, external_id, deleted_at, version
        FROM entities
        WHERE organization_id = :organization
          AND {column} {dialect.any_of("values")}
        """,
        values=values,
    )


def matched(
    loading: Loading, present: PresentEntities, keys: Keys, line: int, draft: EntityLine
) -> EntityLine:
    record = draft.record
    if record.id is not None:
        keys.claim(line, "id", record.id)
    if record.external_id is not None:
        keys.claim(line, "external_id", draft.kind.name, record.external_id)
    if draft.key is not None:
        keys.claim(line, draft.key.what, draft.key.text)
    draft.before = before = present.find(draft, loading.file.entities)
    if before is None:
        id, status = record.id or ids.new(ids.ENTITY, loading.work.now), lookup.DEFAULT_STATUS
        properties = _begun(loading, draft)
    else:
        id, status = before["id"], before["status"]
        is_merged = draft.former is not None and draft.former.is_merged
        if not is_merged:  # the survivor's own line may stand further down, or have been
            if before["version"] in loading.file.changes or (
                before["seq"] in loading.file.entities and not (draft.is_alike or draft.former)
            ):
                raise repeated(_key(draft))
            loading.file.entities.add(before["seq"])
        draft.tags = [] if draft.is_alike else draft.tags
        if draft.is_alike or draft.former:
            kind = loading.work.ontology.entity_types.get(before["type"], draft.kind)
            draft.row = EntityRow(
                kind, id, before["name"], status, jsons.load_object(before["properties"])
            )
            return draft
        properties = _merged(loading, draft, before)
    draft.row = EntityRow(
        draft.kind,
        id,
        draft.name,
        status if record.status is None else record.status,
        properties,
        record.external_id,
        record.created_at,
        record.updated_at,
        record.archived_at,
        record.status_before,
    )
    return draft


def _key(draft: EntityLine) -> str:
    """Name what says which row a line means."""
    record = draft.record
    if record.id or record.external_id:
        return "id" if record.id else "external_id"
    return draft.key.what if draft.key else draft.kind.identity or ""


def _begun(loading: Loading, draft: EntityLine) -> JsonObject:
    """Work out the properties of a new entity: an export's as they are, others with defaults."""
    given = draft.record.properties
    if loading.file.faithful:
        checked = check.properties(draft.kind, given, stored=True)
        values = checked.values
    else:
        values, checked = rows.begun(draft.kind, draft.name, given)
    loading.remark(checked)
    return values


def _merged(loading: Loading, draft: EntityLine, before: Row) -> JsonObject:
    """Work out the properties of an entity that is there already."""
    record = draft.record
    if before["type"] != draft.kind.name:
        raise ConflictError(f"{before['id']} is {names.a(before['type'])} here.", id=before["id"])
    if before["deleted_at"] is not None and record.archived_at is None:
        raise ArchivedError(
            f"{before['id']} ({shown(before['name'])}) is archived here; "
            "restore it first: restore_entity in apply_changes.",
            id=before["id"],
        )
    if before["deleted_at"] is None and record.archived_at is not None:
        raise ConflictError(
            f"{before['id']} ({shown(before['name'])}) is archived in the import and live here; "
            "archive it first with archive_entity.",
            id=before["id"],
        )
    if jsons.dumps(record.properties) == before["properties"]:
        return record.properties
    values, checked = rows.patched(
        draft.kind, before, record.properties, stored=loading.file.faithful
    )
    loading.remark(checked)
    return values
