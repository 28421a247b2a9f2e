"""Erasure: a purge goes on until no byte of the file tells of what was purged, or says why not."""

from one_mcp import ids
from one_mcp.dimensions.changes import groups
from one_mcp.dimensions.purge import many, marks, purge
from one_mcp.dimensions.purge.purge import Purged
from one_mcp.errors import DatabaseError
from one_mcp.session import Session
from one_mcp.store.work import BEGINS

SMALL_BYTES = 256 * 1024 * 1024  # a second or two to write anew
LATER = "`one-mcp doctor --repair` finishes this."


async def remove(one: Session, id: str, confirm: str) -> Purged:
    """Purge an entity or a document, and erase it from the file.

    What cannot be erased now is gone from every answer all the same; `erased` is false then, and
    a warning says what stands in the way.
    """
    purged = await _purged(one, id, confirm)
    obstacle = await finish(one)
    if obstacle is None:
        return purged.model_copy(update={"erased": True})
    return purged.model_copy(
        update={"erased": False, "warnings": [*(purged.warnings or ()), obstacle]}
    )


async def _purged(one: Session, id: str, confirm: str) -> Purged:
    """Purge in one transaction, or, with very many connections, as a group of changes.

    The first part takes everything out of sight. A call that is cut off leaves the group
    unfinished, and the same call goes on with it.
    """
    if not (id.startswith(f"{ids.ENTITY}_") and await one.read(many.is_large, id)):
        return await one.write(purge.purge, id, confirm)
    first, connections = BEGINS, 0
    part = await one.write_part(first, many.begin, id, confirm)
    while True:
        first = first or ids.change_number(part.change or "") or BEGINS
        part = await one.write_part(first, many.take, id)
        connections += part.connections
        if not part.connections:
            break
    purged = await one.write_part(first, purge.purge, id, confirm)
    first = first or ids.change_number(purged.change or "") or BEGINS
    await one.derive_once(groups.finish, first)
    return purged.model_copy(
        update={
            "change": ids.change(first),
            "connections": connections + (purged.connections or 0),
        }
    )


async def finish(one: Session, *, patient: bool = False) -> str | None:
    """Erase what an organization's purges left in the file; return what stands in the way, if so.

    A large file of an older version is written anew only where somebody is `patient`: others
    cannot write meanwhile.
    """
    waiting = await one.read(marks.waiting)
    if not waiting:
        return None
    upgraded = marks.UPGRADED in waiting
    rewrite = upgraded and (patient or one.settings.database.stat().st_size <= SMALL_BYTES)
    try:
        cut = await one.erase(rewrite=rewrite)
    except DatabaseError as error:
        return f"It is removed, but its bytes may still be in the file ({error.code}). {LATER}"
    if not cut:
        return (
            "It is removed, but its bytes are still in the write-ahead log of the file, which a "
            f"long read or another process holds at this moment. {LATER}"
        )
    if upgraded and not rewrite:
        return (
            "It is removed, but an older version has left free space in the file that may hold "
            f"its bytes, and writing a file of this size anew takes a while. {LATER}"
        )
    await one.derive(marks.done, waiting)
    return None
