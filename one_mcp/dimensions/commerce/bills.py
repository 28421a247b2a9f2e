"""Bills: those that a vendor was paid for a subscription, each noted once."""

from one_mcp.store.work import Work


def has_any(work: Work, id: str) -> bool:
    """Tell whether a bill of it was noted."""
    found = work.one(
        """
        SELECT 1
        FROM subscription_bills
        WHERE organization_id = :organization
          AND entity_id = :id
        LIMIT 1
        """,
        id=id,
    )
    return found is not None


def take(work: Work, id: str, bill: str) -> bool:
    """Note a bill that was paid; False where it was noted before."""
    return bool(
        work.run(
            """
            INSERT INTO subscription_bills (organization_id, id, entity_id)
            VALUES (:organization, :bill, :id)
            ON CONFLICT (organization_id, id) DO NOTHING
            """,
            bill=bill,
            id=id,
        )
    )
