"""Undoing: a change is taken back in one transaction, a group of changes one after the other."""

from collections.abc import Sequence

from one_mcp import answers, ids
from one_mcp.dimensions.changes import groups
from one_mcp.dimensions.undo import undo as rule
from one_mcp.dimensions.undo.undo import Undone
from one_mcp.errors import ConflictError
from one_mcp.session import Session
from one_mcp.store.work import BEGINS


async def undo(one: Session, change: str) -> Undone:
    """Take back a change, or the whole group that it belongs to.

    Raises ConflictError, and names the later changes that stand in the way; then all is as it was.
    """
    number = ids.change_number(change)
    parts = [] if number is None else await one.read(groups.parts, number)
    if not parts:
        return await one.write(rule.undo, change)
    return await _undo_group(one, parts)


async def _undo_group(one: Session, parts: Sequence[int]) -> Undone:
    """Take back the changes of a group, the last one first; what an earlier call did is not."""
    first = BEGINS
    undone: list[Undone] = []
    try:
        for number in reversed(parts):
            undone.append(await one.write_part(first, rule.undo_part, number))
            first = first or ids.change_number(undone[-1].change or "") or BEGINS
    except ConflictError:
        if first:
            await _undo_group(one, await one.read(groups.parts, first))
        raise
    if not first:
        return await one.write(rule.undo, ids.change(parts[0]))
    await one.derive_once(groups.finish, first)
    return Undone(
        change=ids.change(first),
        warnings=answers.few(it for part in undone for it in part.warnings or ()),
        undone=ids.change(parts[0]),
        tool=undone[-1].tool,
        entities=sum(it.entities for it in undone),
        connections=sum(it.connections for it in undone),
        tags=sum(it.tags for it in undone),
        documents=sum(it.documents for it in undone),
        events_retracted=sum(it.events_retracted or 0 for it in undone) or None,
        events_restored=sum(it.events_restored or 0 for it in undone) or None,
    )
