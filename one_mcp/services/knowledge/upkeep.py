"""Upkeep: bring the index to where everything is found by meaning, and say where it stands."""

import math
from typing import ClassVar

import anyio

from one_mcp.answers import Written
from one_mcp.dimensions.knowledge.index import backlog, models
from one_mcp.dimensions.knowledge.index.backlog import Until
from one_mcp.dimensions.knowledge.index.models import Model
from one_mcp.errors import ConflictError, EmbedderError
from one_mcp.services.knowledge import indexing
from one_mcp.services.knowledge.indexing import ActiveModel
from one_mcp.session import Session

PAUSE_S = 0.5  # between looks at what other processes have leased


class Indexed(Written):
    """Where the index stands. `waiting` and `failed` count texts and passages."""

    quotes: ClassVar[bool] = False

    model: str | None = None
    reason: str | None = None
    documents: int
    passages: int
    vectors: int
    waiting: int | None = None
    failed: int | None = None


async def reindex(
    one: Session, *, everything: bool = False, patience_s: float | None = None
) -> Indexed:
    """Wait until the organization's texts that wait now are cut and embedded, here or elsewhere.

    What is written meanwhile is left to the background, and so is what is not done after
    `patience_s`, or when the call is cancelled. What failed is tried again. With `everything`, all
    texts are cut and embedded anew; search goes on with what there is meanwhile.
    """
    deadline = anyio.current_time() + (math.inf if patience_s is None else patience_s)
    model = await indexing.prepared(one, patience_s)
    if everything:
        await one.derive_once(backlog.all_anew, model.number)
    else:
        await one.derive(backlog.retry)
    texts = await one.read(backlog.texts)
    done = await _worked_off(one, model, texts, deadline)
    await _worked_off(one, model, await one.read(backlog.passages, texts), deadline, done)
    return await standing(one, patience_s)


async def _worked_off(
    one: Session, model: ActiveModel, until: Until, deadline: float, done: int = 0
) -> int:
    """Work until nothing that is meant is left, or time is up; return how much has been done."""
    while anyio.current_time() < deadline:
        took = await indexing.turn(one, model, until)
        left = await one.read(backlog.count, model.number, until)
        done += took
        await one.call.report(done, done + left.uncut + left.unembedded, "texts")
        if not took and not left:
            break  # told as well: another may have done all of it
        if not took:
            await anyio.sleep(PAUSE_S)  # others have leased it
    return done


async def standing(one: Session, patience_s: float | None = None) -> Indexed:
    """Say what is indexed, under which model, and what is still to do."""
    name, number, reason = None, None, None
    try:
        loaded = await one.providers.embedding.ready(patience_s)
        if loaded is not None:
            name, dimension = loaded.embedder.name, loaded.embedder.dimension
            number = await one.read(models.number, name, dimension)
    except (EmbedderError, ConflictError) as error:
        reason = str(error)
    counted = await one.read(models.counted, number)
    left = await one.read(backlog.count, number)
    return Indexed(
        model=name,
        reason=reason,
        documents=counted["documents"],
        passages=counted["passages"],
        vectors=counted["vectors"],
        waiting=left.uncut + left.unembedded or None,
        failed=left.failed or None,
    )


async def forget(one: Session, name: str) -> int:
    """Let a model's vectors go, and return how many there were."""
    return await one.derive(models.forget, name)


async def listed(one: Session) -> list[Model]:
    """List the models whose vectors the file holds."""
    return await one.read(models.listed)
