"""What a picture shows: boxes for entities and arrows for connections, before they have places."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from unicodedata import category, east_asian_width

from one_mcp.texts import visible

BOX_HEIGHT = 46
PADDING = 15
LETTER = 0.63  # of a text's size, a usual letter of the fonts that systems have, none is wider
LONGEST_LINE = 32.0  # in letters of usual width
LONGEST_TITLE = 60.0
NAME_SIZE, TYPE_SIZE = 13, 11  # px
NARROWEST, WIDEST = 84, LONGEST_LINE * LETTER * NAME_SIZE + 2 * PADDING
ELLIPSIS = "…"
MANY = 3  # arrows with equal words
_JOINING = "\u200d"


@dataclass(frozen=True)
class Box:
    """An entity; `group` chooses its colour."""

    id: str
    name: str
    type: str
    group: str

    @cached_property
    def label(self) -> str:
        return cut(visible.line(self.name))

    @property
    def kind(self) -> str:
        return cut(self.type, LONGEST_LINE * NAME_SIZE / TYPE_SIZE)

    @cached_property
    def width(self) -> float:
        inside = max(measure(self.label, NAME_SIZE), measure(self.kind, TYPE_SIZE))
        return max(NARROWEST, inside + 2 * PADDING)


@dataclass(frozen=True, slots=True)
class Arrow:
    """A connection; `reading` is how it is read aloud, such as `is part of`."""

    start: str
    end: str
    type: str
    reading: str


@dataclass(frozen=True)
class Scene:
    """Boxes, the first of which stands in the middle, and arrows between them."""

    title: str
    caption: str
    boxes: list[Box]
    arrows: list[Arrow]

    @property
    def groups(self) -> list[str]:
        return sorted({box.group for box in self.boxes})

    @cached_property
    def common(self) -> list[str]:
        """The words that many arrows share: said once, beside a line like theirs."""
        often = Counter(arrow.reading for arrow in self.arrows)
        return sorted((it for it in often if often[it] >= MANY), key=lambda it: (-often[it], it))


def measure(text: str, size: float) -> float:
    """Estimate how wide a text is at a size, in px; too wide rather than too narrow."""
    return letters(text) * LETTER * size


def letters(text: str) -> float:
    """Estimate a text's width, in letters of usual width."""
    return sum(map(_letter, text))


def cut(text: str, longest: float = LONGEST_LINE) -> str:
    """Shorten a text to what a line holds, between characters that a reader tells apart."""
    if letters(text) <= longest:
        return text
    width, end = letters(ELLIPSIS), 0
    for position, character in enumerate(text):
        width += _letter(character)
        if width > longest:
            break
        end = position + 1
    while end and (category(text[end])[0] in "MC" or text[end - 1] == _JOINING):
        end -= 1
    return text[:end].rstrip() + ELLIPSIS


def _letter(character: str) -> float:
    kind = category(character)
    if kind in ("Mn", "Me", "Cf"):
        return 0.0
    if kind == "So":
        return 2.0
    if east_asian_width(character) in "WF" or character in "mwMW@%…—шщжюыфШЩЖЮЫФ":
        return 1.65
    if character in "ijl'|":
        return 0.5
    if character in "Iftr.,:;!()[]-/ ":
        return 0.68
    return 1.25 if kind == "Lu" else 1.0
