"""The journal: how far each operation has come, kept beside the business that it changes.

Whoever works on an operation holds its lease and a fencing number, which every taker raises: what
is written under an older one is refused, so that a process that was stopped past its lease, and
wakes up, has no second effect.
"""

from one_mcp import ids, jsons
from one_mcp.dimensions.operations import allowances, authority, homes
from one_mcp.dimensions.operations.authority import Warrant
from one_mcp.dimensions.operations.operation import Operation, State, StepState, read
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import LostLeaseError
from one_mcp.store.work import Work

OPERATION = "op"
LENGTH_MS = 15_000  # of a lease; its holder renews it three times as often


def begin(
    work: Work,
    kind: str,
    version: int,
    body: JsonObject,
    warrant: Warrant,
    *,
    subjects: frozenset[str] = frozenset(),
) -> Operation:
    """Write down that an operation begins, and use up what lets it.

    Others leave it for a while to whoever began it. Raises HeldError for a live one where money is
    held.
    """
    if not warrant.simulated:
        homes.require_free(work)
    id = ids.new(OPERATION, work.now)
    work.run(
        """
        INSERT INTO operations
            (organization_id, id, kind, version, plan_id, person_id, role, simulated, state, body,
             traceparent, fence, leased_until, due_at, created_at, updated_at)
        VALUES
            (:organization, :id, :kind, :version, :plan, :person, :role, :simulated, 'running',
             :body, :traceparent, 0, 0, :due, :now, :now)
        """,
        id=id,
        kind=kind,
        version=version,
        plan=warrant.plan,
        person=work.principal.person,
        role=work.principal.role.value,
        simulated=int(warrant.simulated),
        body=jsons.dumps(body),
        traceparent=work.traceparent,
        due=work.clock + LENGTH_MS,
        now=work.now,
    )
    work.many(
        """
        INSERT INTO operation_subjects (organization_id, operation_id, entity_id)
        VALUES (:organization, :operation, :entity)
        """,
        ({"operation": id, "entity": entity} for entity in sorted(subjects)),
    )
    authority.use(work, warrant, id)
    return read(work, id)


def note(work: Work, kind: str, version: int, body: JsonObject, *, simulated: bool) -> Operation:
    """Write down what a vendor did by itself: nobody's yes is asked for what has happened.

    Whoever notes it ends it in the same transaction.
    """
    id = ids.new(OPERATION, work.now)
    work.run(
        """
        INSERT INTO operations
            (organization_id, id, kind, version, person_id, role, simulated, state, body, fence,
             leased_until, due_at, created_at, updated_at)
        VALUES
            (:organization, :id, :kind, :version, :person, :role, :simulated, 'running', :body, 0,
             0, :now, :now, :now)
        """,
        id=id,
        kind=kind,
        version=version,
        person=work.principal.person,
        role=work.principal.role.value,
        simulated=int(simulated),
        body=jsons.dumps(body),
        now=work.now,
    )
    return read(work, id)


def take(work: Work, id: str) -> Operation | None:
    """Take an open operation over, unless somebody works on it; returns it with the new number.

    Leases go by the clock of the process, and one that ends later than any that could be given now
    is no lease: a server whose clock was a year ahead must not stop the others.
    """
    taken = work.value(
        """
        UPDATE operations
        SET fence = fence + 1, leased_until = :until
        WHERE organization_id = :organization
          AND id = :id
          AND state IN ('running', 'undoing')
          AND (leased_until <= :clock OR leased_until > :until)
        RETURNING id
        """,
        id=id,
        clock=work.clock,
        until=work.clock + LENGTH_MS,
    )
    return None if taken is None else read(work, id)


def renew(work: Work, operation: Operation) -> Operation:
    """Hold the lease for another while; raises LostLeaseError where somebody else has it.

    Returns the operation as it is now: it may have been turned back meanwhile.
    """
    _write(work, operation, "leased_until = :until", until=work.clock + LENGTH_MS)
    return read(work, operation.id)


def beat(work: Work, operation: Operation) -> None:
    """Renew the lease as `renew` does, unless it was given back a moment ago."""
    value = "leased_until = CASE WHEN leased_until > 0 THEN :until ELSE leased_until END"
    _write(work, operation, value, until=work.clock + LENGTH_MS)


def give_back(work: Work, operation: Operation, due_at: int) -> Operation:
    """Leave an open operation to whoever comes next, not before a time of the process's clock."""
    _write(work, operation, "leased_until = 0, due_at = :due", due=due_at)
    return read(work, operation.id)


def intend(work: Work, operation: Operation, step: str, *, undoing: bool = False) -> Operation:
    """Write down that a step is about to have its effect.

    One that was about to before, with no end written, may have had it: that is unknown from now on.
    """
    renew(work, operation)
    work.run(
        """
        INSERT INTO operation_steps
            (organization_id, operation_id, name, undoing, state, attempts, at)
        VALUES
            (:organization, :operation, :name, :undoing, 'intended', 1, :now)
        ON CONFLICT (organization_id, operation_id, name, undoing) DO UPDATE
        SET attempts = operation_steps.attempts + 1,
            state = CASE operation_steps.state
                WHEN 'failed' THEN 'intended'
                WHEN 'intended' THEN 'unknown'
                ELSE operation_steps.state
            END
        """,
        operation=operation.id,
        name=step,
        undoing=int(undoing),
        now=work.now,
    )
    return read(work, operation.id)


def conclude(
    work: Work,
    operation: Operation,
    step: str,
    state: StepState,
    *,
    undoing: bool = False,
    result: JsonObject | None = None,
    failure: JsonObject | None = None,
    deadline: int | None = None,
) -> Operation:
    """Write down what came of a step; a `deadline` is kept with the operation."""
    _write(
        work,
        operation,
        "deadline = coalesce(deadline, :deadline), leased_until = :until",
        deadline=deadline,
        until=work.clock + LENGTH_MS,
    )
    work.run(
        """
        UPDATE operation_steps
        SET state = :state, result = :result, failure = :failure, at = :now
        WHERE organization_id = :organization
          AND operation_id = :operation
          AND name = :name
          AND undoing = :undoing
        """,
        operation=operation.id,
        name=step,
        undoing=int(undoing),
        state=state.value,
        result=None if result is None else jsons.dumps(result),
        failure=None if failure is None else jsons.dumps(failure),
        now=work.now,
    )
    return read(work, operation.id)


def turn(
    work: Work, operation: Operation, state: State, failure: JsonObject | None = None
) -> Operation:
    """Send an operation another way: back, forward again, or to a person."""
    _write(
        work,
        operation,
        "was = state, state = :state, failure = coalesce(:failure, failure), due_at = :clock",
        state=state.value,
        failure=None if failure is None else jsons.dumps(failure),
        clock=work.clock,
    )
    return read(work, operation.id)


def turn_back(work: Work, operation: Operation, failure: JsonObject) -> None:
    """Send an operation back that others may work on: they see it before their next step."""
    work.run(
        """
        UPDATE operations
        SET was = state, state = 'undoing', failure = :failure, due_at = :clock, updated_at = :now
        WHERE organization_id = :organization
          AND id = :id
          AND state = 'running'
        """,
        id=operation.id,
        failure=jsons.dumps(failure),
        clock=work.clock,
        now=work.now,
    )
    work.touch(operation.id)


def end(work: Work, operation: Operation, state: State, answer: JsonObject) -> None:
    """Close an operation; what it needed is free again."""
    _write(
        work,
        operation,
        "state = :state, answer = :answer, leased_until = 0, change = :change",
        change=work.change,
        state=state.value,
        answer=jsons.dumps(answer),
    )
    if state is State.UNDONE:
        allowances.give_back(work, operation.id)
    work.run(
        """
        DELETE FROM operation_subjects
        WHERE organization_id = :organization
          AND operation_id = :operation
        """,
        operation=operation.id,
    )
    work.touch(operation.id)


def _write(work: Work, operation: Operation, values: str, **parameters: object) -> None:
    written = work.run(
        f"""
        UPDATE operations
        SET {values}, updated_at = :now
        WHERE organization_id = :organization
          AND id = :id
          AND fence = :fence
          AND state IN ('running', 'undoing')
        """,
        **{"id": operation.id, "fence": operation.fence, "now": work.now, **parameters},
    )
    if not written:
        raise LostLeaseError(
            f"Another process has taken over {operation.id}; get_operation shows how it goes.",
            operation=operation.id,
        )
    work.touch(operation.id)
