"""Upkeep: bring the index to where everything is found by meaning, and say where it stands."""

import anyio

from one_mcp.answers import Answer
from one_mcp.dimensions.knowledge import backlogs, models, queues, unembedded
from one_mcp.dimensions.knowledge.models import Model
from one_mcp.errors import ConflictError, EmbedderError
from one_mcp.services.knowledge import indexing
from one_mcp.session import Session

PAUSE_S = 0.5  # between looks at what other processes have leased


class Indexed(Answer):
    """Where the index stands. `waiting` and `failed` count texts and passages."""

    model: str | None = None
    reason: str | None = None
    documents: int
    passages: int
    vectors: int
    waiting: int | None = None
    failed: int | None = None


async def reindex(one: Session, *, everything: bool = False) -> Indexed:
    """Wait until all texts are cut and embedded, by this process or by others.

    What failed is tried again. With `everything`, all texts are cut and embedded anew; search goes
    on with what there is meanwhile. A call that is cancelled leaves the rest to the background.
    """
    await one.derive(queues.recut if everything else backlogs.retry)
    await _worked_off(one)
    if everything:
        model = await indexing.prepared(one)
        if model.number is not None:
            await one.derive(unembedded.all_anew, model.number)
            await _worked_off(one)
    return await standing(one)


async def _worked_off(one: Session) -> None:
    while await indexing.finish(one, one.call.report):  # noqa: ASYNC110  # others' leases tell nobody
        await anyio.sleep(PAUSE_S)


async def standing(one: Session) -> Indexed:
    """Say what is indexed, under which model, and what is still to do."""
    name, number, reason = None, None, None
    try:
        loaded = await one.engine.ready()
        if loaded is not None:
            name, dimension = loaded.embedder.name, loaded.embedder.dimension
            number = await one.read(models.number, name, dimension)
    except (EmbedderError, ConflictError) as error:
        reason = str(error)
    counted = await one.read(models.counted, number)
    backlog = await one.read(backlogs.count, number)
    return Indexed(
        model=name,
        reason=reason,
        documents=counted["documents"],
        passages=counted["passages"],
        vectors=counted["vectors"],
        waiting=backlog.uncut + backlog.unembedded or None,
        failed=backlog.failed or None,
    )


async def forget(one: Session, name: str) -> int:
    """Let a model's vectors go, and return how many there were."""
    return await one.derive(models.forget, name)


async def listed(one: Session) -> list[Model]:
    """List the models whose vectors the file holds."""
    return await one.read(models.listed)
