"""Put the house together, and take it down again."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from one_mcp import clock as clocks
from one_mcp.access import Principal, Role
from one_mcp.clock import Clock
from one_mcp.dimensions.commerce import model_uses, renewals, unsent
from one_mcp.dimensions.commerce.renewals import DueSubscription
from one_mcp.dimensions.commerce.unsent import DueMail
from one_mcp.dimensions.knowledge.index import backlog, entity_texts
from one_mcp.dimensions.operations import approved, homes, unfinished
from one_mcp.dimensions.operations.approved import Approved
from one_mcp.dimensions.operations.unfinished import Unfinished
from one_mcp.dimensions.organizations import founding
from one_mcp.ontology import load
from one_mcp.ontology.model import Ontology
from one_mcp.providers import providers
from one_mcp.providers.providers import Providers
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from one_mcp.store import property_values
from one_mcp.store.sqlite.connection import Raw
from one_mcp.store.sqlite.database import Database, FirstUse, open_database
from one_mcp.store.work import Work

LOCAL = Principal(founding.LOCAL, founding.LOCAL_OWNER, "owner", Role.ORG_OWNER)


@dataclass(slots=True)
class App:
    """Everything that lives as long as the server.

    `owner` is who is let in without signing in: whoever runs a command, or speaks over stdio.
    """

    settings: Settings
    ontology: Ontology
    database: Database
    clock: Clock
    providers: Providers
    owner: Principal
    listeners: list[Callable[[frozenset[str]], None]] = field(
        default_factory=list[Callable[[frozenset[str]], None]]
    )

    def session(self, call: Call, principal: Principal) -> Session:
        """Open a caller's door for one call."""
        return Session(
            self.database,
            self.ontology,
            self.clock,
            self._publish,
            principal=principal,
            call=call,
            settings=self.settings,
            providers=self.providers,
        )

    async def behind(self) -> list[str]:
        """List the organizations for whose search there is something to do."""
        if self.settings.read_only:
            return []
        name, now = self.providers.embedding.name, self.clock()
        return await self.database.read(lambda raw: backlog.owners(raw, name, now))

    async def unfinished(self) -> list[Unfinished]:
        """List the operations that somebody has to go on with; a file nobody uses stays closed."""
        if self.settings.read_only:
            return []
        now = self.clock()
        return await self.database.glance(lambda raw: unfinished.due(raw, now)) or []

    async def watched(self) -> list[Unfinished]:
        """List the operations that have ended, and whose transactions may still be taken back."""
        if self.settings.read_only:
            return []
        since = self.clock() - unfinished.WATCHED_MS
        return await self.database.glance(lambda raw: unfinished.watched(raw, since)) or []

    async def subscribed(self) -> list[DueSubscription]:
        """List the subscriptions that somebody has to look at."""
        if self.settings.read_only:
            return []
        now = self.clock()
        return await self.database.glance(lambda raw: renewals.due(raw, now)) or []

    async def approved(self) -> list[Approved]:
        """List the plans that a person said yes to and that wait to be carried out."""
        if self.settings.read_only:
            return []
        now = self.clock()
        return await self.database.glance(lambda raw: approved.due(raw, now)) or []

    async def unsent(self) -> list[DueMail]:
        """List the mails that somebody has to send; a file nobody uses stays closed."""
        if self.settings.read_only:
            return []
        now = self.clock()
        return await self.database.glance(lambda raw: unsent.due(raw, now)) or []

    async def spent(self) -> list[str]:
        """List the organizations with hours of models' use to be told."""
        if self.settings.read_only:
            return []
        now = self.clock()
        return await self.database.glance(lambda raw: model_uses.waiting(raw, now)) or []

    def _publish(self, touched: frozenset[str]) -> None:
        for listener in list(self.listeners):
            listener(touched)


@asynccontextmanager
async def open_app(
    settings: Settings, clock: Clock = clocks.system, *, owner: Principal = LOCAL
) -> AsyncGenerator[App]:
    """Load the ontology and stand ready to open the file.

    On first use the file gets the owner's organization, and the owner.
    """

    def work(raw: Raw) -> Work:
        return Work(raw, owner, ontology, clock())

    def is_ready(raw: Raw) -> bool:
        return founding.founded(work(raw)) and not (
            entity_texts.undeclared(work(raw))
            or property_values.undeclared(work(raw))
            or not homes.is_settled(raw, homes.of(path))
        )

    def make_ready(raw: Raw) -> None:
        if not founding.founded(work(raw)):
            founding.found(work(raw))
        entity_texts.declare(work(raw))
        property_values.declare(work(raw))
        homes.settle(raw, homes.of(path), clock())

    ontology = load.in_use(settings.packs)
    path, read_only = settings.database, settings.read_only
    chosen = providers.of(settings)
    async with open_database(path, FirstUse(is_ready, make_ready), read_only=read_only) as database:
        try:
            yield App(settings, ontology, database, clock, chosen, owner)
        finally:
            await chosen.close()
