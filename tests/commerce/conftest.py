"""The nouns of tests about money: a token on the simulated chain, its buyer, vendors by script."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from one_mcp.app import LOCAL, App
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.money_settings import PaymentSettings
from one_mcp.providers.paying import Paying
from one_mcp.providers.providers import Providers
from one_mcp.providers.simulated.stripe.server import StripeApp
from one_mcp.services.rails import SimulatedCabinet
from one_mcp.session import Call, Session
from tests.commerce.deploying import deployed
from tests.commerce.vendors import Script, Scripted
from tests.providers.stripes import KEY, served

WALLET = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
async def one(app: App, script: Script) -> Session:
    """The local owner's door, with vendors that follow a script."""
    app.providers = Scripted(app.providers.embedding, script)
    return app.session(Call("test"), LOCAL)


@pytest.fixture
async def contract(one: Session) -> str:
    return await deployed(one)


@pytest.fixture
async def token(one: Session, contract: str) -> Saved:
    about = {"symbol": "JANE", "price": 0.125, "decimals": 18, "blockchain": "base"}
    return await one.write(
        entity.create, "token", "Jane Token", {**about, "contractAddress": contract}
    )


async def _buyer(one: Session) -> Saved:
    return await one.write(entity.create, "audience_member", "Bob", {"email": "bob@example.com"})


async def _holder(one: Session) -> Saved:
    about = {"email": "ann@example.com", "walletAddress": WALLET}
    return await one.write(entity.create, "audience_member", "Ann", about)


@dataclass(frozen=True)
class Shop:
    """All that a sale takes."""

    one: Session
    script: Script
    contract: str
    token: Saved
    buyer: Saved
    holder: Saved


@pytest.fixture
async def shop(one: Session, script: Script, contract: str, token: Saved) -> Shop:
    """A token that is sold, a buyer without a wallet and a holder with one."""
    return Shop(one, script, contract, token, await _buyer(one), await _holder(one))


def paying(**settings: object) -> Paying:
    return Paying(PaymentSettings.model_validate(settings))


@pytest.fixture
async def course(shop: Shop) -> Saved:
    return await shop.one.write(entity.create, "course", "Yoga", {"price": 49})


@pytest.fixture
async def at_stripe(app: App, shop: Shop) -> AsyncIterator[Shop]:
    """The shop with a key for Stripe, whose server is the simulation's, over a connection."""
    async with served(StripeApp(SimulatedCabinet(shop.one), KEY)) as url:
        connected = paying(stripe_secret_key=KEY, stripe_api_url=url)
        app.providers = Providers(app.providers.embedding, paying=connected)
        shop.one.providers = app.providers
        yield shop
        await connected.close()
