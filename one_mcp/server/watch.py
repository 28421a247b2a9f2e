"""Tell subscribers that a resource changed, whichever process made the commit."""

import logging
from collections import Counter
from collections.abc import Collection, Generator, Iterable
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import anyio
from mcp.server.context import ServerRequestContext
from mcp.server.session import ServerSession
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ResourceUpdated
from mcp_types import (
    EmptyResult,
    SubscribeRequestParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
    UnsubscribeRequestParams,
)

from one_mcp.app import LOCAL, App
from one_mcp.dimensions import changes
from one_mcp.server import addresses
from one_mcp.session import Call

INTERVAL_S = 0.2  # how late a subscriber may hear of another process's commit
MAX_URIS = 1_000

log = logging.getLogger(__name__)
Context = ServerRequestContext[App]


class Watch:
    """Follows the change log while anybody listens, and publishes what a change touched.

    Clients of 2026-07-28 listen on a stream (`subscriptions/listen`); those of 2025-11-25 subscribe
    one URI at a time. A notice means "read it again": it may come without a visible difference.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._bus = InMemorySubscriptionBus()
        self._listen = ListenHandler(self._bus)
        self._uris: Counter[str] = Counter()
        self._sessions: WeakKeyDictionary[ServerSession, set[str]] = WeakKeyDictionary()
        self._seen = 0
        self._wanted = anyio.Event()
        self._committed = anyio.Event()

    async def run(self) -> None:
        """Follow the change log for as long as the server runs."""
        self._app.listeners.append(self._wake)
        try:
            while True:
                await self._wanted.wait()
                with anyio.move_on_after(INTERVAL_S):
                    await self._committed.wait()
                self._committed = anyio.Event()
                await self._follow()
        finally:
            self._app.listeners.remove(self._wake)

    async def listen(
        self, context: Context, params: SubscriptionsListenRequestParams
    ) -> SubscriptionsListenResult:
        """Serve `subscriptions/listen`."""
        uris = params.notifications.resource_subscriptions or []
        await self._begin()
        with self._watching(uris[:MAX_URIS]):
            return await self._listen(context, params)

    async def subscribe(self, context: Context, params: SubscribeRequestParams) -> EmptyResult:
        """Serve `resources/subscribe`."""
        await self._begin()
        uris = self._sessions.setdefault(context.session, set())
        if len(uris) < MAX_URIS:
            uris.add(str(params.uri))
        self._wanted.set()
        return EmptyResult()

    async def unsubscribe(self, context: Context, params: UnsubscribeRequestParams) -> EmptyResult:
        """Serve `resources/unsubscribe`."""
        self._sessions.get(context.session, set()).discard(str(params.uri))
        return EmptyResult()

    def _wake(self, _touched: Collection[str]) -> None:
        self._committed.set()

    async def _begin(self) -> None:
        """Note where the log stands before anything is promised, so that nothing is missed."""
        if not self._wanted.is_set():
            self._seen = await self._read(changes.latest)

    @contextmanager
    def _watching(self, uris: Iterable[str]) -> Generator[None]:
        mine = list(uris)
        self._uris.update(mine)
        if mine:
            self._wanted.set()
        try:
            yield
        finally:
            self._uris.subtract(mine)
            self._uris += Counter()

    async def _follow(self) -> None:
        if not self._uris and not any(self._sessions.values()):
            self._wanted = anyio.Event()
            return
        self._seen, touched = await self._read(changes.since, self._seen)
        if not touched:
            return
        for uri in [uri for uri in self._uris if addresses.concerns(uri, touched)]:
            await self._bus.publish(ResourceUpdated(uri))
        for session, uris in list(self._sessions.items()):
            for uri in [uri for uri in uris if addresses.concerns(uri, touched)]:
                await self._tell(session, uri)

    async def _tell(self, session: ServerSession, uri: str) -> None:
        try:
            await session.send_resource_updated(uri)
        except (anyio.ClosedResourceError, anyio.BrokenResourceError):
            self._sessions.pop(session, None)

    async def _read(self, rule: Any, *arguments: Any) -> Any:  # noqa: ANN401  # two small rules below
        return await self._app.session(Call("watch"), LOCAL).read(rule, *arguments)
