"""WordPiece: the tokenizer of BERT and its kin, read from a `tokenizer.json`.

The library of that name would bring a client of a model hub along, four times its own size, for
what is needed here of it: https://arxiv.org/abs/1609.08144, section 4.1, as BERT uses it, without
case and accents. Tests compare it with the library.
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path

from one_mcp.errors import EmbedderError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.providers.ports.embedding import Span
from one_mcp.providers.unicode8 import GONE, NONSPACING, PUNCTUATION

Token = tuple[int, int, int]  # number of a piece, and the characters that it stands for

MARKS = 2  # of the beginning and the end
MOST_REMEMBERED = 20_000  # words
_SPACE = r" \t\n\r\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_SIGN = r"!-/:-@\[-`{-~"
_IDEOGRAPH = (
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002a6df\U0002a700-\U0002b81f"
    "\U0002b920-\U0002ceaf\U0002f800-\U0002fa1f"
)
_ALONE = f"{_SIGN}{PUNCTUATION}{_IDEOGRAPH}"
# first what is most frequent: a word of ASCII that ends before a blank or a sign
_WORD = re.compile(f"[A-Za-z0-9]++(?![^ \t\n\r{_SIGN}])|[{_ALONE}]|[^{_SPACE}{_ALONE}]+")
_IS_ALONE = re.compile(f"[{_ALONE}]")
_IS_GONE = re.compile(f"[{GONE}]")
_ACCENTS = re.compile(f"[{NONSPACING}]+")
_NORMALIZER: JsonObject = {
    "type": "BertNormalizer",
    "clean_text": True,
    "handle_chinese_chars": True,
    "lowercase": True,
}
_MODEL: JsonObject = {"type": "WordPiece", "continuing_subword_prefix": "##"}
_ADDED: JsonObject = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}


class WordPiece:
    """A vocabulary, and how texts are cut into it; threads may share it."""

    def __init__(
        self, vocabulary: dict[str, int], added: dict[str, int], unknown: int, longest: int
    ) -> None:
        self._vocabulary = vocabulary
        self._added = added
        self._unknown = unknown
        self._longest = longest
        self._marks = re.compile("|".join(map(re.escape, sorted(added, key=len, reverse=True))))
        self._known: dict[str, tuple[Token, ...]] = {}

    def ids(self, text: str, limit: int) -> list[int]:
        """Return the numbers of the pieces of a text, between marks of its beginning and end.

        At most `limit`, the marks among them.
        """
        numbers = (id for _, pieces in self._words(text) for id, _, _ in pieces)
        return [self._added["[CLS]"], *islice(numbers, limit - MARKS), self._added["[SEP]"]]

    def spans(self, text: str) -> list[Span]:
        """Say where each piece of a text stands, in code points."""
        return [
            (at + start, at + end) for at, pieces in self._words(text) for _, start, end in pieces
        ]

    def _words(self, text: str) -> Iterator[tuple[int, tuple[Token, ...]]]:
        """Tell where each word begins, and its pieces counted from there."""
        start = 0
        for mark in self._marks.finditer(text):
            yield from self._plain(text, start, mark.start())
            yield mark.start(), ((self._added[mark[0]], 0, len(mark[0])),)
            start = mark.end()
        yield from self._plain(text, start, len(text))

    def _plain(self, text: str, start: int, end: int) -> Iterator[tuple[int, tuple[Token, ...]]]:
        known = self._known
        for word in _WORD.finditer(text, start, end):
            pieces = known.get(word[0])
            yield word.start(), self._learn(word[0]) if pieces is None else pieces

    def _learn(self, word: str) -> tuple[Token, ...]:
        is_plain = word.isascii() and word.isalnum()
        pieces = tuple(self._longest_first(word.lower()) if is_plain else self._folded(word))
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        if len(word) <= self._longest:
            self._known[word] = pieces
        return pieces

    def _folded(self, text: str) -> Iterator[Token]:
        """Cut what is not plain ASCII: each character of a word knows where it comes from."""
        for word, places in _fold_all(text):
            for id, start, end in self._longest_first(word):
                yield id, places[start], places[end - 1] + 1

    def _longest_first(self, word: str) -> list[Token]:
        """Cut into the longest pieces there are; all of it is unknown where a part is."""
        found: list[Token] = []
        start = 0
        while start < len(word) <= self._longest:
            prefix = "##" if start else ""
            for end in range(len(word), start, -1):
                id = self._vocabulary.get(prefix + word[start:end])
                if id is not None:
                    break
            else:
                return [(self._unknown, 0, len(word))]
            found.append((id, start, end))
            start = end
        return found or [(self._unknown, 0, len(word))]


def read(path: Path) -> WordPiece:
    """Read a `tokenizer.json`; raises EmbedderError where it is of another kind."""
    try:
        content: JsonObject = json.loads(path.read_text("utf-8"))
        normalizer = _part(content["normalizer"], _NORMALIZER)
        _part(content["pre_tokenizer"], {"type": "BertPreTokenizer"})
        model = _part(content["model"], _MODEL)
        vocabulary = _numbers(model["vocab"])
        added = _added(content["added_tokens"])
        longest = model["max_input_chars_per_word"]
        unknown = vocabulary[str(model["unk_token"])]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unfit(path) from error
    if normalizer.get("strip_accents") is False or not isinstance(longest, int):
        raise _unfit(path)
    if not {"[CLS]", "[SEP]"} <= added.keys():
        raise _unfit(path)
    return WordPiece(vocabulary, added, unknown, longest)


def _part(value: JsonValue, expected: JsonObject) -> JsonObject:
    if not isinstance(value, dict) or any(value.get(key) != expected[key] for key in expected):
        raise ValueError(expected)
    return value


def _numbers(value: JsonValue) -> dict[str, int]:
    if not isinstance(value, dict):
        raise TypeError(value)
    return {word: id for word, id in value.items() if isinstance(id, int)}


def _added(value: JsonValue) -> dict[str, int]:
    if not isinstance(value, list):
        raise TypeError(value)
    tokens = [_part(token, _ADDED) for token in value]
    return _numbers({str(token["content"]): token["id"] for token in tokens})


def _fold_all(text: str) -> Iterator[tuple[str, list[int]]]:
    """Fold case and accents, and part at what stands alone; say where each character was."""
    word: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for folded in _fold(character):
            if _IS_ALONE.match(folded):
                if word:
                    yield "".join(word), places
                yield folded, [place]
                word, places = [], []
            else:
                word.append(folded)
                places.append(place)
    if word:
        yield "".join(word), places


@lru_cache(maxsize=10_000)
def _fold(character: str) -> str:
    if _IS_GONE.match(character):
        return ""
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", character))
    return "".join(part.lower() for part in bare)


def _unfit(path: Path) -> EmbedderError:
    return EmbedderError(f"{path} is no WordPiece tokenizer without case.")
