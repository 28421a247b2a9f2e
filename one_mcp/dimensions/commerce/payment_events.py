"""Events of the vendor of payments that were taken: each counts once, however often it is sent."""

from one_mcp.store.work import Work


def take(work: Work, id: str, type: str) -> bool:
    """Note an event; False where it was taken before.

    Runs in the transaction of what the event causes: neither is kept without the other.
    """
    taken = work.run(
        """
        INSERT INTO payment_events (organization_id, id, type, taken_at)
        VALUES (:organization, :id, :type, :now)
        ON CONFLICT (organization_id, id) DO NOTHING
        """,
        id=id,
        type=type,
        now=work.now,
    )
    return bool(taken)
