"""Still billed: whoever is archived here is hidden from people, and not from the vendor."""

from one_mcp.store.work import Work

MOST = 5  # that are named


def warn(work: Work) -> None:
    """Warn of subscriptions whose buyer or item the open change archives, and that go on."""
    rows = work.all(
        """
        SELECT change_rows.row_id, entities.name, subscriptions.entity_id
        FROM change_rows
        JOIN entities
          ON entities.organization_id = :organization
         AND entities.id = change_rows.row_id
         AND entities.deleted_at IS NOT NULL
        JOIN subscriptions
          ON subscriptions.organization_id = :organization
         AND change_rows.row_id IN (subscriptions.buyer_id, subscriptions.item_id)
        WHERE change_rows.organization_id = :organization
          AND change_rows.change = :change
          AND change_rows.kind = 'entity'
          AND subscriptions.state <> 'cancelled'
          AND subscriptions.ends = 0
        ORDER BY subscriptions.entity_id
        LIMIT :most
        """,
        change=work.change,
        most=MOST,
    )
    for row in rows:
        work.warn(
            f"{row['row_id']} ({row['name'][:80]}) is archived, and the vendor goes on billing for "
            f"{row['entity_id']}: manage_subscription with action cancel ends that."
        )
