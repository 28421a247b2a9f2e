"""Tools that record what happened and read it back."""

from typing import Annotated

from pydantic import Field

from one_mcp.access import Permission
from one_mcp.dimensions import events, timeline
from one_mcp.dimensions.events import Recorded
from one_mcp.dimensions.timeline import Around, Events
from one_mcp.server import fields
from one_mcp.server.toolbox import ToolSpec
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
    """Record that something happened; events are never changed or deleted.

    Creating or changing an entity records its own event where the type has one.
    """
    return await one.write(events.record, type, target, actor=actor, metadata=metadata, at=at)


async def find_events(
    one: Session,
    target: fields.EntityId | None = None,
    actor: fields.AnyId | None = None,
    entity: Annotated[fields.AnyId, Field(description="as actor or as target")] | None = None,
    types: fields.TypeNames | None = None,
    *,
    since: fields.TimeText | None = None,
    until: fields.TimeText | None = None,
    limit: fields.Limit = 20,
    cursor: fields.CursorText | None = None,
    detail: fields.Detail = "concise",
) -> Events:
    """Find what happened, newest first, with the names of who did it and to what.

    For how content was used: target and types=["content_interacted"].
    """
    return await one.read(
        timeline.find,
        Around(actor, target, entity),
        types=types,
        since=since,
        until=until,
        limit=limit,
        cursor=cursor,
        detail=detail,
    )


TOOLS = (
    ToolSpec(
        name="record_event",
        run=record_event,
        title="Record an event",
        toolset="events",
        permission=Permission.WRITE,
    ),
    ToolSpec(
        name="find_events",
        run=find_events,
        title="Find events",
        toolset="events",
        permission=Permission.READ,
        read_only=True,
        idempotent=True,
    ),
)
