"""Cancelling: an operation is turned back for whoever began it, while all of it can be undone."""

from one_mcp.access import Permission
from one_mcp.dimensions.operations import journal, operation
from one_mcp.dimensions.operations.operation import Operation, State, StepState
from one_mcp.money_errors import CancelledError
from one_mcp.services import failures
from one_mcp.services.workflows import WORKFLOWS
from one_mcp.session import Session
from one_mcp.store.work import Work


async def cancel(one: Session, id: str) -> None:
    """Turn an operation back, or leave it alone where that is not possible.

    Whoever works on it goes back from its next step on; else recovery does.
    """
    one.principal.require(Permission.WRITE)
    await one.derive(_turn_back, id)


def is_possible(at: Operation) -> bool:
    """Tell whether an operation is on its way, and has begun nothing that cannot be undone."""
    workflow = WORKFLOWS.get(at.kind)
    if at.state is not State.RUNNING or workflow is None or workflow.version != at.version:
        return False
    begun = {name for name, row in at.done.items() if row.state is not StepState.FAILED}
    steps = [step for step in workflow.steps(at.body) if step.name in begun]
    return all(step.undo is not None and not step.is_pivot for step in steps)


def was_cancelled(at: Operation) -> bool:
    """Tell whether an operation came to nothing because it was cancelled."""
    return at.state is State.UNDONE and (at.failure or {}).get("code") == CancelledError.code


def _turn_back(work: Work, id: str) -> None:
    at = operation.read(work, id)
    if is_possible(at):
        error = CancelledError("It was cancelled before it was completed.")
        journal.turn_back(work, at, failures.told(error))
