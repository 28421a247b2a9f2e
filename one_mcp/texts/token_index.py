"""Token index: how many of a model's tokens any part of a text has."""

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]

LONGEST = 64  # code points of a token; what is longer the tokenizer gave up on
_BIT = re.compile(r"\S{1,4}")


class Ruler:
    """A text laid along the spans of its tokens; it is read once and then only searched.

    A span longer than any word (WordPiece has one [UNK] for a word of 100,000 letters), or as long
    a stretch without any, counts a token for every four code points: otherwise it would seem to fit
    everywhere.
    """

    def __init__(self, text: str, spans: Sequence[Span], window: int) -> None:
        self.text = text
        self.window = window
        self._starts = array("q")
        self._ends = array("q")
        for start, end in _true(text, spans):
            self._starts.append(start)
            self._ends.append(end)

    def size(self, start: int, end: int) -> int:
        """Count the tokens that lie in a range, if only with a part of them."""
        return bisect_left(self._starts, end) - bisect_right(self._ends, start)

    def fits(self, start: int, end: int) -> bool:
        return self.size(start, end) <= self.window

    def after(self, start: int, tokens: int) -> int:
        """Say where the token begins that comes after so many from `start` on."""
        index = bisect_right(self._ends, start) + tokens
        index = max(index, bisect_right(self._starts, start))
        return self._starts[index] if index < len(self._starts) else len(self.text)

    def before(self, end: int, tokens: int) -> int:
        """Say where the last so many tokens before `end` begin."""
        index = bisect_left(self._starts, end) - tokens
        return self._starts[max(index, 0)] if self._starts else 0


def _true(text: str, spans: Sequence[Span]) -> Iterator[Span]:
    """Give the spans in order, with small ones for whatever is too long for a token."""
    reached = 0
    for start, end in spans:
        if start - reached > LONGEST:
            yield from _bits(text, reached, start)
        if end - start > LONGEST:
            yield from _bits(text, max(start, reached), end)
        elif start < end:
            yield start, end
        reached = max(reached, end)
    if len(text) - reached > LONGEST:
        yield from _bits(text, reached, len(text))


def _bits(text: str, start: int, end: int) -> Iterator[Span]:
    return (found.span() for found in _BIT.finditer(text, start, end))
