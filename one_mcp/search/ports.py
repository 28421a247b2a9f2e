"""What the rooms above ask of vectors, without numpy, which costs memory and time to import."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol


class Scan(Protocol):
    """Vectors of one organization and model in memory, in few bits; `seen` is the newest row."""

    seen: int

    def __len__(self) -> int: ...

    def add(self, rows: Sequence[tuple[int, int, bytes]]) -> None:
        """Take in vectors: row, chunk, int8 values."""
        ...

    def nearest(
        self, query: bytes, count: int, among: Iterable[int] | None = None
    ) -> dict[int, int]:
        """Return about `count` chunks that are probably nearest, and the rows of their vectors.

        Only chunks of `among` count, if given.
        """
        ...

    def forget(self, gone: Iterable[int]) -> None:
        """Let go of chunks."""
        ...


@dataclass(frozen=True, slots=True)
class Space:
    """The vectors of one organization in memory.

    The lock is taken before a snapshot of the file begins, so that snapshots of those who hold it
    one after another never go back in time.
    """

    scan: Scan
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """The arithmetic of vectors, loaded with the embedder. Questions are float32, stored ones int8.

    `alike` finds the pairs of stored ones whose cosine is no less than a number: two places and the
    cosine. `scan` makes an empty scan for a dimension; `quantised` turns float32 vectors of a
    dimension into stored ones; `cosines` compares a question with stored ones; `smoothed` lets
    scores lean on those of near vectors in other documents.
    """

    scan: Callable[[int], Scan]
    quantised: Callable[[bytes, int], list[bytes]]
    cosines: Callable[[bytes, Sequence[bytes]], list[float]]
    smoothed: Callable[[Sequence[float], Sequence[bytes], Sequence[int]], list[float]]
    alike: Callable[[Sequence[bytes], float], list[tuple[int, int, float]]]
