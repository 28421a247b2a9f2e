"""Archive and restore an entity with its connections as one unit (D-17)."""

from one_mcp.answers import Written
from one_mcp.dimensions import lookup
from one_mcp.dimensions.connections import hubs
from one_mcp.dimensions.events import event
from one_mcp.ontology.automatic import Occasion
from one_mcp.ontology.model import Moment
from one_mcp.store import sight
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


def archive(work: Work, id: str, expected_version: int | None = None) -> Archived:
    """Hide an entity and its connections from every read, until it is restored.

    To archive it again changes nothing, and says so in a warning: a repeated call has what it
    wants. Raises ConflictError where a live entity has another version than the expected one.
    """
    before = lookup.any_state(work, id, follow=True)
    id = before["id"]
    if before["deleted_at"] is not None:
        work.warn(f"{id} was archived already; nothing changed.")
        return _archived(before, 0)
    lookup.require_version(before, expected_version)
    work.run(
        """
        UPDATE entities
        SET status = :archived, status_before = status, deleted_at = :now, updated_at = :now,
            version = :change
        WHERE organization_id = :organization
          AND id = :id
        """,
        id=id,
        archived=lookup.ARCHIVED,
        now=work.now,
        change=work.change,
    )
    hidden = conceal(work, id)
    _happened(work, before, "archived")
    return _archived(lookup.any_state(work, id), hidden)


def restore(work: Work, id: str) -> Restored:
    """Bring an archived entity back, with its status and its connections.

    A connection whose other end is archived stays hidden until that end is restored too. To
    restore a live entity changes nothing, and says so in a warning.
    """
    before = lookup.any_state(work, id, follow=True)
    id = before["id"]
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
        default=lookup.DEFAULT_STATUS,
        now=work.now,
        change=work.change,
    )
    shown, hidden = reveal(work, id)
    _happened(work, before, "restored")
    if hidden is None:
        hidden = _hidden(work, id)
    return _restored(lookup.any_state(work, id), shown, hidden or None)


def conceal(work: Work, id: str) -> int:
    """Hide the connections of an archived entity, and return how many; very many follow later."""
    seen = hubs.count(work, id)
    if seen > hubs.MANY:
        hubs.hide(work, id)
        return seen
    return sum(
        work.run(
            f"""
            UPDATE connections
            SET deleted_at = :now, version = :change
            WHERE organization_id = :organization
              AND {end} = :id
              AND {sight.visible("connections")}
            """,
            id=id,
            now=work.now,
            change=work.change,
        )
        for end in ENDS
    )


def reveal(work: Work, id: str) -> tuple[int, int | None]:
    """Show the connections of an entity that is live again, and return how many.

    And how many stay hidden, unless that is still to be counted.
    """
    if hubs.is_marked(work, id):
        return hubs.settle(work, id)
    shown = sum(
        work.run(
            f"""
            UPDATE connections
            SET deleted_at = NULL, version = :change
            WHERE organization_id = :organization
              AND {end} = :id
              AND deleted_at IS NOT NULL
              -- the entity itself is live by now, so an end that is not is the other one
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
    return shown, None


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
        event.expect(work, Occasion(kind, moment, row["id"]))


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
