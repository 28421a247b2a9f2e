"""Tools that write many things as one change, tell what was changed, and take a change back."""

from typing import Annotated

from pydantic import Field, WithJsonSchema

from one_mcp.access import Permission
from one_mcp.dimensions import batch, history, operations, undo
from one_mcp.dimensions.batch import Applied
from one_mcp.dimensions.history import History
from one_mcp.dimensions.undo import Undone
from one_mcp.jsons import JsonValue
from one_mcp.server import fields
from one_mcp.server.toolbox import ToolSpec
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
                "type, to, metadata), disconnect_entities, record_event (type, target, actor, "
                "metadata, at), tag_entity (id, add, remove): fields as in these tools"
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

    $name stands for the id of an entity created earlier in the list, wherever an id may stand.
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
) -> History:
    """Tell who changed what, when and why, newest first: each field before and after.

    An entity's history includes its tags and connections; a change's shows all it wrote.
    """
    return await one.read(history.history, id, limit, cursor)


async def undo_change(one: Session, change: fields.ChangeId) -> Undone:
    """Take one change back as a unit, or say which later changes stand in the way.

    Events stay. The undo is a change too, and can be undone.
    """
    return await one.write(undo.undo, change)


TOOLS = (
    ToolSpec(
        "apply_changes",
        apply_changes,
        "Apply changes",
        "changes",
        Permission.WRITE,
        destructive=True,
    ),
    ToolSpec(
        "get_history",
        get_history,
        "Get the history",
        "changes",
        Permission.READ,
        read_only=True,
        idempotent=True,
    ),
    ToolSpec(
        "undo_change",
        undo_change,
        "Undo a change",
        "changes",
        Permission.WRITE,
        destructive=True,
    ),
)
