"""Lexical search: passages that have words of a question, scored by BM25 within a fixed effort.

A common word in a large organization costs more than all others together, and says least. So words
count from the rarest on, until a number of passages is reached.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from one_mcp import jsons
from one_mcp.search import bm25, fusion
from one_mcp.search.cache import Frequencies, rarest
from one_mcp.store import dialect, fulltext
from one_mcp.store.fulltext import PASSAGES
from one_mcp.store.work import Work
from one_mcp.texts import words

MOST_WORDS = 32
WHOLE, WHOLE_EFFORT = 30_000, 15_000  # up to so many passages, nearly all words count
EFFORT = 5_000  # passages to score, all words together
MARGIN = 150  # passages past those that are wanted are scored by the lengths of their texts, too
USUAL_CHARACTERS = 700  # of a passage with its heading


def said(text: str) -> list[str]:
    """Read the words of a text as they are written, each once, in order; of very many the longest.

    A mark belongs to the letter before it, as a vowel does in Hindi.
    """
    marked = "".join(
        each if _of_a_word(each) else " " for each in unicodedata.normalize("NFC", text)
    )
    found = {word.lower(): word for word in reversed(marked.split()) if _is_word(word)}
    words = list(reversed(found.values()))
    longest = set(sorted(words, key=len, reverse=True)[:MOST_WORDS])
    return [word for word in words if word in longest]


def weights(text: str) -> dict[str, int]:
    """Read the words of a question; one that is said in several forms counts as often."""
    found: dict[str, int] = {}
    for form in dict.fromkeys(word for each in said(text) for word in words.unfolded(each)):
        for word in words.asked(form):
            found[word] = found.get(word, 0) + 1
    return found


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
    tenant, there = fulltext.tenant(work), fulltext.size(work, PASSAGES)
    effort = WHOLE_EFFORT if there <= WHOLE else EFFORT
    frequencies.refresh(there)
    weighed = weights(text)
    count = partial(_count, work, tenant, effort + 1)
    counts = {word: frequencies.of(word, count) for word in weighed}
    chosen = rarest(counts, effort)
    telling = [word for word in chosen if bm25.tells(there, counts[word])]
    if chosen:
        found = [
            (weighed[word], fulltext.times(work, PASSAGES, tenant, word))
            for word in telling or chosen
        ]
        return _scores(work, found, there, among, most)
    known = [word for word in counts if counts[word]]
    if not known:
        return {}
    longest = max(known, key=len)  # and so the rarest, probably
    return dict.fromkeys(_newest(work, fulltext.query(tenant, longest), among, most), 0.0)


def _count(work: Work, tenant: int, most: int, word: str) -> int:
    return fulltext.hits(work, PASSAGES, fulltext.query(tenant, word), most)


def _scores(
    work: Work,
    found: Sequence[tuple[int, Mapping[int, int]]],
    there: int,
    among: Sequence[int] | None,
    most: int,
) -> dict[int, float]:
    """Score all as if they were of one length, then the best by their lengths, too."""
    roughly = bm25.roughly(found, there)
    if among is not None:
        counting = set(among)
        roughly = {chunk: score for chunk, score in roughly.items() if chunk in counting}
    few = fusion.best(roughly, most + MARGIN)
    exactly = bm25.scores(found, there, _lengths(work, few))
    return {chunk: exactly[chunk] for chunk in fusion.best(exactly, most)}


def _lengths(work: Work, chunks: Iterable[int]) -> dict[int, float]:
    rows = work.all(
        f"""
        SELECT chunks.seq, stop - start + length(heading) AS characters
        FROM {dialect.each_number("chunks", "wanted")}
        CROSS JOIN chunks
        WHERE chunks.organization_id = :organization
          AND chunks.seq = wanted.value
        """,
        chunks=jsons.dumps(list(chunks)),
    )
    return {row["seq"]: row["characters"] / USUAL_CHARACTERS for row in rows}


def _newest(work: Work, query: str, among: Sequence[int] | None, most: int) -> list[int]:
    """Look a common word up in the newest passages only."""
    found = fulltext.newest(work, PASSAGES, query, EFFORT)
    counting = set(found if among is None else among)
    return [chunk for chunk in found if chunk in counting][:most]


def _of_a_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character).startswith("M")


def _is_word(run: str) -> bool:
    return any(map(str.isalnum, run))
