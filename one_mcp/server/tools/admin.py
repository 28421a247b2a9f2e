"""Tools for owners."""

from typing import Annotated

from pydantic import Field

from one_mcp.access import Permission
from one_mcp.dimensions.purge.purge import Purged
from one_mcp.server.arguments import fields
from one_mcp.server.toolbox import ToolSpec, toolset
from one_mcp.services import erasure
from one_mcp.session import Session


async def purge_entity(
    one: Session,
    id: Annotated[fields.AnyId, Field(description="ent_… or kno_…")],
    confirm: Annotated[fields.Text, Field(description="the entity's name or id, again")],
) -> Purged:
    """Remove an entity for good, with its connections, its tags and what history knows of it.

    Events about it stay, and what other texts say of it, documents too; nothing brings the rest
    back. `erased` says that no byte of it is left in the file. A document (kno_…) goes the same
    way. Ask the user first; archive_entity hides an entity and can be undone.
    """
    return await erasure.remove(one, id, confirm)


TOOLS = toolset(
    "admin",
    ToolSpec(purge_entity, "Purge an entity", Permission.ADMIN, destructive=True, by_default=False),
)
