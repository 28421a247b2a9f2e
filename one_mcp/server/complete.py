"""Completions: what a client may offer while a person types an argument."""

from collections.abc import Iterable

from mcp_types import (
    CompleteRequestParams,
    CompleteResult,
    Completion,
    PromptReference,
)

from one_mcp.dimensions import completions
from one_mcp.ontology.model import Ontology
from one_mcp.server import prompts, resources
from one_mcp.server.caller import Caller
from one_mcp.session import Call

MOST = 100  # the protocol's bound


async def complete(
    params: CompleteRequestParams, ontology: Ontology, caller: Caller
) -> CompleteResult:
    """Complete an argument of a prompt, or a variable of a resource template."""
    name, typed = params.argument.name, params.argument.value
    if isinstance(params.ref, PromptReference):
        kind = _of_prompt(params.ref.name, name)
    else:
        kind = resources.completes(params.ref.uri, name)
    match kind:
        case "entity":
            found = await caller.open(Call("completion")).read(completions.entities, typed, MOST)
        case "tag":
            found = await caller.open(Call("completion")).read(completions.tags, typed, MOST)
        case "entity_type":
            found = _starting(ontology.entity_types, typed)
        case "relationship_type":
            found = _starting(ontology.relationship_types, typed)
        case "event_type":
            found = _starting(ontology.event_types, typed)
        case "any_type":
            every = (*ontology.entity_types, *ontology.relationship_types, *ontology.event_types)
            found = _starting(every, typed)
        case "status":
            found = _starting(ontology.statuses, typed)
        case "dimension":
            found = _starting(ontology.dimensions, typed)
        case "guide":
            found = _starting(resources.guides(), typed)
        case _:
            found = []
    return CompleteResult(completion=Completion(values=found[:MOST], has_more=len(found) > MOST))


def _of_prompt(prompt: str, argument: str) -> str:
    guide = prompts.library().get(prompt)
    arguments = guide.head.arguments if guide else ()
    return next((each.completes for each in arguments if each.name == argument), "none")


def _starting(names: Iterable[str], typed: str) -> list[str]:
    """List the names that begin with what was typed, then those that have it elsewhere."""
    wanted = typed.casefold()
    every = [name for name in names if wanted in name.casefold()]
    return sorted(every, key=lambda name: (not name.casefold().startswith(wanted), name))
