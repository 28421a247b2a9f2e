"""Put the house together, and take it down again."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from one_mcp import clock as clocks
from one_mcp.access import Principal, Role
from one_mcp.clock import Clock
from one_mcp.dimensions import organizations
from one_mcp.dimensions.knowledge import fields
from one_mcp.ontology.load import load
from one_mcp.ontology.model import Ontology
from one_mcp.providers.engine import Engine
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from one_mcp.store.sqlite.connection import Raw
from one_mcp.store.sqlite.database import Database, open_database

LOCAL = Principal(organizations.LOCAL, organizations.LOCAL_OWNER, "owner", Role.ORG_OWNER)


@dataclass(slots=True)
class App:
    """Everything that lives as long as the server."""

    settings: Settings
    ontology: Ontology
    database: Database
    clock: Clock
    engine: Engine
    listeners: list[Callable[[frozenset[str]], None]] = field(
        default_factory=list[Callable[[frozenset[str]], None]]
    )

    def session(self, call: Call, principal: Principal = LOCAL) -> Session:
        """Open a caller's door for one call."""
        return Session(
            self.database,
            self.ontology,
            self.clock,
            self._publish,
            principal=principal,
            call=call,
            settings=self.settings,
            engine=self.engine,
        )

    def _publish(self, touched: frozenset[str]) -> None:
        for listener in list(self.listeners):
            listener(touched)


@asynccontextmanager
async def open_app(settings: Settings, clock: Clock = clocks.system) -> AsyncGenerator[App]:
    """Load the ontology and stand ready to open the file.

    On first use the file gets an organization and its owner.
    """

    def first(raw: Raw) -> None:
        organizations.found(raw, clock())
        fields.declare(raw, ontology)

    ontology = load(settings.packs)
    path, read_only = settings.database, settings.read_only
    engine = Engine(settings)
    async with open_database(path, first, read_only=read_only) as database:
        try:
            yield App(settings, ontology, database, clock, engine)
        finally:
            await engine.close()
