"""Resource templates: a URI template, what it shows, and which changes may show there."""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property
from inspect import Parameter, signature
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from one_mcp.dimensions.changes.touched import EVERYTHING
from one_mcp.errors import InvalidArgumentError
from one_mcp.refusals import Form, refusal

SCHEME = "one"
ENTITIES = "*entities"
DERIVED = "*derived"
PEOPLE = "per_"
_ALIAS, _CANONICAL = "one://things", "one://entities"  # D-03
LONGEST_URI = 4_000
JSON, MARKDOWN, MERMAID = "application/json", "text/markdown", "text/vnd.mermaid"
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")

Read = Callable[..., Awaitable[BaseModel | str]]


class _Variables(BaseModel):
    """Values of a URI's variables: all come as text, so numbers are read out of it."""

    model_config = ConfigDict(
        extra="forbid",
        hide_input_in_errors=True,
        alias_generator=lambda name: name.rstrip("_"),  # from_ is called from
    )


@dataclass(frozen=True)
class Address:
    """A resource or a family of them: a URI template and the function that reads it.

    The function's parameters are the session and the template's variables. `completes` says which
    names complete a variable. `shows` are the ids of what can be seen there: a prefix such as
    `con_` for any of its kind, a variable such as `{id}` for that one, ENTITIES for any entity's
    own row and tags, DERIVED for what is cut and embedded behind the changes; nothing where it
    never changes. Of a list that is filtered `by` variables, a change has to touch each value
    given. `mentions` are likewise whoever is named there, such as a neighbour: what touches them
    may show, and reading again tells whether it does.
    """

    uri: str
    name: str
    title: str
    description: str
    read: Read
    mime_type: str = JSON
    completes: Mapping[str, str] = field(default_factory=dict[str, str])
    shows: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    by: tuple[str, ...] = ()

    @property
    def is_template(self) -> bool:
        return "{" in self.uri

    @cached_property
    def path(self) -> tuple[str, ...]:
        """The segments behind the scheme, each a word or a variable in braces."""
        return tuple(self.uri.partition("{?")[0].removeprefix(f"{SCHEME}://").split("/"))

    @cached_property
    def query(self) -> tuple[str, ...]:
        """The names of the variables that may stand behind the question mark."""
        names = self.uri.partition("{?")[2].rstrip("}")
        return tuple(names.split(",")) if names else ()

    @cached_property
    def variables(self) -> tuple[str, ...]:
        return (*(part[1:-1] for part in self.path if part.startswith("{")), *self.query)

    def arguments(self, given: Mapping[str, str]) -> dict[str, Any]:
        """Make what the reading function takes; raises InvalidArgumentError."""
        try:
            return vars(self._model.model_validate(given))
        except ValidationError as error:
            raise refusal(error, given, Form(self._model)) from None

    @cached_property
    def _model(self) -> type[BaseModel]:
        _session, *parameters = signature(self.read).parameters.values()
        declared: dict[str, Any] = {
            each.name: (each.annotation, ... if each.default is Parameter.empty else each.default)
            for each in parameters
        }
        if {name.rstrip("_") for name in declared} != set(self.variables):
            raise TypeError(f"{self.uri}: its function takes {', '.join(declared) or 'nothing'}")
        return create_model(self.name, __base__=_Variables, **declared)


@dataclass(frozen=True, slots=True)
class Locator:
    """One URI of an address: what its variables are."""

    uri: str
    address: Address
    values: Mapping[str, str]

    def concerns(self, touched: AbstractSet[str], entity_types: AbstractSet[str]) -> bool:
        """Tell whether what is shown here may be another after a change that touched all this.

        Events touch the ids of entities, changes of entities their types as well.
        """
        if not self.address.shows:
            return False
        if EVERYTHING in touched:
            return True
        wanted = (self.values[name] for name in self.address.by if name in self.values)
        seen = self._sees(self.address.shows, touched, entity_types)
        return seen and all(value in touched for value in wanted)

    def mentions(self, touched: AbstractSet[str], entity_types: AbstractSet[str]) -> bool:
        """Tell whether somebody who may be named here looks different after such a change."""
        return self._sees(self.address.mentions, touched, entity_types)

    def _sees(
        self, parts: tuple[str, ...], touched: AbstractSet[str], entity_types: AbstractSet[str]
    ) -> bool:
        ids = tuple(part.format_map(self.values) for part in parts)
        return any(id.startswith(ids) for id in touched) or (
            ENTITIES in ids and not touched.isdisjoint(entity_types)
        )


def canonical(uri: str) -> str:
    """Write an address with the word the server uses: entities, not things."""
    start, rest = uri[: len(_ALIAS)], uri[len(_ALIAS) :]
    return _CANONICAL + rest if start == _ALIAS and rest[:1] in ("", "/", "?", "{") else uri


def find(addresses: Collection[Address], uri: str) -> Locator | None:
    """Find the address that a URI belongs to; None where it is none of ours.

    Raises InvalidArgumentError for a query that the address does not have.
    """
    try:
        parts = urlsplit(canonical(uri))
    except ValueError:
        return None
    if parts.scheme != SCHEME or parts.fragment or len(uri) > LONGEST_URI or not uri.isprintable():
        return None
    path = [parts.netloc, *parts.path.removeprefix("/").split("/")]
    if not path[-1]:
        path.pop()
    for address in addresses:
        values = _match(address.path, path)
        if values is not None:
            return Locator(uri, address, values | _query(address, parts.query))
    return None


def _match(template: tuple[str, ...], path: list[str]) -> dict[str, str] | None:
    if len(template) != len(path):
        return None
    values: dict[str, str] = {}
    for expected, given in zip(template, path, strict=True):
        if expected.startswith("{") and given:
            values[expected[1:-1]] = _decoded(given, expected[1:-1])
        elif expected != given:
            return None
    return values


def _query(address: Address, query: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        if name in values:
            raise InvalidArgumentError(f"{name[:60]} stands twice in the URI.", argument=name[:60])
        values[name] = _decoded(value, name)
    unknown = [name for name in values if name not in address.query]
    if unknown:
        takes = f"takes {', '.join(address.query)}" if address.query else "takes no parameters"
        raise InvalidArgumentError(
            f"{address.uri.partition('{?')[0]} {takes}; there is no {', '.join(unknown)[:200]}.",
            argument=unknown[0][:60],
        )
    return {name: value for name, value in values.items() if value}  # `?type=` asks for no type


def _decoded(text: str, name: str) -> str:
    value = unquote(text)
    if _CONTROL.search(value):
        raise InvalidArgumentError(
            f"{name[:60]} has a control character in it.", argument=name[:60]
        )
    return value
