"""What several tests of the face share: a small business."""

import pytest
from mcp import Client

from tests.server import business


@pytest.fixture
async def ids(client: Client) -> dict[str, str]:
    """The ids of the small business, by its names."""
    return await business.write(client)
