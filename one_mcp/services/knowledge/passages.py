"""Passages: cut a text as the embedding model sees it, or by words where there is no model."""

import re

from one_mcp.dimensions.knowledge.index.chunks import Passage, titled
from one_mcp.providers.ports.embedding import Embedder, Span
from one_mcp.texts import cutting

LARGEST = 400  # tokens of a passage, however large the window: a citation is to be short
HEADING = 42  # tokens of the window that are left to the heading and to marks of the model
HEADING_CHARACTERS = 120
_TOKEN = re.compile(r"\w{1,12}|[^\w\s]")


def cut(text: str, title: str, embedder: Embedder | None, *, markdown: bool) -> list[Passage]:
    """Cut a text into passages; blocks for about a millisecond in 1,000 tokens."""
    spans = _words if embedder is None else embedder.spans
    window = LARGEST if embedder is None else min(embedder.window, LARGEST + HEADING)
    pieces = cutting.cut(text, spans, window=max(window - HEADING, 16), markdown=markdown)
    return [
        Passage(
            piece.start,
            piece.end,
            titled(title, piece.heading)[-HEADING_CHARACTERS:],
            text[piece.start : piece.end],
        )
        for piece in pieces
    ]


def _words(text: str) -> list[Span]:
    """Count long words as several tokens, as models do."""
    return [found.span() for found in _TOKEN.finditer(text)]
