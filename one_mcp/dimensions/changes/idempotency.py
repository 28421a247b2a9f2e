"""Idempotency: a repeated call gets the answers of the first time, and does only what is missing.

A call may take several transactions, its steps. The answer of each is kept under the call's key and
its place in the call, within the same transaction; the answer of the whole call with the last one.
Keys are kept as digests: callers make them of names and addresses, which a purge must not miss.
"""

from dataclasses import dataclass

from one_mcp import clock, ids
from one_mcp.errors import IdempotencyError, PurgedAnswerError
from one_mcp.store import dialect, digests
from one_mcp.store.work import Row, Work

KEPT_MS = 30 * clock.DAY_MS


_ABOUT = (
    f"""
        SELECT person_id, key
        FROM idempotency_subjects
        WHERE organization_id = :organization
          AND subject {dialect.any_of("subjects")}
        """,
    f"""
        SELECT person_id, key
        FROM idempotency_keys
        WHERE organization_id = :organization
          AND change IN (
              SELECT change
              FROM change_rows
              WHERE organization_id = :organization
                AND row_id {dialect.any_of("subjects")}
          )
        """,
)
_NAMING = f"""
        SELECT person_id, key
        FROM idempotency_keys
        WHERE organization_id = :organization
          AND EXISTS (
              SELECT 1
              FROM {dialect.each("pieces", "piece")}
              WHERE {dialect.position("answer", "piece.value")} > 0
          )
        """


@dataclass(frozen=True, slots=True)
class CallStep:
    """A transaction of a call with an idempotency key; `number` is its place, 1 the first.

    `digest` stands for the tool and the arguments that the key was first used with.
    """

    key: str
    digest: str
    number: int


def whole(work: Work, key: str, digest: str) -> str | None:
    """Return the kept answer of a call that came to its end, as JSON.

    Raises IdempotencyError where the key was used with other arguments, PurgedAnswerError where
    something that the call was about is gone for good.
    """
    row = work.one(
        """
        SELECT digest, answer, whole
        FROM idempotency_keys
        WHERE organization_id = :organization
          AND person_id = :person
          AND key = :key
        ORDER BY whole DESC, step
        LIMIT 1
        """,
        person=work.principal.person,
        key=digests.of(key),
    )
    answer = _answer(row, digest)
    return answer if row is not None and row["whole"] else None


def find(work: Work, step: CallStep) -> str | None:
    """Return the kept answer of one step, as JSON; raises what `whole` does."""
    row = work.one(
        """
        SELECT step, digest, answer
        FROM idempotency_keys
        WHERE organization_id = :organization
          AND person_id = :person
          AND key = :key
        ORDER BY CASE WHEN step = :step THEN 0 ELSE 1 END, step
        LIMIT 1
        """,
        person=work.principal.person,
        key=digests.of(step.key),
        step=step.number,
    )
    answer = _answer(row, step.digest)
    return answer if row is not None and row["step"] == step.number else None


def keep(work: Work, step: CallStep, answer: str, *, whole: bool = False) -> None:
    """Keep an answer under its key, with the ids that it is about, and forget old keys.

    Those are the ids that the answer names and those that the step touched; what else the step
    wrote is found by its change.
    """
    person, key, number = work.principal.person, digests.of(step.key), step.number
    work.run(
        """
        INSERT INTO idempotency_keys
            (organization_id, person_id, key, step, digest, answer, whole, change, created_at)
        VALUES
            (:organization, :person, :key, :step, :digest, :answer, :whole, :change, :now)
        """,
        person=person,
        key=key,
        step=number,
        digest=step.digest,
        answer=answer,
        whole=int(whole),
        change=work.change,
        now=work.now,
    )
    work.many(
        """
        INSERT INTO idempotency_subjects (organization_id, person_id, key, step, subject)
        VALUES (:organization, :person, :key, :step, :subject)
        """,
        (
            {"person": person, "key": key, "step": number, "subject": subject}
            for subject in sorted(ids.within(" ".join((answer, *work.touched))))
        ),
    )
    _forget_old(work)


def _forget_old(work: Work) -> None:
    """Remove keys that are older than another one by a month, which itself is a month old.

    The time of this write alone must not do it: a process whose clock is a year ahead would take
    everybody's keys, and what is repeated then would be written twice.
    """
    work.run(
        """
        DELETE FROM idempotency_keys
        WHERE organization_id = :organization
          AND created_at < (
              SELECT max(witness.created_at)
              FROM idempotency_keys AS witness
              WHERE witness.organization_id = :organization
                AND witness.created_at <= :month_ago
          ) - CAST(:month AS BIGINT)
        """,
        month_ago=work.now - KEPT_MS,
        month=KEPT_MS,
    )


def conclude(work: Work, last: CallStep, answer: str) -> None:
    """Keep what the steps of a call add up to, unless it is kept, or was purged meanwhile."""
    kept = work.one(
        """
        SELECT max(whole) AS whole, count(*) - count(answer) AS purged
        FROM idempotency_keys
        WHERE organization_id = :organization
          AND person_id = :person
          AND key = :key
        """,
        person=work.principal.person,
        key=digests.of(last.key),
    )
    if kept is not None and not kept["whole"] and not kept["purged"]:
        keep(work, last, answer, whole=True)


def forget_steps(work: Work, key: str) -> None:
    """Remove the kept answers of a call that is taken back; what a purge has emptied stays."""
    work.run(
        """
        DELETE FROM idempotency_keys
        WHERE organization_id = :organization
          AND person_id = :person
          AND key = :key
          AND answer IS NOT NULL
        """,
        person=work.principal.person,
        key=digests.of(key),
    )


def forget(work: Work, subjects: list[str], pieces: list[str]) -> None:
    """Empty the kept answers of all calls that were about one of these ids, or tell of it.

    An answer tells of it where its JSON has one of the `pieces`: other calls name it, too. The keys
    stay: a repeat of such a call must not write what was purged once more.
    """
    for about in (
        *_ABOUT,
        *((_NAMING,) if pieces else ()),
    ):
        work.run(
            f"""
            UPDATE idempotency_keys
            SET answer = NULL
            WHERE organization_id = :organization
              AND answer IS NOT NULL
              AND (person_id, key) IN ({about})
            """,
            subjects=subjects,
            pieces=pieces,
        )


def _answer(row: Row | None, digest: str) -> str | None:
    if row is None:
        return None
    if row["digest"] != digest:
        raise IdempotencyError(
            "This idempotency_key was used before with other arguments; "
            "use a new key for a new call, or repeat the first call exactly.",
            argument="idempotency_key",
        )
    if row["answer"] is None:
        raise PurgedAnswerError(
            "The call with this idempotency_key was carried out, and its answer is gone: it told "
            "of what has been purged since. Nothing was written now; get_history tells what was. "
            "Only where it has to be written once more, send it with a new key.",
            argument="idempotency_key",
        )
    return row["answer"]
