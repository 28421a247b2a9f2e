"""Mails: what the outbox holds, for whoever looks after it."""

from dataclasses import dataclass

from one_mcp import jsons
from one_mcp.dimensions.commerce import outbox
from one_mcp.dimensions.commerce.receipts import Letter
from one_mcp.jsons import JsonValue
from one_mcp.store.work import Row, Work

MOST = 100


@dataclass(frozen=True, slots=True)
class KeptMail:
    """A mail as it is shown to whoever looks after the outbox."""

    operation: str
    recipient: str
    subject: str
    state: str
    attempts: int
    simulated: bool
    created_at: int
    problem: str | None


def counts(work: Work) -> dict[str, int]:
    """Count the mails by what became of them."""
    rows = work.all(
        f"""
        SELECT {outbox.SHOWN} AS shown, count(*) AS mails
        FROM mails
        WHERE organization_id = :organization
        GROUP BY 1
        """
    )
    return {row["shown"]: row["mails"] for row in rows}


def listed(work: Work) -> list[KeptMail]:
    """List the newest mails."""
    rows = work.all(
        f"""
        SELECT operation_id, recipient, subject, {outbox.SHOWN} AS shown, attempts, simulated,
               created_at, failure
        FROM mails
        WHERE organization_id = :organization
        ORDER BY created_at DESC, operation_id DESC
        LIMIT :most
        """,
        most=MOST,
    )
    return [_kept(row) for row in rows]


def _kept(row: Row) -> KeptMail:
    failure: JsonValue = None if row["failure"] is None else jsons.loads(row["failure"])
    problem = failure.get("message") if isinstance(failure, dict) else None
    return KeptMail(
        row["operation_id"],
        row["recipient"],
        row["subject"],
        row["shown"],
        row["attempts"],
        bool(row["simulated"]),
        row["created_at"],
        problem if isinstance(problem, str) else None,
    )


def read(work: Work, operation: str) -> Letter | None:
    """Return what an operation's mail says, if it has one."""
    row = work.one(
        f"""
        SELECT {outbox.LETTER}
        FROM mails
        WHERE organization_id = :organization
          AND operation_id = :operation
        """,
        operation=operation,
    )
    return None if row is None else outbox.letter(row)
