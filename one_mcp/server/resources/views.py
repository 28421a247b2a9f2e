"""Views: what each address shows, by the rules that the tools use, in full detail."""

from functools import cache
from typing import Annotated

from pydantic import BeforeValidator, Field

from one_mcp import assets, ids
from one_mcp.answers import ROOM_CHARACTERS
from one_mcp.dimensions.changes import history
from one_mcp.dimensions.changes.history import History
from one_mcp.dimensions.connections import finding as connection_finding
from one_mcp.dimensions.connections.finding import Edges
from one_mcp.dimensions.entities import details, showing
from one_mcp.dimensions.entities import finding as entity_finding
from one_mcp.dimensions.entities.details import Portrait
from one_mcp.dimensions.entities.finding import Entities
from one_mcp.dimensions.events import finding as event_finding
from one_mcp.dimensions.events.finding import Around, Events
from one_mcp.dimensions.graph import exploring, mermaid
from one_mcp.dimensions.graph.subgraph import Neighbourhood
from one_mcp.dimensions.knowledge.documents import reading
from one_mcp.dimensions.knowledge.documents.reading import Document, Shelf
from one_mcp.dimensions.knowledge.search.hybrid import Wish
from one_mcp.dimensions.knowledge.search.scope import Scope
from one_mcp.dimensions.organizations import profile
from one_mcp.dimensions.organizations.profile import Profile
from one_mcp.errors import NotFoundError
from one_mcp.ontology import describe
from one_mcp.ontology.describe import Described
from one_mcp.server.arguments import fields
from one_mcp.services.commerce import holdings, telling
from one_mcp.services.commerce.holdings import HeldToken
from one_mcp.services.commerce.telling import ToldOperation
from one_mcp.services.knowledge import recall
from one_mcp.session import Session

GRAPH_NODES = 100
PAGE = 50
_NO_BRACES = str.maketrans("{}\n", "() ")


def _words(text: object) -> object:
    return text.split(",") if isinstance(text, str) else text


Depth = Annotated[int, Field(ge=1, le=exploring.DEEPEST)]
Names = Annotated[fields.TypeNames, BeforeValidator(_words)]


async def ontology(one: Session) -> Described:
    return describe.describe(one.ontology)


async def dimension(one: Session, dimension: str) -> Described:
    if dimension not in (*one.ontology.dimensions, describe.THINGS):
        raise NotFoundError(
            f"There is no such dimension; there are {', '.join(one.ontology.dimensions)}."
        )
    return describe.describe(one.ontology, dimension)


async def type_(one: Session, type: str) -> Described:
    return describe.describe(one.ontology, type)


async def guide(_: Session, name: str) -> str:
    if name not in guides():
        raise NotFoundError(f"There is no such guide; there are {', '.join(guides())}.")
    return guide_text(name)


async def organization(one: Session) -> Profile:
    return await one.read(profile.show)


async def entities(
    one: Session,
    type: fields.TypeName | None = None,
    status: str | None = None,
    tag: fields.Tag | None = None,
    *,
    limit: fields.Limit = PAGE,
    cursor: fields.CursorText | None = None,
) -> Entities:
    return await one.read(
        entity_finding.find,
        type,
        status=status,
        tags=[tag] if tag else None,
        limit=limit,
        cursor=cursor,
        detail="full",
    )


async def entity(one: Session, id: fields.EntityId) -> Portrait:
    return await one.read(
        details.portrait, id, ["tags", "counts", "neighbours", "events"], detail="full"
    )


async def entity_graph(
    one: Session, id: fields.EntityId, depth: Depth = 2, types: Names | None = None
) -> Neighbourhood:
    return await one.read(
        exploring.explore, id, depth=depth, types=types, limit=GRAPH_NODES, detail="full"
    )


async def entity_drawing(
    one: Session, id: fields.EntityId, depth: Depth = 2, types: Names | None = None
) -> str:
    found = await one.read(exploring.explore, id, depth=depth, types=types, detail="full")
    drawing = mermaid.flowchart(found.nodes, found.edges)
    if found.cut is None:
        return drawing
    return f"{drawing}%% {found.cut.translate(_NO_BRACES)}\n"  # braces would end the comment


async def entity_events(
    one: Session,
    id: fields.EntityId,
    limit: fields.Limit = PAGE,
    cursor: fields.CursorText | None = None,
) -> Events:
    return await one.read(
        event_finding.find, Around(entity=id), limit=limit, cursor=cursor, detail="full"
    )


async def entity_history(
    one: Session,
    id: fields.EntityId,
    limit: fields.Limit = PAGE,
    cursor: fields.CursorText | None = None,
) -> History:
    return await one.read(history.history, id, limit, cursor)


async def entity_knowledge(
    one: Session,
    id: fields.EntityId,
    limit: fields.Limit = PAGE,
    cursor: fields.CursorText | None = None,
) -> Shelf:
    return await one.read(reading.about, id, limit, cursor)


async def document(one: Session, id: str) -> Document:
    return await one.read(reading.document, id, 0, ROOM_CHARACTERS)


async def knowledge_search(
    one: Session,
    q: Annotated[str, Field(min_length=1, max_length=4_000)],
    type: fields.TypeName | None = None,
    limit: Annotated[int, Field(ge=1, le=100)] = 8,
) -> recall.Found:
    scope = Scope(types=(type,) if type else ())
    return await recall.find(one, Wish(q, scope, limit=limit))


async def connections(
    one: Session,
    from_: fields.EntityId | None = None,
    to: fields.EntityId | None = None,
    type: fields.TypeName | None = None,
    *,
    limit: fields.Limit = PAGE,
    cursor: fields.CursorText | None = None,
) -> Edges:
    return await one.read(
        connection_finding.find,
        from_id=from_,
        to_id=to,
        types=[type] if type else None,
        limit=limit,
        cursor=cursor,
        detail="full",
    )


async def connection(one: Session, id: str) -> Portrait:
    return await one.read(showing.show, ids.require(id, "id", ids.CONNECTION), detail="full")


async def event(one: Session, id: str) -> Portrait:
    return await one.read(showing.show, ids.require(id, "id", ids.EVENT), detail="full")


async def operation(one: Session, id: str) -> ToldOperation:
    return await telling.tell(one, id)


async def token(one: Session, id: fields.EntityId) -> HeldToken:
    return await holdings.token(one, id)


async def events(
    one: Session,
    type: fields.TypeName | None = None,
    actor: fields.AnyId | None = None,
    target: fields.EntityId | None = None,
    *,
    since: fields.TimeText | None = None,
    limit: fields.Limit = PAGE,
    cursor: fields.CursorText | None = None,
) -> Events:
    return await one.read(
        event_finding.find,
        Around(actor=actor, target=target),
        types=[type] if type else None,
        since=since,
        limit=limit,
        cursor=cursor,
        detail="full",
    )


@cache
def guides() -> tuple[str, ...]:
    """Name the guide pages that ship with the server."""
    return tuple(sorted(path.stem for path in assets.resources("guide").glob("*.md")))


@cache
def guide_text(name: str) -> str:
    """Read the guide page of a name that is there."""
    return assets.resources("guide", f"{name}.md").read_text("utf-8")


def guide_opening(guide: str) -> tuple[str, str]:
    """Return the heading of a guide, and its first sentence."""
    heading, text = guide_text(guide).split("\n\n", 1)
    return heading.removeprefix("# "), f"{' '.join(text.split()).partition('. ')[0].rstrip('.')}."
