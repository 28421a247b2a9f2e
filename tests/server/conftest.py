"""What several tests of the face share: a small business, and a short way to ask."""

import pytest
from mcp import Client

from tests.server import business
from tests.server.promises import Ask, asking


@pytest.fixture
def ask(client: Client) -> Ask:
    return asking(client)


@pytest.fixture
async def ids(client: Client) -> dict[str, str]:
    """The ids of the small business, by its names."""
    return await business.write(client)
