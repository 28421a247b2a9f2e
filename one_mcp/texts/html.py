"""HTML reduced to Markdown: headings, paragraphs, lists, code and rows of tables.

The standard library's parser is not used: it takes hours for a megabyte of `<`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import NamedTuple

from one_mcp.texts.hidden_html import BLOCKS, OpenElements

HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
LISTS = frozenset({"ul", "ol", "menu"})
CELLS = frozenset({"td", "th"})
MARKS = {"br": "\n", "code": "`", "td": " | ", "th": " | "}
RAW = {tag: re.compile(f"</{tag}(?=[\\s/>])", re.IGNORECASE) for tag in ("script", "style")}
DEEPEST_LIST = 20
_SPACE = re.compile(r"\s+")
_TAG = re.compile(r"<(/?)([A-Za-z][^\s/>]*+)((?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+)>")
_UNQUOTED_TAG = re.compile(r"<(/?)([A-Za-z][^\s/>]*+)([^>]*+)>")
_LANGUAGE = re.compile(r"\slang\s*=\s*[\"']?([A-Za-z0-9-]{1,35})")


@dataclass(frozen=True, slots=True)
class Reduced:
    """A page's text as Markdown, with what its head says of it."""

    title: str | None
    text: str
    language: str | None


def reduce(page: str) -> Reduced:
    """Reduce a page to its text; scripts, styles, navigation and what is hidden are left out.

    It takes any page, however broken, as browsers do.
    """
    reducer = _Reducer()
    for token in _tokens(page):
        if isinstance(token, str):
            reducer.text(_plain(token))
        elif token.ends:
            reducer.end(token.name)
        else:
            reducer.start(token)
    return reducer.reduced()


class _Tag(NamedTuple):
    name: str
    ends: bool
    attributes: str


def _tokens(page: str) -> Iterator[str | _Tag]:
    """Cut a page into tags and what stands between them, in one pass.

    What has no end, a comment or a tag, goes on to the end of the page.
    """
    at = 0
    while (begin := page.find("<", at)) >= 0:
        if begin > at:
            yield page[at:begin]
        following = page[begin + 1 : begin + 2]
        if page.startswith("<!--", begin):
            at = _end(page, "-->", begin + 4)
        elif following in ("!", "?"):
            at = _end(page, ">", begin)
        elif following.isalpha() or following == "/":
            found = _TAG.match(page, begin) or _UNQUOTED_TAG.match(page, begin)
            if found is None:
                at = _end(page, ">", begin)
            else:
                tag = _Tag(found[2].lower(), bool(found[1]), found[3])
                yield tag
                at = _after(page, tag, found.end())
        else:
            yield "<"
            at = begin + 1
        if at < 0:
            return
    yield page[at:]


def _end(page: str, mark: str, at: int) -> int:
    found = page.find(mark, at)
    return found + len(mark) if found >= 0 else -1


def _after(page: str, tag: _Tag, at: int) -> int:
    """Pass over what is no HTML; -1 where it has no end."""
    if tag.ends or tag.name not in RAW:
        return at
    end = RAW[tag.name].search(page, at)
    return end.start() if end else -1


def _plain(text: str) -> str:
    try:
        return unescape(text)
    except ValueError:  # a number of thousands of digits, which is no character
        return text


class _Reducer:
    def __init__(self) -> None:
        self._title: str | None = None
        self._heading: str | None = None
        self._language: str | None = None
        self._parts: list[str] = []
        self._close = False  # whether the last part is an item or a row, which stand close
        self._words: list[str] = []
        self._prefix = ""
        self._lists: list[int] = []  # the next number of each open list; 0 where it has none
        self._preformatted = False
        self._open = OpenElements()

    def reduced(self) -> Reduced:
        self._end_block()
        return Reduced(self._title or self._heading, "".join(self._parts), self._language)

    def start(self, whole: _Tag) -> None:
        tag = whole.name
        seen = not self._open.hidden
        self._open.start(tag, whole.attributes)
        if self._open.hidden:
            if seen and tag in BLOCKS:
                self._end_block()
            return
        if tag == "html":
            language = _LANGUAGE.search(whole.attributes)
            self._language = language[1] if language else None
        elif tag in MARKS:
            self._mark(tag)
        elif tag in BLOCKS:
            self._end_block()
            self._begin(tag)

    def end(self, tag: str) -> None:
        if not self._open.end(tag):
            return
        if tag == "code":
            self._mark(tag)
        elif tag in BLOCKS:
            self._end(tag)

    def text(self, text: str) -> None:
        if not self._open.hidden:
            self._words.append(text if self._preformatted else _SPACE.sub(" ", text))

    def _mark(self, tag: str) -> None:
        first_cell = tag in CELLS and not self._words
        if not first_cell and not (tag == "code" and self._preformatted):
            self._words.append(MARKS[tag])

    def _begin(self, tag: str) -> None:
        if tag in LISTS:
            self._lists.append(1 if tag == "ol" else 0)
        elif tag == "li":
            self._prefix = self._bullet()
        elif tag == "pre":
            self._preformatted = True
        else:
            self._prefix = HEADINGS.get(tag, self._prefix)

    def _end(self, tag: str) -> None:
        if tag == "title":
            self._title = self._title or self._taken() or None
        elif tag in HEADINGS and self._heading is None:
            self._heading = _SPACE.sub(" ", "".join(self._words)).strip() or None
        self._end_block(close=tag == "tr")
        if tag == "li" or tag in HEADINGS:
            self._prefix = ""
        elif tag in LISTS and self._lists:
            self._lists.pop()

    def _bullet(self) -> str:
        indent = "  " * max(min(len(self._lists), DEEPEST_LIST) - 1, 0)
        number = self._lists[-1] if self._lists else 0
        if not number:
            return f"{indent}- "
        self._lists[-1] += 1
        return f"{indent}{number}. "

    def _end_block(self, *, close: bool = False) -> None:
        """Write down the words since the last block."""
        if self._preformatted:
            self._preformatted = False
            code = "".join(self._words).strip("\n").rstrip()
            self._words.clear()
            fence = "~~~~" if "```" in code else "```"
            self._put(f"{fence}\n{code}\n{fence}" if code else "", close=False)
            return
        text = self._taken()
        if text:
            item = bool(self._prefix) and not self._prefix.startswith("#")
            self._put(self._prefix + text, close=close or item)
            self._prefix = ""

    def _put(self, text: str, *, close: bool) -> None:
        if text:
            between = "\n" if close and self._close else "\n\n"
            self._parts += [between, text] if self._parts else [text]
            self._close = close

    def _taken(self) -> str:
        lines = "".join(self._words).split("\n")
        self._words.clear()
        return "\n".join(line for each in lines if (line := _SPACE.sub(" ", each).strip()))
