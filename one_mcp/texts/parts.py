"""Parts: what passages are made of; whole blocks, or the bits of those that are too large."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from one_mcp.texts.blocks import Block
from one_mcp.texts.sentences import sentences
from one_mcp.texts.token_index import Ruler, Span

BIT = 8  # a bit of a sentence is this part of the window, and so is what two passages share
LONGEST_CHARACTER = 32  # code points that are kept together as one character
JOINER = "\u200d"

_LINE = re.compile(r"\S[^\r\n\f]*")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"\S")

Cutter = Callable[[int, int, Ruler], Iterator[Span]]


@dataclass(frozen=True, slots=True)
class Part:
    start: int
    end: int
    torn: bool = False  # from the part before it


def parts_of(block: Block, ruler: Ruler) -> Iterator[Part]:
    """Cut a block that is too large: at sentences, or else at lines, words, characters.

    A whole block is cut at its lines first, and lines are not torn from each other.
    """
    if ruler.fits(block.start, block.end):
        yield Part(block.start, block.end)
        return
    threads = _lines(block.start, block.end, ruler) if block.whole else [(block.start, block.end)]
    for start, end in threads:
        torn = False
        for bit in _torn(start, end, ruler, (_sentences, _lines, _words)):
            yield Part(*bit, torn=torn)
            torn = True


def word_after(text: str, start: int, end: int) -> int:
    """Return where the first word begins at or after `start`: a character, where no word does."""
    if text[start - 1 : start].isspace():
        word = _WORD.search(text, start, end)
        return word.start() if word else end
    if space := _SPACE.search(text, start, end):
        return space.end()
    for place in range(start, min(start + LONGEST_CHARACTER, end)):
        if not _is_inside(text, place):
            return place
    return start


def _torn(start: int, end: int, ruler: Ruler, cutters: tuple[Cutter, ...]) -> Iterator[Span]:
    if not cutters or ruler.fits(start, end):
        yield start, end
        return
    cutter, *finer = cutters
    for bit in cutter(start, end, ruler):
        yield from _torn(*bit, ruler, tuple(finer))


def _sentences(start: int, end: int, ruler: Ruler) -> Iterator[Span]:
    return sentences(ruler.text, start, end)


def _lines(start: int, end: int, ruler: Ruler) -> Iterator[Span]:
    for found in _LINE.finditer(ruler.text, start, end):
        yield found.start(), found.start() + len(found[0].rstrip())


def _words(start: int, end: int, ruler: Ruler) -> Iterator[Span]:
    """Cut into some words each, fewer than a window's; or into characters."""
    text, tokens = ruler.text, max(ruler.window // BIT, 1)
    while start < end:
        stop = ruler.after(start, tokens)
        stop = _word_before(text, start, stop) if stop < end else end
        yield start, start + len(text[start:stop].rstrip())
        following = _WORD.search(text, stop, end)
        start = following.start() if following else end


def _word_before(text: str, start: int, end: int) -> int:
    """Return where the last word before `end` begins: a character, where no word does."""
    if text[end - 1].isspace() or text[end].isspace():
        return end
    head = text[start:end].rsplit(None, 1)
    if len(head) > 1:
        return end - len(head[1])
    for place in range(end, max(start, end - LONGEST_CHARACTER), -1):
        if not _is_inside(text, place):
            return place
    return end


def _is_inside(text: str, place: int) -> bool:
    """Tell whether a cut there would take a character apart: an emoji, an accent, a syllable."""
    before, after = text[place - 1 : place], text[place : place + 1]
    if not before or not after:
        return False
    if JOINER in (before, after) or _is_mark(after):
        return True
    return _is_flag(after) and _flags(text, place) % 2 == 1


def _is_mark(character: str) -> bool:
    """Tell whether a code point changes the one before: accents, skin tones, tags, jamo."""
    return (
        unicodedata.category(character)[0] == "M"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
        or "\u1160" <= character <= "\u11ff"
    )


def _is_flag(character: str) -> bool:
    """Tell whether a code point is half a flag."""
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flags(text: str, place: int) -> int:
    """Count the halves of flags right before a place, up to a limit."""
    run = text[max(place - 2 * LONGEST_CHARACTER, 0) : place]
    return next((n for n, each in enumerate(reversed(run)) if not _is_flag(each)), len(run))
