"""Tools for owners."""

from typing import Annotated

from pydantic import Field

from one_mcp.access import Permission
from one_mcp.dimensions import archive
from one_mcp.dimensions.archive import Purged
from one_mcp.server import fields
from one_mcp.server.toolbox import ToolSpec
from one_mcp.session import Session


async def purge_entity(
    one: Session,
    id: fields.EntityId,
    confirm: Annotated[fields.Text, Field(description="the entity's name or id, again")],
) -> Purged:
    """Remove an entity for good, with its connections, its tags and what history knows of it.

    Only events stay; nothing brings the rest back. Ask the user first; archive_entity hides an
    entity and can be undone.
    """
    return await one.write(archive.purge, id, confirm)


TOOLS = (
    ToolSpec(
        "purge_entity",
        purge_entity,
        "Purge an entity",
        "admin",
        Permission.ADMIN,
        destructive=True,
    ),
)
