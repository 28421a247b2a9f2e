"""Words: what a text is found by, the same of a stored text and of a question.

Case, marks and ligatures are folded, so that Strasse finds Straße. Words of English are cut to
their stems. Scripts without spaces between words, and Korean with its endings, are cut into
characters and pairs of them: a part of a word finds it.

What a text's words are must not depend on when they are asked for: an index without texts of its
own is told them once to add a row, and once more to take it out. So a character that this Python's
Unicode does not know counts as a letter, as it will where it is one.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

from one_mcp.texts.stems import stem

LONGEST = 64  # characters of a word that count
REMEMBERED = 20_000  # words whose stems are
HIGHEST_ASCII = 127
SPECIAL = {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ħ": "h"} | {
    "\u0131": "i", "ŧ": "t", "ŋ": "n", "ĸ": "k", "ə": "e",
}  # fmt: skip
# scripts whose marks are written or left out at will; elsewhere a mark makes another letter
MARKED = ((0x00C0, 0x02AF), (0x0370, 0x052F), (0x0620, 0x06FF), (0x1E00, 0x1FFF))
# marks of Latin, Greek and Cyrillic; vowel points of Hebrew and Arabic, and what stretches Arabic
LOOSE = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a"
    "\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed]"
)
SYMBOLS = ((0x2000, 0x2BFF), (0xFE00, 0xFE0F), (0xFFF0, 0xFFFF), (0x1F000, 0x1FAFF))
# Thai to Tibetan, Burmese, Khmer, Hangul, Japanese and Chinese
UNSPACED = (
    "\u0e00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005\u3007\u3040-\u30ff\u3130-\u318f"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
_RUN = re.compile(f"[{UNSPACED}]+|[^{UNSPACED}]+")
_IS_UNSPACED = re.compile(f"[{UNSPACED}]")


class _Letters(dict[int, str]):
    """What stands for a character: small letters without marks, itself, nothing, or a space."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _folded(chr(code))
        return folded


class _Stems(dict[str, str]):
    """Stems of words that were met before: an index meets the same ones over and over."""

    def __missing__(self, word: str) -> str:
        if len(self) >= REMEMBERED:
            self.clear()
        self[word] = found = stem(word)[:LONGEST]
        return found


_letters = _Letters()
_stems = _Stems()


def words(text: str) -> list[str]:
    """Read the words of a text, in order; those of a script without spaces overlap."""
    folded = text.translate(_letters)
    if folded.isascii():
        return list(map(_stems.__getitem__, folded.split()))
    found: list[str] = []
    for run in unicodedata.normalize("NFC", folded).split():
        found.extend((_stems[run],) if run.isascii() else _parts(run, alone=True))
    return found


def asked(text: str) -> list[str]:
    """Read the words of a question, each once: of characters that stand together only the pairs."""
    found: dict[str, None] = {}
    for run in unfolded(text):
        found |= dict.fromkeys([_stems[run]] if run.isascii() else _parts(run, alone=False))
    return list(found)


def unfolded(text: str) -> list[str]:
    """Read the words of a text without cutting them to stems or parts."""
    return unicodedata.normalize("NFC", text.translate(_letters)).split()


def _folded(character: str) -> str:
    """Write a character as the index does."""
    if ord(character) <= HIGHEST_ASCII:
        return character.lower() if character.isalnum() else " "
    category = unicodedata.category(character)
    if category == "Cf" or LOOSE.match(character):
        return ""
    small = unicodedata.normalize("NFKC", character).casefold()
    small = unicodedata.normalize("NFKC", small)
    if category in ("No", "Nl") and small != character:  # a footnote's is no part of its word
        return f" {small.translate(_letters)} "
    if _in(character, SYMBOLS) or (category[0] in "PSZC" and category not in ("Cn", "Co")):
        return " "
    if any(_in(each, MARKED) for each in small):
        small = unicodedata.normalize("NFD", small)
    return "".join(SPECIAL.get(each, each) for each in LOOSE.sub("", small))


def _in(character: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= ord(character) <= last for first, last in ranges)


def _parts(run: str, *, alone: bool) -> Iterator[str]:
    """Cut what stands without spaces: characters with their marks where `alone`, pairs of them.

    A run that is one character is itself.
    """
    for part in _RUN.findall(run):
        if not _IS_UNSPACED.match(part):
            if any(map(str.isalnum, part)) or not part.isprintable():
                yield _stems[part] if part.isascii() else part[:LONGEST]
            continue
        characters = _with_marks(part)
        if alone or len(characters) == 1:
            yield from characters
        yield from map("".join, pairwise(characters))


def _with_marks(part: str) -> list[str]:
    found: list[str] = []
    for character in part:
        if found and unicodedata.category(character)[0] == "M":
            found[-1] += character
        elif unicodedata.category(character)[0] != "M":
            found.append(character)
    return found
