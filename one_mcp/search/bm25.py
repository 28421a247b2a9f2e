"""BM25: how well texts answer to words, by how often each has them and how rare they are.

All figures are those of one organization: nothing that others hold moves a score.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

SATURATION, LENGTH_COUNTS = 1.2, 0.75  # k1 and b of the literature
LEAST = 1e-6  # what a word weighs that more than half of all texts have

Times = Mapping[int, float]  # how often each text has a word


def rarity(texts: int, having: int) -> float:
    """Return what a word weighs that so many of all texts have."""
    odds = (texts - having + 0.5) / (having + 0.5)
    return max(math.log(odds), LEAST) if odds > 0 else LEAST


def tells(texts: int, having: int) -> bool:
    """Whether a word weighs anything: one that more than half of all texts have does not."""
    return 2 * having < texts


def roughly(found: Iterable[tuple[float, Times]], texts: int) -> dict[int, float]:
    """Add up what the words of a question are worth to each text, as if all were of one length.

    Each word comes with its weight in the question.
    """
    total: dict[int, float] = {}
    for weight, times in found:
        worth = weight * rarity(texts, len(times)) * (SATURATION + 1)
        of_times = {count: worth * count / (count + SATURATION) for count in set(times.values())}
        for text, count in times.items():
            total[text] = total.get(text, 0.0) + of_times[count]
    return total


def scores(
    found: Sequence[tuple[float, Times]], texts: int, lengths: Mapping[int, float]
) -> dict[int, float]:
    """Add up what the words of a question are worth to the texts whose lengths are given.

    A length is a part of a usual one.
    """
    return together(found, texts, {text: (text,) for text in lengths}, lengths)


def together(
    found: Sequence[tuple[float, Times]],
    texts: int,
    groups: Mapping[int, Sequence[int]],
    lengths: Mapping[int, float],
) -> dict[int, float]:
    """Score groups of texts likewise, each group as if it were one text."""
    worths = [weight * rarity(texts, len(times)) * (SATURATION + 1) for weight, times in found]
    total: dict[int, float] = {}
    for group, members in groups.items():
        room = SATURATION * (1 - LENGTH_COUNTS + LENGTH_COUNTS * lengths[group])
        counts = [sum(times.get(text, 0) for text in members) for _, times in found]
        total[group] = sum(
            worth * count / (count + room)
            for worth, count in zip(worths, counts, strict=True)
            if count
        )
    return total


def most(found: Iterable[tuple[float, Times]], texts: int) -> float:
    """Say what a text would be worth that had nothing but the words of a question."""
    return sum(weight * rarity(texts, len(times)) * (SATURATION + 1) for weight, times in found)
