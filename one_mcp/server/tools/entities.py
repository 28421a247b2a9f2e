"""Tools that find, show, create and change entities."""

from typing import Annotated

from pydantic import Field

from one_mcp.access import Permission
from one_mcp.dimensions.connections.directions import Direction
from one_mcp.dimensions.entities import entity, finding, showing
from one_mcp.dimensions.entities import tags as tagging
from one_mcp.dimensions.entities.archive import Archived, Restored
from one_mcp.dimensions.entities.details import Include, Portrait
from one_mcp.dimensions.entities.duplicates import Duplicates
from one_mcp.dimensions.entities.entity import Saved, Updated
from one_mcp.dimensions.entities.finding import Entities
from one_mcp.dimensions.entities.selection import NeighbourOf
from one_mcp.dimensions.entities.tags import Tagged
from one_mcp.dimensions.graph.summary import summarizing
from one_mcp.dimensions.graph.summary.measures import COUNT
from one_mcp.dimensions.graph.summary.sources import Conditions, Kind
from one_mcp.dimensions.graph.summary.summarizing import Compare, Summary
from one_mcp.ontology.adjustments import Adjustment
from one_mcp.server.arguments import existence, fields
from one_mcp.server.toolbox import ToolSpec, toolset
from one_mcp.services import hubs
from one_mcp.services.knowledge import duplicates
from one_mcp.session import Session

Measures = Annotated[
    list[str],
    Field(
        description="count (default), count:distinct actor; sum:, avg:, min:, max:, median: "
        "of a field: sum:price",
        max_length=5,
    ),
]
GroupBy = Annotated[
    list[str],
    Field(
        description="up to 3: type, status, tag:key, actor, target, from, to, a property or "
        "metadata (a.b, properties.status), of an end (target.level), neighbours "
        "(actor.enrolled_in, id.enrolled_in); hour, day, week, month (month:paidAt), quarter, "
        "year, weekday, hour_of_day",
        max_length=3,
    ),
]
Where = Annotated[
    fields.Properties,
    Field(
        description='on properties: {"niche": {"contains": "yoga"}, "price": {"gte": 10, "lt": 50},'
        ' "a.b": 1}; eq, ne, gt, gte, lt, lte, in, contains, exists, starts_with'
    ),
]
Order = Annotated[
    str,
    Field(
        description="created, -updated, name, -price (a property), -count: or latest: of an "
        "event or connection type: latest:payment_processed",
        max_length=200,
    ),
]
Status = Annotated[str, Field(max_length=100)]


class ConnectedTo(fields.ArgumentObject):
    """The entity whose neighbours are wanted."""

    id: fields.EntityId
    type: fields.TypeName | None = None
    direction: Annotated[Direction, Field(description="out: from id to found")] = "both"


async def find_entities(
    one: Session,
    type: fields.TypeName | None = None,
    text: Annotated[fields.Text, Field(description="any of them, best first")] | None = None,
    name: Annotated[fields.Name, Field(description="whole name")] | None = None,
    where: Where | None = None,
    *,
    tags: Annotated[fields.TagList, Field(description="all of; key: for any value")] | None = None,
    connected_to: ConnectedTo | None = None,
    has: existence.Has | None = None,
    lacks: existence.Lacks | None = None,
    status: Annotated[Status, Field(description="default: not archived")] | None = None,
    since: fields.TimeText | None = None,
    until: fields.UntilText | None = None,
    sort: Order | None = None,
    limit: fields.Limit = 20,
    cursor: fields.CursorText | None = None,
    detail: fields.Detail = "concise",
) -> Entities:
    """Find entities that meet all conditions; without any, the newest.

    since, until: when created; sorted by updated, when changed. Look here before you create.
    Full detail adds properties, tags; get_entity shows one with neighbours.
    """
    link = connected_to and NeighbourOf(connected_to.id, connected_to.type, connected_to.direction)
    return await one.read(
        finding.find,
        type,
        name=name,
        text=text,
        where=where,
        tags=tags,
        connected_to=link,
        has=existence.read(has),
        lacks=existence.read(lacks),
        status=status,
        since=since,
        until=until,
        sort=sort,
        limit=limit,
        cursor=cursor,
        detail=detail,
    )


async def summarize(
    one: Session,
    of: Kind,
    measures: Measures | None = None,
    group_by: GroupBy | None = None,
    types: fields.TypeNames | None = None,
    *,
    where: Annotated[fields.Properties, Field(description="as find_entities; or on metadata")]
    | None = None,
    status: Status | None = None,
    text: Annotated[fields.Text, Field(description="all words")] | None = None,
    tags: fields.TagList | None = None,
    connected_to: ConnectedTo | None = None,
    has: existence.AsThere | None = None,
    lacks: existence.Lacking | None = None,
    actor: fields.AnyId | None = None,
    target: fields.EntityId | None = None,
    from_: fields.EntityId | None = None,
    to: fields.EntityId | None = None,
    since: fields.TimeText | None = None,
    until: fields.UntilText | None = None,
    time_zone: str | None = None,
    compare: Compare | None = None,
    sort: Annotated[str, Field(description="-sum:price")] | None = None,
    limit: fields.Limit | None = None,
) -> Summary:
    """Count, sum, group and rank entities, connections or events, over all that match.

    Times (since, until, month…) are when it happened or was created. Money is summed per currency.
    compare: "previous" sets the period before beside since and until.
    """
    link = connected_to and NeighbourOf(connected_to.id, connected_to.type, connected_to.direction)
    bonds = existence.read(has), existence.read(lacks)
    ends = actor, target, from_, to
    asked = Conditions(
        types or (), where, status, text, tags or (), link, *bonds, *ends, since, until
    )
    return await one.read(
        summarizing.summarize,
        of,
        measures or [COUNT],
        group_by or (),
        asked=asked,
        time_zone=time_zone,
        compare=compare,
        sort=sort,
        limit=limit,
    )


async def find_duplicates(
    one: Session, type: fields.TypeName | None = None, limit: fields.Limit = 20
) -> Duplicates:
    """Group entities that seem to be the same, by name, e-mail, telephone or text.

    merge_entities in apply_changes makes one of them.
    """
    return await duplicates.find(one, type, limit)


async def get_entity(
    one: Session,
    id: Annotated[str, Field(description="ent_…, con_… or evt_…", min_length=1, max_length=64)],
    include: Annotated[
        list[Include] | None, Field(description="default tags, counts (connections by type)")
    ] = None,
    relationships: Annotated[fields.TypeNames, Field(description="neighbours by these types only")]
    | None = None,
    *,
    as_of: fields.TimeText | None = None,
    detail: fields.Detail = "concise",
) -> Portrait:
    """Show an entity and what surrounds it, a connection with its ends, or an event.

    For a creator's content and followers: relationships=["authored"]. For a clone's metrics:
    include=["stats"] (30 days). as_of shows the past.
    """
    return await one.read(
        showing.show, id, include, relationships=relationships, as_of=as_of, detail=detail
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
    return await one.write(entity.create, type, name, properties, status=status, with_tags=tags)


async def update_entity(
    one: Session,
    id: fields.EntityId,
    properties: Annotated[fields.Properties, Field(description="merged; null removes")]
    | None = None,
    name: fields.Name | None = None,
    status: Status | None = None,
    *,
    replace: Annotated[bool, Field(description="replace all properties")] = False,
    increment: fields.Increment | None = None,
    append: fields.Properties | None = None,
    remove: fields.Properties | None = None,
    expected_version: fields.Version | None = None,
) -> Updated:
    """Change an entity's properties, name or status.

    increment, append and remove (from lists) lose nothing that others add. With expected_version,
    it is refused if someone else changed the entity meanwhile.
    """
    return await one.write(
        entity.update,
        id,
        properties,
        name=name,
        status=status,
        replace=replace,
        expected_version=expected_version,
        adjust=Adjustment(increment, append, remove),
    )


async def archive_entity(
    one: Session, id: fields.EntityId, expected_version: fields.Version | None = None
) -> Archived:
    """Hide an entity and its connections from all reads; apply_changes restores both."""
    return await hubs.hide(one, id, expected_version)


async def restore_entity(one: Session, id: fields.EntityId) -> Restored:
    """Bring an archived entity back with its connections, in the status it had."""
    return await hubs.restore(one, id)


async def tag_entity(
    one: Session,
    id: fields.EntityId,
    add: fields.TagList | None = None,
    remove: fields.TagList | None = None,
) -> Tagged:
    """Add tags to an entity and remove others; answers with all it has."""
    return await one.write(tagging.change, id, add, remove)


WRITE = Permission.WRITE
TOOLS = toolset(
    "entities",
    ToolSpec(find_entities, "Find entities"),
    ToolSpec(summarize, "Count, sum and rank"),
    ToolSpec(find_duplicates, "Find duplicates"),
    ToolSpec(get_entity, "Get an entity"),
    ToolSpec(create_entity, "Create an entity", WRITE),
    ToolSpec(update_entity, "Update an entity", WRITE, destructive=True, repeatable=True),
    ToolSpec(archive_entity, "Archive an entity", WRITE, destructive=True, repeatable=True),
    ToolSpec(restore_entity, "Restore an entity", WRITE, repeatable=True, by_default=False),
    ToolSpec(tag_entity, "Tag an entity", WRITE, repeatable=True),
)
