"""Ports: what the rooms above ask of a vendor. A port knows no vendor and no vendor's types."""

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

from one_mcp.providers.ports.metering import TokenMeter, unmetered

Purpose: TypeAlias = Literal["passage", "query"]
Span: TypeAlias = tuple[int, int]


class Embedder(Protocol):
    """Turns texts into vectors whose dot product says how near two texts are in meaning."""

    @property
    def name(self) -> str:
        """The model and its variant; it is stored with every vector, and models never mix."""
        ...

    @property
    def dimension(self) -> int: ...

    @property
    def window(self) -> int:
        """How many tokens of one text count; what comes after them is ignored."""
        ...

    def spans(self, text: str) -> list[Span]:
        """Cut a text of any length into the model's tokens: from and to, in code points, in order.

        Blocks for about 1 ms in 1,000 tokens; a document is cut on a worker thread.
        """
        ...

    async def embed(
        self, texts: Sequence[str], purpose: Purpose, meter: TokenMeter = unmetered
    ) -> bytes:
        """Return a vector of length 1 for each text, in order.

        The bytes are a matrix, row by row: little-endian float32, `dimension` numbers a text. They
        are bytes so that whoever hands them on needs no numpy. `meter` counts what costs something.
        Raises EmbedderError; its `retryable` says whether the same call may work later.
        """
        ...

    async def close(self) -> None:
        """Let connections go; the embedder is not used any more."""
        ...
