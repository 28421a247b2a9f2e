"""Lexical search: passages that have words of a question, scored by BM25 within a fixed effort.

A common word in a large organization costs more than all others together, and says least. So words
count from the rarest on, until a number of passages is reached.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
REACH = 4  # passages before and after one that are the text around it


@dataclass(frozen=True, slots=True)
class Worth:
    """What the words of a question are worth to passages, by BM25.

    `found` is how often each passage has each word, with the weight of the word; `there` counts the
    organization's passages.
    """

    scores: Mapping[int, float]
    found: Sequence[tuple[int, Mapping[int, int]]] = ()
    there: int = 0

    @property
    def most(self) -> float:
        """What a passage would be worth that had nothing but these words."""
        return bm25.most(self.found, self.there)

    def only(self, chunks: Iterable[int]) -> "Worth":
        """Keep some passages."""
        return replace(self, scores={chunk: self.scores[chunk] for chunk in chunks})


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
) -> Worth:
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
        return Worth(_scores(work, found, there, among, most), found, there)
    known = [word for word in counts if counts[word]]
    if not known:
        return Worth({})
    longest = max(known, key=len)  # and so the rarest, probably
    newest = _newest(work, fulltext.query(tenant, longest), among, most)
    return Worth(dict.fromkeys(newest, 0.0))


def around(work: Work, worth: Worth, chunks: Sequence[int]) -> dict[int, float]:
    """Score the text around passages, as if it were one; of each document the best (its number)."""
    rows = work.all(
        f"""
        SELECT
            wanted.value AS chunk, near.seq AS beside, near.document,
            near.stop - near.start + length(near.heading) AS characters
        FROM {dialect.each_number("chunks", "wanted")}
        CROSS JOIN chunks AS here
        CROSS JOIN chunks AS near
        WHERE here.organization_id = :organization
          AND here.seq = wanted.value
          AND near.organization_id = :organization
          AND near.document = here.document
          AND near.ordinal BETWEEN here.ordinal - {REACH} AND here.ordinal + {REACH}
        """,
        chunks=jsons.dumps(list(chunks)),
    )
    documents = {row["chunk"]: row["document"] for row in rows}
    groups: dict[int, list[int]] = {chunk: [] for chunk in documents}
    lengths = dict.fromkeys(documents, 0)
    for row in rows:
        groups[row["chunk"]].append(row["beside"])
        lengths[row["chunk"]] += row["characters"]
    usual = sum(lengths.values()) / max(len(lengths), 1) or 1.0
    parts = {chunk: length / usual for chunk, length in lengths.items()}
    best: dict[int, float] = {}
    for chunk, score in bm25.together(worth.found, worth.there, groups, parts).items():
        best[documents[chunk]] = max(score, best.get(documents[chunk], 0.0))
    return best


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
