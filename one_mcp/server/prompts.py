"""Prompts: Markdown files with typed arguments, filled in for one conversation."""

import re
import tomllib
from functools import cache
from pathlib import Path
from string import Template
from typing import Literal

from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    GetPromptResult,
    Prompt,
    PromptArgument,
    PromptMessage,
    TextContent,
)
from pydantic import BaseModel, ConfigDict

from one_mcp import assets, jsons
from one_mcp.ontology import describe
from one_mcp.ontology.model import Ontology

FENCE = "+++\n"
JSON_FENCE = "```json"
LONGEST_ARGUMENT = 20_000
_JSON = re.compile(r"(```json.*?```)", re.DOTALL)
Completes = Literal["entity", "entity_type", "any_type", "none"]


class Argument(BaseModel):
    """An argument of a prompt; `completes` says which names a client may offer for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    description: str
    required: bool = False
    default: str = ""
    completes: Completes = "none"


class Head(BaseModel):
    """What stands above a prompt's text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    description: str
    arguments: tuple[Argument, ...] = ()


class Guide(BaseModel):
    """A prompt file: its head, and a `string.Template` for the text.

    The text may use its arguments and the vocabulary, which is computed from the ontology in use.
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    name: str
    head: Head
    body: Template

    def listed(self) -> Prompt:
        arguments = [
            PromptArgument(
                name=argument.name, description=argument.description, required=argument.required
            )
            for argument in self.head.arguments
        ]
        return Prompt(
            name=self.name,
            title=self.head.title,
            description=self.head.description,
            arguments=arguments or None,
        )

    def fill(self, given: dict[str, str], ontology: Ontology) -> str:
        """Put arguments and vocabulary into the text.

        Raises MCPError for an unknown, missing or over-long argument.
        """
        declared = {argument.name: argument for argument in self.head.arguments}
        unknown = sorted(set(given) - set(declared))
        missing = [name for name, each in declared.items() if each.required and not given.get(name)]
        if unknown or missing:
            takes = ", ".join(declared) or "no arguments"
            raise MCPError(
                INVALID_PARAMS,
                f"Prompt {self.name} takes {takes}; "
                + (f"unknown: {', '.join(unknown)[:200]}" if unknown else "")
                + (f"missing: {', '.join(missing)}" if missing else ""),
            )
        if any(len(value) > LONGEST_ARGUMENT for value in given.values()):
            raise MCPError(
                INVALID_PARAMS, f"A prompt's argument has at most {LONGEST_ARGUMENT} characters"
            )
        values = {name: given.get(name) or each.default for name, each in declared.items()}
        inside_json = {name: jsons.dumps(value)[1:-1] for name, value in values.items()}
        vocabulary = describe.vocabulary(ontology)
        return "".join(
            Template(part).substitute(
                vocabulary, **(inside_json if part.startswith(JSON_FENCE) else values)
            )
            for part in _JSON.split(self.body.template)
        )


def parse(path: Path) -> Guide:
    """Read a prompt file: TOML between `+++` lines, then the text."""
    _, head, body = path.read_text("utf-8").split(FENCE, 2)
    return Guide(
        name=path.stem, head=Head.model_validate(tomllib.loads(head)), body=Template(body.strip())
    )


@cache
def library() -> dict[str, Guide]:
    """Read all prompt files, by name."""
    return {path.stem: parse(path) for path in sorted(assets.prompts().glob("*.md"))}


def get(name: str, given: dict[str, str], ontology: Ontology) -> GetPromptResult:
    """Fill in one prompt.

    Raises MCPError for an unknown name, and for arguments that do not fit.
    """
    guide = library().get(name)
    if guide is None:
        raise MCPError(
            INVALID_PARAMS, f"Unknown prompt; there are {', '.join(library())}", {"name": name[:60]}
        )
    text = guide.fill(given, ontology)
    return GetPromptResult(
        description=guide.head.description,
        messages=[PromptMessage(role="user", content=TextContent(text=text))],
    )
