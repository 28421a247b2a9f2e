"""Names that a caller may have meant."""

import difflib
import functools
import re

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LONGEST = 60  # characters of a name that are compared
_CLOSE = 0.72
_SUGGESTIONS = 3


@functools.lru_cache(maxsize=2048)
def near(name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Return the known names nearest to a name, the best first.

    Spelling habits (`BlogPost`, `blog-post`, `blog posts`) count for nothing.
    """
    by_plain = {plain(candidate): candidate for candidate in reversed(known)}
    wanted = plain(name[:_LONGEST])
    found = difflib.get_close_matches(wanted, by_plain, n=_SUGGESTIONS, cutoff=_CLOSE)
    inside = [word for word in by_plain if wanted and f"_{wanted}_" in f"_{word}_"]
    ordered = dict.fromkeys([*found, *inside])
    return tuple(by_plain[word] for word in ordered)[:_SUGGESTIONS]


def a(name: str) -> str:
    """Set the article before the name of a type."""
    return f"an {name}" if name[:1] in "aeiou" or name == "nft" else f"a {name}"


def plain(name: str) -> str:
    """Reduce a name to lower-case words in the singular, joined by underscores."""
    words = re.split(r"[^a-z0-9]+", _HUMP.sub("_", name.strip()).lower())
    return "_".join(_singular(word) for word in words if word)


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > len("pies"):
        return f"{word[:-3]}y"
    if word.endswith("s") and not word.endswith(("ss", "us")):
        return word[:-1]
    return word
