"""A simulated embedder, for tests and demonstrations: no model, no files, always the same vectors.

Words and parts of words are hashed into 256 numbers, so texts are near that share them. It knows
nothing of meaning: "car" and "automobile" are as far apart as any two words.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from one_mcp.providers import vectors
from one_mcp.providers.ports.embedding import Purpose, Span
from one_mcp.providers.ports.metering import TokenMeter, unmetered

DIMENSION = 256
WINDOW = 256
WORD_WEIGHT = 2.0
_TOKEN = re.compile(r"\w+|[^\w\s]")


class Simulated:
    """The embedder `simulated`."""

    name = "simulated"
    dimension = DIMENSION
    window = WINDOW

    def spans(self, text: str) -> list[Span]:
        """Cut at words and punctuation."""
        return [found.span() for found in _TOKEN.finditer(text)]

    async def embed(
        self,
        texts: Sequence[str],
        purpose: Purpose,  # noqa: ARG002  # both alike
        meter: TokenMeter = unmetered,  # noqa: ARG002  # it costs nothing
    ) -> bytes:
        """Hash the words of each text."""
        if not texts:
            return b""
        return vectors.packed(np.stack([_row(text) for text in texts]))

    async def close(self) -> None:
        """Nothing is open."""


def _row(text: str) -> NDArray[np.float32]:
    row = np.zeros(DIMENSION, np.float32)
    row[0] = 1e-3  # a text without words points somewhere, too
    words = [found.group() for _, found in zip(range(WINDOW), _TOKEN.finditer(text), strict=False)]
    for feature, count in Counter(_features(words)).items():
        code = crc32(feature.encode("utf-8", "replace"))
        weight = WORD_WEIGHT if feature[0] == "w" else 1.0
        row[code % DIMENSION] += weight * count**0.5 * (1 if code & 0x8000_0000 else -1)
    return row


def _features(words: list[str]) -> Iterator[str]:
    for word in (word.casefold() for word in words):
        if word[0].isalnum():
            yield "w" + word
            framed = f"<{word}>"
            yield from ("t" + framed[start : start + 3] for start in range(len(framed) - 2))
