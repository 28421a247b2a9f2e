"""Replays: a repeated call with the same idempotency key gets the first call's answer."""

from one_mcp import clock
from one_mcp.answers import Written
from one_mcp.errors import IdempotencyError
from one_mcp.store.work import Work

KEPT_MS = 30 * clock.DAY_MS


def find(work: Work, key: str | None, digest: str | None) -> str | None:
    """Return the answer kept under `key`, as JSON.

    Raises IdempotencyError where the key was used with other arguments.
    """
    if key is None:
        return None
    row = work.one(
        """
        SELECT digest, answer
        FROM idempotency_keys
        WHERE organization_id = :organization
          AND person_id = :person
          AND key = :key
        """,
        person=work.principal.person,
        key=key,
    )
    if row is None:
        return None
    if row["digest"] != digest:
        raise IdempotencyError(
            "This idempotency_key was used before with other arguments; "
            "use a new key for a new call, or repeat the first call exactly.",
            argument="idempotency_key",
        )
    return row["answer"]


def keep(work: Work, key: str | None, digest: str | None, answer: Written) -> None:
    """Keep an answer under its key, and forget keys older than 30 days."""
    if key is None:
        return
    work.run(
        """
        INSERT INTO idempotency_keys (organization_id, person_id, key, digest, answer, created_at)
        VALUES (:organization, :person, :key, :digest, :answer, :now)
        """,
        person=work.principal.person,
        key=key,
        digest=digest,
        answer=answer.model_dump_json(exclude_none=True, by_alias=True),
        now=work.now,
    )
    work.run(
        """
        DELETE FROM idempotency_keys
        WHERE organization_id = :organization
          AND created_at < :oldest
        """,
        oldest=work.now - KEPT_MS,
    )
