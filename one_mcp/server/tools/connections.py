"""Tools that connect entities, list their connections and walk the graph."""

from typing import Annotated

from pydantic import Field

from one_mcp.access import Permission
from one_mcp.dimensions.connections import connection, finding
from one_mcp.dimensions.connections.connection import Connected, Disconnected
from one_mcp.dimensions.connections.directions import Direction
from one_mcp.dimensions.connections.finding import Edges
from one_mcp.dimensions.connections.validity import Bounds
from one_mcp.dimensions.graph import exploring, paths
from one_mcp.dimensions.graph.subgraph import Neighbourhood
from one_mcp.ontology.adjustments import Adjustment
from one_mcp.server.arguments import fields
from one_mcp.server.toolbox import ToolSpec, toolset
from one_mcp.session import Session


async def connect_entities(
    one: Session,
    from_: fields.EntityId,
    type: fields.TypeName,
    to: fields.EntityId,
    metadata: Annotated[fields.Metadata, Field(description="merged")] | None = None,
    *,
    valid_from: fields.BeginText | None = None,
    valid_until: fields.EndText | None = None,
    increment: fields.Increment | None = None,
    append: fields.Metadata | None = None,
    remove: fields.Metadata | None = None,
    expected_version: fields.Version | None = None,
) -> Connected:
    """Connect two entities, or merge metadata into the connection that is there.

    Direction matters: owner owns thing, content generated_by agent, child part_of parent.
    It holds from valid_from until valid_until, if given; "none" opens an end.
    """
    return await one.write(
        connection.connect,
        from_,
        type,
        to,
        metadata,
        valid=Bounds(valid_from, valid_until),
        expected_version=expected_version,
        adjust=Adjustment(increment, append, remove),
    )


async def disconnect_entities(
    one: Session, from_: fields.EntityId, type: fields.TypeName, to: fields.EntityId
) -> Disconnected:
    """Remove a connection; undo_change brings it back."""
    return await one.write(connection.disconnect, from_, type, to)


async def find_connections(
    one: Session,
    from_: fields.EntityId | None = None,
    to: fields.EntityId | None = None,
    between: Annotated[fields.EntityIds, Field(description="two ids, any direction")] | None = None,
    types: fields.TypeNames | None = None,
    *,
    where: Annotated[fields.Metadata, Field(description="on metadata, as find_entities")]
    | None = None,
    valid_at: fields.TimeText | None = None,
    as_of: fields.TimeText | None = None,
    limit: fields.Limit = 20,
    cursor: fields.CursorText | None = None,
    detail: fields.Detail = "concise",
) -> Edges:
    """List connections with their metadata and the names of both ends, newest first.

    What has expired or is upcoming is marked; valid_at leaves out what does not hold then. as_of
    shows the past. For a holder's tokens: from, types=["holds_tokens"]. Full detail adds the
    properties of what is found.
    """
    return await one.read(
        finding.find,
        from_id=from_,
        to_id=to,
        between=between,
        types=types,
        where=where,
        valid_at=valid_at,
        as_of=as_of,
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
    valid_at: fields.TimeText | None = None,
    as_of: fields.TimeText | None = None,
    limit: fields.Limit = 50,
    detail: fields.Detail = "concise",
) -> Neighbourhood:
    """Walk the graph around an entity, level by level, or find the shortest paths to another one.

    A direction follows ("out") or opposes ("in") where connections point. `cut` says what is left
    out; a hub shows only its newest connections. as_of shows the past.
    """
    if to is not None:
        return await one.read(
            paths.find,
            id,
            to,
            longest=depth or paths.LONGEST,
            types=types,
            direction=direction,
            valid_at=valid_at,
            as_of=as_of,
        )
    return await one.read(
        exploring.explore,
        id,
        depth=depth or exploring.USUAL_DEPTH,
        types=types,
        direction=direction,
        valid_at=valid_at,
        as_of=as_of,
        limit=limit,
        detail=detail,
    )


WRITE = Permission.WRITE
TOOLS = toolset(
    "connections",
    ToolSpec(connect_entities, "Connect entities", WRITE, repeatable=True),
    ToolSpec(disconnect_entities, "Disconnect entities", WRITE, destructive=True),
    ToolSpec(find_connections, "Find connections"),
    ToolSpec(explore_graph, "Explore the graph"),
)
