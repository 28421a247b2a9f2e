"""Renewals: the subscriptions of all organizations that somebody has to look at now."""

from dataclasses import dataclass

from one_mcp.access import Principal
from one_mcp.dimensions.commerce.subscriptions import LEASE_MS
from one_mcp.dimensions.operations import unfinished
from one_mcp.store.ports import Raw

MOST = 50  # that are looked at in one round


@dataclass(frozen=True, slots=True)
class DueSubscription:
    """One whose time has come, and in whose name it is looked at."""

    id: str
    principal: Principal


def due(raw: Raw, clock: int) -> list[DueSubscription]:
    """List what is to be looked at by a time of the process's clock, the oldest first."""
    rows = raw.execute(
        """
        SELECT entity_id, organization_id, person_id, role
        FROM subscriptions
        WHERE due_at <= :clock
          AND (leased_until <= :clock OR leased_until > :latest)
        ORDER BY due_at, entity_id
        LIMIT :most
        """,
        {"clock": clock, "latest": clock + LEASE_MS, "most": MOST},
    )
    return [DueSubscription(row["entity_id"], unfinished.principal(row)) for row in rows]
