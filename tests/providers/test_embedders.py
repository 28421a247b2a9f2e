"""What every embedder promises."""

from itertools import pairwise

import anyio
import numpy as np
import pytest
from numpy.typing import NDArray

from one_mcp.providers.ports.embedding import Embedder, Purpose

pytestmark = pytest.mark.anyio
TEXTS = [
    "A yoga class for beginners.",
    "Yoga classes that beginners join.",
    "The invoice for October is overdue.",
    "",
    "💥",
]


async def rows(
    embedder: Embedder, *texts: str, purpose: Purpose = "passage"
) -> NDArray[np.float32]:
    packed = await embedder.embed(texts, purpose)
    return np.frombuffer(packed, "<f4").reshape(len(texts), embedder.dimension)


async def test_every_text_has_a_vector_of_length_1(embedder: Embedder) -> None:
    found = await rows(embedder, *TEXTS)

    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-4)


async def test_near_texts_have_near_vectors(embedder: Embedder) -> None:
    yoga, classes, invoice = await rows(embedder, *TEXTS[:3])
    (asked,) = await rows(embedder, "yoga for beginners", purpose="query")

    assert yoga @ classes > yoga @ invoice + 0.2
    assert asked @ yoga > asked @ invoice + 0.2


async def test_the_same_text_has_the_same_vector_in_any_company(embedder: Embedder) -> None:
    (alone,) = await rows(embedder, TEXTS[0])
    among = await rows(embedder, "Long before. " * 60, TEXTS[0], *TEXTS)

    assert alone @ among[1] > 0.9999
    assert alone @ among[2] > 0.9999


async def test_no_text_is_no_vector(embedder: Embedder) -> None:
    assert await embedder.embed([], "passage") == b""


async def test_many_callers_at_once_get_their_own(embedder: Embedder) -> None:
    expected = await rows(embedder, *TEXTS)
    found: dict[int, NDArray[np.float32]] = {}

    async def ask(number: int) -> None:
        (found[number],) = await rows(embedder, TEXTS[number % len(TEXTS)])

    with anyio.fail_after(30):
        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(ask, number)

    assert len(found) == 20
    assert all(row @ expected[number % len(TEXTS)] > 0.9999 for number, row in found.items())


async def test_a_text_beyond_the_window_is_embedded_by_its_beginning(embedder: Embedder) -> None:
    text = "The invoice for October is overdue. " * 1_500
    spans = embedder.spans(text)
    beginning = text[: spans[embedder.window - 1][1]]

    cut, whole = await rows(embedder, beginning, text)

    assert len(spans) > embedder.window
    assert cut @ whole > 0.999


async def test_spans_are_in_order_and_cover_every_letter(embedder: Embedder) -> None:
    text = "Ünïcode — naïve café, 東京タワー; emoji 💥👍🏽, snake_case and 3.14159!\r\n\tEnd"

    spans = embedder.spans(text)

    assert all(first < last for first, last in spans)
    assert all(one[1] <= two[0] for one, two in pairwise(spans))
    covered = {at for first, last in spans for at in range(first, last)}
    assert {at for at, sign in enumerate(text) if sign.isalnum()} <= covered


async def test_spans_of_a_long_text_are_those_of_its_words(embedder: Embedder) -> None:
    line = "Incomprehensibilities are tokenised alike everywhere, even at 12345 borders. "
    words = embedder.spans(line)
    text = line * 2_000

    spans = embedder.spans(text)

    assert len(spans) == 2_000 * len(words)
    assert spans[-1] == (words[-1][0] + 1_999 * len(line), words[-1][1] + 1_999 * len(line))


async def test_a_caller_who_leaves_disturbs_nobody(embedder: Embedder) -> None:
    with anyio.move_on_after(0):
        await embedder.embed(TEXTS * 10, "passage")

    with anyio.fail_after(30):
        assert len(await embedder.embed(TEXTS[:1], "query")) == 4 * embedder.dimension


async def test_a_name_says_which_model_made_a_vector(embedder: Embedder) -> None:
    assert embedder.name
    assert embedder.window > 1
