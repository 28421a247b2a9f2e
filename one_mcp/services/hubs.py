"""Hubs: connections of an entity with very many are shown in slices, before anybody sees them."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from one_mcp.dimensions import lookup
from one_mcp.dimensions.connections import hubs
from one_mcp.dimensions.entities import archive
from one_mcp.dimensions.entities.archive import Archived, Restored
from one_mcp.session import Session
from one_mcp.store.work import Work


async def hide(one: Session, id: str, expected_version: int | None = None) -> Archived:
    """Archive an entity; its connections are out of sight at once, however many there are."""
    archived = await one.write(archive.archive, id, expected_version)
    if archived.connections > hubs.MANY:
        await follow(one, archived.id)
    return archived


async def restore(one: Session, id: str) -> Restored:
    """Restore an entity with its connections; very many are made ready first."""
    async with opened(one, await one.read(_large, id)):
        return await one.write(archive.restore, id)


async def follow(one: Session, id: str) -> None:
    """Hide the connections of an entity that is out of sight, until all are."""
    while await one.derive(hubs.move_some, id):
        pass


@asynccontextmanager
async def opened(one: Session, ids: Sequence[str]) -> AsyncGenerator[None]:
    """Make the connections of entities ready to be shown; hide them again if they are not."""
    begun: list[str] = []
    for id in ids:
        if await one.derive(hubs.begin_opening, id):
            begun.append(id)
            while await one.derive(hubs.move_some, id):
                pass
    try:
        yield
    finally:
        for id in begun:
            await one.derive(hubs.give_up, id)


def _large(work: Work, id: str) -> list[str]:
    row = lookup.any_state(work, id, follow=True)
    is_large = row["deleted_at"] is not None and hubs.is_large(work, row["id"])
    return [row["id"]] if is_large else []
