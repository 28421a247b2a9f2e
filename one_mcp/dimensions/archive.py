"""Archive and restore an entity with its connections as one unit, or purge it for good (D-17)."""

from one_mcp.access import Permission
from one_mcp.answers import Written
from one_mcp.dimensions import changes, entities, events, subjects
from one_mcp.dimensions.knowledge import mentions, notices
from one_mcp.errors import ConfirmationError
from one_mcp.ontology.model import Moment
from one_mcp.store.work import Row, Work

# one statement for each end: an OR of both would be answered by reading all connections there are
ENDS = ("from_id", "to_id")


class Archived(Written):
    """`connections` counts those that were hidden with the entity."""

    id: str
    name: str
    status: str
    version: int
    connections: int


class Restored(Written):
    """`connections` counts those shown again; `still_hidden` those whose other end is archived."""

    id: str
    name: str
    status: str
    version: int
    connections: int
    still_hidden: int | None = None


class Purged(Written):
    """What is gone. The answer has no name: it is kept under an idempotency key.

    Of an entity, `passages` are those of its own texts, and `links` led to it from documents.
    """

    id: str
    connections: int | None = None
    tags: int | None = None
    passages: int | None = None
    links: int | None = None
    events_kept: int | None = None


def archive(work: Work, id: str, expected_version: int | None = None) -> Archived:
    """Hide an entity and its connections from every read, until it is restored.

    To archive it again changes nothing, and says so in a warning: a repeated call has what it
    wants. Raises ConflictError where a live entity has another version than the expected one.
    """
    before = subjects.any_state(work, id)
    if before["deleted_at"] is not None:
        work.warn(f"{id} was archived already; nothing changed.")
        return _archived(before, 0)
    subjects.require_version(before, expected_version)
    work.run(
        """
        UPDATE entities
        SET status = :archived, status_before = status, deleted_at = :now, updated_at = :now,
            version = :change
        WHERE organization_id = :organization
          AND id = :id
        """,
        id=id,
        archived=entities.ARCHIVED,
        now=work.now,
        change=work.change,
    )
    hidden = sum(
        work.run(
            f"""
            UPDATE connections
            SET deleted_at = :now, version = :change
            WHERE organization_id = :organization
              AND {end} = :id
              AND deleted_at IS NULL
            """,
            id=id,
            now=work.now,
            change=work.change,
        )
        for end in ENDS
    )
    _happened(work, before, "archived")
    return _archived(subjects.any_state(work, id), hidden)


def restore(work: Work, id: str) -> Restored:
    """Bring an archived entity back, with its status and its connections.

    A connection whose other end is archived stays hidden until that end is restored too. To
    restore a live entity changes nothing, and says so in a warning.
    """
    before = subjects.any_state(work, id)
    if before["deleted_at"] is None:
        work.warn(f"{id} is not archived; nothing changed.")
        return _restored(before, 0)
    work.run(
        """
        UPDATE entities
        SET status = coalesce(status_before, :default), status_before = NULL, deleted_at = NULL,
            updated_at = :now, version = :change
        WHERE organization_id = :organization
          AND id = :id
        """,
        id=id,
        default=entities.DEFAULT_STATUS,
        now=work.now,
        change=work.change,
    )
    shown = sum(
        work.run(
            f"""
            UPDATE connections
            SET deleted_at = NULL, version = :change
            WHERE organization_id = :organization
              AND {end} = :id
              AND deleted_at IS NOT NULL
              AND NOT EXISTS (
                  SELECT 1
                  FROM entities AS far
                  WHERE far.organization_id = :organization
                    AND far.id IN (connections.from_id, connections.to_id)
                    AND far.deleted_at IS NOT NULL
              )
            """,
            id=id,
            change=work.change,
        )
        for end in ENDS
    )
    _happened(work, before, "restored")
    return _restored(subjects.any_state(work, id), shown, _hidden(work, id) or None)


def purge(work: Work, id: str, confirm: str) -> Purged:
    """Remove an entity, its connections and its tags for good, also from what history remembers.

    The passages of its own texts go with it; documents that tell of it stay, without their links.

    A purge means gone: the change log keeps that something was written, by whom and when, and
    forgets what it was, so no undo and no look at the past brings it back. Events stay (D-17).
    Raises ConfirmationError unless `confirm` is the entity's name or id.
    """
    work.principal.require(Permission.ADMIN)
    row = subjects.any_state(work, id)
    if confirm.strip() not in (row["name"], id):
        raise ConfirmationError(
            f"To purge {id} ({row['name'][:80]}) for good, with its connections, its tags and its "
            f'history, send confirm="{id}" or the entity\'s exact name. '
            "archive_entity only hides it, and can be taken back.",
            id=id,
            confirm=id,
        )
    _touch(work, row)
    with_it = {"id": id}
    tags = work.run(
        "DELETE FROM tags WHERE organization_id = :organization AND entity_id = :id", **with_it
    )
    connections = sum(
        work.run(
            f"DELETE FROM connections WHERE organization_id = :organization AND {end} = :id",
            **with_it,
        )
        for end in ENDS
    )
    work.run(
        "DELETE FROM files WHERE organization_id = :organization AND entity_id = :id", **with_it
    )
    passages = mentions.passages_of(work, id)
    links = mentions.unlink(work, id)
    work.run(
        "DELETE FROM knowledge WHERE organization_id = :organization AND source_id = :id", **with_it
    )
    work.run("DELETE FROM entities WHERE organization_id = :organization AND id = :id", **with_it)
    changes.forget(work, id)
    return Purged(
        id=id,
        connections=connections,
        tags=tags,
        passages=passages or None,
        links=links or None,
        events_kept=_events(work, id),
    )


def _archived(row: Row, hidden: int) -> Archived:
    return Archived(
        id=row["id"],
        name=row["name"],
        status=row["status"],
        version=row["version"],
        connections=hidden,
    )


def _restored(row: Row, shown: int, still_hidden: int | None = None) -> Restored:
    return Restored(
        id=row["id"],
        name=row["name"],
        status=row["status"],
        version=row["version"],
        connections=shown,
        still_hidden=still_hidden,
    )


def _happened(work: Work, row: Row, moment: Moment) -> None:
    kind = work.ontology.entity_types.get(row["type"])  # a pack may be gone, its entities are not
    if kind is not None:
        events.expect(work, kind, moment, row["id"])
    _touch(work, row)


def _touch(work: Work, row: Row) -> None:
    work.touch(row["id"], row["type"])
    notices.links(work, row["id"])
    for end in ENDS:
        for edge in work.all(
            f"""
            SELECT id, from_id, type, to_id
            FROM connections
            WHERE organization_id = :organization
              AND {end} = :id
            LIMIT :limit
            """,
            id=row["id"],
            limit=changes.TOUCHED_LIMIT + 1,
        ):
            work.touch(edge["id"], edge["from_id"], edge["type"], edge["to_id"])


def _hidden(work: Work, id: str) -> int:
    return sum(
        work.value(
            f"""
            SELECT count(*)
            FROM connections
            WHERE organization_id = :organization
              AND {end} = :id
              AND deleted_at IS NOT NULL
            """,
            id=id,
        )
        for end in ENDS
    )


def _events(work: Work, id: str) -> int:
    return work.value(
        """
        SELECT count(*)
        FROM events
        WHERE organization_id = :organization
          AND target_id = :id
        """,
        id=id,
    )
