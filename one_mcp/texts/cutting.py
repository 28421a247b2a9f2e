"""Cutting: a text as passages that fit the window of an embedding model.

A passage is a section, or some paragraphs of it, or part of a paragraph that is too large: the cuts
follow the structure of the text as far as it has any. Takes time in proportion to the text.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from one_mcp.texts.blocks import Block
from one_mcp.texts.parts import BIT, Part, parts_of, word_after
from one_mcp.texts.sections import Section, chapters
from one_mcp.texts.token_index import Ruler, Span

MOST_SHARED = 4  # two passages share no more than this part of the window


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage: `text[start:end]`, in code points, and the path of headings it stands under."""

    start: int
    end: int
    heading: str


def cut(
    text: str, spans: Callable[[str], Sequence[Span]], *, window: int, markdown: bool
) -> list[Piece]:
    """Cut a text into passages of at most `window` tokens, in order.

    `spans` gives the code points of each token. Each passage is verbatim, without the white space
    around it, and together they hold everything but white space. Where a paragraph had to be cut,
    two neighbours share about an eighth of the window, so that nothing is lost at the cut.
    """
    ruler = Ruler(text, spans(text), window)
    return [
        Piece(start, end, chapter.heading)
        for chapter in chapters(text, ruler, markdown=markdown)
        for start, end in _packed(_parts(chapter.sections, ruler), ruler)
    ]


def _parts(sections: Sequence[Section], ruler: Ruler) -> list[Part]:
    return [
        part
        for section in sections
        for block in _headed(section, ruler)
        for part in parts_of(block, ruler)
    ]


def _headed(section: Section, ruler: Ruler) -> list[Block]:
    """Put the heading and the block below it together, unless that would cut a table or code."""
    first, *rest = section.blocks
    if not section.heading or not rest:
        return section.blocks
    both = Block(first.start, rest[0].end, rest[0].whole)
    cuts = ruler.fits(rest[0].start, rest[0].end) and not ruler.fits(both.start, both.end)
    return section.blocks if both.whole and cuts else [both, *rest[1:]]


def _packed(parts: list[Part], ruler: Ruler) -> Iterator[Span]:
    """Pack neighbouring parts, into passages of about the same size."""
    first, start = 0, parts[0].start
    while first < len(parts):
        last = _last(parts, first, start, ruler)
        end = parts[last].end
        yield start, end
        first = last + 1
        if first < len(parts):
            start = _next_start(parts, first, start, ruler)


def _last(parts: list[Part], first: int, start: int, ruler: Ruler) -> int:
    """Choose the last part of a passage: the one that brings it nearest to its fair share."""
    rest = ruler.size(start, parts[-1].end)
    share = rest / max(-(-rest // ruler.window), 1)
    last, size = first, ruler.size(start, parts[first].end)
    for index in range(first + 1, len(parts)):
        larger = ruler.size(start, parts[index].end)
        if larger > ruler.window or larger - share > share - size:
            break
        last, size = index, larger
    return last


def _next_start(parts: list[Part], first: int, start: int, ruler: Ruler) -> int:
    """Say where the passage of a part begins: before it where it was torn from what precedes it.

    At a sentence if one begins about an eighth of the window before, else at a word.
    """
    part, end = parts[first], parts[first - 1].end
    if not part.torn:
        return part.start
    room = max(ruler.window - ruler.size(end, part.end), 0)
    wanted = min(ruler.window // BIT, room)
    most = min(ruler.window // MOST_SHARED, room)
    places = _sentences_before(parts, first, start, most, ruler)
    if places:
        return min(places, key=lambda place: abs(ruler.size(place, end) - wanted))
    place = word_after(ruler.text, ruler.before(end, wanted), end) if wanted else part.start
    return place if start < place < end else part.start


def _sentences_before(
    parts: list[Part], first: int, start: int, most: int, ruler: Ruler
) -> list[int]:
    """Return where the last sentences before a part begin, within `most` tokens."""
    end = parts[first - 1].end
    places: list[int] = []
    index = first
    while parts[index].torn:
        index -= 1
        place = parts[index].start
        if place <= start or ruler.size(place, end) > most:
            break
        places.append(place)
    return places
