"""Reviews: a person's decision on an operation, shown first and then carried out."""

from enum import StrEnum

from one_mcp.answers import Answer
from one_mcp.dimensions.operations import homes, operation, reviewing
from one_mcp.dimensions.operations.operation import Operation, State, StepState
from one_mcp.errors import ConflictError
from one_mcp.jsons import JsonObject
from one_mcp.services import ending, saga, tracing
from one_mcp.services.ending import Ended
from one_mcp.services.workflow import Step, Workflow
from one_mcp.services.workflows import WORKFLOWS
from one_mcp.session import Session
from one_mcp.store.work import Work


class Decision(StrEnum):
    """What becomes of an operation: tried again, undone, or taken for ended as it stands."""

    RETRY = "retry"
    UNDO = "undo"
    ACCEPT = "accept"


class ReviewShown(Answer):
    """What a decision does: the steps that will be tried, undone, or taken as they are."""

    operation: str
    decision: str
    state: str
    will: str
    steps: list[str]
    failure: JsonObject | None = None


async def show(one: Session, id: str, decision: Decision) -> ReviewShown:
    """Say what a decision would do; nothing is done. Raises ConflictError where it cannot be."""
    at = await one.read(operation.read, id)
    reviewing.require(at, State.NEEDS_REVIEW)
    workflow = _workflow(at)
    steps = list(workflow.steps(at.body))
    done = [step for step in steps if _is_done(at, step)]
    will, concerned = _meant(at, steps, done, decision)
    return ReviewShown(
        operation=at.id,
        decision=decision.value,
        state=at.state.value,
        will=will,
        steps=[step.name for step in concerned],
        failure=at.failure,
    )


async def decide(one: Session, id: str, decision: Decision) -> Operation:
    """Carry a decision out, and bring the operation as far as it goes."""
    await show(one, id, decision)
    at = await one.read(operation.read, id)
    workflow = _workflow(at)
    pivots = [it.name for it in workflow.steps(at.body) if it.is_pivot and _is_done(at, it)]
    if decision is Decision.ACCEPT:
        mails = ending.sends_mails(one)
        await one.write(_accept, id, workflow, is_past=bool(pivots), mails=mails)
        at = await one.read(operation.read, id)
        await tracing.ended(one, at)
        return at
    if decision is Decision.UNDO:
        await one.derive(reviewing.turn_back, id, pivots)
    else:
        await one.derive(reviewing.reopen, id, at.was or State.RUNNING, decision.value)
    return await saga.drive(one, workflow, id)


async def release(one: Session) -> list[str]:
    """Let money move again in a database that was restored or copied; return what goes on."""
    return await one.derive(homes.release)


def _workflow(at: Operation) -> Workflow:
    found = WORKFLOWS.get(at.kind)
    if found is None or found.version != at.version:
        raise ConflictError(
            f"{at.id} was begun by another version of one_mcp; use that one to end it.",
            operation=at.id,
        )
    return found


def _meant(
    at: Operation, steps: list[Step], done: list[Step], decision: Decision
) -> tuple[str, list[Step]]:
    if decision is Decision.RETRY:
        if at.was is State.UNDOING:
            return "try again to undo these steps", [it for it in reversed(done) if it.undo]
        return "try these steps again", [it for it in steps if it not in done]
    if decision is Decision.UNDO:
        back = [it for it in reversed(done) if it.undo is not None]
        if not back and any(it.is_pivot for it in done):
            raise ConflictError(
                f"What {at.id} has done cannot be undone; retry it, or accept it.", operation=at.id
            )
        return "undo these steps, the last first; what was taken is given back", back
    if any(it.is_pivot for it in done):
        return "record it as done with these steps, and try nothing more", done
    return "record it as undone; these steps stay as they are at the vendors", done


def _is_done(at: Operation, step: Step) -> bool:
    row = at.done.get(step.name)
    return row is not None and row.state is StepState.DONE


def _accept(work: Work, id: str, workflow: Workflow, *, is_past: bool, mails: bool) -> Ended:
    at = reviewing.reopen(work, id, State.RUNNING, Decision.ACCEPT.value)
    state = State.DONE if is_past else State.UNDONE
    return ending.end(work, at, state, workflow, mails=mails)
