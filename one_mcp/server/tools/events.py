"""Tools that record what happened and read it back."""

from typing import Annotated

from pydantic import Field

from one_mcp.access import Permission
from one_mcp.dimensions.events import event, finding
from one_mcp.dimensions.events.event import Recorded
from one_mcp.dimensions.events.finding import Around, Events
from one_mcp.server.arguments import fields
from one_mcp.server.toolbox import ToolSpec, toolset
from one_mcp.session import Session


async def record_event(
    one: Session,
    type: fields.TypeName,
    target: Annotated[fields.EntityId, Field(description="what it happened to")] | None = None,
    metadata: fields.Metadata | None = None,
    *,
    actor: Annotated[fields.AnyId, Field(description="default: you")] | None = None,
    at: Annotated[fields.TimeText, Field(description="default: now")] | None = None,
) -> Recorded:
    """Record that something happened; events never change.

    Creating or changing an entity records its own event where the type has one.
    """
    return await one.write(event.record, type, target, actor=actor, metadata=metadata, at=at)


async def find_events(
    one: Session,
    target: fields.EntityId | None = None,
    actor: fields.AnyId | None = None,
    entity: Annotated[fields.AnyId, Field(description="as actor or as target")] | None = None,
    types: fields.TypeNames | None = None,
    *,
    where: Annotated[fields.Metadata, Field(description="on metadata, as find_entities")]
    | None = None,
    since: fields.TimeText | None = None,
    until: fields.UntilText | None = None,
    retracted: bool = False,
    limit: fields.Limit = 20,
    cursor: fields.CursorText | None = None,
    detail: fields.Detail = "concise",
) -> Events:
    """Find what happened, newest first, retracted events only on request.

    How content was used: target and types=["content_interacted"].
    """
    return await one.read(
        finding.find,
        Around(actor, target, entity),
        types=types,
        where=where,
        since=since,
        until=until,
        retracted=retracted,
        limit=limit,
        cursor=cursor,
        detail=detail,
    )


WRITE = Permission.WRITE
TOOLS = toolset(
    "events",
    ToolSpec(record_event, "Record an event", WRITE),
    ToolSpec(find_events, "Find events"),
)
