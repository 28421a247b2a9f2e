"""The suite's tools and its prompt that ask the client for more; see `fixtures`."""

from collections.abc import Awaitable, Callable
from typing import Any

from mcp.server.context import HandlerResult, ServerRequestContext

Context = ServerRequestContext[Any]
Tool = Callable[[Context, dict[str, Any]], Awaitable[HandlerResult]]
Question = dict[str, Any]


def form(message: str, **fields: str) -> Question:
    schema = {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in fields.items()},
        "required": list(fields),
    }
    return {
        "method": "elicitation/create",
        "params": {"mode": "form", "message": message, "requestedSchema": schema},
    }


def sample(said: str, max_tokens: int) -> Question:
    message = {"role": "user", "content": {"type": "text", "text": said}}
    params = {"messages": [message], "maxTokens": max_tokens}
    return {"method": "sampling/createMessage", "params": params}


NAME = {"user_name": form("What is your name?", name="string")}
CAPITAL = {"capital_question": sample("What is the capital of France?", 100)}
ROOTS: dict[str, Question] = {"client_roots": {"method": "roots/list"}}
CONFIRM = {"confirm": form("Please confirm", ok="boolean")}
GREETING = {"greeting": sample("Generate a greeting", 50)}
CONTEXT = {"user_context": form("What context should the prompt use?", context="string")}
STEPS = [
    {"step1": form("Step 1: What is your name?", name="string")},
    {"step2": form("Step 2: What is your favorite color?", color="string")},
]


def answers(context: Context) -> dict[str, Any]:
    given = (context.params or {}).get("inputResponses")
    return given if isinstance(given, dict) else {}


def state(context: Context) -> str | None:
    return (context.params or {}).get("requestState")


def ask(questions: dict[str, Question], carry: str | None = None) -> dict[str, Any]:
    asked: dict[str, Any] = {"resultType": "input_required", "inputRequests": questions}
    return asked if carry is None else {**asked, "requestState": carry}


def done(said: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": said}], "resultType": "complete"}


def asking(questions: dict[str, Question], carry: str | None = None) -> Tool:
    """Make a tool that asks once, and again until every answer is there."""

    async def answer(context: Context, _given: dict[str, Any]) -> HandlerResult:
        given = answers(context)
        if not questions.keys() <= given.keys() or state(context) != carry:
            return ask(questions, carry)
        return done(f"state-ok: {[given[name] for name in questions]}")

    return answer


async def step_by_step(context: Context, _given: dict[str, Any]) -> HandlerResult:
    given, carried = answers(context), state(context)
    if carried == "after step 2" and "step2" in given:
        return done(f"You said {given['step2']}.")
    if carried == "after step 1" and "step1" in given:
        return ask(STEPS[1], "after step 2")
    return ask(STEPS[0], "after step 1")


async def capable(context: Context, _given: dict[str, Any]) -> HandlerResult:
    """Ask only for what the client declared that it can answer."""
    can = context.session.client_capabilities
    questions = {
        **(NAME if can and can.elicitation else {}),
        **(CAPITAL if can and can.sampling else {}),
    }
    given = answers(context)
    if questions and not questions.keys() <= given.keys():
        return ask(questions)
    return done("Nothing more is needed.")


def prompt(context: Context) -> dict[str, Any]:
    given = answers(context)
    if "user_context" not in given:
        return ask(CONTEXT)
    said = f"The context is {given['user_context']}."
    message = {"role": "user", "content": {"type": "text", "text": said}}
    return {"messages": [message], "resultType": "complete"}


TOOLS: dict[str, Tool] = {
    "test_input_required_result_elicitation": asking(NAME),
    "test_streaming_elicitation": asking(NAME),
    "test_input_required_result_sampling": asking(CAPITAL),
    "test_input_required_result_list_roots": asking(ROOTS),
    "test_input_required_result_request_state": asking(CONFIRM, "asked for confirmation"),
    "test_input_required_result_tampered_state": asking(CONFIRM, "asked for confirmation"),
    "test_input_required_result_multiple_inputs": asking({**NAME, **GREETING, **ROOTS}, "asked"),
    "test_input_required_result_multi_round": step_by_step,
    "test_input_required_result_capabilities": capable,
}
