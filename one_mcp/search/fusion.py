"""Fusion: one score out of similarity in meaning and of words in common.

Chosen by measurement; benchmarks/README.md says what was tried.
"""

from collections.abc import Mapping
from heapq import nsmallest

MEANING = 0.6  # its part of a score; words have the rest
LEAST = 1.0  # a best BM25 below this is of words that nearly all passages have


def fuse(similar: Mapping[int, float], spoken: Mapping[int, float]) -> dict[int, float]:
    """Score every passage of either side, by its cosine and by its BM25 beside the best one.

    The cosine is not scaled: where a question means nothing to the model, cosines are low
    everywhere, and words decide. A passage whose vector is still to be made counts as near as
    those with the same words usually are.
    """
    known = [similar[chunk] for chunk in spoken if chunk in similar]
    usual = sum(known) / len(known) if known else 0.0
    best = max(max(spoken.values(), default=0.0), LEAST)
    return {
        chunk: MEANING * similar.get(chunk, usual) + (1 - MEANING) * spoken.get(chunk, 0.0) / best
        for chunk in similar.keys() | spoken.keys()
    }


def best(scores: Mapping[int, float], count: int) -> list[int]:
    """Return the passages with the highest scores, the best first; of equal ones the older."""
    return nsmallest(count, scores, key=lambda chunk: (-scores[chunk], chunk))
