"""Tools that find, show, create and change entities."""

from typing import Annotated

from pydantic import Field

from one_mcp.access import Permission
from one_mcp.dimensions import archive, entities, finding, portraits
from one_mcp.dimensions import tags as tagging
from one_mcp.dimensions.archive import Archived, Restored
from one_mcp.dimensions.entities import Saved
from one_mcp.dimensions.finding import Found, Sort
from one_mcp.dimensions.neighbourhoods import Direction
from one_mcp.dimensions.portraits import Include, Portrait
from one_mcp.dimensions.selections import Link
from one_mcp.dimensions.tags import Tagged
from one_mcp.server import fields
from one_mcp.server.toolbox import ToolSpec
from one_mcp.session import Session

Status = Annotated[str, Field(max_length=100)]


class ConnectedTo(fields.Part):
    """The entity whose neighbours are wanted."""

    id: fields.EntityId
    type: fields.TypeName | None = None
    direction: Annotated[Direction, Field(description="out: from id to the found")] = "both"


async def find_entities(
    one: Session,
    type: fields.TypeName | None = None,
    text: Annotated[fields.Text, Field(description="any words; best matches first")] | None = None,
    where: Annotated[
        fields.Properties,
        Field(
            description='on properties: {"niche": {"contains": "yoga"}, "price": {"gte": 10, '
            '"lt": 50}, "a.b": 1}; eq, ne, gt, gte, lt, lte, in, contains, exists, starts_with'
        ),
    ]
    | None = None,
    *,
    tags: Annotated[fields.TagList, Field(description="all of; key: for any value")] | None = None,
    connected_to: ConnectedTo | None = None,
    status: Annotated[Status, Field(description="default: all but archived")] | None = None,
    sort: Sort | None = None,
    limit: fields.Limit = 20,
    cursor: fields.CursorText | None = None,
    detail: fields.Detail = "concise",
) -> Found:
    """Find entities that meet all conditions; without any, the newest.

    Look here before you create something. Full detail adds properties and tags; get_entity shows
    one entity with its neighbours.
    """
    link = connected_to and Link(connected_to.id, connected_to.type, connected_to.direction)
    return await one.read(
        finding.find,
        type,
        text=text,
        where=where,
        tags=tags,
        connected_to=link,
        status=status,
        sort=sort,
        limit=limit,
        cursor=cursor,
        detail=detail,
    )


async def get_entity(
    one: Session,
    id: fields.EntityId,
    include: Annotated[
        list[Include] | None, Field(description="default tags, counts (connections by type)")
    ] = None,
    relationships: Annotated[fields.TypeNames, Field(description="neighbours by these types only")]
    | None = None,
    *,
    as_of: fields.TimeText | None = None,
    detail: fields.Detail = "concise",
) -> Portrait:
    """Show one entity and what surrounds it: numbers of connections, named neighbours, events.

    For a creator's content and followers: relationships=["authored"]. For a clone's metrics:
    include=["stats"] (30 days). as_of shows the past.
    """
    return await one.read(
        portraits.portrait, id, include, relationships=relationships, as_of=as_of, detail=detail
    )


async def create_entity(
    one: Session,
    type: fields.TypeName,
    name: fields.Name,
    properties: fields.Properties | None = None,
    *,
    status: Annotated[Status, Field(description="active unless given")] | None = None,
    tags: fields.TagList | None = None,
) -> Saved:
    """Create one entity; its event is recorded with it.

    Unknown properties are kept and named in `extra`. For several entities with their connections
    use apply_changes.
    """
    return await one.write(entities.create, type, name, properties, status=status, with_tags=tags)


async def update_entity(
    one: Session,
    id: fields.EntityId,
    properties: Annotated[fields.Properties, Field(description="merged; null removes")]
    | None = None,
    name: fields.Name | None = None,
    status: Status | None = None,
    *,
    replace: Annotated[bool, Field(description="replace all properties")] = False,
    expected_version: fields.Version | None = None,
) -> Saved:
    """Change an entity's properties, name or status.

    With expected_version, it is refused if someone else changed the entity meanwhile.
    """
    return await one.write(
        entities.update,
        id,
        properties,
        name=name,
        status=status,
        replace=replace,
        expected_version=expected_version,
    )


async def archive_entity(
    one: Session, id: fields.EntityId, expected_version: fields.Version | None = None
) -> Archived:
    """Hide an entity and its connections from all reads; restore_entity brings both back."""
    return await one.write(archive.archive, id, expected_version)


async def restore_entity(one: Session, id: fields.EntityId) -> Restored:
    """Bring an archived entity back with its connections, in the status it had."""
    return await one.write(archive.restore, id)


async def tag_entity(
    one: Session,
    id: fields.EntityId,
    add: fields.TagList | None = None,
    remove: fields.TagList | None = None,
) -> Tagged:
    """Add tags to an entity and remove others; answers with all it has."""
    return await one.write(tagging.change, id, add, remove)


READ, WRITE = Permission.READ, Permission.WRITE
TOOLS = (
    ToolSpec(
        "find_entities",
        find_entities,
        "Find entities",
        "entities",
        READ,
        read_only=True,
        idempotent=True,
    ),
    ToolSpec(
        "get_entity", get_entity, "Get an entity", "entities", READ, read_only=True, idempotent=True
    ),
    ToolSpec("create_entity", create_entity, "Create an entity", "entities", WRITE),
    ToolSpec(
        "update_entity",
        update_entity,
        "Update an entity",
        "entities",
        WRITE,
        destructive=True,
        idempotent=True,
    ),
    ToolSpec(
        "archive_entity",
        archive_entity,
        "Archive an entity",
        "entities",
        WRITE,
        destructive=True,
        idempotent=True,
    ),
    ToolSpec(
        "restore_entity", restore_entity, "Restore an entity", "entities", WRITE, idempotent=True
    ),
    ToolSpec("tag_entity", tag_entity, "Tag an entity", "entities", WRITE, idempotent=True),
)
