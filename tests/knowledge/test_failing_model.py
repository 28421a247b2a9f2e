"""A model that fails: on one text for good, or for a while; the others and the words go on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.responses import JSONResponse, Response

from one_mcp.access import Principal, Role
from one_mcp.app import LOCAL, App, open_app
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.knowledge.index import backlog
from one_mcp.dimensions.knowledge.search.hybrid import Wish
from one_mcp.dimensions.organizations import founding
from one_mcp.errors import EmbedderError
from one_mcp.services.knowledge import indexing, recall, upkeep
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from one_mcp.store.work import Work
from tests.knowledge.conftest import add
from tests.providers.conftest import KEY, Server, server, vectors

pytestmark = pytest.mark.anyio
__all__ = ["server"]


def answered(texts: list[str]) -> Response:
    """Refuse what holds poison, whatever is asked with it."""
    if any("poison" in text for text in texts):
        return JSONResponse({"error": {"message": "no", "type": "bad"}}, status_code=400)
    answer = vectors(texts, as_base64=True)
    try:
        answer.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("the simulated embedder waits for nothing")


def unavailable(_texts: list[str]) -> Response:
    headers = {"x-should-retry": "false"}  # the SDK would wait for seconds
    return JSONResponse({"error": {"message": "later"}}, status_code=503, headers=headers)


@pytest.fixture
async def remote(server: Server, tmp_path: Path) -> AsyncIterator[App]:
    """An app whose embedder is a service on this machine."""
    settings = Settings(
        database=tmp_path / "r.db",
        embedding_model="openai:small",
        openai_api_key=KEY,  # pyright: ignore[reportArgumentType]
        openai_base_url=server.url,
    )
    async with open_app(settings) as app:
        yield app


@pytest.fixture
def door(remote: App) -> Session:
    return remote.session(Call("test"), LOCAL)


async def test_one_bad_text_does_not_keep_the_others_waiting(door: Session, server: Server) -> None:
    for text in ("Otters swim.", "A drop of poison.", "Badgers dig."):
        await add(door, text, title=text)
    server.next = [answered] * 40

    for _ in range(3):  # a few tries, then it is left alone
        await indexing.finish(door)
    left = await door.read(backlog.count, 1)

    assert (left.unembedded, left.failed) == (0, 1)
    server.next = []
    indexed = await upkeep.reindex(door)
    assert (indexed.vectors, indexed.failed) == (3, None)


async def test_words_answer_while_the_service_is_away(door: Session, server: Server) -> None:
    await add(door, "Otters swim.")
    await upkeep.reindex(door)
    server.next = [unavailable] * 40

    found = await recall.find(door, Wish("otters"))

    assert found.mode == "lexical"
    assert found.reason
    assert KEY not in found.reason
    assert len(found.hits) == 1


async def test_what_waits_for_the_service_is_not_leased_meanwhile(
    door: Session, server: Server
) -> None:
    await add(door, "Otters swim.")
    await upkeep.reindex(door)
    await add(door, "Badgers dig.")
    server.next = [unavailable] * 40

    with pytest.raises(EmbedderError):
        await indexing.finish(door)

    server.next = []
    assert not await indexing.finish(door)
    assert (await recall.find(door, Wish("badgers"))).mode == "hybrid"


async def test_all_texts_are_found_by_their_words_while_the_service_is_away(
    door: Session, server: Server
) -> None:
    await add(door, "The first text.")
    await upkeep.reindex(door)
    for number in range(40):
        await door.write(entity.create, "blog_post", f"P{number}", {"content": "Otters swim."})
    server.next = [unavailable] * 40

    with pytest.raises(EmbedderError):
        await indexing.finish(door)

    assert len((await recall.find(door, Wish("otters", limit=50))).hits) == 40


async def test_the_words_of_others_do_not_wait_for_one_whose_texts_fail(
    remote: App, door: Session, server: Server
) -> None:
    """Organizations have their turns in order, and the first one's failure used to end them all."""
    last = remote.session(Call("test"), Principal("org_z", "per_z", "Zoe", Role.ORG_OWNER))
    await remote.database.write(
        lambda raw: founding.found(Work(raw, last.principal, remote.ontology, remote.clock()))
    )
    indexer = indexing.Indexer(
        remote.behind, lambda name: remote.session(Call("index"), indexing.principal(name))
    )
    await add(door, "Otters swim.")
    server.next = [unavailable] * 40
    with pytest.raises(EmbedderError):
        await indexer.work_off()
    await last.write(entity.create, "blog_post", "Post", {"content": "Badgers dig."})

    with pytest.raises(EmbedderError):
        await indexer.work_off()

    assert len((await recall.find(last, Wish("badgers"))).hits) == 1
    assert len((await recall.find(door, Wish("otters"))).hits) == 1


async def test_a_service_that_goes_away_between_single_texts_leaves_none_leased(
    door: Session, server: Server
) -> None:
    for text in ("Otters swim.", "A drop of poison.", "Badgers dig."):
        await add(door, text, title=text)
    server.next = [answered, *[unavailable] * 40]
    with pytest.raises(EmbedderError):
        await indexing.finish(door)

    server.next = []
    await indexing.finish(door)

    assert (await upkeep.standing(door)).vectors == 3
