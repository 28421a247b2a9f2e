"""The outbox: mails that were written with what they tell of, and what became of each.

Whoever sends a mail holds its lease, under a number that nobody else has; what is written under an
older number is refused. Before a mail is sent it is written down that it may have gone out. Where
nobody knows, it is sent again only while the mailer remembers its key, and else left as unknown.
"""

from dataclasses import dataclass
from enum import StrEnum

from one_mcp import jsons
from one_mcp.dimensions.commerce.receipts import Letter
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import ProviderError
from one_mcp.store.work import Row, Work

LEASE_MS = 5 * 60_000  # longer than a mailer is waited for
FIRST_WAIT_MS, LONGEST_WAIT_MS = 30_000, 2 * 60 * 60_000
MOST_TRIES = 12  # in about nine hours
LETTER = "entity_id, recipient, subject, text, html"
SHOWN = "CASE WHEN simulated = 1 THEN 'simulated' ELSE state END"  # it goes to nobody


class MailState(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TakenMail:
    """A mail that is about to be sent, under a number of its own."""

    operation: str
    letter: Letter
    fence: int
    attempts: int
    was_doubted: bool


def letter(row: Row) -> Letter:
    """Read the columns of a letter."""
    return Letter(row["entity_id"], row["recipient"], row["subject"], row["text"], row["html"])


def put(work: Work, at: Operation, given: Letter) -> None:
    """Put a mail into the outbox, with what it tells of and in the same transaction."""
    work.run(
        """
        INSERT INTO mails
            (organization_id, operation_id, entity_id, recipient, subject, text, html, simulated,
             state, attempts, fence, leased_until, due_at, created_at, updated_at)
        VALUES
            (:organization, :operation, :entity, :recipient, :subject, :text, :html, :simulated,
             'queued', 0, 0, 0, :clock, :now, :now)
        """,
        operation=at.id,
        entity=given.entity,
        recipient=given.recipient,
        subject=given.subject,
        text=given.text,
        html=given.html,
        simulated=int(at.simulated),
        clock=work.clock,
        now=work.now,
    )


def state(work: Work, operation: str) -> str | None:
    """Say what became of an operation's mail; None where it has none."""
    return work.value(
        f"""
        SELECT {SHOWN}
        FROM mails
        WHERE organization_id = :organization
          AND operation_id = :operation
        """,
        operation=operation,
    )


def take(work: Work, operation: str, mailer: str, remembers_ms: int) -> TakenMail | None:
    """Take a mail to send it, and write down first that it may go out.

    None where somebody else has it, and where it may have gone out and cannot be sent again.
    """
    free = work.one(
        f"""
        SELECT {LETTER}, doubted_at, mailer
        FROM mails
        WHERE organization_id = :organization
          AND operation_id = :operation
          AND state = 'queued'
          AND due_at <= :clock
          AND (leased_until <= :clock OR leased_until > :until)
        """,
        operation=operation,
        clock=work.clock,
        until=work.clock + LEASE_MS,
    )
    if free is None:
        return None
    if not _may_go(work, free, mailer, remembers_ms):
        _leave(work, operation)
        return None
    taken = work.one(
        """
        UPDATE mails
        SET fence = fence + 1,
            leased_until = :until,
            attempts = attempts + 1,
            mailer = :mailer,
            doubted_at = coalesce(doubted_at, :clock),
            updated_at = :now
        WHERE organization_id = :organization
          AND operation_id = :operation
        RETURNING fence, attempts
        """,
        operation=operation,
        mailer=mailer,
        clock=work.clock,
        until=work.clock + LEASE_MS,
        now=work.now,
    )
    assert taken is not None  # noqa: S101  # it was read in this transaction
    was_doubted = free["doubted_at"] is not None
    return TakenMail(operation, letter(free), taken["fence"], taken["attempts"], was_doubted)


def _may_go(work: Work, row: Row, mailer: str, remembers_ms: int) -> bool:
    """Tell whether a mail that may have gone out would go out once all the same."""
    if row["doubted_at"] is None:
        return True
    is_same = row["mailer"] is None or row["mailer"] == mailer
    return is_same and work.clock < row["doubted_at"] + remembers_ms


def _leave(work: Work, operation: str) -> None:
    work.run(
        """
        UPDATE mails
        SET state = 'unknown', fence = fence + 1, leased_until = 0, updated_at = :now
        WHERE organization_id = :organization
          AND operation_id = :operation
        """,
        operation=operation,
        now=work.now,
    )


def sent(work: Work, mail: TakenMail, id: str) -> bool:
    """Write down that a mail is sent; False where somebody else has taken it over."""
    return _write(work, mail, MailState.SENT, sent_id=id)


def not_sent(work: Work, mail: TakenMail, error: ProviderError, failure: JsonObject) -> bool:
    """Write down why a mail was not sent, and when it is tried again, if it is."""
    is_open = error.outcome == "unknown"
    is_doubted = mail.was_doubted or is_open
    tries_again = (is_open or bool(error.retryable)) and error.retryable is not False
    if tries_again and mail.attempts < MOST_TRIES:
        wait = min(FIRST_WAIT_MS * 2 ** (mail.attempts - 1), LONGEST_WAIT_MS)
        state, due_at = MailState.QUEUED, work.clock + wait
    else:
        state, due_at = (MailState.UNKNOWN if is_doubted else MailState.FAILED), work.clock
    return _write(
        work, mail, state, failure=jsons.dumps(failure), is_doubted=int(is_doubted), due_at=due_at
    )


def _write(
    work: Work,
    mail: TakenMail,
    state: MailState,
    *,
    sent_id: str | None = None,
    failure: str | None = None,
    is_doubted: int = 0,
    due_at: int = 0,
) -> bool:
    written = work.run(
        """
        UPDATE mails
        SET state = :state,
            sent_id = :sent,
            failure = :failure,
            doubted_at = CASE WHEN :is_doubted = 1 THEN doubted_at END,
            due_at = :due,
            leased_until = 0,
            updated_at = :now
        WHERE organization_id = :organization
          AND operation_id = :operation
          AND fence = :fence
          AND state = 'queued'
        """,
        operation=mail.operation,
        fence=mail.fence,
        state=state.value,
        sent=sent_id,
        failure=failure,
        is_doubted=is_doubted,
        due=due_at,
        now=work.now,
    )
    work.touch(mail.operation)
    return bool(written)


def forget(work: Work, entity: str) -> None:
    """Remove the mails of somebody who is purged, also those that the simulation has kept."""
    work.run(
        """
        DELETE FROM simulated_objects
        WHERE organization_id = :organization
          AND kind = 'mail'
          AND id IN (
              SELECT operation_id
              FROM mails
              WHERE organization_id = :organization
                AND entity_id = :entity
          )
        """,
        entity=entity,
    )
    work.run(
        "DELETE FROM mails WHERE organization_id = :organization AND entity_id = :entity",
        entity=entity,
    )
