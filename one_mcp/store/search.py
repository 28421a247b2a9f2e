"""Text search: what a person types, as an FTS5 query that no character of theirs can break.

Words are runs of letters and digits, as in the index, and every word is quoted: operators (`"`,
`*`, `-`, `AND`, `NEAR`) are separators or words like any other.

FTS5 ranks by bm25, which reads every row that has one of the words: 350 ms where 300,000 rows do.
So only a search with few hits is ranked by bm25; a broad one is read newest first, tier by tier.
For the same reason the last word is completed from the vocabulary, and only where it is rare.
"""

import re
import unicodedata
from dataclasses import dataclass

from one_mcp.store.work import Work

MOST_WORDS = 32
RARE_HITS = 20
MOST_COMPLETIONS = 10
_WORD = re.compile(r"[^\W_]+")
RANK = "bm25(entities_fts, 4.0, 1.0)"  # a word in the name counts four times a word in the text


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a search, each an expression of its own; `last` is the last one, unquoted."""

    quoted: tuple[str, ...]
    last: str

    @property
    def some(self) -> str:
        """A query for rows with any of the words."""
        return " OR ".join(self.quoted)

    @property
    def tiers(self) -> tuple[str, str, str]:
        """Queries for rows with all words in the name; with all of them; with any: no row twice."""
        each = " AND ".join(self.quoted)
        named = f"{{name}} : ({each})"
        return named, f"({each}) NOT ({named})", f"({self.some}) NOT ({each})"


def words(text: str) -> Words | None:
    """Read the words of a text; None where it has only punctuation.

    Words past the 32nd do not count.
    """
    found = _WORD.findall(unicodedata.normalize("NFC", text))[:MOST_WORDS]
    if not found:
        return None
    return Words(tuple(f'"{word}"' for word in found), found[-1])


def completed(work: Work, typed: Words) -> Words:
    """Let the last word also stand for longer ones that begin with it, where it is rare itself."""
    if hits(work, typed.quoted[-1], RARE_HITS) == RARE_HITS:
        return typed
    start = _folded(typed.last)
    longer = [f'"{word}"' for word in _beginning_with(work, start)]
    either = " OR ".join([typed.quoted[-1], *longer])
    return Words((*typed.quoted[:-1], f"({either})"), typed.last)


def hits(work: Work, query: str, most: int) -> int:
    """Count the rows that a query finds, up to `most`."""
    return work.value(
        """
        SELECT count(*)
        FROM (SELECT 1 FROM entities_fts WHERE entities_fts MATCH :query LIMIT :most)
        """,
        query=query,
        most=most,
    )


def _folded(word: str) -> str:
    """Write a word as the index does: in lower case, without marks."""
    letters = unicodedata.normalize("NFKD", word.lower())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _beginning_with(work: Work, start: str) -> list[str]:
    """List some words of the index that begin with `start`, by one seek each."""
    found: list[str] = []
    at = start
    while len(found) < MOST_COMPLETIONS:
        word = work.value(
            "SELECT term FROM entities_words WHERE term >= :at AND term < :end LIMIT 1",
            at=at,
            end=start + "\U0010ffff",
        )
        if word is None:
            break
        found.append(word)
        at = word + "\x01"  # past every row that has this word
    return found
