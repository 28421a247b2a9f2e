"""Tools that connect entities, list their connections and walk the graph."""

from typing import Annotated

from pydantic import Field

from one_mcp.access import Permission
from one_mcp.dimensions import connections, edges, graph, paths
from one_mcp.dimensions.connections import Connected, Disconnected
from one_mcp.dimensions.edges import Edges
from one_mcp.dimensions.neighbourhoods import Direction, Neighbourhood
from one_mcp.server import fields
from one_mcp.server.toolbox import ToolSpec
from one_mcp.session import Session


async def connect_entities(
    one: Session,
    from_: fields.EntityId,
    type: fields.TypeName,
    to: fields.EntityId,
    metadata: Annotated[fields.Metadata, Field(description="merged")] | None = None,
) -> Connected:
    """Connect two entities, or merge metadata into the connection that is there.

    Direction matters: owner owns thing, content generated_by agent, child part_of parent.
    """
    return await one.write(connections.connect, from_, type, to, metadata)


async def disconnect_entities(
    one: Session, from_: fields.EntityId, type: fields.TypeName, to: fields.EntityId
) -> Disconnected:
    """Remove a connection; undo_change brings it back."""
    return await one.write(connections.disconnect, from_, type, to)


async def find_connections(
    one: Session,
    from_: fields.EntityId | None = None,
    to: fields.EntityId | None = None,
    between: Annotated[list[fields.EntityId], Field(description="two ids, any direction")]
    | None = None,
    types: fields.TypeNames | None = None,
    *,
    limit: fields.Limit = 20,
    cursor: fields.CursorText | None = None,
    detail: fields.Detail = "concise",
) -> Edges:
    """List connections with their metadata and the names of both ends, newest first.

    For a holder's tokens with balance and chain: from, types=["holds_tokens"]. Full detail adds
    the properties of what is found.
    """
    return await one.read(
        edges.find,
        from_id=from_,
        to_id=to,
        between=between,
        types=types,
        limit=limit,
        cursor=cursor,
        detail=detail,
    )


async def explore_graph(
    one: Session,
    id: fields.EntityId,
    to: Annotated[fields.EntityId, Field(description="find paths to this entity instead")]
    | None = None,
    depth: Annotated[int, Field(ge=1, le=paths.LONGEST, description="2, at most 4; of paths 6")]
    | None = None,
    types: fields.TypeNames | None = None,
    *,
    direction: Direction = "both",
    limit: fields.Limit = 50,
    detail: fields.Detail = "concise",
) -> Neighbourhood:
    """Walk the graph around an entity, level by level, or find the shortest paths to another one.

    A direction follows ("out") or opposes ("in") where connections point. `cut` says what is left
    out; a hub shows only its newest connections.
    """
    if to is not None:
        return await one.read(
            paths.find, id, to, longest=depth or paths.LONGEST, types=types, direction=direction
        )
    return await one.read(
        graph.explore,
        id,
        depth=depth or graph.USUAL_DEPTH,
        types=types,
        direction=direction,
        limit=limit,
        detail=detail,
    )


TOOLS = (
    ToolSpec(
        name="connect_entities",
        run=connect_entities,
        title="Connect entities",
        toolset="connections",
        permission=Permission.WRITE,
        idempotent=True,
    ),
    ToolSpec(
        name="disconnect_entities",
        run=disconnect_entities,
        title="Disconnect entities",
        toolset="connections",
        permission=Permission.WRITE,
        destructive=True,
    ),
    ToolSpec(
        name="find_connections",
        run=find_connections,
        title="Find connections",
        toolset="connections",
        permission=Permission.READ,
        read_only=True,
        idempotent=True,
    ),
    ToolSpec(
        name="explore_graph",
        run=explore_graph,
        title="Explore the graph",
        toolset="connections",
        permission=Permission.READ,
        read_only=True,
        idempotent=True,
    ),
)
