"""Fusion: one score out of similarity in meaning and of words in common.

Chosen by measurement; benchmarks/README.md says what was tried.
"""

from collections.abc import Mapping
from heapq import nsmallest

MEANING = 0.42  # its part of a score; words have the rest
AROUND = 0.5  # part of what words are worth that the text around a passage has
LEAST = 1.0  # words that could be worth less than this are in nearly all passages


def with_surroundings(
    spoken: Mapping[int, float], around: Mapping[int, float], documents: Mapping[int, int]
) -> dict[int, float]:
    """Let the words of the text around a passage count beside its own.

    `around` is by document, `documents` by passage; what it does not name has nothing around it.
    """
    return {
        chunk: (1 - AROUND) * spoken.get(chunk, 0.0) + AROUND * around.get(document, 0.0)
        for chunk, document in documents.items()
    }


def fuse(
    similar: Mapping[int, float], spoken: Mapping[int, float], most: float
) -> dict[int, float]:
    """Score every passage of either side, by its cosine and its BM25 beside the `most` it can be.

    Neither is scaled by what was found: where a question means nothing to the model, cosines are
    low everywhere, and words decide; where only some words of a long question are met, meaning
    does. A passage whose vector is still to be made counts as near as those with the same words
    usually are.
    """
    known = [similar[chunk] for chunk in spoken if chunk in similar]
    usual = sum(known) / len(known) if known else 0.0
    most = max(most, LEAST)
    return {
        chunk: MEANING * similar.get(chunk, usual) + (1 - MEANING) * spoken.get(chunk, 0.0) / most
        for chunk in similar.keys() | spoken.keys()
    }


def best(scores: Mapping[int, float], count: int) -> list[int]:
    """Return the passages with the highest scores, the best first; of equal ones the older."""
    return nsmallest(count, scores, key=lambda chunk: (-scores[chunk], chunk))
