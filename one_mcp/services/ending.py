"""Ending: the business rows of an operation's end, with its mail, in the transaction of the end."""

from one_mcp.answers import Written
from one_mcp.dimensions.commerce import outbox
from one_mcp.dimensions.operations import journal
from one_mcp.dimensions.operations.operation import Operation, State
from one_mcp.services.workflow import Workflow
from one_mcp.session import Session
from one_mcp.store.work import Work


class Ended(Written):
    """The end of an operation, as the change that tells of it answers."""

    operation: str
    state: str


def end(work: Work, at: Operation, state: State, workflow: Workflow, *, mails: bool) -> Ended:
    """Write the business rows of an end, and its mail, together with the end itself.

    `mails` says whether somebody sends real ones; those of a simulation are always kept.
    """
    work.operation = at.id
    is_done = state is State.DONE
    journal.end(work, at, state, (workflow.finish if is_done else workflow.undone)(work, at))
    if is_done and workflow.receipt is not None and (at.simulated or mails):
        letter = workflow.receipt(work, at)
        if letter is not None:
            outbox.put(work, at, letter)
    return Ended(operation=at.id, state=state.value)


def sends_mails(one: Session) -> bool:
    """Say whether somebody sends real mails here."""
    return one.providers.mailing.is_wanted()
