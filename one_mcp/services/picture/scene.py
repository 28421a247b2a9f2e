"""What a picture shows: boxes for entities and arrows for connections, before they have places."""

from dataclasses import dataclass
from unicodedata import east_asian_width

BOX_HEIGHT = 46
NARROWEST, WIDEST = 84, 252
LONGEST_LINE = 31.0  # in letters of usual width
PADDING = 15
LETTER = 7.1  # px, of a usual letter at the size of a name


@dataclass(frozen=True, slots=True)
class Box:
    """An entity; `group` chooses its colour."""

    id: str
    name: str
    type: str
    group: str

    @property
    def label(self) -> str:
        return cut(self.name)

    @property
    def width(self) -> float:
        letters = max(measure(self.label), measure(self.type) * 0.86)
        return min(WIDEST, max(NARROWEST, letters * LETTER + 2 * PADDING))


@dataclass(frozen=True, slots=True)
class Arrow:
    """A connection; `reading` is how it is read aloud, such as `is part of`."""

    start: str
    end: str
    type: str
    reading: str


@dataclass(frozen=True, slots=True)
class Scene:
    """Boxes, the first of which stands in the middle, and arrows between them."""

    title: str
    caption: str
    boxes: list[Box]
    arrows: list[Arrow]

    @property
    def groups(self) -> list[str]:
        return sorted({box.group for box in self.boxes})


def measure(text: str) -> float:
    """Estimate a text's width, in letters of usual width."""
    return sum(_letter(character) for character in text)


def cut(text: str) -> str:
    """Shorten a text to what a box holds."""
    width = 0.0
    for position, character in enumerate(text):
        width += _letter(character)
        if width > LONGEST_LINE:
            return text[: position - 1].rstrip() + "…"
    return text


def _letter(character: str) -> float:
    if east_asian_width(character) in "WF":
        return 1.9
    if character in "iljtfr.,:;'|!()[] ":
        return 0.55
    if character in "mwMW@%":
        return 1.45
    return 1.2 if character.isupper() else 1.0
