"""Tools for owners."""

from typing import Annotated

from pydantic import Field

from one_mcp import ids
from one_mcp.access import Permission
from one_mcp.dimensions import archive
from one_mcp.dimensions.archive import Purged
from one_mcp.dimensions.knowledge import purging
from one_mcp.server import fields
from one_mcp.server.toolbox import ToolSpec
from one_mcp.session import Session


async def purge_entity(
    one: Session,
    id: Annotated[fields.AnyId, Field(description="ent_… or kno_…")],
    confirm: Annotated[fields.Text, Field(description="the entity's name or id, again")],
) -> Purged:
    """Remove an entity for good, with its connections, its tags and what history knows of it.

    Only events and documents about it stay; nothing brings the rest back. A document (kno_…) goes
    the same way. Ask the user first; archive_entity hides an entity and can be undone.
    """
    document = id.startswith(f"{ids.KNOWLEDGE}_")
    return await one.write(purging.purge if document else archive.purge, id, confirm)


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
