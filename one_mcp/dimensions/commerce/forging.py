"""Forging: what only an operation may write, held against every change that is none (D-28).

Whatever tool, import or undo wrote it, a change is looked at as a whole before it is committed: a
connection may show no other balance than the ledger has, and what operations recorded stays.
"""

from decimal import Decimal, InvalidOperation

from one_mcp import jsons
from one_mcp.dimensions.commerce import holding, ledger, recorded, still_billed, subscriptions
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.connections.rows import ConnectionRow
from one_mcp.dimensions.operations import subjects
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.store.work import Row, Work


def require_untouched(work: Work) -> None:
    """Raise where the open change took what an open operation needs, or forged.

    Raises OperationOpenError for the one, LedgerError for the other. Who is hidden and billed all
    the same is warned of.
    """
    if not work.has_operations:
        return
    subjects.require_kept(work)
    if work.operation is not None:
        return
    _check_holdings(work)
    recorded.check(work)
    still_billed.warn(work)


def require_true(work: Work, holder: str, token: str, metadata: JsonObject) -> None:
    """Raise LedgerError for a connection that shows other tokens than the holder has."""
    said, true = _balances(metadata), _balances(holding.shown(work, holder, token))
    if said != true:
        raise recorded.refusal(
            f"How many of {token} {holder} holds is what the ledger says: {true['balance']}",
            f"{recorded.WAYS}; spend_tokens, grant_tokens and transfer_tokens move what is held",
            holder=holder,
            token=token,
            balance=true["balance"],
        )


def require_free(work: Work, row: ConnectionRow) -> None:
    """Raise LedgerError for one connection of many that shows what the ledger does not say."""
    token = row.to_id
    if row.kind.name == holding.HOLDS and ledger.is_known(work, token):
        require_true(work, row.from_id, token, row.metadata)


def require_purgeable(work: Work, row: Row) -> None:
    """Raise LedgerError for what must not be forgotten: a purge leaves nothing to look at.

    A holder is, once the business keeps no tokens for them; what is in a wallet is theirs.
    """
    id = row["id"]
    if ledger.is_known(work, id):
        raise recorded.refusal(
            f"{id} is a token that the ledger counts", "archive_entity hides it", id=id
        )
    operation = row["external_id"] and work.value(
        """
        SELECT id
        FROM operations
        WHERE organization_id = :organization
          AND id = :id
        """,
        id=row["external_id"],
    )
    if operation:
        raise recorded.refusal(
            f"{id} is what {operation} recorded, and books are kept",
            "purge what it names of a person instead",
            id=id,
            operation=operation,
        )
    billed = subscriptions.any_of(work, id)
    if billed is not None:
        raise recorded.refusal(
            f"{id} is billed for {billed}",
            "manage_subscription ends that, with now: true at once",
            id=id,
            subscription=billed,
        )
    if holding.is_kept(work, id):
        raise recorded.refusal(
            f"The business keeps tokens for {id}",
            "transfer_tokens, spend_tokens or refund_purchase first",
            id=id,
        )


def _check_holdings(work: Work) -> None:
    """Compare each holding that was written, of a token in the ledger, with what it should say."""
    rows = work.all(
        """
        SELECT DISTINCT
            coalesce(change_rows.before ->> 'from_id', connections.from_id) AS holder,
            coalesce(change_rows.before ->> 'to_id', connections.to_id) AS token
        FROM change_rows
        LEFT JOIN connections
          ON connections.organization_id = :organization
         AND connections.id = change_rows.row_id
        WHERE change_rows.organization_id = :organization
          AND change_rows.change = :change
          AND change_rows.kind = 'connection'
          AND coalesce(change_rows.before ->> 'type', connections.type) = 'holds_tokens'
          AND EXISTS (
              SELECT 1
              FROM ledger_accounts
              WHERE ledger_accounts.organization_id = :organization
                AND ledger_accounts.unit
                    = coalesce(change_rows.before ->> 'to_id', connections.to_id)
          )
        """,
        change=work.change,
    )
    for row in rows:
        holder, token = row["holder"], row["token"]
        metadata = _metadata(work, holder, token)
        if metadata is None and _is_purged(work, holder) and not holding.is_kept(work, holder):
            continue
        require_true(work, holder, token, metadata or {})


def _metadata(work: Work, holder: str, token: str) -> JsonObject | None:
    found = connection.find(work, holder, holding.HOLDS, token)
    return None if found is None else jsons.load_object(found["metadata"])


def _is_purged(work: Work, id: str) -> bool:
    """Tell whether an entity is gone for good, and was not merged into another."""
    found = work.one(
        """
        SELECT 1
        FROM entities
        WHERE organization_id = :organization
          AND id = :id
        UNION ALL
        SELECT 1
        FROM merged_entities
        WHERE organization_id = :organization
          AND id = :id
        """,
        id=id,
    )
    return found is None


def _balances(metadata: JsonObject) -> dict[str, JsonValue]:
    return {
        "balance": _plain(metadata.get("balance")),
        "manualBalance": _plain(metadata.get("manualBalance")),
        "simulated": metadata.get("simulated") is True,
    }


def _plain(value: JsonValue) -> str:
    """Write a balance in one way, however it is written; what is missing is nothing."""
    try:
        number = Decimal(str(value or 0))
    except InvalidOperation:
        return str(value)
    return f"{number.normalize():f}" if number else "0"
