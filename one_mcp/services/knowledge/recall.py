"""Recall: find what is known about a question; the question is embedded before the file is read."""

import logging
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

import anyio

from one_mcp.answers import ROOM_CHARACTERS, Answer
from one_mcp.dimensions.entities.summaries import Item
from one_mcp.dimensions.knowledge.index import backlog, models
from one_mcp.dimensions.knowledge.search import facts, hybrid, mentioned
from one_mcp.dimensions.knowledge.search.hits import Hit
from one_mcp.dimensions.knowledge.search.hybrid import Meaning, Spoken, Wish
from one_mcp.dimensions.knowledge.search.semantic import Question
from one_mcp.errors import ConflictError, EmbedderError, InvalidArgumentError, OneError
from one_mcp.providers.embedding import LoadedEmbedder
from one_mcp.search.cache import Frequencies
from one_mcp.services import bookkeeping
from one_mcp.session import Session
from one_mcp.store import unindexed
from one_mcp.store.work import Work

log = logging.getLogger(__name__)

PATIENCE_S = 1.5  # for a model that is still loading; then words have to do
NO_MODEL = "ONE_MCP_EMBEDDING_MODEL is none."
NOTHING_YET = "No passage has a vector of this model yet; they are made in the background."
Mode = Literal["hybrid", "lexical"]


class Found(Answer):
    """Passages, the best first, and entities that the words name.

    `mode` is lexical where only words were searched; `reason` says why. `waiting` counts texts
    and passages that are not reached yet, and `incomplete` says what that means.
    """

    mode: Mode
    reason: str | None = None
    hits: list[Hit]
    entities: list[Item] | None = None
    waiting: int | None = None
    incomplete: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question once its words are looked up, as a vector, or with the reason why it is none."""

    wish: Wish
    spoken: Spoken
    loaded: LoadedEmbedder | None = None
    vector: bytes = b""
    reason: str | None = None


async def find(one: Session, wish: Wish, *, entities: int = 5) -> Found:
    """Search passages by words and by meaning, and entities by name, tags and properties.

    By words alone, and with the reason, where the embedder is not ready or fails.
    """
    if not wish.text.strip():
        raise InvalidArgumentError("query is a question or some words.", argument="query")
    if wish.recency + wish.quality > 1:
        raise InvalidArgumentError(
            "recency and quality are parts of the score; together they make 1 at most.",
            argument="recency",
        )
    one.providers.embedding.wake()
    asked = await _asked(one, wish)
    names = one.providers.embedding.memories.of(one.principal.organization).names
    if asked.loaded is None:
        return await one.read(_found, asked, None, names, entities)
    loaded, space = asked.loaded, asked.loaded.space(one.principal.organization)

    def found(work: Work) -> Found:
        with space.lock:  # before the snapshot begins
            try:
                model = models.number(work, loaded.embedder.name, loaded.embedder.dimension)
            except ConflictError as error:
                return _found(work, replace(asked, reason=str(error)), None, names, entities)
            if model is None:
                return _found(work, replace(asked, reason=NOTHING_YET), None, names, entities)
            question = Question(asked.vector, model)
            return _found(work, asked, Meaning(question, space, loaded.arithmetic), names, entities)

    return await one.read(found)


def _found(
    work: Work, asked: _Asked, meaning: Meaning | None, names: Frequencies, entities: int
) -> Found:
    wish = asked.wish
    hits = hybrid.search(work, wish, asked.spoken, meaning)
    if wish.around:
        hits = [_with_surroundings(work, hit, wish.around) for hit in hits]
    fitting = _fitting(hits)
    left_out = (
        f"The last {len(hits) - len(fitting)} had no room; `within` finds fewer."
        if fitting != hits
        else None
    )
    hits = fitting
    known = {linked.id for hit in hits for linked in hit.entities or []}
    late = backlog.few(work, meaning.question.model if meaning else None)
    reached = [unindexed.waiting(work, *unindexed.INDEXES), late.says]
    named_beside = mentioned.find(
        work, wish.text, names, scope=wish.scope, known=known, most=entities
    )
    return Found(
        mode="lexical" if meaning is None else "hybrid",
        reason=asked.reason,
        hits=hits,
        entities=named_beside or None,
        waiting=late.uncut + late.unembedded or None,
        incomplete=" ".join(filter(None, reached)) or None,
        note=left_out,
    )


def _fitting(hits: list[Hit]) -> list[Hit]:
    """Keep the first hits, as long as an answer may be."""
    room = ROOM_CHARACTERS
    for place, hit in enumerate(hits):
        room -= len(hit.model_dump_json(exclude_none=True))
        if place and room < 0:
            return hits[:place]
    return hits


def _with_surroundings(work: Work, hit: Hit, most: int) -> Hit:
    """Tell what the graph says around the entities of a hit."""
    named = [(linked.id, linked.name) for linked in hit.entities or []]
    told = list(islice(facts.edges(work, named), most))
    return hit.model_copy(update={"around": told or None})


async def _vector(one: Session, loaded: LoadedEmbedder, text: str) -> bytes:
    embedder = loaded.embedder
    async with bookkeeping.counted(one, embedder.name, "search") as count:
        return await embedder.embed([text], "query", count)


async def _asked(one: Session, wish: Wish) -> _Asked:
    """Embed the question while its words are looked up."""
    memory = one.providers.embedding.memories.of(one.principal.organization)
    found: list[Spoken] = []
    failures: list[OneError] = []

    async def look_up() -> None:
        try:
            found.append(await one.read(hybrid.spoken, wish, memory))
        except OneError as error:  # the task group would wrap it
            failures.append(error)

    loaded, vector, reason = None, b"", None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(look_up)
        try:
            loaded = await one.providers.embedding.ready(PATIENCE_S)
            if loaded is not None:
                vector = await _vector(one, loaded, wish.text)
        except EmbedderError as error:
            loaded, reason = None, str(error)
        except Exception as error:  # whatever a model does, words answer
            log.exception("the embedding model failed")
            loaded, reason = None, f"The embedding model failed ({type(error).__name__})."
    for failure in failures:
        raise failure
    if loaded is None:
        alone = await one.read(hybrid.spoken, wish, memory, alone=True)
        return _Asked(wish, alone, reason=reason or NO_MODEL)
    return _Asked(wish, found[0], loaded, vector)
