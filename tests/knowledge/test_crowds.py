"""Many passages of one kind do not hide the others."""

from pathlib import Path

import pytest

from one_mcp.access import Principal, Role
from one_mcp.app import App
from one_mcp.dimensions.entities import archive, entity, tags
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.knowledge.search.hybrid import Wish
from one_mcp.dimensions.knowledge.search.scope import Scope
from one_mcp.search.cache import MOST_ORGANIZATIONS
from one_mcp.services.knowledge import recall, upkeep
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from tests.knowledge.conftest import Ask, add

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["none", "simulated"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """By words alone, and by both."""
    return Settings(database=tmp_path / "one.db", toolsets="all", embedding_model=request.param)


async def test_texts_of_archived_entities_take_no_places(one: Session, ask: Ask) -> None:
    posts = [
        await one.write(entity.create, "blog_post", f"Post {n}", {"content": "yoga yoga yoga"})
        for n in range(160)
    ]
    rare = "A long text of many words about the weather that says yoga a single time."
    live = await one.write(entity.create, "blog_post", "Live", {"content": rare})
    await upkeep.reindex(one)

    for post in posts:
        await one.write(archive.archive, post.id)

    (hit,) = await ask("yoga")
    assert [linked.id for linked in hit.entities or []] == [live.id]


async def test_a_long_document_leaves_places_to_short_ones(one: Session, ask: Ask) -> None:
    chapters = [f"Yoga yoga yoga yoga number {n}. " * 40 for n in range(160)]
    await add(one, "\n\n".join(chapters), title="A book on yoga")
    for number in range(10):
        rare = f"In this text of many words about weather {number} there is yoga, and only once."
        await add(one, rare, title=f"Note {number}")

    assert len(await ask("yoga")) == 8


async def test_documents_about_archived_entities_are_in_no_scope(
    one: Session, jane: Saved, ask: Ask
) -> None:
    await one.write(tags.change, jane.id, ["skill:yoga"])
    await add(one, "About yoga.", entities=[jane.id])
    scopes = [Scope(types=("creator",)), Scope(tags=("skill:yoga",)), Scope(tags=("skill:",))]
    assert [len(await ask("yoga", scope=scope)) for scope in scopes] == [1, 1, 1]

    await one.write(archive.archive, jane.id)

    assert [len(await ask("yoga", scope=scope)) for scope in scopes] == [0, 0, 0]


async def test_vectors_stay_in_memory_for_those_who_searched_last(app: App, one: Session) -> None:
    await add(one, "About yoga.")
    await upkeep.reindex(one)
    before = await recall.find(one, Wish("yoga"))

    for number in range(MOST_ORGANIZATIONS + 5):
        owner = Principal(f"org_{number}", "per_x", "X", Role.ORG_OWNER)
        assert (await recall.find(app.session(Call("test"), owner), Wish("yoga"))).hits == []

    loaded = await app.providers.embedding.ready()
    assert len(before.hits) == 1
    assert loaded is None or len(loaded.spaces) == MOST_ORGANIZATIONS
    assert await recall.find(one, Wish("yoga")) == before
