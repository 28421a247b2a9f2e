"""Words: passages that have words of a question, scored by BM25 within a fixed effort.

FTS5's bm25 reads every passage that has one of the words: a common word in a large organization
costs more than all others together, and says least. So words count from the rarest on, until a
number of passages is reached. How many have a word is counted once, up to that number, and
remembered while the organization does not grow much.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from one_mcp.dimensions.knowledge import chunks
from one_mcp.store.work import Work

MOST_WORDS = 32
EFFORT = 6_000  # passages to score, all words together
HEADING_WEIGHT = 1.0
GROWTH = 1.25
MOST_REMEMBERED = 10_000
_WORD = re.compile(r"[^\W_]+")


@dataclass(slots=True)
class Frequencies:
    """How many passages have a word, up to EFFORT + 1, as long as that holds roughly."""

    counted: dict[str, int] = field(default_factory=dict[str, int])
    passages: int = 0

    def of(self, work: Work, word: str) -> int:
        """Return how many passages have a word (a quoted one)."""
        found = self.counted.get(word)
        if found is None:
            found = self.counted[word] = work.value(
                """
                SELECT count(*)
                FROM (SELECT 1 FROM chunks_fts WHERE chunks_fts MATCH :word LIMIT :most)
                """,
                word=word,
                most=EFFORT + 1,
            )
        return found

    def refresh(self, work: Work) -> None:
        """Forget what was counted when there were far fewer or more passages."""
        newest: int = (
            work.value(
                """
            SELECT row
            FROM chunks
            WHERE organization_id = :organization
            ORDER BY row DESC
            LIMIT 1
            """
            )
            or 0
        )
        grown = not self.passages <= newest <= self.passages * GROWTH
        if grown or len(self.counted) > MOST_REMEMBERED:
            self.counted.clear()
            self.passages = newest


def quoted(text: str) -> list[str]:
    """Read the words of a text, each once, quoted so that none is an operator.

    A run of characters of a script without spaces is one phrase.
    """
    found = dict.fromkeys(_WORD.findall(unicodedata.normalize("NFC", text).casefold()))
    return [f'"{chunks.spaced(word) or word}"' for word in list(found)[:MOST_WORDS]]


def chosen(work: Work, words: Sequence[str], frequencies: Frequencies) -> list[str]:
    """Choose the rarest words, as many as the effort allows; those that nobody has are left out."""
    frequencies.refresh(work)
    counts = {word: frequencies.of(work, word) for word in words}
    left = EFFORT
    kept: list[str] = []
    for word in sorted((word for word in words if counts[word]), key=counts.__getitem__):
        left -= counts[word]
        if left < 0:
            break
        kept.append(word)
    return kept


def scores(work: Work, words: Sequence[str]) -> dict[int, float]:
    """Score every passage that has one of the words by BM25; higher is better."""
    if not words:
        return {}
    rows = work.all(
        f"""
        SELECT rowid AS chunk, -bm25(chunks_fts, {HEADING_WEIGHT}, 1.0) AS score
        FROM chunks_fts
        WHERE chunks_fts MATCH :query
        """,
        query=" OR ".join(words),
    )
    return {row["chunk"]: row["score"] for row in rows}


def newest(work: Work, words: Sequence[str], most: int) -> list[int]:
    """List the newest passages with all of some words that are too common to be scored."""
    rows = work.all(
        """
        SELECT rowid AS chunk
        FROM chunks_fts
        WHERE chunks_fts MATCH :query
        ORDER BY rowid DESC
        LIMIT :most
        """,
        query=" AND ".join(words),
        most=most,
    )
    return [row["chunk"] for row in rows]
