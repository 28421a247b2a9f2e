"""Prompts: Markdown files with typed arguments, filled in for one conversation."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template
from typing import Literal

from mcp_types import GetPromptResult, Prompt, PromptArgument, PromptMessage, TextContent
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from one_mcp import assets, jsons, refusals
from one_mcp.errors import InvalidArgumentError, NotFoundError, PromptFileError, shown
from one_mcp.ontology import names
from one_mcp.ontology.model import Ontology
from one_mcp.ontology.vocabulary import WORDS, vocabulary

FENCE = "+++\n"
JSON_FENCE = "```json"
LONGEST_ARGUMENT = 20_000
_JSON = re.compile(r"(```json.*?```)", re.DOTALL)


class Argument(BaseModel):
    """An argument of a prompt.

    `completes` says which names a client may offer for it; entities only of `types`, where there
    are any. A value has to match the whole of `pattern`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z_]*$")
    description: str = Field(min_length=1)
    required: bool = False
    default: str = ""
    pattern: str | None = None
    completes: Literal["entity", "entity_type", "any_type", "none"] = "none"
    types: tuple[str, ...] = ()


class Head(BaseModel):
    """What stands above a prompt's text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1)
    description: str = Field(min_length=1)
    arguments: tuple[Argument, ...] = ()


_HEAD = refusals.Form(Head, whole="the head", noun="field")


@dataclass(frozen=True, slots=True)
class Guide:
    """A prompt file: its head, and the text in parts, each a `string.Template`.

    The text may use its arguments and the vocabulary, which is computed from the ontology in use.
    """

    name: str
    head: Head
    parts: tuple[str, ...]

    def listed(self) -> Prompt:
        arguments = [
            PromptArgument(name=each.name, description=each.description, required=each.required)
            for each in self.head.arguments
        ]
        return Prompt(
            name=self.name,
            title=self.head.title,
            description=self.head.description,
            arguments=arguments or None,
        )

    def completes(self, argument: str) -> str:
        """Say which kind of names completes an argument, with the types where it is entities."""
        for each in self.head.arguments:
            if each.name == argument:
                return " ".join([each.completes, *each.types])
        return "none"

    def fill(self, given: dict[str, str], ontology: Ontology) -> str:
        """Put arguments and vocabulary into the text.

        Inside a JSON example an argument is written as JSON. Raises InvalidArgumentError for an
        argument that is unknown, missing, too long, or not of its form.
        """
        self._check(given)
        values = {each.name: given.get(each.name) or each.default for each in self.head.arguments}
        escaped = {name: _inside_json(value) for name, value in values.items()}
        words = vocabulary(ontology)
        return "".join(
            Template(part).substitute(words, **(escaped if part.startswith(JSON_FENCE) else values))
            for part in self.parts
        )

    def _check(self, given: dict[str, str]) -> None:
        declared = {argument.name: argument for argument in self.head.arguments}
        takes = f"{self.name} takes {', '.join(declared) or 'no arguments'}"
        for name in given:
            if name not in declared:
                raise InvalidArgumentError(
                    f"{takes}; there is no {shown(name)}.", argument=shown(name)
                )
        for name, each in declared.items():
            value = given.get(name, "")
            if each.required and not value.strip():
                raise InvalidArgumentError(f"{takes}; {name} is missing.", argument=name)
            if len(value) > LONGEST_ARGUMENT:
                raise InvalidArgumentError(
                    f"{name} has at most {LONGEST_ARGUMENT:,} characters.", argument=name
                )
            if value and each.pattern and not re.fullmatch(each.pattern, value):
                raise InvalidArgumentError(
                    f"{name} does not fit: {each.description}.", argument=name
                )


def _inside_json(value: str) -> str:
    """Write a value as a part of a JSON string; a backtick must not end the Markdown around it."""
    return jsons.dumps(value)[1:-1].replace("`", r"\u0060")


def parse(path: Path) -> Guide:
    """Read a prompt file: TOML between `+++` lines, then the text.

    Raises PromptFileError, which names the file and what is wrong there.
    """
    opening, _, rest = path.read_text("utf-8").partition(FENCE)
    head, closing, body = rest.partition(FENCE)
    if opening or not closing:
        raise _broken(path, "begins with TOML between two lines of +++")
    try:
        given = tomllib.loads(head)
    except tomllib.TOMLDecodeError as error:
        raise _broken(path, f"has a head that is no TOML: {error}") from error
    try:
        checked = Head.model_validate(given)
    except ValidationError as error:
        problems = refusals.problems(error, given, _HEAD)
        raise _broken(path, f"has a head that is wrong: {refusals.told(problems, _HEAD)}") from None
    guide = Guide(path.stem, checked, tuple(filter(None, _JSON.split(body.strip()))))
    _agree(path, guide)
    return guide


def _agree(path: Path, guide: Guide) -> None:
    declared = [argument.name for argument in guide.head.arguments]
    if len(set(declared)) < len(declared):
        raise _broken(path, "declares an argument twice")
    used: set[str] = set()
    for part in guide.parts:
        template = Template(part)
        if not template.is_valid():
            raise _broken(path, "has a $ that begins no name; a dollar sign is written $$")
        used.update(template.get_identifiers())
    if words := sorted(set(declared) & set(WORDS)):
        raise _broken(path, f"declares {words[0]}, which is a word of the vocabulary")
    for name in sorted(set(declared) - used):
        raise _broken(path, f"declares {name} and does not use it")
    for name in sorted(used - set(declared) - set(WORDS)):
        raise _broken(path, f"uses ${name} and does not declare it")


def _broken(path: Path, predicate: str) -> PromptFileError:
    return PromptFileError(f"The prompt {path.name} {predicate}.", file=path.name)


@cache
def library() -> dict[str, Guide]:
    """Read all prompt files, by name."""
    return {path.stem: parse(path) for path in sorted(assets.prompts().glob("*.md"))}


def find(name: str) -> Guide:
    """Return a prompt; raises NotFoundError, with the names there are."""
    guide = library().get(name)
    if guide is None:
        raise NotFoundError(
            f"There is no prompt {shown(name)}; there are {', '.join(library())}.",
            name=shown(name),
            did_you_mean=list(names.near(name, tuple(library()))) or None,
        )
    return guide


def get(name: str, given: dict[str, str], ontology: Ontology) -> GetPromptResult:
    """Fill in one prompt.

    Raises NotFoundError for an unknown name, InvalidArgumentError for arguments that do not fit.
    """
    guide = find(name)
    text = guide.fill(given, ontology)
    return GetPromptResult(
        description=guide.head.description,
        messages=[PromptMessage(role="user", content=TextContent(text=text))],
    )
