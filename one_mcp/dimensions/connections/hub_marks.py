"""Marks of hubs: the rows that take all connections of an entity out of sight."""

from one_mcp.store import leases
from one_mcp.store.work import Row, Work


def find(work: Work, id: str) -> Row | None:
    """Return the row of an entity, and how far its connections have followed."""
    return work.one(
        """
        SELECT version, opening, side, passed_at, passed, seen
        FROM hidden_hubs
        WHERE organization_id = :organization
          AND entity_id = :id
        """,
        id=id,
    )


def put(work: Work, id: str, opening: int) -> None:
    """Take an entity's connections out of sight; they are to follow from the first on."""
    work.run(
        """
        INSERT INTO hidden_hubs (organization_id, entity_id, version, opening, leased_until)
        VALUES (:organization, :id, :change, :opening, :leased_until)
        ON CONFLICT (organization_id, entity_id) DO UPDATE
        SET version = excluded.version, opening = excluded.opening,
            leased_until = excluded.leased_until, side = 0, passed_at = 0, passed = 0, seen = 0
        """,
        id=id,
        change=work.change,
        opening=opening,
        leased_until=leases.times(work.clock)["latest"] if opening else 0,
    )


def moving(work: Work, id: str, moving: int) -> None:
    """Say that what is done to connections next follows from their ends, or no longer."""
    work.run(
        """
        UPDATE hidden_hubs
        SET moving = :moving
        WHERE organization_id = :organization
          AND entity_id = :id
        """,
        id=id,
        moving=moving,
    )


def remove(work: Work, id: str) -> None:
    """Put what is left in sight of an entity's connections in sight."""
    work.run(
        "DELETE FROM hidden_hubs WHERE organization_id = :organization AND entity_id = :id", id=id
    )
