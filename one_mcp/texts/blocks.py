"""Blocks: the structure of a text as it is written; headings, paragraphs, items, code, tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

LONGEST_TITLE = 120  # code points: a path stands beside every passage of its section
TITLE_LINES = 3  # longer paragraphs over a line of dashes are no title
TAB = 4
LEVELS = 6
RULE = 3

# No pattern here goes back over a long match: what follows one always matches, or fails at once.
_LINE = re.compile(r"(\s*)(\S[^\r\n\f]*)")
_ITEM = re.compile(r"(?:[-+*•◦▪‣]|\d{1,9}[.)])(?=\s|$)")
_FENCE = re.compile(r"`{3,}(?=[^`]*$)|~{3,}")
_BYTE_ORDER_MARK = "\ufeff"

Kind: TypeAlias = Literal["prose", "item", "code", "table", "fence"]
_WHOLE = frozenset({"code", "table", "fence"})


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank, without the white space around it."""

    start: int
    end: int
    text: str
    indent: int
    apart: bool  # a blank line, a page break or nothing comes before it


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a list item or the like; a whole one, code or a table, is cut between lines."""

    start: int
    end: int
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    start: int
    end: int
    level: int
    title: str


def plain(text: str) -> Iterator[Block]:
    """Read paragraphs and list items."""
    start = end = 0
    for line in _lines(text):
        if line.apart or _ITEM.match(line.text):
            if end:
                yield Block(start, end)
            start = line.start
        end = line.end
    if end:
        yield Block(start, end)


def markdown(text: str) -> list[Block | Heading]:
    """Read Markdown as CommonMark has it, with GitHub's tables.

    Simpler than that where a passage is none the worse: quotes are paragraphs, a fence may be
    indented at will, and what is indented under a list item belongs to it.
    """
    reading = _BlockReader()
    for line in _lines(text):
        reading.take(line)
    reading.close()
    return reading.found


def _lines(text: str) -> Iterator[Line]:
    start = len(_BYTE_ORDER_MARK) if text.startswith(_BYTE_ORDER_MARK) else 0
    for found in _LINE.finditer(text, start, len(text.rstrip())):
        gap, content = found[1], found[2].rstrip()
        *breaks, margin = f"{gap}|".splitlines()
        yield Line(
            start=found.start(2),
            end=found.start(2) + len(content),
            text=content,
            indent=len(margin.expandtabs(TAB)) - 1,
            apart=len(breaks) > 1 or "\f" in gap or found.start() == start,
        )


class _BlockReader:
    """What has been read so far, and the block that the next line may belong to."""

    def __init__(self) -> None:
        self.found: list[Block | Heading] = []
        self._lines = 0  # of the open block; 0 when there is none
        self._start = 0
        self._kind: Kind = "prose"  # of the open block, or of the last
        self._last = Line(0, 0, "", 0, apart=True)
        self._above = 0  # where the line before the last ends
        self._title = ""
        self._fence = ""

    def take(self, line: Line) -> None:
        if self._fence:
            self._take_fenced(line)
        elif fence := _FENCE.match(line.text):
            self._open(line, "fence")
            self._fence = fence[0]
        elif level := _level(line):
            self._add_heading(line, level)
        elif level := self._underlined(line):
            self._turn_into_heading(line, level)
        elif self._is_under_a_head(line):
            self._turn_into_table(line)
        elif self._belongs(line):
            self._extend(line)
        elif _is_rule(line):
            self._open(line, "prose")
            self.close()
        else:
            self._open(line, self._kind_of(line))

    def close(self) -> None:
        if self._lines:
            self.found.append(Block(self._start, self._last.end, self._kind in _WHOLE))
        self._lines = 0

    def _open(self, line: Line, kind: Kind) -> None:
        self.close()
        self._start, self._last, self._kind = line.start, line, kind
        self._title, self._lines = line.text[:LONGEST_TITLE], 1

    def _extend(self, line: Line) -> None:
        if self._lines < TITLE_LINES:
            self._title = f"{self._title} {line.text[:LONGEST_TITLE]}"
        self._above, self._last = self._last.end, line
        self._lines += 1

    def _take_fenced(self, line: Line) -> None:
        self._extend(line)
        if line.text.startswith(self._fence) and not line.text.strip(self._fence[0]):
            self._fence = ""
            self.close()

    def _belongs(self, line: Line) -> bool:
        """Tell whether a line goes on with the open block."""
        if not self._lines:
            return False
        if self._kind == "code":
            return line.indent >= TAB
        return not (line.apart or _is_rule(line) or self._is_next_item(line))

    def _is_next_item(self, line: Line) -> bool:
        return self._kind != "table" and _ITEM.match(line.text) is not None

    def _kind_of(self, line: Line) -> Kind:
        if _ITEM.match(line.text):
            return "item"
        if self._kind == "item" and line.indent > 1:
            return "item"
        return "code" if line.indent >= TAB else "prose"

    def _add_heading(self, line: Line, level: int) -> None:
        self.close()
        self._kind = "prose"
        title = line.text[level : level + LONGEST_TITLE].strip()
        unclosed = title.rstrip("#")
        if not unclosed or unclosed[-1].isspace():
            title = unclosed
        self.found.append(Heading(line.start, line.end, level, _tidy(title)))

    def _underlined(self, line: Line) -> int:
        """Return the level of the heading that a line of = or - makes of the open paragraph."""
        paragraph = self._lines and self._kind == "prose" and self._title[0] != ">"
        if not paragraph or self._lines > TITLE_LINES or line.apart or line.indent >= TAB:
            return 0
        if len(line.text) > 1 and not line.text.strip("="):
            return 1
        return 2 if len(line.text) > 1 and not line.text.strip("-") else 0

    def _turn_into_heading(self, line: Line, level: int) -> None:
        self.found.append(Heading(self._start, line.end, level, _tidy(self._title)))
        self._lines = 0

    def _is_under_a_head(self, line: Line) -> bool:
        """Tell whether a line is the one that makes a table of the line above it."""
        above = self._lines and self._kind in {"prose", "item"} and not line.apart
        return (
            bool(above)
            and "|" in line.text
            and "-" in line.text
            and not line.text.strip("|-: \t")
            and "|" in self._last.text
        )

    def _turn_into_table(self, line: Line) -> None:
        head, lines = self._last, self._lines
        self._lines = 0
        if lines > 1:
            self.found.append(Block(self._start, self._above))
        self._open(head, "table")
        self._extend(line)


def _level(line: Line) -> int:
    """Return the level of a heading that begins with #, 0 for any other line."""
    level = len(line.text[: LEVELS + 1]) - len(line.text[: LEVELS + 1].lstrip("#"))
    if level > LEVELS or line.indent >= TAB:
        return 0
    return level if not line.text[level : level + 1].strip() else 0


def _is_rule(line: Line) -> bool:
    mark = line.text[0]
    return mark in "-*_" and not line.text.strip(f"{mark} \t") and line.text.count(mark) >= RULE


def _tidy(title: str) -> str:
    return " ".join(title.split())[:LONGEST_TITLE].rstrip()
