"""Cutting: a text in passages that a model sees whole."""

from collections.abc import Callable
from dataclasses import dataclass

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage, text[start:end], and the headings it stands under."""

    start: int
    end: int
    heading: str


def cut(
    text: str,
    spans: Callable[[str], list[Span]],
    *,
    window: int,
    markdown: bool,  # noqa: ARG001
) -> list[Piece]:
    """Cut at tokens; neighbours share an eighth of the window."""
    tokens = spans(text)
    pieces: list[Piece] = []
    first = 0
    while first < len(tokens):
        last = min(first + window, len(tokens))
        pieces.append(Piece(tokens[first][0], tokens[last - 1][1], ""))
        first = last - window // 8 if last < len(tokens) else last
    return pieces
