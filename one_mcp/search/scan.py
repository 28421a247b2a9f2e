"""Scan: vectors with one bit a dimension in memory, to find which ones the file is asked for.

A vector costs its dimension in bits and eight bytes: 56 bytes at 384 dimensions. The structure is a
cache: whatever it holds is in the file, and any process can build it anew.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

SEGMENT = 16_384  # vectors; so that growing never copies what is there
WORD_BITS = 64
GONE = 0  # no chunk has this number

Bits = NDArray[np.uint64]
Numbers = NDArray[np.uint32]
Distances = NDArray[np.uint16]


@dataclass(slots=True)
class _Segment:
    """Up to SEGMENT vectors; `bits` has a row for each word, so that a scan reads in one line."""

    bits: Bits
    chunks: Numbers
    rows: Numbers
    used: int = 0

    def distances(self, query: Bits) -> Distances:
        """Count the bits in which each vector differs from the query."""
        differing = np.empty(self.used, np.uint64)
        counted = np.empty(self.used, np.uint8)
        total = np.zeros(self.used, np.uint16)
        some = np.zeros(self.used, np.uint8)  # the counts of three words fit into a byte
        for number, (word, wanted) in enumerate(zip(self.bits, query, strict=True), 1):
            np.bitwise_xor(word[: self.used], wanted, out=differing)
            np.bitwise_count(differing, out=counted)
            some += counted
            if number % 3 == 0:
                total += some
                some[:] = 0
        total += some
        return total


@dataclass(slots=True)
class Scan:
    """The vectors of one organization and model. `seen` is the row of the newest one."""

    dimension: int
    seen: int = 0
    _segments: list[_Segment] = field(default_factory=list[_Segment])

    def __len__(self) -> int:
        return sum(segment.used for segment in self._segments)

    @property
    def size_bytes(self) -> int:
        """What the vectors take in memory."""
        return sum(
            part.bits.nbytes + part.chunks.nbytes + part.rows.nbytes for part in self._segments
        )

    def add(self, rows: Sequence[tuple[int, int, bytes]]) -> None:
        """Take in vectors (row, chunk, int8 values); one of another length is left out."""
        fitting = [row for row in rows if len(row[2]) == self.dimension]
        for start in range(0, len(fitting), SEGMENT):
            self._take(fitting[start : start + SEGMENT])
        if rows:
            self.seen = rows[-1][0]

    def nearest(
        self, query: bytes, count: int, among: Iterable[int] | None = None
    ) -> dict[int, int]:
        """Return about `count` chunks whose bits are closest to a query's (float32 values).

        Each comes with the row of its vector. `among` are the only chunks that count. Ties at the
        edge are kept.
        """
        wanted = _packed(np.frombuffer(query, np.float32)[np.newaxis, :])[:, 0]
        allowed = None if among is None else self._allowed(among)
        best = _Best(count)
        for segment in self._segments:
            best.take(*_found(segment, wanted, allowed))
        return best.chosen()

    def forget(self, gone: Iterable[int]) -> None:
        """Let go of chunks that the file no longer has."""
        numbers = np.fromiter(gone, np.uint32)
        for segment in self._segments:
            segment.chunks[np.isin(segment.chunks, numbers)] = GONE

    def _take(self, rows: Sequence[tuple[int, int, bytes]]) -> None:
        values = np.frombuffer(b"".join(row[2] for row in rows), np.int8)
        bits = _packed(values.reshape(len(rows), self.dimension))
        chunks = np.array([row[1] for row in rows], np.uint32)
        numbers = np.array([row[0] for row in rows], np.uint32)
        taken = 0
        while taken < len(rows):
            segment = self._open_segment(bits.shape[0])
            some = slice(taken, taken + SEGMENT - segment.used)
            part = chunks[some]
            end = segment.used + len(part)
            segment.bits[:, segment.used : end] = bits[:, some]
            segment.chunks[segment.used : end] = part
            segment.rows[segment.used : end] = numbers[some]
            segment.used = end
            taken += len(part)

    def _open_segment(self, words: int) -> _Segment:
        if not self._segments or self._segments[-1].used == SEGMENT:
            bits = np.zeros((words, SEGMENT), np.uint64)
            empty = np.zeros(SEGMENT, np.uint32)
            self._segments.append(_Segment(bits, empty, empty.copy()))
        return self._segments[-1]

    def _allowed(self, among: Iterable[int]) -> NDArray[np.bool_]:
        """Mark chunks by number: quicker to look up than a sorted list of many."""
        numbers = np.fromiter(among, np.uint32)
        highest = max(
            (int(part.chunks[: part.used].max()) for part in self._segments if part.used), default=0
        )
        marks = np.zeros(highest + 1, np.bool_)
        marks[numbers[numbers <= highest]] = True
        marks[GONE] = False
        return marks


class _Best:
    """The nearest of what was seen so far; what is farther than so many is dropped on the way."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._reach = np.iinfo(np.uint16).max
        self._kept: list[tuple[Numbers, Numbers, Distances]] = []
        self._size = 0

    def take(self, chunks: Numbers, rows: Numbers, distances: Distances) -> None:
        places = np.flatnonzero(distances <= self._reach)
        self._kept.append((chunks[places], rows[places], distances[places]))
        self._size += len(places)
        if self._size > 2 * self._count:
            self._shrink()

    def chosen(self) -> dict[int, int]:
        """Return the chunks with the rows of their vectors."""
        if self._size > self._count:
            self._shrink()
        chunks = [number for kept, _, _ in self._kept for number in kept.tolist()]
        rows = [number for _, kept, _ in self._kept for number in kept.tolist()]
        return dict(zip(chunks, rows, strict=True))

    def _shrink(self) -> None:
        chunks, rows, distances = (np.concatenate(parts) for parts in zip(*self._kept, strict=True))
        self._reach = int(np.partition(distances, self._count - 1)[self._count - 1])
        near = distances <= self._reach
        self._kept = [(chunks[near], rows[near], distances[near])]
        self._size = len(self._kept[0][0])


def _found(
    segment: _Segment, query: Bits, allowed: NDArray[np.bool_] | None
) -> tuple[Numbers, Numbers, Distances]:
    """Compare what counts of a segment with a query."""
    chunks, rows = segment.chunks[: segment.used], segment.rows[: segment.used]
    if allowed is None:
        distances = segment.distances(query)
        there = chunks != GONE
        if there.all():
            return chunks, rows, distances
        return chunks[there], rows[there], distances[there]
    places = np.flatnonzero(allowed[chunks])
    few = _Segment(segment.bits[:, places], chunks[places], rows[places], len(places))
    return few.chunks, few.rows, few.distances(query)


def _packed(vectors: NDArray[np.int8] | NDArray[np.float32]) -> Bits:
    """Keep one bit of each value, whether it is positive: a row for each word of 64."""
    bits = np.packbits(vectors > 0, axis=1)
    missing = -bits.shape[1] % (WORD_BITS // 8)
    whole = np.pad(bits, ((0, 0), (0, missing)))
    return np.ascontiguousarray(whole.view(np.uint64).T)
