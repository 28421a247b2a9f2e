"""The outline of a Markdown text: what its first heading says, and where its links lead.

Every expression below takes time in proportion to the text, whatever stands in it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})([^`]*)$")
_CODE = re.compile(r"`[^`]*`")
_COMMENT = re.compile(r"(<!--|-->)")
_HEADING = re.compile(r" {0,3}#[ \t]+(\S.*)")
_UNDERLINE = re.compile(r" {0,3}=+[ \t]*")
_CLOSING = re.compile(r"(?:^|[ \t])#+$")
_INLINE = re.compile(
    r"\]\([ \t]*(?:<([^<>]{1,500})>|((?:[^\s()<>]|\([^\s()<>]{0,100}\)){1,500}))(?=[\s)])"
)
_DEFINITION = re.compile(r"[ \t>]{0,8}\[[^\]\[^][^\]\[]{0,500}\]:[ \t]*(?:<([^<>]{1,1000})>|(\S+))")
_WIKI = re.compile(r"\[\[([^\[\]]{1,500})\]\]")
_SHOWN_LINK = re.compile(r"!?\[([^\[\]]{0,500})\]\([^()]{0,1000}\)")
_SHOWN_WIKI = re.compile(r"\[\[(?:[^\[\]|]{0,500}\|)?([^\[\]|]{0,500})\]\]")


class Link(NamedTuple):
    """A link as it is written: a path, or the inside of a wiki link."""

    target: str
    wiki: bool


@dataclass(frozen=True, slots=True)
class Outline:
    """`links` has each target once, in the order of the text."""

    title: str | None
    links: tuple[Link, ...]


def read(text: str) -> Outline:
    """Read a text's outline; what stands in code or comments counts for nothing."""
    title: str | None = None
    links: dict[Link, None] = {}
    above = ""
    for line in _prose(text):
        if title is None:
            title = _title(above, line)
            above = line
        if "[" in line:
            links.update(dict.fromkeys(_links(_CODE.sub("", line))))
    return Outline(title, tuple(links))


def _prose(text: str) -> Iterator[str]:
    """Read the lines outside of fenced code and comments."""
    fence = ""
    comment = False
    for whole in text.split("\n"):
        found = None if comment else _FENCE.match(whole)
        if fence:
            mark = found[1] if found and not found[2].strip() else ""
            if mark.startswith(fence):
                fence = ""
        elif found:
            fence = found[1]
        else:
            line, comment = _uncommented(whole, inside=comment)
            yield line


def _uncommented(line: str, *, inside: bool) -> tuple[str, bool]:
    """Take comments out of a line, and say whether one goes on in the next."""
    if not inside and "<!--" not in line:
        return line, False
    kept: list[str] = []
    for piece in _COMMENT.split(line):
        if piece == "<!--":
            inside = True
        elif piece == "-->" and inside:
            inside = False
        elif not inside:
            kept.append(piece)
    return "".join(kept), inside


def _title(above: str, line: str) -> str | None:
    heading = _HEADING.fullmatch(line)
    if heading is not None:
        return _words(_CLOSING.sub("", heading[1].rstrip()))
    if above.strip() and _UNDERLINE.fullmatch(line):
        return _words(above)
    return None


def _words(heading: str) -> str | None:
    """Reduce a heading to its words, without links and marks."""
    plain = _SHOWN_WIKI.sub(r"\1", _SHOWN_LINK.sub(r"\1", heading))
    return plain.replace("**", "").replace("`", "").strip().strip("*_").strip() or None


def _links(line: str) -> Iterator[Link]:
    definition = _DEFINITION.match(line)
    if definition is not None:
        yield Link(definition[1] or definition[2], wiki=False)
    for found in _INLINE.finditer(line):
        yield Link(found[1] or found[2], wiki=False)
    for found in _WIKI.finditer(line):
        yield Link(found[1], wiki=True)
