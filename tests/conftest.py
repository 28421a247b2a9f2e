"""The nouns of every test: a clock moved by hand, a real file, a caller's door."""

import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest
from mcp import Client
from mcp.server import Server

from one_mcp.app import LOCAL, App, open_app
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.server import build
from one_mcp.server.caller import Serving
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from one_mcp.store.sqlite.connection import connect
from one_mcp.store.sqlite.migrate import migrate
from tests.server.promises import Ask, asking

hypothesis.settings.register_profile(
    "busy machine",
    hypothesis.settings.default,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("busy machine")
PLAIN = (
    "STRIPE_SECRET_KEY",
    "STRIPE_PUBLISHABLE_KEY",
    "BASE_RPC_URL",
    "DEPLOYER_PRIVATE_KEY",
    "RESEND_API_KEY",
)
for plain in PLAIN:
    os.environ.pop(plain, None)  # a developer's own key pays for no test

DEEPEST = sys.getrecursionlimit()  # a library that some tests import raises it

NOON = 1_795_435_200_000  # 2026-11-23T12:00:00Z


@dataclass
class HandClock:
    """A clock that stands still until a test moves it."""

    now: int = NOON

    def __call__(self) -> int:
        return self.now

    def forward(self, ms: int) -> None:
        self.now += ms


@pytest.fixture(autouse=True)
def shallow() -> None:
    """Keep what the product keeps, whatever was imported before a test."""
    sys.setrecursionlimit(DEEPEST)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="session")
def new_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of the newest schema in which nothing is: making one takes long."""
    path = tmp_path_factory.mktemp("new") / "one.db"
    with closing(connect(str(path), read_only=False)) as raw:
        migrate(raw, str(path))
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """All tools; by words alone, since most tests are not about meaning."""
    return Settings(
        database=tmp_path / "one.db", toolsets="all", embedding_model="none", folder=tmp_path
    )


@pytest.fixture
async def app(settings: Settings, clock: HandClock, new_file: Path) -> AsyncIterator[App]:
    if not settings.database.exists():
        shutil.copy(new_file, settings.database)  # with its permissions
    async with open_app(settings, clock) as opened:
        yield opened


@pytest.fixture
async def one(app: App) -> Session:
    """The local owner's door."""
    return app.session(Call("test"), LOCAL)


@pytest.fixture
async def jane(one: Session) -> Saved:
    """A creator."""
    return await one.write(
        entity.create, "creator", "Jane", {"email": "jane@example.com", "niche": ["yoga"]}
    )


@pytest.fixture
def server(app: App) -> Server[Serving]:
    """The product's server, over the app of `one`."""
    return build.server(app)


@pytest.fixture(params=["auto", "legacy"], ids=["2026-07-28", "legacy"])
def mode(request: pytest.FixtureRequest) -> str:
    """Either protocol generation; a test that takes it runs in both."""
    return request.param


@pytest.fixture
async def client(server: Server[Serving], mode: str) -> AsyncIterator[Client]:
    """The SDK's client, connected in memory, in both protocol generations."""
    async with Client(server, mode=mode) as connected:
        yield connected


@pytest.fixture
def ask(client: Client) -> Ask:
    """The client's tools, called by name."""
    return asking(client)
