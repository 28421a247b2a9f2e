"""Tools that write many things as one change, tell what was changed, and take a change back."""

from typing import Annotated

from pydantic import Field, WithJsonSchema

from one_mcp.access import Permission
from one_mcp.dimensions.batch import batch, operations
from one_mcp.dimensions.batch.batch import Applied
from one_mcp.dimensions.changes.history import History
from one_mcp.dimensions.organizations import chronicle
from one_mcp.dimensions.undo.undo import Undone
from one_mcp.jsons import JsonValue
from one_mcp.server.arguments import fields
from one_mcp.server.toolbox import ToolSpec, toolset
from one_mcp.services import undoing
from one_mcp.session import Session

Operations = Annotated[
    list[JsonValue],
    WithJsonSchema(
        {
            "type": "array",
            "items": {"type": "object"},
            "description": (
                "{op, ...} with op: create_entity (as: $name, type, name, properties, status, "
                "tags), update_entity, archive_entity, restore_entity, connect_entities (from, "
                "type, to, metadata), disconnect_entities, record_event (as, type, target, actor, "
                "metadata, at), retract_event (id, reason, replaced_by), tag_entity (id, add, "
                "remove), update_organization (name, owner, currency, time_zone), merge_entities "
                "(survivor, losers, prefer), convert_entity (id, type, mapping), rename_tag (tag, "
                "to), change_found (conditions as in find_entities, count, properties, set_status, "
                "add_tags, remove_tags, archive): as in these tools"
            ),
        }
    ),
]


async def apply_changes(
    one: Session,
    operations_: Operations,
    dry_run: bool = False,
) -> Applied:
    """Write up to 200 operations as one change, all or none.

    $name stands for the id of an entity created earlier, wherever an id may stand.
    """
    steps = operations.parse(operations_)
    if dry_run:
        return await one.rehearse(batch.apply, steps, dry_run=True)
    return await one.write(batch.apply, steps)


async def get_history(
    one: Session,
    id: Annotated[fields.AnyId, Field(description="ent_…, con_… or chg_…; default: everything")]
    | None = None,
    limit: fields.Limit = 20,
    cursor: fields.CursorText | None = None,
    *,
    since: fields.TimeText | None = None,
    until: fields.UntilText | None = None,
    by: Annotated[str, Field(description="a person", max_length=200)] | None = None,
    tool: Annotated[str, Field(max_length=100)] | None = None,
) -> History:
    """Tell who changed what, when and why, newest first: each field before and after.

    An entity's history includes its tags and connections; a change's shows all it wrote.
    """
    return await one.read(
        chronicle.tell, id, limit, cursor, since=since, until=until, by=by, tool=tool
    )


async def undo_change(one: Session, change: fields.ChangeId) -> Undone:
    """Take a change back with its events, or say which later changes stand in the way.

    The undo can be undone, too.
    """
    return await undoing.undo(one, change)


WRITE = Permission.WRITE
TOOLS = toolset(
    "changes",
    ToolSpec(apply_changes, "Apply changes", WRITE, destructive=True),
    ToolSpec(get_history, "Get the history"),
    ToolSpec(undo_change, "Undo a change", WRITE, destructive=True),
)
