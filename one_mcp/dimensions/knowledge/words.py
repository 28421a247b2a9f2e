"""Words: passages that have words of a question, scored by BM25 within a fixed effort.

FTS5's bm25 reads every passage that has one of the words: a common word in a large organization
costs more than all others together, and says least. So words count from the rarest on, until a
number of passages is reached.
"""

import unicodedata
from collections.abc import Sequence

from one_mcp import jsons
from one_mcp.dimensions.knowledge import chunks
from one_mcp.search.memory import Frequencies, rarest
from one_mcp.store.work import Work

MOST_WORDS = 32
WHOLE, WHOLE_EFFORT = 30_000, 15_000  # up to so many passages, nearly all words count
EFFORT = 5_000  # passages to score, all words together
HEADING_WEIGHT = 2.0


def said(text: str) -> list[str]:
    """Read the words of a text, each once, in order; of very many the longest.

    A mark belongs to the letter before it, as a vowel does in Hindi.
    """
    marked = "".join(
        each if _of_a_word(each) else " " for each in unicodedata.normalize("NFC", text)
    )
    found = {word.lower(): word for word in reversed(marked.split()) if _is_word(word)}
    words = list(reversed(found.values()))
    longest = set(sorted(words, key=len, reverse=True)[:MOST_WORDS])
    return [word for word in words if word in longest]


def quoted(text: str) -> list[str]:
    """Read the words of a text as FTS5 takes them, quoted so that none is an operator.

    A run of characters of a script without spaces is one phrase; so is a word that the index cuts
    at its marks.
    """
    return [f'"{chunks.spaced(word) or word}"' for word in map(str.lower, said(text))]


def scores(
    work: Work,
    text: str,
    frequencies: Frequencies,
    *,
    among: Sequence[int] | None = None,
    most: int,
) -> dict[int, float]:
    """Score the best `most` passages that have one of the words of a text, by BM25.

    `among` are the only ones that count. Where all words are too common, the newest passages with
    the longest one score nothing.
    """
    newest = chunks.newest(work)
    effort = WHOLE_EFFORT if newest <= WHOLE else EFFORT
    frequencies.refresh(newest)
    counts = {
        word: frequencies.of(word, lambda word: _count(work, word, effort + 1))
        for word in quoted(text)
    }
    chosen = rarest(counts, effort)
    if chosen:
        return _scores(work, chosen, among, most)
    known = [word for word in counts if counts[word]]
    if not known:
        return {}
    longest = max(known, key=len)  # and so the rarest, probably
    return dict.fromkeys(_newest(work, longest, among, most), 0.0)


def _count(work: Work, word: str, most: int) -> int:
    return work.value(
        """
        SELECT count(*)
        FROM (SELECT 1 FROM chunks_fts WHERE chunks_fts MATCH :word LIMIT :most)
        """,
        word=word,
        most=most,
    )


def _scores(
    work: Work, words: Sequence[str], among: Sequence[int] | None, most: int
) -> dict[int, float]:
    test, parameters = _counting(among)
    rows = work.all(
        f"""
        SELECT rowid AS chunk, -bm25(chunks_fts, {HEADING_WEIGHT}, 1.0) AS score
        FROM chunks_fts
        WHERE chunks_fts MATCH :query {test}
        ORDER BY score DESC
        LIMIT :most
        """,
        query=" OR ".join(words),
        most=most,
        **parameters,
    )
    return {row["chunk"]: row["score"] for row in rows}


def _newest(work: Work, word: str, among: Sequence[int] | None, most: int) -> list[int]:
    """Look a common word up in the newest passages only."""
    test, parameters = _counting(among)
    rows = work.all(
        f"""
        SELECT chunk
        FROM (
            SELECT rowid AS chunk
            FROM chunks_fts
            WHERE chunks_fts MATCH :word
            ORDER BY rowid DESC
            LIMIT :effort
        )
        WHERE true {test.replace("rowid", "chunk")}
        LIMIT :most
        """,
        word=word,
        effort=EFFORT,
        most=most,
        **parameters,
    )
    return [row["chunk"] for row in rows]


def _of_a_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character).startswith("M")


def _is_word(run: str) -> bool:
    return any(map(str.isalnum, run))


def _counting(among: Sequence[int] | None) -> tuple[str, dict[str, object]]:
    """Say in SQL which passages count; the plus keeps FTS5 from seeking each of them."""
    if among is None:
        return "", {}
    return "AND +rowid IN (SELECT value FROM json_each(:among))", {
        "among": jsons.dumps(list(among))
    }
