"""Subscriptions: tell subscribers that a resource changed, whichever process made the commit."""

import logging
from collections.abc import Collection, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import anyio
from mcp.server.connection import Connection
from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ResourceUpdated
from mcp_types import (
    EmptyResult,
    SubscribeRequestParams,
    SubscriptionFilter,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
    UnsubscribeRequestParams,
)

from one_mcp.access import Principal
from one_mcp.app import App
from one_mcp.dimensions.changes import log as changes
from one_mcp.errors import InvalidArgumentError, OneError
from one_mcp.server.resources import catalog
from one_mcp.server.resources.templates import DERIVED, Locator
from one_mcp.session import Call, Session
from one_mcp.store import digests, heads
from one_mcp.store.work import Work

INTERVAL_S = 0.2  # how late a subscriber may hear of another process's commit
MOST_URIS = 1_000  # of one connection, and of one stream
READ_AT_ONCE = 50  # addresses that are read to see whether they differ; more are told unseen

log = logging.getLogger(__name__)
Context = ServerRequestContext[Any]
Places = dict[str, Locator]


@dataclass
class Audience:
    """Those of one organization who listen, and how much of its change log they were told.

    `head` is how far the organization had counted when they were told. `looks` are digests of what
    addresses showed that were read to see whether they differ.
    `streams` are the open `subscriptions/listen` streams; `connections` those on which a client of
    the handshake generations subscribed.
    """

    one: Session
    told: int
    head: int
    bus: InMemorySubscriptionBus = field(default_factory=InMemorySubscriptionBus)
    streams: list[Places] = field(default_factory=list[Places])
    connections: dict[Connection, Places] = field(default_factory=dict[Connection, Places])
    looks: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        self.listen = ListenHandler(self.bus)

    def __bool__(self) -> bool:
        return bool(self.streams) or any(self.connections.values())

    async def tell(self, touched: frozenset[str]) -> None:
        """Tell everybody here to read again what may be another after such a change."""
        on_streams = {uri: place for places in self.streams for uri, place in places.items()}
        watched = dict(on_streams)
        for places in self.connections.values():
            watched |= places
        different = await self._different(watched, touched)
        for uri in on_streams:
            if uri in different:
                await self.bus.publish(ResourceUpdated(uri))
        for connection, places in list(self.connections.items()):
            for uri in places:
                if uri in different:
                    await connection.send_resource_updated(uri)

    async def _different(self, places: Places, touched: frozenset[str]) -> set[str]:
        """Choose what may show something else now; where only others are named, read it to see."""
        types = self.one.ontology.entity_types.keys()
        told = {uri for uri, place in places.items() if place.concerns(touched, types)}
        maybe = [uri for uri in places.keys() - told if places[uri].mentions(touched, types)]
        self.looks = {uri: self.looks[uri] for uri in self.looks.keys() & places.keys() - told}
        for uri in maybe[:READ_AT_ONCE]:
            look = await self._look(uri)
            if self.looks.get(uri) != look:
                told.add(uri)
            self.looks[uri] = look
        for uri in maybe[READ_AT_ONCE:]:
            self.looks.pop(uri, None)
        return told | set(maybe[READ_AT_ONCE:])

    async def _look(self, uri: str) -> str:
        try:
            shown = await catalog.read(uri, self.one)
        except OneError as error:
            return str(error)
        return digests.of(shown.model_dump_json())


class Watch:
    """Follows the change log while anybody listens, and publishes what a change touched.

    Clients of 2026-07-28 listen on a stream (`subscriptions/listen`); those of 2025-11-25 subscribe
    one URI at a time. A notice means "read it again": it may come without a visible difference.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._audiences: dict[str, Audience] = {}
        self._silent = ListenHandler(InMemorySubscriptionBus())
        self._arriving = anyio.Lock()
        self._wanted = anyio.Event()
        self._committed = anyio.Event()
        self._failing = False

    async def run(self) -> None:
        """Follow the change log for as long as the server runs; sleep while nobody listens."""
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
        self, context: Context, params: SubscriptionsListenRequestParams, principal: Principal
    ) -> SubscriptionsListenResult:
        """Serve `subscriptions/listen`: promise what can be watched, and tell of it until the end.

        Raises InvalidArgumentError for more URIs than one stream may have.
        """
        wanted = params.notifications
        places = self._places(wanted.resource_subscriptions or [])
        kept = SubscriptionFilter(  # what an extension added would be a promise, too
            tools_list_changed=wanted.tools_list_changed,
            prompts_list_changed=wanted.prompts_list_changed,
            resources_list_changed=wanted.resources_list_changed,
            resource_subscriptions=list(places) or None,
        )
        promised = params.model_copy(update={"notifications": kept})
        if not places:  # lists of tools and the like never change while the server runs
            return await self._silent(context, promised)
        audience = await self._join(principal)
        with _seated(audience, places):
            return await audience.listen(context, promised)

    async def subscribe(
        self, context: Context, params: SubscribeRequestParams, principal: Principal
    ) -> EmptyResult:
        """Serve `resources/subscribe`.

        Raises NotFoundError for a URI that is no resource, InvalidArgumentError for too many.
        """
        place = catalog.place(str(params.uri), self._app.ontology)
        connection = _connection(context)
        audience = await self._join(principal)
        if connection not in audience.connections:
            audience.connections[connection] = {}
            connection.exit_stack.callback(audience.connections.pop, connection, None)
        _bound(len(audience.connections[connection] | {place.uri: place}))
        audience.connections[connection][place.uri] = place
        return EmptyResult()

    async def unsubscribe(
        self, context: Context, params: UnsubscribeRequestParams, principal: Principal
    ) -> EmptyResult:
        """Serve `resources/unsubscribe`; what was not subscribed to is no failure."""
        audience = self._audiences.get(principal.organization)
        if audience is not None:
            audience.connections.get(_connection(context), {}).pop(str(params.uri), None)
        return EmptyResult()

    def _places(self, uris: Collection[str]) -> Places:
        _bound(len(uris))
        places: Places = {}
        for uri in uris:
            with suppress(OneError):  # the acknowledgement says which are watched
                places[uri] = catalog.place(uri, self._app.ontology)
        return places

    def _wake(self, _touched: Collection[str]) -> None:
        self._committed.set()

    async def _join(self, principal: Principal) -> Audience:
        """Return the audience of the caller's organization; what is committed from now on is told.

        Where the log stands is noted before anything is promised, and by the first to come only.
        """
        async with self._arriving:
            audience = self._audiences.get(principal.organization)
            if audience is None:
                one = self._app.session(Call("watch"), principal)
                audience = Audience(one, *await one.read(_standing))
                self._audiences[principal.organization] = audience
            self._wanted.set()
            return audience

    async def _follow(self) -> None:
        """Ask once how far everybody has counted, and read the log of those who counted on."""
        self._audiences = {name: one for name, one in self._audiences.items() if one}
        if not self._audiences:
            self._wanted = anyio.Event()
            return
        try:
            wanted = list(self._audiences)
            found = await self._app.database.read(lambda raw: heads.numbers(raw, wanted))
            for organization, head in found.items():
                await self._catch_up(self._audiences[organization], head)
        except OneError as error:
            self._say(error)
            return
        self._failing = False

    async def _catch_up(self, audience: Audience, head: int) -> None:
        if audience.head == head:
            return
        told, touched, changed = await audience.one.read(changes.since, audience.told)
        if head - audience.head > changed:
            touched |= {DERIVED}  # numbers without a change are of what follows behind
        audience.head, audience.told = head, told
        if touched:
            await audience.tell(touched)

    def _say(self, error: OneError) -> None:
        if not self._failing:
            log.warning("changes cannot be followed", extra={"code": error.code})
        self._failing = True


def _standing(work: Work) -> tuple[int, int]:
    """Return the number of the newest change, and how far the organization has counted."""
    numbers = heads.numbers(work.raw, [work.organization])
    return changes.latest(work), numbers.get(work.organization, 0)


@contextmanager
def _seated(audience: Audience, places: Places) -> Generator[None]:
    audience.streams.append(places)
    try:
        yield
    finally:
        audience.streams[:] = [other for other in audience.streams if other is not places]


def _bound(count: int) -> None:
    if count > MOST_URIS:
        raise InvalidArgumentError(
            f"At most {MOST_URIS:,} URIs can be watched at a time; watch a list such as "
            "one://entities?type=course instead of each of its entities.",
            most=MOST_URIS,
        )


def _connection(context: Context) -> Connection:
    """Return what outlives the request: the SDK makes a session anew for every one."""
    return context.session._connection  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # nothing public leads there
