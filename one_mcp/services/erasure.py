"""Erasure: a purge goes on until no byte of the file tells of what was purged, or says why not."""

from one_mcp.dimensions.purge import marks, purge
from one_mcp.dimensions.purge.purge import Purged
from one_mcp.errors import DatabaseError
from one_mcp.session import Session

SMALL_BYTES = 256 * 1024 * 1024  # a second or two to write anew
LATER = "`one-mcp doctor --repair` finishes this."


async def remove(one: Session, id: str, confirm: str) -> Purged:
    """Purge an entity or a document, and erase it from the file.

    What cannot be erased now is gone from every answer all the same; `erased` is false then, and
    a warning says what stands in the way.
    """
    purged = await one.write(purge.purge, id, confirm)
    obstacle = await finish(one)
    if obstacle is None:
        return purged.model_copy(update={"erased": True})
    return purged.model_copy(
        update={"erased": False, "warnings": [*(purged.warnings or ()), obstacle]}
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
