"""Nouns of the knowledge tests: settings with an embedder, and what stands in the index."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from one_mcp.dimensions.knowledge.search.hits import Hit
from one_mcp.dimensions.knowledge.search.hybrid import Wish
from one_mcp.services.knowledge import ingest, recall, upkeep
from one_mcp.services.knowledge.ingest import Filing
from one_mcp.session import Session
from one_mcp.settings import Settings
from one_mcp.store.work import Row

Ask = Callable[..., Awaitable[list[Hit]]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The simulated embedder: texts are near that share words or parts of words."""
    return Settings(
        database=tmp_path / "one.db", toolsets="all", embedding_model="simulated", folder=tmp_path
    )


@pytest.fixture
def ask(one: Session) -> Ask:
    """Search once everything is indexed, and return the hits."""

    async def asked(text: str, **wish: object) -> list[Hit]:
        await upkeep.reindex(one)
        return (await recall.find(one, Wish(text, **wish))).hits  # pyright: ignore[reportArgumentType]

    return asked


async def add(one: Session, text: str, title: str | None = None, **filing: object) -> str:
    """Add a text, and return its id."""
    added = await ingest.add(one, Filing(title=title, **filing), text=text)  # pyright: ignore[reportArgumentType]
    return added.id


async def rows(one: Session, sql: str, **parameters: object) -> list[Row]:
    """Read rows behind everybody's back; the statement names the organization."""
    return await one.read(lambda work: work.all(sql, **parameters))
