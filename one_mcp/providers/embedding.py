"""Embedding: an embedder and its vectors, loaded in the background.

Nothing here is loaded before somebody needs it. Whoever needs it waits a moment at most, and goes
on without where it is not ready: words find something, too.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

import anyio
from anyio import to_thread

from one_mcp.errors import EmbedderError
from one_mcp.providers import catalog
from one_mcp.providers.ports.embedding import Embedder
from one_mcp.search.cache import Memory, Recent
from one_mcp.search.ports import Arithmetic, Space
from one_mcp.settings import EmbeddingSettings

log = logging.getLogger(__name__)

RETRY_S = 30.0  # before what failed for a while is tried again


@dataclass(frozen=True, slots=True)
class LoadedEmbedder:
    """What is there once loading is over; `spaces` are of the organizations that asked last."""

    embedder: Embedder
    arithmetic: Arithmetic
    spaces: Recent[Space]

    @classmethod
    def of(cls, embedder: Embedder, arithmetic: Arithmetic) -> "LoadedEmbedder":
        """Begin with no vectors in memory: a space is empty until it is searched."""
        dimension = embedder.dimension
        return cls(embedder, arithmetic, Recent(lambda: Space(arithmetic.scan(dimension))))

    def space(self, organization: str) -> Space:
        """Return the place for an organization's vectors, which may have to be read anew."""
        return self.spaces.of(organization)


class Embedding:
    """Loads once, in a thread of its own; a failure says why on every call.

    `memories` are of what is remembered of each organization; `wake` calls for the indexer.
    """

    def __init__(self, settings: EmbeddingSettings) -> None:
        self._load: Callable[[], LoadedEmbedder | None] = lambda: _load(settings)
        self._loading: Future[LoadedEmbedder | None] | None = None
        self._begun = 0.0
        self._name = catalog.name(settings)
        self.memories = Recent(Memory)
        self.wake: Callable[[], None] = lambda: None

    @property
    def name(self) -> str | None:
        """The name of the model's vectors in a file; None where there is no such search."""
        failed = self._loading is not None and self._loading.done() and self._loading.exception()
        return None if failed else self._name

    def begin(self) -> None:
        """Start loading, unless that was done before, or failed for a while only."""
        if self._loading is None or self._may_load_now():
            self._begun = time.monotonic()
            self._loading = future = Future[LoadedEmbedder | None]()
            threading.Thread(target=_run, args=(self._load, future), daemon=True).start()

    def _may_load_now(self) -> bool:
        """Whether loading failed for a reason that may have gone since."""
        loading = self._loading
        if loading is None or not loading.done() or time.monotonic() - self._begun < RETRY_S:
            return False
        failure = loading.exception()
        return isinstance(failure, EmbedderError) and failure.retryable

    async def ready(self, patience_s: float | None = None) -> LoadedEmbedder | None:
        """Return what is loaded; None where the settings want words only.

        Raises EmbedderError where loading failed, or is not over after `patience_s`.
        """
        if self._name is None:
            return None
        self.begin()
        assert self._loading is not None  # noqa: S101  # begin() made it
        if not self._loading.done():
            with anyio.move_on_after(float("inf") if patience_s is None else patience_s):
                await to_thread.run_sync(_wait, self._loading, abandon_on_cancel=True)
        if not self._loading.done():
            raise EmbedderError("The embedding model is still loading.", retryable=True)
        return self._loading.result()

    async def settled(self) -> None:
        """Wait until loading is over, however it ends."""
        with contextlib.suppress(EmbedderError):
            await self.ready()

    async def close(self) -> None:
        """Let the embedder's connections go."""
        loading = self._loading
        if loading is not None and loading.done() and loading.exception() is None:
            loaded = loading.result()
            if loaded is not None:
                await loaded.embedder.close()


def _load(settings: EmbeddingSettings) -> LoadedEmbedder | None:
    embedder = catalog.embedder(settings)
    return None if embedder is None else LoadedEmbedder.of(embedder, catalog.arithmetic())


def _run(load: Callable[[], LoadedEmbedder | None], future: Future[LoadedEmbedder | None]) -> None:
    try:
        future.set_result(load())
    except EmbedderError as error:
        log.warning("no search by meaning", extra={"reason": str(error)})
        future.set_exception(error)
    except BaseException as error:  # whoever waits has to hear of it
        log.exception("the embedding model cannot be loaded")
        future.set_exception(
            EmbedderError(f"The embedding model cannot be loaded ({type(error).__name__}).")
        )


def _wait(loading: Future[LoadedEmbedder | None]) -> None:
    loading.exception()
