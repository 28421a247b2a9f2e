"""Telling: what an operation looks like to whoever asked for it."""

from one_mcp import clock
from one_mcp.answers import Answer
from one_mcp.dimensions.commerce import outbox
from one_mcp.dimensions.operations import operation, showing, warranted
from one_mcp.dimensions.operations.operation import Operation, State
from one_mcp.errors import OneError
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import ChainError, PaymentFailedError, ProviderError
from one_mcp.session import Session
from one_mcp.store.work import Work

_ERRORS: dict[str, type[ProviderError]] = {
    error.code: error for error in (PaymentFailedError, ChainError, ProviderError)
}
SENTENCES = {
    State.RUNNING: "It is under way; get_operation tells how it goes, and nothing has to be "
    "asked for again.",
    State.UNDOING: "It could not be completed, and what had happened is being undone.",
    State.DONE: "It is done.",
    State.UNDONE: "It came to nothing; what had happened was undone.",
    State.NEEDS_REVIEW: "It can neither go on nor back by itself: a person has to decide, by "
    "`one-mcp operations`.",
    State.HELD: "It is held, since this database was restored or copied; a person has to release "
    "it: `one-mcp operations`.",
}


class OperationStep(Answer):
    """A step: `intended` before its effect, then `done`, `failed` or `unknown`; `undone` after."""

    name: str
    state: str
    tries: int
    result: JsonObject | None = None


class ToldOperation(Answer):
    """An operation: what it does, where it stands, its steps in their order, what came of it.

    `allowed_by` is by whose yes it began. `answer` is what the tool that began it answers at its
    end; `failure` why it went back.
    """

    operation: str
    kind: str
    what: str | None = None
    state: str
    sentence: str
    allowed_by: str | None = None
    plan: str | None = None
    steps: list[OperationStep]
    answer: JsonObject | None = None
    mail: str | None = None
    failure: JsonObject | None = None
    simulated: bool | None = None
    mode: str
    began: str
    updated: str


async def tell(one: Session, id: str) -> ToldOperation:
    """Tell an operation as it is now, with what became of its mail."""
    return await one.read(_told, id)


def _told(work: Work, id: str) -> ToldOperation:
    at = operation.read(work, id)
    return ToldOperation(
        operation=at.id,
        kind=at.kind,
        what=showing.what(at.kind, at.body),
        state=at.state.value,
        sentence=SENTENCES[at.state],
        allowed_by=warranted.by(work, [id]).get(id),
        plan=at.plan,
        steps=[
            OperationStep(
                name=row.name,
                state="undone" if name in at.back and at.back[name].state == "done" else row.state,
                tries=row.attempts,
                result=row.result or None,
            )
            for name, row in at.done.items()
        ],
        answer=at.answer,
        mail=outbox.state(work, id),
        failure=at.failure,
        simulated=at.simulated or None,
        mode=showing.mode(at.body, simulated=at.simulated),
        began=clock.to_text(at.created_at),
        updated=clock.to_text(at.updated_at),
    )


def require_undefeated(at: Operation) -> None:
    """Raise what an operation failed of, where it was undone: every later call is told the same."""
    if at.state is State.UNDONE:
        raise _failure(at)


def _failure(at: Operation) -> OneError:
    """Make the error that the journal kept."""
    data = at.failure or {}
    error = _ERRORS.get(str(data.get("code")), OneError)
    what, asked = ("charged", "quote") if at.kind == "purchase" else ("done", "plan")
    message = _sentence(str(data.get("message", "It failed")))
    told = error(
        f"{message} Nothing was {what}; {at.id} is undone, and a new {asked} is needed to try "
        "again."
    )
    kept = {name: value for name, value in data.items() if name not in {"message", "retryable"}}
    told.fields = {**kept, "operation": at.id}
    return told


def _sentence(text: str) -> str:
    """End what a vendor says as a sentence, since another one follows."""
    return text if text.endswith((".", "!", "?")) else f"{text}."
