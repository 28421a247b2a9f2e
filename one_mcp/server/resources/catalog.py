"""Resources: what can be read by address; a resource is data in a list."""

from dataclasses import replace

from mcp_types import ReadResourceResult, Resource, ResourceTemplate, TextResourceContents

from one_mcp import clock
from one_mcp.answers import MOST_CHARACTERS
from one_mcp.errors import AnswerTooLargeError, NotFoundError, OneError
from one_mcp.ontology import check
from one_mcp.ontology.model import Ontology
from one_mcp.server import results
from one_mcp.server.resources import templates, views
from one_mcp.server.resources.templates import (
    DERIVED,
    ENTITIES,
    MARKDOWN,
    MERMAID,
    PEOPLE,
    Address,
    Locator,
)
from one_mcp.session import Session

ADDRESSES = (
    Address(
        uri="one://ontology",
        name="ontology",
        title="The ontology",
        description="All dimensions, entity, relationship and event types, in brief",
        read=views.ontology,
    ),
    Address(
        uri="one://ontology/{dimension}",
        name="dimension",
        title="One dimension of the ontology",
        description="What belongs there and every type of it with its meaning",
        read=views.dimension,
        completes={"dimension": "dimension"},
    ),
    Address(
        uri="one://types/{type}",
        name="type",
        title="One type",
        description="An entity, relationship or event type: properties, ends, events",
        read=views.type_,
        completes={"type": "any_type"},
    ),
    Address(
        uri="one://guide/{name}",
        name="guide",
        title="A guide",
        description="How to work with this backend",
        read=views.guide,
        mime_type=MARKDOWN,
        completes={"name": "guide"},
    ),
    Address(
        uri="one://organization",
        name="organization",
        title="The organization",
        description="Whose data this is, and its people",
        read=views.organization,
        shows=("org_",),
    ),
    Address(
        uri="one://entities{?type,status,tag,limit,cursor}",
        name="entities",
        title="Entities",
        description="Entities, newest first, of a type, status or tag",
        read=views.entities,
        completes={"type": "entity_type", "status": "status", "tag": "tag"},
        shows=(ENTITIES,),
        by=("type",),
    ),
    Address(
        uri="one://entities/{id}",
        name="entity",
        title="An entity",
        description="One entity with its tags, neighbours and latest events",
        read=views.entity,
        completes={"id": "entity"},
        shows=("{id}",),
        mentions=(ENTITIES, PEOPLE),
    ),
    Address(
        uri="one://entities/{id}/graph{?depth,types}",
        name="entity_graph",
        title="The graph around an entity",
        description="Entities and connections up to depth steps away (1 to 4), of types a,b",
        read=views.entity_graph,
        completes={"id": "entity", "types": "relationship_type[]"},
        shows=("{id}",),
        mentions=("con_", ENTITIES),
    ),
    Address(
        uri="one://entities/{id}/graph.mmd{?depth,types}",
        name="entity_drawing",
        title="A drawing of the graph around an entity",
        description="The same as a Mermaid flowchart, for people",
        read=views.entity_drawing,
        mime_type=MERMAID,
        completes={"id": "entity", "types": "relationship_type[]"},
        shows=("{id}",),
        mentions=("con_", ENTITIES),
    ),
    Address(
        uri="one://entities/{id}/events{?limit,cursor}",
        name="entity_events",
        title="An entity's events",
        description="What it did and what happened to it, newest first",
        read=views.entity_events,
        completes={"id": "entity"},
        shows=("{id}",),
        mentions=(ENTITIES, PEOPLE),
    ),
    Address(
        uri="one://entities/{id}/history{?limit,cursor}",
        name="entity_history",
        title="An entity's history",
        description="Who changed what about it, newest first",
        read=views.entity_history,
        completes={"id": "entity"},
        shows=("{id}",),
        mentions=(ENTITIES, PEOPLE, DERIVED),
    ),
    Address(
        uri="one://entities/{id}/knowledge{?limit,cursor}",
        name="entity_knowledge",
        title="What is known about an entity",
        description="Its own texts, and the documents that tell of it, newest first",
        read=views.entity_knowledge,
        completes={"id": "entity"},
        shows=("{id}",),
        mentions=(ENTITIES, DERIVED),
    ),
    Address(
        uri="one://knowledge/search{?q,type,limit}",
        name="knowledge_search",
        title="A search of knowledge",
        description="Passages for a question q, by meaning and words, of entities of a type",
        read=views.knowledge_search,
        completes={"type": "entity_type"},
        shows=("kno_", ENTITIES, DERIVED),
    ),
    Address(
        uri="one://knowledge/{id}",
        name="document",
        title="A document",
        description="A document with its text, labels and the entities that it tells of",
        read=views.document,
        completes={"id": "document"},
        shows=("{id}",),
        mentions=(ENTITIES, DERIVED),
    ),
    Address(
        uri="one://connections{?from,to,type,limit,cursor}",
        name="connections",
        title="Connections",
        description="Connections from or to an entity, or of a type, newest first",
        read=views.connections,
        completes={"from": "entity", "to": "entity", "type": "relationship_type"},
        shows=("con_",),
        mentions=(ENTITIES,),
        by=("from", "to", "type"),
    ),
    Address(
        uri="one://connections/{id}",
        name="connection",
        title="A connection",
        description="One connection with its metadata and both its ends",
        read=views.connection,
        shows=("{id}",),
        mentions=(ENTITIES,),
    ),
    Address(
        uri="one://events/{id}",
        name="event",
        title="An event",
        description="What happened, who did it to what, and what took it back",
        read=views.event,
        shows=("{id}",),
        mentions=(ENTITIES, PEOPLE),
    ),
    Address(
        uri="one://events{?type,actor,target,since,limit,cursor}",
        name="events",
        title="Events",
        description="What happened, newest first; since takes ISO 8601 or milliseconds",
        read=views.events,
        completes={"type": "event_type", "actor": "entity", "target": "entity"},
        shows=("evt_",),
        mentions=(ENTITIES, PEOPLE),
        by=("type", "actor", "target"),
    ),
)


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
