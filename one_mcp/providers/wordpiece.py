"""WordPiece: the tokenizer of BERT and its kin, read from a `tokenizer.json`.

The library of that name would bring a client of a model hub along, four times its own size, for
what is needed here of it: https://arxiv.org/abs/1609.08144, section 4.1, as BERT uses it, without
case and accents. Tests compare it with the library.
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from one_mcp.errors import EmbedderError
from one_mcp.jsons import JsonObject
from one_mcp.providers.ports import Span

MOST_REMEMBERED = 50_000  # words
MARKS = 2  # of the beginning and the end
_SPACE = " \t\n\r\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_CHUNK = re.compile(f"[^{_SPACE}]+")
_PLAIN = re.compile(r"[!-~]+")  # ASCII without controls
_WORD = re.compile(r"[A-Za-z0-9]+|[!-/:-@\[-`{-~]")
_IDEOGRAPH = re.compile(
    "[\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff\U00020000-\U0002a6df\U0002a700-\U0002b73f"
    "\U0002b740-\U0002b81f\U0002b920-\U0002ceaf\U0002f800-\U0002fa1f]"
)
_GONE = ("\0", "\ufffd")


class Token(NamedTuple):
    """A piece: its number, and the characters of the text that it stands for."""

    id: int
    start: int
    end: int


class WordPiece:
    """A vocabulary, and how texts are cut into it."""

    def __init__(self, vocabulary: dict[str, int], longest: int) -> None:
        self._vocabulary = vocabulary
        self._longest = longest
        self._unknown = vocabulary["[UNK]"]
        self._begin, self._end = vocabulary["[CLS]"], vocabulary["[SEP]"]
        marks = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
        self._marks = re.compile("|".join(map(re.escape, marks)))
        self._known: dict[str, tuple[tuple[int, int], ...]] = {}

    def ids(self, text: str, limit: int) -> list[int]:
        """Return the numbers of the pieces of a text, between marks of its beginning and end.

        At most `limit`, the marks among them.
        """
        pieces = islice(self._tokens(text), limit - MARKS)
        return [self._begin, *(token.id for token in pieces), self._end]

    def spans(self, text: str) -> list[Span]:
        """Say where each piece of a text stands, in code points."""
        return [(token.start, token.end) for token in self._tokens(text)]

    def _tokens(self, text: str) -> Iterator[Token]:
        start = 0
        for mark in self._marks.finditer(text):
            yield from self._plain(text, start, mark.start())
            yield Token(self._vocabulary[mark[0]], mark.start(), mark.end())
            start = mark.end()
        yield from self._plain(text, start, len(text))

    def _plain(self, text: str, start: int, end: int) -> Iterator[Token]:
        for chunk in _CHUNK.finditer(text, start, end):
            if _PLAIN.fullmatch(chunk[0]):
                for word in _WORD.finditer(text, chunk.start(), chunk.end()):
                    at = word.start()
                    for id, length in self._pieces(word[0].lower()):
                        yield Token(id, at, at + length)
                        at += length
            else:
                yield from self._folded(chunk[0], chunk.start())

    def _folded(self, chunk: str, offset: int) -> Iterator[Token]:
        """Cut what is not plain ASCII: each character of a word knows where it comes from."""
        for word in _words(chunk):
            at = 0
            for id, length in self._pieces("".join(character for character, _ in word)):
                first, last = word[at][1], word[at + length - 1][1]
                yield Token(id, offset + first, offset + last + 1)
                at += length

    def _pieces(self, word: str) -> tuple[tuple[int, int], ...]:
        """Cut a word into the longest pieces there are, each with its length."""
        known = self._known.get(word)
        if known is None:
            known = tuple(self._longest_first(word))
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            if len(word) <= self._longest:
                self._known[word] = known
        return known

    def _longest_first(self, word: str) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        start = 0
        while start < len(word) <= self._longest:
            prefix = "##" if start else ""
            for end in range(len(word), start, -1):
                id = self._vocabulary.get(prefix + word[start:end])
                if id is not None:
                    break
            else:
                return [(self._unknown, len(word))]
            found.append((id, end - start))
            start = end
        return found or [(self._unknown, len(word))]


def read(path: Path) -> WordPiece:
    """Read a `tokenizer.json`; raises EmbedderError where it is of another kind."""
    try:
        content: JsonObject = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise _unfit(path) from error
    model, normalizer = content.get("model"), content.get("normalizer")
    if not (isinstance(model, dict) and isinstance(normalizer, dict)):
        raise _unfit(path)
    vocabulary = model.get("vocab")
    longest = model.get("max_input_chars_per_word")
    kinds = (model.get("type"), normalizer.get("type"), normalizer.get("lowercase"))
    if kinds != ("WordPiece", "BertNormalizer", True) or not isinstance(longest, int):
        raise _unfit(path)
    if not isinstance(vocabulary, dict):
        raise _unfit(path)
    return WordPiece({word: id for word, id in vocabulary.items() if isinstance(id, int)}, longest)


def _words(chunk: str) -> Iterator[list[tuple[str, int]]]:
    """Fold case and accents, and part a chunk at punctuation and ideographs."""
    word: list[tuple[str, int]] = []
    for place, character in enumerate(chunk):
        for folded in _fold(character):
            if _IDEOGRAPH.match(folded) or _is_punctuation(folded):
                if word:
                    yield word
                yield [(folded, place)]
                word = []
            else:
                word.append((folded, place))
    if word:
        yield word


def _fold(character: str) -> str:
    if character in _GONE or unicodedata.category(character) in ("Cc", "Cf", "Co"):
        return ""
    bare = "".join(
        part
        for part in unicodedata.normalize("NFD", character)
        if unicodedata.category(part) != "Mn"
    )
    return "".join(part.lower() for part in bare)


def _is_punctuation(character: str) -> bool:
    if character.isascii():
        return not character.isalnum() and character.isprintable() and character != " "
    return unicodedata.category(character).startswith("P")


def _unfit(path: Path) -> EmbedderError:
    return EmbedderError(f"{path} is no WordPiece tokenizer without case.", retryable=False)
