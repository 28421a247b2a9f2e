"""Indexing: what the queues hold is cut and embedded, in the background or while somebody waits."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import anyio
from anyio import to_thread

from one_mcp.access import Principal, Role
from one_mcp.dimensions.connections import hubs
from one_mcp.dimensions.knowledge.index import backlog, chunk_queue, models, vector_queue
from one_mcp.dimensions.knowledge.index.backlog import EVERYTHING, Backlog, Until
from one_mcp.dimensions.knowledge.index.chunk_queue import Uncut
from one_mcp.dimensions.knowledge.index.chunks import Passage
from one_mcp.dimensions.knowledge.index.vector_queue import Unembedded
from one_mcp.errors import ConflictError, EmbedderError, OneError
from one_mcp.providers.embedding import LoadedEmbedder
from one_mcp.services import bookkeeping
from one_mcp.services.knowledge import passages
from one_mcp.session import Report, Session
from one_mcp.store import property_values, unindexed

CUT_AT_ONCE = 16
EMBED_AT_ONCE = 64
POLL_S = 1.0  # how late work is noticed that another process left behind
RETRY_S = 30.0  # how long a failing embedder is left alone

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ActiveModel:
    """The embedder at work, and its number in the file; neither where words are all there is."""

    loaded: LoadedEmbedder | None = None
    number: int | None = None


class Indexer:
    """Works off the queues of all organizations while the server runs.

    It sleeps until somebody writes or searches: a server that is not used opens no file. Whoever
    has something waiting gets a turn, then the next one: no long queue holds up a short one.
    """

    def __init__(
        self, waiting: Callable[[], Awaitable[list[str]]], open_session: Callable[[str], Session]
    ) -> None:
        self._waiting = waiting
        self._open = open_session
        self._woken = anyio.Event()

    def wake(self, _touched: frozenset[str] = frozenset()) -> None:
        """Say that there may be something to do."""
        self._woken.set()

    async def run(self) -> None:
        """Work for as long as the server runs."""
        await self._woken.wait()
        while True:
            self._woken = anyio.Event()
            try:
                await self.work_off()
            except OneError as error:
                log.warning("indexing waits", extra={"reason": str(error), "code": error.code})
                await anyio.sleep(RETRY_S)
            except Exception:  # the server lives on, whatever happens to what it does besides
                log.exception("indexing failed")
                await anyio.sleep(RETRY_S)
            with anyio.move_on_after(POLL_S):
                await self._woken.wait()

    async def work_off(self) -> None:
        """Make words, cut and embed until nothing is left that this process can do.

        Without an embedder, texts are cut and found by their words. An organization for which
        something fails loses its turns; the failure is raised once the others have had theirs.
        """
        failures: dict[str, Exception] = {}
        done = 1
        while done:
            done = 0
            for organization in await self._waiting():
                if organization not in failures:
                    try:
                        one = self._open(organization)
                        done += await turn(one, await prepared(one))
                    except Exception as error:  # noqa: BLE001  # the others have their turn
                        failures[organization] = error
        for failure in failures.values():
            raise failure


def principal(organization: str) -> Principal:
    """Stand in for whoever would do it: what is made follows from what is there."""
    return Principal(organization, "indexer", "indexer", Role.PLATFORM_OWNER)


async def finish(one: Session, report: Report | None = None) -> Backlog:
    """Do what is to be done, however little; return what other processes are at."""
    model = await prepared(one)
    done = 0
    while took := await turn(one, model):
        done += took
        if report is not None:
            left = await one.read(backlog.count, model.number)
            await report(done, done + left.uncut + left.unembedded, "texts")
    return await one.read(backlog.count, model.number)


async def turn(one: Session, model: ActiveModel, until: Until = EVERYTHING) -> int:
    """Do some of what is to be done, what is quick first, and return how much."""
    return (
        await one.derive(unindexed.take)
        or await one.derive(property_values.take)
        or await one.derive(hubs.take)
        or await _cut(one, model, until.ticket)
        or await _embed(one, model, until.chunk)
    )


async def prepared(one: Session, patience_s: float | None = None) -> ActiveModel:
    """Load the embedder, and make it known to the file; words are all there is where that fails."""
    try:
        loaded = await one.providers.embedding.ready(patience_s)
        return ActiveModel() if loaded is None else ActiveModel(loaded, await number(one, loaded))
    except (EmbedderError, ConflictError):
        return ActiveModel()


async def number(one: Session, loaded: LoadedEmbedder) -> int | None:
    """Return the number of the loaded model in the file, which it gets where it has none.

    None where the file cannot be written.
    """
    name, dimension = loaded.embedder.name, loaded.embedder.dimension
    known = await one.read(models.number, name, dimension)
    if known is None and not one.settings.read_only:
        known = await one.derive(models.declare, name, dimension)
    return known


async def _cut(one: Session, model: ActiveModel, last: int) -> int:
    leased = await one.derive(chunk_queue.to_cut, CUT_AT_ONCE, last)
    for uncut in leased:
        try:
            cut = await to_thread.run_sync(_passages, uncut, model, abandon_on_cancel=True)
        except Exception:  # one text that cannot be cut must not stop all
            log.exception("a text cannot be cut", extra={"subject": uncut.id})
            await one.derive(chunk_queue.fail_cut, uncut.ticket)
        else:
            await one.derive(chunk_queue.cut, uncut, cut)
    return len(leased)


def _passages(uncut: Uncut, model: ActiveModel) -> list[list[Passage]]:
    embedder = model.loaded and model.loaded.embedder
    return [
        passages.cut(each.text, each.title, embedder, markdown=uncut.markdown)
        for each in uncut.texts
    ]


async def _embed(one: Session, model: ActiveModel, last: int) -> int:
    if model.loaded is None or model.number is None:
        return 0
    leased = await one.derive(vector_queue.lease, model.number, EMBED_AT_ONCE, last)
    if leased:
        await _store(one, model.loaded, model.number, leased)
    return len(leased)


async def _store(
    one: Session, loaded: LoadedEmbedder, number: int, leased: Sequence[Unembedded]
) -> None:
    """Embed passages and store their vectors; where that fails, try each by itself."""
    numbers = [each.chunk for each in leased]
    try:
        async with bookkeeping.counted(one, loaded.embedder.name, "indexing") as count:
            made = await loaded.embedder.embed([each.text for each in leased], "passage", count)
    except anyio.get_cancelled_exc_class():
        with anyio.CancelScope(shield=True):  # the server ends: others need not wait for the lease
            await one.derive(vector_queue.release, number, numbers, failed=False)
        raise
    except EmbedderError as error:
        if error.retryable:
            await one.derive(vector_queue.release, number, numbers, failed=False)
            raise
        log.warning("a text cannot be embedded", extra={"reason": str(error)})
        await _apart(one, loaded, number, leased)
        return
    except Exception:  # a model may fail in any way, and the next text may be a better one
        log.exception("the embedding model failed")
        await _apart(one, loaded, number, leased)
        return
    vectors = loaded.arithmetic.quantised(made, loaded.embedder.dimension)
    await one.derive(models.store, number, list(zip(numbers, vectors, strict=True)))


async def _apart(
    one: Session, loaded: LoadedEmbedder, number: int, leased: Sequence[Unembedded]
) -> None:
    if len(leased) == 1:
        await one.derive(vector_queue.release, number, [leased[0].chunk], failed=True)
        return
    for place, each in enumerate(leased):
        try:
            await _store(one, loaded, number, [each])
        except EmbedderError:
            rest = [other.chunk for other in leased[place + 1 :]]
            await one.derive(vector_queue.release, number, rest, failed=False)
            raise
