"""The saga: work at several vendors that ends wholly done or wholly undone, whatever is cut off.

Each step is written down before it has its effect, and again with what came of it. Its effect has a
key made from the operation, so that a step whose end nobody knows is asked for once more, and
happens once. Until the pivot a failure sends the operation back; after it there is only forward.
What can end neither way is left to a person, and said aloud.

Whoever drives an operation holds its lease, with a heartbeat; what is written under a number that
somebody else has overtaken is refused (`one_mcp/dimensions/operations/journal.py`).
"""

import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import anyio

from one_mcp.dimensions.operations import journal, operation
from one_mcp.dimensions.operations.operation import OPEN, Operation, State, StepRow, StepState
from one_mcp.errors import DatabaseError, OneError
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import LostLeaseError, ProviderError
from one_mcp.services import ending, failures, heartbeat, rails, tracing
from one_mcp.services.rails import Rails
from one_mcp.services.workflow import Effect, Run, Step, Workflow
from one_mcp.session import Session
from one_mcp.store.work import Work

DEADLINE_MS = 5 * 60_000  # from the authorization to the capture (D-32)
AT_ONCE = 3  # tries of a step before it is left for later
MOST_TRIES = 12  # after which a person has to look
LATER_MS = 5_000  # and twice as long each time, up to
LATEST_MS = 5 * 60_000
RECORD = "record"

R = TypeVar("R")
_RECORDED = StepRow(RECORD, StepState.DONE, 1, {}, None)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Drive:
    """One process's turn with one operation."""

    one: Session
    workflow: Workflow
    rails: Rails
    jitter: Callable[[], float] = field(default=lambda: random.uniform(0.02, 0.1))  # noqa: S311  # no secret

    def steps(self, at: Operation) -> Sequence[Step]:
        return self.workflow.steps(at.body)

    def run(self, at: Operation) -> Run:
        return Run(self.one, self.rails, at)

    async def report(self, at: Operation, step: str) -> None:
        """Tell whoever waits that a step is done; how many come is known on the way forward."""
        done = [*at.done.values(), *at.back.values()]
        total = len(self.steps(at)) + 1 if at.state is State.RUNNING else None
        count = sum(row.state is StepState.DONE for row in done)
        await self.one.call.report(count, total, step)


async def drive(one: Session, workflow: Workflow, id: str) -> Operation:
    """Bring an open operation as far as it goes; one that somebody else works on is only read."""
    one = one.apart()
    taken = await one.derive(journal.take, id)
    at = taken or await one.read(operation.read, id)
    if at.state in OPEN:
        one.call.begun(id)
    if taken is None:
        return at
    turn = _Drive(one, workflow, rails.of(one))
    async with heartbeat.beating(one, taken):
        try:
            at = await _to_its_end(turn, taken)
        except LostLeaseError:
            at = await one.read(operation.read, id)
    return at


async def _to_its_end(turn: _Drive, at: Operation) -> Operation:
    unfit = _unfit(turn, at)
    if unfit is not None:
        failure = failures.told(OneError(unfit))
        at = await turn.one.derive(journal.turn, at, State.NEEDS_REVIEW, failure)
    while at.state in OPEN:
        at = await (_forward(turn, at) if at.state is State.RUNNING else _backward(turn, at))
        if at.state in OPEN and at.leased_until == 0:
            return at  # left for later
    if at.state is State.NEEDS_REVIEW:
        log.error("operation needs review", extra={"operation": at.id, "kind": at.kind})
    return at


def _unfit(turn: _Drive, at: Operation) -> str | None:
    """Say why an operation cannot go on here: steps or vendors are not those it was begun with."""
    if at.version != turn.workflow.version:
        return "Another version of one_mcp began this operation."
    if rails.has_changed(turn.rails, at.body):
        return "This operation was begun with other vendors than the settings name now."
    return None


async def _forward(turn: _Drive, at: Operation) -> Operation:
    """Take the next step, or write the end."""
    for step in turn.steps(at):
        row = at.done.get(step.name)
        if row is None or row.state is not StepState.DONE:
            at = await turn.one.derive(_intend, at, step.name, is_past=_is_past(turn, at))
            return at if at.state is not State.RUNNING else await _do(turn, at, step)
    return await _close(turn, at, State.DONE)


def _intend(work: Work, at: Operation, step: str, *, is_past: bool) -> Operation:
    """Write a step down, unless it is too late for it: then the way is back (D-32).

    It may have been turned back meanwhile, too.
    """
    at = journal.renew(work, at)
    if at.state is not State.RUNNING:
        return at
    if at.deadline is not None and work.clock > at.deadline and not is_past:
        late = OneError("The time in which the payment could be completed is over.")
        return journal.turn(work, at, State.UNDOING, failures.told(late, "DEADLINE"))
    return journal.intend(work, at, step)


async def _tried(
    turn: _Drive,
    at: Operation,
    step: str,
    effect: Callable[[Run], Awaitable[R]],
    *,
    undoing: bool = False,
) -> R:
    """Have an effect; raises ProviderError, whatever it fails of: the journal has the last word."""
    try:
        async with tracing.step(turn.one, at, step, undoing=undoing):
            return await effect(turn.run(at))
    except (LostLeaseError, ProviderError):
        raise
    except Exception as error:
        raise failures.typed(error, at, step) from error


async def _do(turn: _Drive, at: Operation, step: Step) -> Operation:
    try:
        result = await _tried(turn, at, step.name, step.do)
    except ProviderError as error:
        return await _failed(turn, at, step.name, error)
    at = await turn.one.derive(
        _concluded, at, step.name, result, starts_deadline=step.starts_deadline
    )
    await turn.report(at, step.name)
    return at


def _concluded(
    work: Work, at: Operation, step: str, result: JsonObject, *, starts_deadline: bool
) -> Operation:
    deadline = work.clock + DEADLINE_MS if starts_deadline else None
    return journal.conclude(work, at, step, StepState.DONE, result=result, deadline=deadline)


async def _failed(turn: _Drive, at: Operation, step: str, error: ProviderError) -> Operation:
    """Try again, later, go back, or leave it to a person: by what is known of the failure.

    What did not reach a vendor this time says nothing of an earlier try that may have.
    """
    is_doubted = at.done[step].state is StepState.UNKNOWN
    is_unknown = error.outcome == "unknown" or (is_doubted and bool(error.retryable))
    state = StepState.UNKNOWN if is_unknown else StepState.FAILED
    failure = failures.told(error)
    at = await turn.one.derive(journal.conclude, at, step, state, failure=failure)
    if is_unknown or error.retryable:
        waited = await _wait(turn, at, at.done[step])
        if waited is not None:
            return waited
    way = State.NEEDS_REVIEW if _is_past(turn, at) else State.UNDOING
    return await turn.one.derive(journal.turn, at, way, failure)


async def _wait(turn: _Drive, at: Operation, row: StepRow) -> Operation | None:
    """Wait a moment, or leave the operation for later; None where it was tried often enough."""
    if row.attempts >= MOST_TRIES:
        return None
    if row.attempts % AT_ONCE:
        await anyio.sleep(turn.jitter())
        return at
    return await turn.one.derive(_leave, at, row.attempts // AT_ONCE)


def _leave(work: Work, at: Operation, times: int) -> Operation:
    later = min(LATER_MS * 2 ** (times - 1), LATEST_MS)
    return journal.give_back(work, at, work.clock + later)


async def _backward(turn: _Drive, at: Operation) -> Operation:
    """Undo the newest step that is not undone yet, or write the end."""
    for step in reversed(turn.steps(at)):
        row, back = at.done.get(step.name), at.back.get(step.name)
        if row is None or row.state is StepState.FAILED:
            continue
        if back is not None and back.state is StepState.DONE:
            continue
        if row.state is not StepState.DONE:
            return await _resolve(turn, at, step)
        if step.is_pivot:
            return await turn.one.derive(journal.turn, at, State.RUNNING)
        if step.undo is not None:
            return await _undo(turn, at, step, step.undo)
    return await _close(turn, at, State.UNDONE)


async def _resolve(turn: _Drive, at: Operation, step: Step) -> Operation:
    """Find out whether a step happened, before anything is undone."""
    at = await turn.one.derive(journal.intend, at, step.name)
    try:
        result = await _tried(turn, at, step.name, step.resolve or step.do)
    except ProviderError as error:
        return await _unresolved(turn, at, step.name, error)
    state = StepState.FAILED if result is None else StepState.DONE
    return await turn.one.derive(journal.conclude, at, step.name, state, result=result)


async def _unresolved(turn: _Drive, at: Operation, step: str, error: ProviderError) -> Operation:
    failure = failures.told(error)
    if error.outcome == "failed" and not error.retryable:
        return await turn.one.derive(journal.conclude, at, step, StepState.FAILED, failure=failure)
    at = await turn.one.derive(journal.conclude, at, step, StepState.UNKNOWN, failure=failure)
    waited = await _wait(turn, at, at.done[step])
    if waited is not None:
        return waited
    return await turn.one.derive(journal.turn, at, State.NEEDS_REVIEW, failure)


async def _undo(turn: _Drive, at: Operation, step: Step, undo: Effect) -> Operation:
    one, name = turn.one, step.name
    at = await one.derive(journal.intend, at, name, undoing=True)
    try:
        result = await _tried(turn, at, name, undo, undoing=True)
    except ProviderError as error:
        failure = failures.told(error)
        state = StepState.UNKNOWN
        at = await one.derive(journal.conclude, at, name, state, undoing=True, failure=failure)
        if error.outcome == "unknown" or error.retryable:
            waited = await _wait(turn, at, at.back[name])
            if waited is not None:
                return waited
        return await one.derive(journal.turn, at, State.NEEDS_REVIEW, failure)
    at = await one.derive(journal.conclude, at, name, StepState.DONE, undoing=True, result=result)
    await turn.report(at, f"{name} undone")
    return at


async def _close(turn: _Drive, at: Operation, state: State) -> Operation:
    """Write the end; what cannot be recorded is left to a person, and not tried for ever."""
    try:
        await turn.one.write(
            ending.end, at, state, turn.workflow, mails=ending.sends_mails(turn.one)
        )
    except (LostLeaseError, DatabaseError):
        raise
    except Exception as error:  # noqa: BLE001  # whatever a rule does, as in `_tried`
        failure = failures.told(failures.typed(error, at, RECORD))
        return await turn.one.derive(journal.turn, at, State.NEEDS_REVIEW, failure)
    await turn.report(replace(at, done={**at.done, RECORD: _RECORDED}), RECORD)
    at = await turn.one.read(operation.read, at.id)
    await tracing.ended(turn.one, at)
    return at


def _is_past(turn: _Drive, at: Operation) -> bool:
    """Tell whether the pivot is done, and no person took that back: there is only forward."""
    pivots = [it.name for it in turn.steps(at) if it.is_pivot and it.name not in at.back]
    rows = [at.done.get(name) for name in pivots]
    return any(row is not None and row.state is StepState.DONE for row in rows)
