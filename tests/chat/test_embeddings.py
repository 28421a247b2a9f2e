"""Embeddings from a partner of others that speaks OpenAI's protocol."""

import anyio.to_thread
import numpy as np
import pytest
from pydantic import SecretStr

from one_mcp.errors import EmbedderError
from one_mcp.providers import openai
from tests.chat import aimock
from tests.chat.aimock import needs_modules

pytestmark = [pytest.mark.anyio, needs_modules]
MODEL = "text-embedding-3-small"
KEY = SecretStr("sk-test")


async def test_each_text_has_a_vector_and_the_tokens_are_counted() -> None:
    counted: list[int] = []
    async with aimock.running() as started:
        embedder = await anyio.to_thread.run_sync(openai.connect, MODEL, KEY, started.url)
        made = await embedder.embed(
            ["one", "two", "one"],
            "passage",
            lambda tokens_in, tokens_out=0: counted.append(tokens_in + tokens_out),
        )
        await embedder.close()

    vectors = np.frombuffer(made, "<f4").reshape(3, embedder.dimension)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.array_equal(vectors[0], vectors[2])
    assert not np.array_equal(vectors[0], vectors[1])
    assert len(counted) == 1


@pytest.mark.parametrize(
    ("accident", "retryable"),
    [("rateLimitRate", True), ("malformedRate", False), ("disconnectRate", True)],
)
async def test_an_accident_counts_nothing_and_says_whether_it_may_pass(
    accident: str, monkeypatch: pytest.MonkeyPatch, *, retryable: bool
) -> None:
    monkeypatch.setattr(openai, "REPEATS", 0)
    counted: list[int] = []
    async with aimock.running() as started:
        embedder = await anyio.to_thread.run_sync(openai.connect, MODEL, KEY, started.url)
        await started.meets(accident)
        with pytest.raises(EmbedderError) as failed:
            await embedder.embed(
                ["one"],
                "passage",
                lambda tokens_in, tokens_out=0: counted.append(tokens_in + tokens_out),
            )
        await embedder.close()

    assert counted == []
    assert failed.value.retryable is retryable
