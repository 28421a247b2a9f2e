"""Resources: what can be read by address; a resource is data in a list."""

import tomllib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from mcp.shared.exceptions import MCPError
from mcp.shared.uri_template import UriTemplate
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)
from pydantic import BaseModel

from one_mcp import assets
from one_mcp.errors import InvalidArgumentError, NotFoundError, OneError, UnknownTypeError
from one_mcp.ontology import describe
from one_mcp.server import addresses
from one_mcp.server.caller import Caller
from one_mcp.session import Call, Session

JSON, MARKDOWN, MERMAID = "application/json", "text/markdown", "text/vnd.mermaid"
Read = Callable[..., Awaitable[BaseModel | str]]


@dataclass(frozen=True, slots=True)
class Address:
    """A resource or a family of them: a URI template and the function that reads it.

    `completes` maps a variable to the kind of names that complete it.
    """

    uri: str
    name: str
    title: str
    description: str
    read: Read
    mime_type: str = JSON
    completes: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def is_template(self) -> bool:
        return UriTemplate.is_template(self.uri)


async def ontology(one: Session) -> BaseModel:
    return describe.describe(one.ontology)


async def dimension(one: Session, dimension: str) -> BaseModel:
    if dimension not in (*one.ontology.dimensions, describe.THINGS):
        raise NotFoundError(f"The dimensions are {', '.join(one.ontology.dimensions)}.")
    return describe.describe(one.ontology, dimension)


async def type_(one: Session, type: str) -> BaseModel:
    return describe.describe(one.ontology, type)


async def guide(_: Session, name: str) -> str:
    if name not in guides():
        raise NotFoundError(f"There are the guides {', '.join(guides())}.")
    return assets.resources("guide", f"{name}.md").read_text("utf-8")


@cache
def guides() -> tuple[str, ...]:
    """Name the guide pages that ship with the server."""
    return tuple(sorted(path.stem for path in assets.resources("guide").glob("*.md")))
