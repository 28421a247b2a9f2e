"""Unsent: the mails of all organizations whose time has come, for who sends them."""

from dataclasses import dataclass

from one_mcp.dimensions.commerce.outbox import LEASE_MS
from one_mcp.store.ports import Raw

MOST = 100


@dataclass(frozen=True, slots=True)
class DueMail:
    """A mail whose time has come, and whose it is."""

    organization: str
    operation: str
    simulated: bool


def due(raw: Raw, clock: int) -> list[DueMail]:
    """List the mails of all organizations that are to be sent; none that are held (D-83)."""
    rows = raw.execute(
        """
        SELECT organization_id, operation_id, simulated
        FROM mails
        WHERE state = 'queued'
          AND due_at <= :clock
          AND (leased_until <= :clock OR leased_until > :latest)
          AND (
              simulated = 1
              OR NOT EXISTS (
                  SELECT 1 FROM homes WHERE name = 'file' AND held_since IS NOT NULL
              )
          )
        ORDER BY due_at, operation_id
        LIMIT :most
        """,
        {"clock": clock, "latest": clock + LEASE_MS, "most": MOST},
    )
    return [
        DueMail(row["organization_id"], row["operation_id"], bool(row["simulated"])) for row in rows
    ]
