"""What descriptions promise, and which test tries it.

A test that tries sentences cites them with `promised`. Another test reads every description and
demands that each of its sentences is cited, or stands here with the reason why it is no promise.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

from mcp import Client

from one_mcp.app import LOCAL
from one_mcp.server import build, toolbox
from one_mcp.settings import TOOLSETS

INSTRUCTIONS = "instructions"
TOLD = {spec.name: toolbox.describe(spec) for spec in build.SPECS} | {
    INSTRUCTIONS: build.INSTRUCTIONS
}
TRIED: dict[str, set[str]] = defaultdict(set)
ADVICE = "says when to call it, or what to do"
NO_PROMISES = {
    "Look here before you create.": ADVICE,
    "Try dry_run first.": ADVICE,
    "Use it whenever something of it has to be remembered, looked up, linked or counted.": ADVICE,
    "Start: describe_ontology() names all types (never invent one); with a type it tells its "
    "properties and usual connections.": "describe_ontology's own description says so",
    "find_entities shows what is there: look before you create.": ADVICE,
    "The business's own memory, shared with other agents and kept across conversations: creators, "
    "audience, content, tokens, clones, payments; how they belong together, "
    "what happened, who changed what.": "says what the server is",
}

Test = TypeVar("Test", bound=Callable[..., Any])


def promised(by: str, *sentences: str) -> Callable[[Test], Test]:
    """Cite the sentences of a description that a test tries."""
    TRIED[by].update(sentences)
    return lambda test: test


def sentences(text: str) -> list[str]:
    """Split a description; each paragraph of it stands by itself."""
    return [
        sentence
        for line in text.split("\n")
        if line
        for sentence in re.split(r"(?<=[.!?]) (?=\S)", line)
    ]


class Ask(Protocol):
    """Call a tool, and read its answer; whatever is refused is an error with a `code`."""

    async def __call__(self, tool: str, /, **arguments: Any) -> Any: ...


def asking(client: Client) -> Ask:
    async def ask(tool: str, /, **arguments: Any) -> Any:
        given = {name.rstrip("_"): value for name, value in arguments.items()}
        said = (await client.call_tool(tool, given)).structured_content
        assert said is not None
        return said.get("error", said)

    return ask


ARGUMENTS = "arguments"
FORMS = {  # how a value is written, which the argument's check tries, or what it is
    "-sum:price",
    "Markdown",
    "a dimension, group or type name",
    "file or folder of Markdown",
    "a person",
    "chg_…",
    "ent_… or op_…",
    "what it was earned from",
    "op_…",
    "pln_…",
    "pm_…",
    "quo_…",
    '"12.5"',
    "ent_…",
    "ent_… or kno_…",
    "ent_… or per_…",
    "ent_…, con_… or evt_…",
    "safe retries",
    "from the last page",
    "instead of path",
    "instead of the above: as for apply_changes",
    "it tells of",
    "key:value",
    "kno_…",
    "see describe_ontology",
    "the entity's name or id, again",
    "what it happened to",
    '{"balance": "-5"}',
    "{as: $name, type, properties?}",
    "{from, type, to}: $name, id or type name",
    "{type, target?, actor?, metadata?}",
}


def told_of_arguments() -> set[str]:
    """Gather what the schemas of all tools say of their arguments."""
    entries = toolbox.Toolbox(build.SPECS, TOOLSETS).listed(LOCAL)
    return {text for entry in entries for text in _described(entry.input_schema)}


def _described(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("description"), str):
            yield schema["description"]
        schema = schema.values()
    elif not isinstance(schema, list):
        return
    for part in schema:
        yield from _described(part)
