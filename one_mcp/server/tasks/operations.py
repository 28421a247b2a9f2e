"""Operations as tasks: the journal answers, whichever process works on them.

A task is seen by whoever began it, and by nobody else.
"""

from mcp_types import CallToolResult, EmptyResult, RequestParams

from one_mcp.dimensions.operations import operation
from one_mcp.dimensions.operations.operation import OPEN, Operation, State
from one_mcp.errors import NotFoundError, OneError
from one_mcp.jsons import JsonObject
from one_mcp.server import results
from one_mcp.server.caller import Caller, Context, identify
from one_mcp.server.tasks import extension, handoff, task
from one_mcp.server.tasks.handoff import Answered, Run
from one_mcp.server.tasks.task import Status, Task
from one_mcp.services import cancelling
from one_mcp.services.commerce import outcomes, telling
from one_mcp.session import Call, Session
from one_mcp.store.work import Work

SOON_MS = 500
FOR_A_PERSON_MS = 60_000
FINAL = " It goes forward only, and cannot be cancelled any more."


class TaskParams(RequestParams):
    """Which task a request is about."""

    task_id: str


class TaskAnswers(TaskParams):
    """Answers to what a task asked for."""

    input_responses: JsonObject


async def answered(context: Context, caller: Caller, run: Run) -> Answered | JsonObject:
    """Answer a call; where it begins an operation and its client takes tasks, by that task."""
    if not extension.declared(context):
        return await run(caller)
    answer = await handoff.until_begun(context.lifespan_context.tasks, caller, run)
    if not isinstance(answer, str):
        return answer
    return task.created(await caller.open(Call(context.method)).read(_task, answer))


async def get(context: Context, params: TaskParams) -> JsonObject:
    """Serve `tasks/get`; raises NotFoundError where the caller has no such task."""
    return task.detailed(await _open(context).read(_task, params.task_id))


async def update(context: Context, params: TaskAnswers) -> EmptyResult:
    """Serve `tasks/update`: an operation asks for nothing, so no answer is awaited."""
    await _open(context).read(_owned, params.task_id)
    return EmptyResult()


async def cancel(context: Context, params: TaskParams) -> EmptyResult:
    """Serve `tasks/cancel`: turn an operation back, if all that it has done can be undone."""
    one = _open(context)
    await one.read(_owned, params.task_id)
    await cancelling.cancel(one, params.task_id)
    return EmptyResult()


def _open(context: Context) -> Session:
    return identify(context).open(Call(context.method))


def _owned(work: Work, id: str) -> Operation:
    at = operation.read(work, id)
    if at.person != work.principal.person:
        raise NotFoundError(f"There is no task {id} of yours.", id=id)
    return at


def _task(work: Work, id: str) -> Task:
    at = _owned(work, id)
    status, more = _ended(work, at)
    message = telling.SENTENCES[at.state]
    if at.state is State.RUNNING and not cancelling.is_possible(at):
        message += FINAL
    return Task(
        id=at.id,
        status=status,
        message=message,
        created_at=at.created_at,
        updated_at=at.updated_at,
        poll_ms=_poll_ms(at, work.clock),
        more=more,
    )


def _ended(work: Work, at: Operation) -> tuple[Status, JsonObject]:
    """Say how a task stands; at its end with what the call would have answered."""
    if at.state is State.DONE or at.state is State.UNDONE:
        if cancelling.was_cancelled(at):
            return "cancelled", {}
        answer = _answer(work, at)
        return "completed", {
            "result": answer.model_dump(mode="json", by_alias=True, exclude_none=True)
        }
    return "working", {}


def _answer(work: Work, at: Operation) -> CallToolResult:
    try:
        return results.success(outcomes.told(work, at))
    except OneError as error:
        return results.failure(error)


def _poll_ms(at: Operation, now: int) -> int:
    """Say when there may be something new: soon, or once what was left for later is due."""
    if at.state in OPEN:
        return max(SOON_MS, at.due_at - now if at.leased_until == 0 else 0)
    return SOON_MS if at.answer is not None else FOR_A_PERSON_MS
