"""Completions: what a client may offer while a person types an argument."""

from collections.abc import Callable, Iterable

from mcp_types import CompleteRequestParams, CompleteResult, Completion, PromptReference

from one_mcp.dimensions import completions
from one_mcp.ontology.model import Ontology
from one_mcp.server import prompts
from one_mcp.server.resources import catalog, views
from one_mcp.session import Session

MOST = 100  # the protocol's bound
LONGEST = 500  # no name is longer, and so nothing longer begins one

Names = Callable[[Ontology], Iterable[str]]
NAMES: dict[str, Names] = {
    "entity_type": lambda ontology: ontology.entity_types,
    "relationship_type": lambda ontology: ontology.relationship_types,
    "event_type": lambda ontology: ontology.event_types,
    "any_type": lambda ontology: (
        *ontology.entity_types,
        *ontology.relationship_types,
        *ontology.event_types,
    ),
    "status": lambda ontology: ontology.statuses,
    "dimension": lambda ontology: ontology.dimensions,
    "guide": lambda _: views.guides(),
}


async def complete(params: CompleteRequestParams, one: Session) -> CompleteResult:
    """Complete an argument of a prompt, or a variable of a resource template.

    Entities complete by name or id, to their ids. Raises NotFoundError for a prompt or a template
    that does not exist; an argument that nothing completes has no values.
    """
    name, typed = params.argument.name, params.argument.value
    if isinstance(params.ref, PromptReference):
        kind = prompts.find(params.ref.name).completes(name)
    else:
        kind = catalog.completes(params.ref.uri, name)
    found = await _find(kind, typed, one) if len(typed) <= LONGEST else []
    return CompleteResult(completion=Completion(values=found[:MOST], has_more=len(found) > MOST))


async def _find(kind: str, typed: str, one: Session) -> list[str]:
    kind, _, types = kind.partition(" ")
    if kind.endswith("[]"):
        done, comma, last = typed.rpartition(",")
        return [f"{done}{comma}{name}" for name in await _find(kind[:-2], last, one)]
    match kind:
        case "entity":
            return await one.read(completions.entities, typed, MOST, types.split())
        case "document":
            return await one.read(completions.documents, typed, MOST)
        case "tag":
            return await one.read(completions.tags, typed, MOST)
        case _:
            return _holding(NAMES[kind](one.ontology), typed) if kind in NAMES else []


def _holding(names: Iterable[str], typed: str) -> list[str]:
    """List the names that begin with what was typed, then those that have it elsewhere."""
    wanted = typed.casefold()
    every = [name for name in names if wanted in name.casefold()]
    return sorted(every, key=lambda name: (not name.casefold().startswith(wanted), name))
