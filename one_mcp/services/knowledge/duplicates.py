"""Duplicates by what their texts mean, beside those by name, e-mail and telephone."""

from one_mcp.dimensions.entities import duplicates
from one_mcp.dimensions.entities.duplicates import Duplicates, Likeness
from one_mcp.dimensions.knowledge.index import models
from one_mcp.errors import ConflictError, EmbedderError
from one_mcp.providers.embedding import LoadedEmbedder
from one_mcp.services.knowledge.recall import NO_MODEL, NOTHING_YET, PATIENCE_S
from one_mcp.session import Session
from one_mcp.store.work import Work


async def find(one: Session, type: str | None, limit: int) -> Duplicates:
    """Group entities that seem to be one; the answer says where texts could not be compared."""
    reason = None
    try:
        loaded = await one.providers.embedding.ready(PATIENCE_S)
    except EmbedderError as error:
        loaded, reason = None, str(error)
    if loaded is None:
        found = await one.read(duplicates.find, type, limit)
        return found.model_copy(update={"by_meaning": f"not compared: {reason or NO_MODEL}"})
    return await one.read(_found, type, limit, loaded)


def _found(work: Work, type: str | None, limit: int, loaded: LoadedEmbedder) -> Duplicates:
    reason = NOTHING_YET
    try:
        model = models.number(work, loaded.embedder.name, loaded.embedder.dimension)
    except ConflictError as error:
        model, reason = None, str(error)
    if model is None:
        found = duplicates.find(work, type, limit)
        return found.model_copy(update={"by_meaning": f"not compared: {reason}"})
    return duplicates.find(work, type, limit, Likeness(model, loaded.arithmetic.alike))
