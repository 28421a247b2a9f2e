"""Undoing: a change is taken back in one transaction, a group of changes one after the other."""

from one_mcp import answers, ids
from one_mcp.dimensions.changes import groups
from one_mcp.dimensions.undo import connections, parts
from one_mcp.dimensions.undo import undo as rule
from one_mcp.dimensions.undo.parts import UndonePart
from one_mcp.dimensions.undo.undo import Undone
from one_mcp.errors import ConflictError
from one_mcp.services import hubs
from one_mcp.session import Session
from one_mcp.store.work import Work


async def undo(one: Session, change: str) -> Undone:
    """Take back a change, or the whole group that it belongs to.

    An undo of a group that was cut off goes on. Raises ConflictError, and names the later changes
    that stand in the way; then all is as it was.
    """
    number = ids.change_number(change)
    group = [] if number is None else await one.read(groups.parts, number)
    if group:
        return await _undo_group(one, group[0])
    back = [] if number is None else await one.read(connections.coming_back, number)
    async with hubs.opened(one, back):
        return await one.write(rule.undo, change)


async def _undo_group(one: Session, first: int) -> Undone:
    undone: list[UndonePart] = []
    try:
        while not undone or undone[-1].left:
            undone.append(await one.write(parts.undo_next, first))
    except ConflictError as error:
        await _restore(one, first, error)
        raise
    group = undone[-1].group
    await one.derive_once(groups.finish, ids.change_number(group) or first)
    return Undone(
        change=group,
        replayed=all(it.replayed for it in undone) or None,
        warnings=answers.few(it for part in undone for it in part.warnings or ()),
        undone=ids.change(first),
        tool=undone[-1].tool,
        entities=sum(it.entities for it in undone),
        connections=sum(it.connections for it in undone),
        tags=sum(it.tags for it in undone),
        documents=sum(it.documents for it in undone),
        events_retracted=sum(it.events_retracted or 0 for it in undone) or None,
        events_restored=sum(it.events_restored or 0 for it in undone) or None,
    )


async def _restore(one: Session, first: int, refused: ConflictError) -> None:
    """Bring back what an undo took back before it was refused."""
    undoer = await one.read(_undoer, first)
    if undoer is None:
        return
    await one.forget_steps()
    try:
        await _undo_group(one, undoer)
    except ConflictError as error:
        raise ConflictError(
            f"{refused} What {ids.change(undoer)} took back of it could not be brought back: "
            f"{error}"
        ) from error


def _undoer(work: Work, first: int) -> int | None:
    try:
        return parts.undoer_of(work, first)
    except ConflictError:  # it is through, or somebody takes it back
        return None
