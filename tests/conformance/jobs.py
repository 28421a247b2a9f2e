"""The suite's tools whose calls become tasks, over the product's hand-off, shapes and errors.

The product's own tasks are operations, whose journal has no job that only sleeps or asks.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from secrets import token_hex
from time import time
from typing import Any

import anyio
from mcp.server.context import HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, CallToolRequestParams, CallToolResult, TextContent

from one_mcp.server.caller import Caller, identify
from one_mcp.server.tasks import extension, handoff, task
from one_mcp.server.tasks.operations import TaskAnswers, TaskParams
from one_mcp.server.tasks.task import Status, Task
from tests.conformance import inputs

Context = ServerRequestContext[Any]


@dataclass
class Job:
    """Work that sleeps, asks and ends; `asked` is what it waits to be told."""

    id: str = field(default_factory=lambda: f"job_{token_hex(8)}")
    began_at: int = field(default_factory=lambda: int(time() * 1000))
    asked: dict[str, Any] = field(default_factory=dict)
    told: anyio.Event = field(default_factory=anyio.Event)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    status: Status = "working"
    more: dict[str, Any] = field(default_factory=dict)

    async def ask(self, questions: dict[str, Any]) -> None:
        self.asked = dict(questions)
        await self.told.wait()

    def answer(self, answers: dict[str, Any]) -> None:
        self.asked = {name: it for name, it in self.asked.items() if name not in answers}
        if not self.asked:
            self.told.set()

    def as_task(self) -> Task:
        waiting = {"inputRequests": self.asked} if self.asked else {}
        status = "input_required" if self.asked else self.status
        at = self.began_at
        return Task(self.id, status, "A job.", at, at, 200, {**self.more, **waiting})


Work = Callable[[Job, dict[str, Any]], Awaitable[CallToolResult]]


def said(text: str, *, is_error: bool = False) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=text)], is_error=is_error)


async def slow_compute(_: Job, given: dict[str, Any]) -> CallToolResult:
    await anyio.sleep(given.get("seconds", 0))
    return said("Computed.")


async def failing_job(_: Job, _given: dict[str, Any]) -> CallToolResult:
    await anyio.sleep(0.2)
    return said("It failed.", is_error=True)


async def protocol_error_job(_: Job, _given: dict[str, Any]) -> CallToolResult:
    raise MCPError(INTERNAL_ERROR, "It broke.")


async def confirm_delete(job: Job, given: dict[str, Any]) -> CallToolResult:
    await job.ask(inputs.CONFIRM)
    return said(f"Deleted {given.get('filename')}.")


async def multi_input(job: Job, _given: dict[str, Any]) -> CallToolResult:
    await job.ask({**inputs.NAME, **inputs.CONFIRM})
    return said("Both are told.")


async def named(_: Job, given: dict[str, Any]) -> CallToolResult:
    return said(f"Hello, {given['user_name']}!")


JOBS: dict[str, Work] = {
    "slow_compute": slow_compute,
    "failing_job": failing_job,
    "protocol_error_job": protocol_error_job,
    "confirm_delete": confirm_delete,
    "multi_input": multi_input,
    "test_tool_with_task": named,
}
NAMES = ("greet", *JOBS)
ONLY_AS_TASKS = {"failing_job", "test_tool_with_task"}


class Jobs:
    """The jobs of one server, and what it is asked of them; None is for the product to answer."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    async def call(self, context: Context, params: CallToolRequestParams) -> HandlerResult:
        given = params.arguments or {}
        if params.name == "greet":
            return said(f"Hello, {given.get('name')}!")
        work = JOBS.get(params.name)
        if work is None:
            return None
        if params.name in ONLY_AS_TASKS:
            extension.require(context)
        if params.name == "test_tool_with_task":
            answers = inputs.answers(context)
            if "user_name" not in answers:
                return inputs.ask(inputs.NAME)
            given = {"user_name": answers["user_name"]["content"]["name"]}
        if not extension.declared(context):
            return await work(Job(), given)
        return await self._begun(context, work, given)

    async def get(self, _context: Context, params: TaskParams) -> HandlerResult:
        job = self._jobs.get(params.task_id)
        return task.detailed(job.as_task()) if job else None

    async def update(self, _context: Context, params: TaskAnswers) -> HandlerResult:
        job = self._jobs.get(params.task_id)
        if job is None:
            return None
        job.answer(params.input_responses)
        return {}

    async def cancel(self, _context: Context, params: TaskParams) -> HandlerResult:
        job = self._jobs.get(params.task_id)
        if job is None:
            return None
        job.asked = {}
        job.scope.cancel()
        return {}

    async def _begun(self, context: Context, work: Work, given: dict[str, Any]) -> HandlerResult:
        job = Job()

        async def run(caller: Caller) -> CallToolResult:
            self._jobs[job.id] = job
            caller.begun(job.id)
            return await self._worked(job, work, given)

        tasks = context.lifespan_context.tasks
        answer = await handoff.until_begun(tasks, identify(context), run)
        return task.created(job.as_task()) if isinstance(answer, str) else answer

    async def _worked(self, job: Job, work: Work, given: dict[str, Any]) -> CallToolResult:
        done = said("It was cancelled.")
        with job.scope:
            try:
                done = await work(job, given)
            except MCPError as error:
                job.status, job.more = (
                    "failed",
                    {"error": error.error.model_dump(exclude_none=True)},
                )
                return done
        if job.scope.cancelled_caught:
            job.status = "cancelled"
        else:
            shown = done.model_dump(mode="json", by_alias=True, exclude_none=True)
            job.status, job.more = "completed", {"result": shown}
        return done
