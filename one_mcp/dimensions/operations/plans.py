"""Plans: what will happen and what it costs, shown before anybody agrees, and used at most once.

The identity of a payment is that of its plan, which the server makes: a caller that retries, with
whatever key of its own, joins the operation that the plan has, or is told how it ended.
"""

import hashlib
from dataclasses import dataclass

from one_mcp import clock, ids, jsons
from one_mcp.dimensions.operations import operation
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import LooksLikeError, PlanError
from one_mcp.store.work import Row, Work

QUOTE, PLAN = "quo", "pln"
LASTS_MS = 15 * 60_000
_COLUMNS = "id, kind, person_id, body, simulated, expires_at, operation_id"
WORDS = frozenset(  # of a body: how it was asked for and how things are called, not what is done
    {"reason", "chosen", "method", "name", "buyerName", "holderName", "itemName"}
)
PRICE = frozenset({"each", "total", "minor"})  # of a sale, which is the same at a new one
ALIKE_MS = 10 * 60_000  # the same again within this time may be a model that has lost its answer


@dataclass(frozen=True, slots=True)
class Plan:
    """What will happen."""

    id: str
    kind: str
    body: JsonObject
    simulated: bool
    expires_at: int
    operation: str | None

    @property
    def digest(self) -> str:
        """The SHA-256 of the body as canonical JSON: what a person approves."""
        return digest(self.body)


def digest(body: JsonObject) -> str:
    """Return the SHA-256 of a body."""
    return hashlib.sha256(jsons.canonical(body)).hexdigest()


def _likeness(kind: str, body: JsonObject) -> str:
    """Digest what a plan does: a model that has lost its answer words the reason anew.

    It may also ask for the same sale by another card, or at the price of now.
    """
    beside = WORDS | PRICE if kind == "sale" else WORDS
    return digest({name: value for name, value in body.items() if name not in beside})


def make(work: Work, prefix: str, kind: str, body: JsonObject, *, simulated: bool) -> Plan:
    """Write a plan down for the caller."""
    made = Plan(
        ids.new(prefix, work.now),
        kind,
        body,
        simulated,
        work.now + LASTS_MS,
        None,
    )
    work.run(
        """
        INSERT INTO plans
            (organization_id, id, kind, person_id, body, digest, simulated, created_at, expires_at)
        VALUES
            (:organization, :id, :kind, :person, :body, :digest, :simulated, :now, :expires_at)
        """,
        id=made.id,
        kind=kind,
        person=work.principal.person,
        body=jsons.dumps(body),
        digest=_likeness(kind, body),
        simulated=int(simulated),
        now=work.now,
        expires_at=made.expires_at,
    )
    return made


def read(work: Work, id: str, kinds: frozenset[str]) -> Plan:
    """Return a plan of the caller's own; raises PlanError for any other."""
    row = _find(work, id)
    if row is None or row["kind"] not in kinds or row["person_id"] != work.principal.person:
        raise PlanError(
            f"There is no such quote or plan of yours: {id}. Ask for one first; each serves the "
            "tool that it was made for.",
            plan=id,
        )
    return _plan(row)


def waiting(work: Work, id: str) -> Plan:
    """Return a plan, of whomever, that waits to be carried out; raises PlanError for any other."""
    row = _find(work, id)
    if row is None:
        raise PlanError(f"There is no plan {id}.", plan=id)
    if row["operation_id"] is not None:
        raise PlanError(f"{id} was carried out already: {row['operation_id']}.", plan=id)
    if row["expires_at"] < work.now:
        raise PlanError(
            f"{id} expired at {clock.to_text(row['expires_at'])}; the agent has to ask for a new "
            "one.",
            plan=id,
        )
    return _plan(row)


def all_waiting(work: Work) -> list[Plan]:
    """List the plans that somebody could still carry out, the newest first."""
    rows = work.all(
        f"""
        SELECT {_COLUMNS}
        FROM plans
        WHERE organization_id = :organization
          AND operation_id IS NULL
          AND expires_at >= :now
        ORDER BY created_at DESC, id DESC
        LIMIT 50
        """,
        now=work.now,
    )
    return [_plan(row) for row in rows]


def operation_of(work: Work, id: str) -> str | None:
    """Name the operation of a plan, of whomever, once it has one."""
    row = _find(work, id)
    return None if row is None else row["operation_id"]


def _find(work: Work, id: str) -> Row | None:
    return work.one(
        f"""
        SELECT {_COLUMNS}
        FROM plans
        WHERE organization_id = :organization
          AND id = :id
        """,
        id=id,
    )


def _plan(row: Row) -> Plan:
    return Plan(
        row["id"],
        row["kind"],
        jsons.load_object(row["body"]),
        bool(row["simulated"]),
        row["expires_at"],
        row["operation_id"],
    )


def require_valid(work: Work, plan: Plan, now: JsonObject, *, again: bool) -> None:
    """Raise where a plan may not be begun: it is late, no longer true, or done a moment ago.

    `now` is what the body would be if the plan was made now.
    """
    require_timely(work, plan)
    changed = jsons.differing(plan.body, now)
    if changed:
        raise PlanError(
            f"{plan.id} is no longer what it was ({', '.join(changed)} changed); ask for a new "
            "one and look at it.",
            plan=plan.id,
            changed=list(changed),
        )
    if not again:
        _refuse_alike(work, plan)


def require_timely(work: Work, plan: Plan) -> None:
    """Raise where a plan is too old."""
    if plan.expires_at < work.now:
        raise PlanError(
            f"{plan.id} expired at {clock.to_text(plan.expires_at)}; ask for a new one.",
            plan=plan.id,
        )


def use(work: Work, plan: Plan, begun: Operation) -> None:
    """Bind a plan to the one operation that it ever has."""
    work.run(
        """
        UPDATE plans
        SET operation_id = :operation
        WHERE organization_id = :organization
          AND id = :id
          AND operation_id IS NULL
        """,
        id=plan.id,
        operation=begun.id,
    )


def alike(work: Work, plan: str, *, since: int = 0) -> str | None:
    """Find what the person of a plan began a moment ago, or has not seen the end of, like it.

    Only what began from `since` on counts: whoever approves is shown what was there before.
    """
    return work.value(
        """
        SELECT operations.id
        FROM plans AS asked
        JOIN plans
          ON plans.organization_id = :organization
         AND plans.digest = asked.digest
         AND plans.person_id = asked.person_id
         AND plans.id <> asked.id
        JOIN operations
          ON operations.organization_id = :organization
         AND operations.id = plans.operation_id
        WHERE asked.organization_id = :organization
          AND asked.id = :plan
          AND operations.created_at >= :since
          AND (operations.state IN ('running', 'undoing', 'held', 'needs_review')
               OR operations.state = 'done' AND operations.created_at > :recent)
        ORDER BY operations.created_at DESC, operations.id DESC
        LIMIT 1
        """,
        plan=plan,
        since=since,
        recent=work.now - ALIKE_MS,
    )


def _refuse_alike(work: Work, plan: Plan) -> None:
    """Refuse what looks like a repetition, unless whoever approved it was shown that it is one."""
    seen_until = work.value(
        """
        SELECT at
        FROM approvals
        WHERE organization_id = :organization
          AND plan_id = :plan
          AND verdict = 'approved'
        """,
        plan=plan.id,
    )
    found = alike(work, plan.id, since=seen_until or 0)
    if found is not None:
        state = operation.read(work, found).state
        raise LooksLikeError(
            f"The same was asked for a moment ago: {found}, which is {state}. get_operation shows "
            "how it went. If it shall really happen once more, say again: true.",
            looks_like=found,
        )
