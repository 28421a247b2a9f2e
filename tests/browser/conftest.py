"""A browser, where there is one: Debian's chromium-driver, or the one that CHROMEDRIVER names.

The project's check installs it where it can, and then a test that finds none has failed.
"""

import os
import shutil
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
from mcp import Client
from mcp.server import Server

from one_mcp.server.caller import Serving
from one_mcp.settings import Settings
from tests.browser import browsers
from tests.browser.browsers import Browser
from tests.commerce import conftest as commerce
from tests.server.promises import Ask, asking

script, one, contract, token = commerce.script, commerce.one, commerce.contract, commerce.token
shop, course, at_stripe = commerce.shop, commerce.course, commerce.at_stripe

WITHOUT = "there is no chromedriver here: on Debian, apt install chromium chromium-driver"


@pytest.fixture(scope="session")
def driven(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One browser for all tests of a process, since a start takes a second."""
    named = os.environ.get("CHROMEDRIVER")
    driver = shutil.which("chromedriver") if named is None else named
    if driver is None:
        pytest.skip(WITHOUT)
    assert driver, "the check has installed a browser, and there is no chromedriver all the same"
    with browsers.started(driver, tmp_path_factory.mktemp("browser")) as session:
        yield session


@pytest.fixture
async def browser(driven: str) -> AsyncIterator[Browser]:
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as http:
        browser = Browser(http, driven)
        await browser.dress()
        yield browser
        await browser.open("about:blank")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A server that asks for a yes to simulated plans, too."""
    return settings.model_copy(update={"approvals": "always"})


@pytest.fixture
async def ask(server: Server[Serving]) -> AsyncIterator[Ask]:
    async with Client(server) as client:
        yield asking(client)
