"""Resources: what can be read by address, and how it is found."""

from dataclasses import replace

from mcp_types import ReadResourceResult, Resource, ResourceTemplate, TextResourceContents

from one_mcp import clock
from one_mcp.answers import MOST_CHARACTERS
from one_mcp.errors import AnswerTooLargeError, NotFoundError, OneError
from one_mcp.ontology import check
from one_mcp.ontology.model import Ontology
from one_mcp.server import results
from one_mcp.server.resources import templates, views
from one_mcp.server.resources.addresses import ADDRESSES
from one_mcp.server.resources.templates import MARKDOWN, Locator
from one_mcp.session import Session


def listed() -> list[Resource]:
    """List what can be read as it stands: families are in the templates, guides one by one."""
    concrete = [each for each in ADDRESSES if not each.is_template]
    return [
        Resource(
            uri=each.uri,
            name=each.name,
            title=each.title,
            description=each.description,
            mime_type=each.mime_type,
        )
        for each in concrete
    ] + [
        Resource(
            uri=f"one://guide/{name}",
            name=f"guide_{name}",
            title=views.guide_opening(name)[0],
            description=views.guide_opening(name)[1],
            mime_type=MARKDOWN,
        )
        for name in views.guides()
    ]


def listed_templates() -> list[ResourceTemplate]:
    """List the families of resources."""
    return [
        ResourceTemplate(
            uri_template=each.uri,
            name=each.name,
            title=each.title,
            description=each.description,
            mime_type=each.mime_type,
        )
        for each in ADDRESSES
        if each.is_template
    ]


def place(uri: str, ontology: Ontology) -> Locator:
    """Find what a URI names; synonyms of types are replaced by the types' names.

    Raises NotFoundError, or InvalidArgumentError for a query that does not fit.
    """
    found = templates.find(ADDRESSES, uri)
    if found is None:
        raise NotFoundError(
            "There is no such resource; resources/list and resources/templates/list show what "
            "there is, such as one://entities?type=course."
        )
    named = {
        name: _canonical(ontology, found.address.completes.get(name, ""), value)
        for name, value in found.values.items()
    }
    return replace(found, values=named)


async def read(uri: str, one: Session) -> ReadResourceResult:
    """Read a resource.

    Raises NotFoundError where there is none, and whatever its rule raises.
    """
    found = place(uri, one.ontology)
    address = found.address
    shown = await address.read(one, **address.arguments(found.values))
    text = shown if isinstance(shown, str) else results.written(shown)
    if len(text) > MOST_CHARACTERS:
        raise AnswerTooLargeError(
            f"{address.title}: {len(text):,} characters, and {MOST_CHARACTERS:,} is the most "
            "that is sent; read a part of it with a tool, such as find_entities.",
            chars=len(text),
        )
    result = ReadResourceResult(
        contents=[TextResourceContents(uri=uri, mime_type=address.mime_type, text=text)]
    )
    return result if address.shows else result.model_copy(update={"ttl_ms": clock.DAY_MS})


def completes(template: str, variable: str) -> str:
    """Say which kind of names completes a variable of a template; raises NotFoundError."""
    for each in ADDRESSES:
        if each.uri == templates.canonical(template):
            return each.completes.get(variable, "none")
    raise NotFoundError("There is no such template; resources/templates/list shows all.")


def _canonical(ontology: Ontology, kind: str, value: str) -> str:
    find = _TYPES.get(kind)
    if find is None:
        return value
    try:
        return find(ontology, value).name
    except OneError:
        return value  # the reading says what is wrong with it


_TYPES = {
    "entity_type": check.entity_type,
    "relationship_type": check.relationship_type,
    "event_type": check.event_type,
}
