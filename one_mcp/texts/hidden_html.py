"""Which parts of a page nobody sees: elements that hide themselves, and where each of them ends.

An element may end without its tag. What is open is followed as browsers do it, as far as that
decides what is seen: nothing hidden may leak out by a stray end tag, and nothing visible be lost
behind a paragraph that was never closed. Style sheets are not read: what an element says counts.
"""

import re
import sys
from html import unescape

VOID = frozenset(
    {
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source",
        "track", "wbr",
    }
)  # fmt: skip
NEVER_SHOWN = frozenset(
    {
        "script", "style", "template", "noscript", "svg", "iframe", "object", "nav", "select",
        "datalist",
    }
)  # fmt: skip
BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "caption", "dd", "details", "dialog",
        "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hr",
        "html", "legend", "li", "main", "menu", "ol", "p", "pre", "section", "summary", "table",
        "tbody", "td", "tfoot", "th", "thead", "title", "tr", "ul",
        *(f"h{level}" for level in range(1, 7)),
    }
)  # fmt: skip
_SPECIAL = BLOCKS | NEVER_SHOWN  # no end tag of an inline element reaches beyond these
_CELLS, _SECTIONS = ("td", "th"), ("tbody", "thead", "tfoot", "caption")
_IMPLIED_ENDS = {  # a start tag ends these, unless one of those was opened since
    "li": (("li",), ("ul", "ol", "menu")),
    **dict.fromkeys(("dd", "dt"), (("dd", "dt"), ("dl",))),
    **dict.fromkeys(_CELLS, (_CELLS, ("table",))),
    "tr": (("tr", "caption"), ("table",)),
    **dict.fromkeys(_SECTIONS, ((*_SECTIONS, "tr"), ("table",))),
}
_NEVER_CLOSED = frozenset({"body", "html"})  # what follows their end still stands inside
_FORMATTING = frozenset(
    {
        "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt",
        "u",
    }
)  # fmt: skip
_TABLE = frozenset({"table", "tr", *_CELLS, *_SECTIONS})
_CLOSED_OFF = (*_CELLS, "caption", "table", "object", "template")  # no other end tag leaves these
_MAY_HIDE = re.compile(r"hidden|style", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([^\s\"'/=]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"']+)))?")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))")
_HIDING = re.compile(
    r"""(?x) (?:^|;|\{) \s* (?:
      display\s*:\s*none
    | (?:content-)?visibility\s*:\s*(?:hidden|collapse)
    | (?:opacity|font-size)\s*:\s*0(?:\.0*)?(?:[a-z]+|%)? \s*(?:;|!|$)
    )"""
)


class OpenElements:
    """The elements that are open at a place of a page, and the outermost one that is hidden."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._places: dict[str, list[int]] = {}
        self._special: list[int] = []
        self._hidden: int | None = None
        self._reopened = ""  # a hidden element that others ended, and that browsers open again

    @property
    def hidden(self) -> bool:
        """Whether nobody sees what stands here."""
        return self._hidden is not None or bool(self._reopened)

    def start(self, name: str, attributes: str) -> None:
        """Open an element, which ends some others; it may hide itself."""
        if name in BLOCKS and self._special and self._names[self._special[-1]] == "p":
            self._leave(self._special[-1])
        if name in _IMPLIED_ENDS:
            ended, unless = _IMPLIED_ENDS[name]
            since = self._last(*unless)
            open_since = [at for each in ended if (at := self._last(each)) > since]
            if open_since:
                self._leave(min(open_since))
        if name in VOID or (name == "svg" and attributes.endswith("/")):
            return
        if self._hidden is None and (name in NEVER_SHOWN or hides(name, attributes)):
            self._hidden = len(self._names)
        self._places.setdefault(name, []).append(len(self._names))
        if name in _SPECIAL:
            self._special.append(len(self._names))
        self._names.append(name)

    def end(self, name: str) -> bool:
        """Close an element; say whether its end is seen, as that of a hidden one is not."""
        if name in _NEVER_CLOSED:
            return not self.hidden
        if name == self._reopened:
            self._reopened = ""
            return False
        at = self._last(name)
        limit = -1
        if name not in _SPECIAL:
            limit = self._special[-1] if self._special else -1
        elif name not in _TABLE:
            limit = self._last(*_CLOSED_OFF)
        if at < limit or at < 0:
            return not self.hidden
        itself = at == self._hidden
        if itself:
            self._hidden = None
        self._leave(at)
        return not (itself or self.hidden)

    def _last(self, *names: str) -> int:
        """Return the place of the innermost open element of some names; -1 where none is open."""
        return max((places[-1] for name in names if (places := self._places.get(name))), default=-1)

    def _leave(self, at: int) -> None:
        outermost = "" if self._hidden is None else self._names[self._hidden]
        while len(self._names) > at:
            name = self._names.pop()
            self._places[name].pop()
            if name in _SPECIAL:
                self._special.pop()
        if self._hidden is not None and self._hidden >= at:
            self._hidden = None
            self._reopened = outermost if outermost in _FORMATTING else ""


def hides(name: str, attributes: str) -> bool:
    """Tell whether an element says of itself that it is not displayed.

    `aria-hidden` does not: everybody who looks at the page sees such an element.
    """
    if name == "dialog":
        return not any(each[1].lower() == "open" for each in _ATTRIBUTE.finditer(attributes))
    if not _MAY_HIDE.search(attributes):
        return False
    for found in _ATTRIBUTE.finditer(attributes):
        attribute = found[1].lower()
        if attribute == "hidden":
            return True
        if attribute == "style" and _HIDING.search(_css(found[2] or found[3] or found[4] or "")):
            return True
    return False


def _css(style: str) -> str:
    """Write declarations plainly: without comments, escapes and capitals."""
    return _ESCAPE.sub(_unescaped, _COMMENT.sub("", unescape(style))).lower()


def _unescaped(found: re.Match[str]) -> str:
    if not found[1]:
        return found[2]
    number = int(found[1], 16)
    return chr(number) if 0 < number <= sys.maxunicode else "\ufffd"
