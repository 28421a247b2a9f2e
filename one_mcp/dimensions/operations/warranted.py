"""Warranted: by whose yes operations began, for whoever asks afterwards."""

from collections.abc import Collection

from one_mcp.store import dialect
from one_mcp.store.work import Work

NOBODY = "nobody, since nothing real moves"
_WAYS = {
    "page": "a person, on the approval page",
    "terminal": "a person, at a terminal",
    "form": "a form of the client's",
}


def by(work: Work, operations: Collection[str]) -> dict[str, str]:
    """Say by whose yes each of some operations began.

    One that is missing has no plan: a vendor's bill is nobody's to approve.
    """
    ids = sorted(operations)
    rows = work.all(
        f"""
        SELECT operations.id, approvals.how
        FROM operations
        LEFT JOIN approvals
          ON approvals.organization_id = :organization
         AND approvals.plan_id = operations.plan_id
         AND approvals.operation_id = operations.id
        WHERE operations.organization_id = :organization
          AND operations.id {dialect.any_of("ids")}
          AND operations.plan_id IS NOT NULL
        """,
        ids=ids,
    )
    said = {row["id"]: _WAYS.get(row["how"], NOBODY) for row in rows}
    return said | _allowed(work, ids)


def _allowed(work: Work, ids: list[str]) -> dict[str, str]:
    rows = work.all(
        f"""
        SELECT DISTINCT operation_id, allowance_id
        FROM allowance_uses
        WHERE organization_id = :organization
          AND operation_id {dialect.any_of("ids")}
        """,
        ids=ids,
    )
    return {row["operation_id"]: f"the allowance {row['allowance_id']}" for row in rows}
