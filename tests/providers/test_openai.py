"""Failures of a server that speaks OpenAI's protocol."""

import json
import logging
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from openai import AsyncOpenAI
from starlette.responses import JSONResponse, PlainTextResponse, Response

from one_mcp.errors import EmbedderError
from one_mcp.providers import catalog, openai
from one_mcp.providers.openai import OpenAIEmbedder
from one_mcp.settings import Settings
from tests.providers.conftest import KEY, Server

pytestmark = pytest.mark.anyio


def chosen(server: Server, **more: str) -> Settings:
    named = {"embedding_model": "openai:small", "openai_api_key": KEY, **more}
    return Settings(database=Path("unused.db"), openai_base_url=server.url, **named)


@pytest.fixture
async def embedder(server: Server) -> AsyncIterator[OpenAIEmbedder]:
    found = catalog.embedder(chosen(server))
    assert isinstance(found, OpenAIEmbedder)
    server.asked.clear()
    yield found
    await found.close()


def refusal(status: int, code: str = "x", **headers: str) -> Response:
    """Refuse and repeat the key, as some servers do."""
    body = {"error": {"message": f"Incorrect API key provided: {KEY}", "code": code}}
    return JSONResponse(body, status, headers=headers)


def data(*rows: object) -> Response:
    return JSONResponse({"data": [{"embedding": row, "index": n} for n, row in enumerate(rows)]})


async def test_the_key_goes_as_a_bearer(server: Server, embedder: OpenAIEmbedder) -> None:
    await embedder.embed(["one"], "query")

    assert server.keys == [f"Bearer {KEY}"] * 2


async def test_a_model_that_is_not_known_is_asked_for_its_dimension(server: Server) -> None:
    found = catalog.embedder(chosen(server))

    assert found is not None
    assert found.dimension == 256
    assert len(server.asked) == 1
    await found.close()


async def test_a_model_of_openai_is_not_asked(server: Server) -> None:
    found = catalog.embedder(chosen(server, embedding_model="openai:text-embedding-3-large"))

    assert found is not None
    assert found.dimension == 3072
    assert server.asked == []
    await found.close()


@pytest.mark.parametrize(
    ("answer", "retryable"),
    [
        (refusal(401), False),
        (refusal(403), False),
        (refusal(404), False),
        (refusal(400), False),
        (refusal(429, "insufficient_quota", **{"x-should-retry": "false"}), False),
        (refusal(429, "rate_limit_exceeded", **{"x-should-retry": "false"}), True),
        (refusal(503, **{"x-should-retry": "false"}), True),
        (data(), False),
        (data([1.0] * 256, [1.0] * 256), False),
        (data([1.0] * 255), False),
        (data([0.0] * 256), False),
        (data(["a"] * 256), False),
        (data("not base64"), False),
        (data("AACAfw==" * 64), False),
        (JSONResponse({"data": None}), False),
        (JSONResponse(["data"]), False),
        (PlainTextResponse("<html>"), False),
        (Response("{", media_type="application/json"), False),
    ],
)
async def test_a_failure_is_told_without_the_key(
    server: Server, embedder: OpenAIEmbedder, answer: Response, *, retryable: bool
) -> None:
    server.next = [lambda _: answer]

    with pytest.raises(EmbedderError) as failure:
        await embedder.embed(["one"], "passage")

    assert failure.value.retryable is retryable
    assert KEY not in f"{failure.value} {json.dumps(failure.value.fields)}"
    assert len(server.asked) == 1


async def test_a_server_with_too_much_to_do_is_asked_again(
    server: Server, embedder: OpenAIEmbedder
) -> None:
    server.next = [lambda _: refusal(429, **{"retry-after-ms": "1"})]

    vectors = await embedder.embed(["one"], "passage")

    assert len(vectors) == 4 * 256
    assert len(server.asked) == 2


async def test_no_server_is_told() -> None:
    client = AsyncOpenAI(api_key=KEY, base_url="http://127.0.0.1:9/v1", max_retries=0)
    gone = OpenAIEmbedder(client, "small", 256)

    with pytest.raises(EmbedderError) as failure:
        await gone.embed(["one"], "passage")

    assert failure.value.retryable is True
    await gone.close()


async def test_a_server_that_never_answers_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        client = AsyncOpenAI(api_key=KEY, base_url=url, timeout=0.05, max_retries=0)
        unheard = OpenAIEmbedder(client, "small", 256)

        with pytest.raises(EmbedderError) as failure:
            await unheard.embed(["one"], "passage")

        assert failure.value.retryable is True
        await unheard.close()


async def test_a_first_question_that_fails_is_told(server: Server) -> None:
    server.next = [lambda _: refusal(404)]

    with pytest.raises(EmbedderError) as failure:
        catalog.embedder(chosen(server))

    assert failure.value.fields == {"status": 404}


async def test_a_query_is_given_up_early(server: Server) -> None:
    client = AsyncOpenAI(api_key=KEY, base_url=server.url)
    hurried = OpenAIEmbedder(client, "small", 256, query_s=0.05)
    server.next = [lambda _: refusal(429, **{"retry-after": "60"})]

    with pytest.raises(EmbedderError) as failure:
        await hurried.embed(["one"], "query")

    assert failure.value.retryable is True
    await hurried.close()


async def test_many_texts_go_in_batches_and_come_back_in_order(
    server: Server, embedder: OpenAIEmbedder
) -> None:
    texts = [f"text number {n}" for n in range(300)]

    vectors = np.frombuffer(await embedder.embed(texts, "passage"), "<f4").reshape(300, -1)

    assert [len(batch) for batch in server.asked] == [128, 128, 44]
    alone = np.frombuffer(await embedder.embed(texts[200:201], "passage"), "<f4")
    assert np.allclose(vectors[200], alone)


async def test_long_texts_are_cut_and_go_in_smaller_batches(server: Server) -> None:
    embedder = openai.connect("text-embedding-3-small", None, server.url)
    server.next = [lambda texts: data(*([1.0] * 1536 for _ in texts))] * 3

    await embedder.embed(["word " * 9_000] * 60, "passage")

    assert [len(batch) for batch in server.asked] == [24, 24, 12]
    assert {len(text) for text in server.asked[0]} == {openai.WINDOW * 5 - 1}
    await embedder.close()


async def test_an_empty_text_is_never_sent(server: Server, embedder: OpenAIEmbedder) -> None:
    await embedder.embed(["", "  \n"], "passage")

    assert server.asked == [[".", "."]]


def test_openai_itself_needs_a_key() -> None:
    with pytest.raises(EmbedderError, match="ONE_MCP_OPENAI_API_KEY"):
        catalog.embedder(Settings(database=Path("x.db"), embedding_model="openai:any"))


async def test_nothing_is_logged_that_holds_the_key(
    server: Server, embedder: OpenAIEmbedder, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.next = [lambda _: refusal(401)]

    with pytest.raises(EmbedderError):
        await embedder.embed(["one"], "passage")

    assert KEY not in caplog.text
