"""Recorded: what operations left behind in the graph, which no other change writes."""

from collections.abc import Iterable

from one_mcp import jsons
from one_mcp.jsons import JsonValue
from one_mcp.money_errors import LedgerError
from one_mcp.store import patches
from one_mcp.store.work import Row, Work

RECORDED = frozenset(  # what an operation says of the entity that it left behind
    {
        *("amount", "currency", "status", "paymentMethod", "stripePaymentIntentId", "txHash"),
        *("refundedAmount", "netAmount", "processedAt", "simulated"),
        *("contractAddress", "blockchain", "standard", "deployTxHash"),
        *("tokenId", "metadataUri", "edition"),
    }
)
COUNTED = frozenset(
    {"decimals", "contractAddress", "blockchain", "standard", "tokenId"}
)  # of a token
BILLED = frozenset(  # what a subscription has of the vendor who bills it, beside that
    {
        *("price", "interval", "currentPeriodStart", "currentPeriodEnd", "cancelAt"),
        "stripeSubscriptionId",
    }
)
FIXED = ("type", "external_id", "deleted_at")
WAYS = "quote_tokens and purchase_tokens sell, refund_purchase takes back"


def check(work: Work) -> None:
    """Raise LedgerError where the open change wrote payments, tokens or events of operations."""
    _check_tokens(work)
    _check_records(work)
    _check_retractions(work)
    _check_events(work)


def refusal(sentence: str, ways: str, **fields: JsonValue) -> LedgerError:
    """Say what stays as it is, and what would work."""
    refused = LedgerError(f"{sentence}: {ways}.")
    refused.fields = fields
    return refused


def _check_tokens(work: Work) -> None:
    """Refuse to change what a token in the ledger is counted by, and to do away with it."""
    rows = work.all(
        """
        SELECT row_id, before, after
        FROM change_rows
        WHERE organization_id = :organization
          AND change = :change
          AND kind = 'entity'
          AND before IS NOT NULL
          AND EXISTS (
              SELECT 1
              FROM ledger_accounts
              WHERE ledger_accounts.organization_id = :organization
                AND ledger_accounts.unit = change_rows.row_id
          )
        """,
        change=work.change,
    )
    for row in rows:
        for name in _written(row, COUNTED, ("type",)):
            raise refusal(
                f"{row['row_id']} is a token that the ledger counts, so its {name} stays",
                "another token begins anew",
                token=row["row_id"],
                field=name,
            )


def _check_records(work: Work) -> None:
    """Refuse to write what operations recorded as entities: payments, contracts."""
    rows = work.all(
        """
        SELECT change_rows.row_id, change_rows.before, change_rows.after,
               operations.id AS operation, operations.kind
        FROM change_rows
        LEFT JOIN entities
          ON entities.organization_id = :organization
         AND entities.id = change_rows.row_id
        JOIN operations
          ON operations.organization_id = :organization
         AND operations.id IN (entities.external_id, change_rows.before ->> 'external_id')
        WHERE change_rows.organization_id = :organization
          AND change_rows.change = :change
          AND change_rows.kind = 'entity'
        """,
        change=work.change,
    )
    for row in rows:
        is_billed = row["kind"] == "manage_subscription"
        for name in _written(row, RECORDED | BILLED if is_billed else RECORDED, FIXED):
            raise refusal(
                f"{row['row_id']} is what {row['operation']} recorded, and its {name} stays",
                "manage_subscription changes and ends it"
                if is_billed
                else f"{WAYS}, and both record it",
                id=row["row_id"],
                operation=row["operation"],
                field=name,
            )


def _check_retractions(work: Work) -> None:
    """Refuse to take back events that operations recorded."""
    taken = work.one(
        """
        SELECT events.id, operations.id AS operation, EXISTS (
            SELECT 1
            FROM merged_entities
            WHERE merged_entities.organization_id = :organization
              AND merged_entities.version = :change
        ) AS merges
        FROM change_rows
        JOIN events
          ON events.organization_id = :organization
         AND events.id = change_rows.row_id
        JOIN operations
          ON operations.organization_id = :organization
         AND operations.change = events.version
        WHERE change_rows.organization_id = :organization
          AND change_rows.change = :change
          AND change_rows.kind = 'retraction'
        """,
        change=work.change,
    )
    if taken is not None:
        raise refusal(
            f"{taken['id']} is what {taken['operation']} recorded, and stays",
            "merge the other way around, so that whoever bought stays"
            if taken["merges"]
            else "refund_purchase gives a payment back and records that",
            event=taken["id"],
            operation=taken["operation"],
        )


def _check_events(work: Work) -> None:
    """Refuse to record more in the name of an operation."""
    told = work.one(
        """
        SELECT events.id, operations.id AS operation
        FROM events
        LEFT JOIN entities
          ON entities.organization_id = :organization
         AND entities.id IN (
             events.metadata ->> 'paymentId',
             CASE WHEN events.type IN ('payment_processed', 'revenue_generated')
                  THEN events.target_id END
         )
         AND (entities.type = 'payment' OR entities.id = events.metadata ->> 'paymentId')
        JOIN operations
          ON operations.organization_id = :organization
         AND operations.id IN (entities.external_id, events.metadata ->> 'operation')
        WHERE events.organization_id = :organization
          AND events.version = :change
        """,
        change=work.change,
    )
    if told is not None:
        raise refusal(
            f"The payment that this event tells of is one of {told['operation']}, which has "
            "recorded what it was",
            "leave paymentId and operation out, and name another target, to tell of something else",
            operation=told["operation"],
        )


def _written(row: Row, properties: frozenset[str], columns: Iterable[str]) -> list[str]:
    """Name the protected fields of an entity that a row of the log says were written."""
    if row["before"] is None:
        return ["existence"]
    if row["after"] is None:
        return ["existence"]
    before = jsons.load_object(row["before"])
    patch: JsonValue = before.get("properties")
    keys = patches.keys(patch) if isinstance(patch, list) else set[str]()
    return [*sorted(keys & properties), *(name for name in columns if name in before)]
