"""Load a batch of entities: create what is new, merge what is there, refuse what cannot be."""

from functools import partial

from one_mcp import jsons
from one_mcp.dimensions import entities
from one_mcp.dimensions.exchange import drafts, records
from one_mcp.dimensions.exchange.drafts import Draft
from one_mcp.dimensions.exchange.loading import Keys, Lines, Loading
from one_mcp.dimensions.knowledge import notices

KIND = "entities"


def load(loading: Loading, lines: Lines[records.Entity]) -> None:
    """Load entities; those with an id or external id that is there are merged (D-11)."""
    keys = Keys()
    drafted = loading.sift(lines, partial(drafts.drafted, loading))
    present = drafts.Present(loading.work, [draft for _, draft in drafted])
    matched = loading.sift(drafted, partial(drafts.matched, loading, present, keys))
    taken = drafts.identities(loading.work, [draft for _, draft in matched])
    kept = [draft for _, draft in loading.sift(matched, partial(drafts.unique, taken, keys))]
    new = [draft for draft in kept if draft.before is None]
    changed = [draft for draft in kept if draft.differs]
    _insert(loading, new)
    _update(loading, changed)
    tagged = _tag(loading, kept)
    updated = tagged.union(draft.id for draft in changed).difference(draft.id for draft in new)
    loading.report.created[KIND] += len(new)
    loading.report.updated[KIND] += len(updated)
    loading.report.unchanged[KIND] += len(kept) - len(new) - len(updated)


def _insert(loading: Loading, drafts: list[Draft]) -> None:
    now = loading.work.now
    loading.work.many(
        """
        INSERT INTO entities
            (organization_id, id, type, name, properties, status, identity, external_id,
             created_at, updated_at, deleted_at, status_before, version)
        VALUES
            (:organization, :id, :type, :name, :properties, :status, :identity, :external,
             :created_at, :updated_at, :archived_at, :status_before, :change)
        """,
        (
            {
                **_columns(draft),
                "type": draft.kind.name,
                "created_at": now if draft.record.created_at is None else draft.record.created_at,
                "updated_at": now if draft.record.updated_at is None else draft.record.updated_at,
                "archived_at": draft.record.archived_at,
                "status_before": None
                if draft.record.archived_at is None
                else draft.record.status_before or entities.DEFAULT_STATUS,
                "change": loading.work.change,
            }
            for draft in drafts
        ),
    )
    loading.touch(id for it in drafts for id in (it.id, it.kind.name))


def _update(loading: Loading, drafts: list[Draft]) -> None:
    loading.work.many(
        """
        UPDATE entities
        SET name = :name, properties = :properties, status = :status, identity = :identity,
            external_id = coalesce(:external, external_id), updated_at = :now, version = :change
        WHERE organization_id = :organization
          AND id = :id
        """,
        (
            {**_columns(draft), "now": loading.work.now, "change": loading.work.change}
            for draft in drafts
        ),
    )
    loading.touch(id for it in drafts for id in (it.id, it.kind.name))
    notices.texts(loading.work, (draft.id for draft in drafts))


def _columns(draft: Draft) -> dict[str, str | None]:
    return {
        "id": draft.id,
        "name": draft.name,
        "properties": jsons.dumps(draft.values),
        "status": draft.status,
        "identity": draft.identity,
        "external": draft.record.external_id,
    }


def _tag(loading: Loading, drafts: list[Draft]) -> set[str]:
    """Add the tags that are missing, and return the entities that got any."""
    given = {(draft.id, key, value) for draft in drafts for key, value in draft.tags}
    if not given:
        return set()
    present = loading.work.all(
        """
        SELECT entity_id, key, value
        FROM tags
        WHERE organization_id = :organization
          AND entity_id IN (SELECT value FROM json_each(:ids))
        """,
        ids=jsons.dumps(sorted({id for id, _, _ in given})),
    )
    missing = sorted(given - {(row["entity_id"], row["key"], row["value"]) for row in present})
    loading.work.many(
        """
        INSERT INTO tags (organization_id, entity_id, key, value)
        VALUES (:organization, :id, :key, :value)
        """,
        ({"id": id, "key": key, "value": value} for id, key, value in missing),
    )
    return {id for id, _, _ in missing}
