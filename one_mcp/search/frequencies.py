"""Frequencies: how many rows have a word, counted once, up to a bound, and remembered."""

from collections.abc import Callable
from dataclasses import dataclass, field

GROWTH = 1.25  # of the number of rows, until which a count holds roughly
MOST_REMEMBERED = 10_000


@dataclass(slots=True)
class Frequencies:
    """What one process knows of one index. Counts are a means to choose words, never an answer."""

    _counted: dict[str, int] = field(default_factory=dict[str, int])
    _rows: int = 0

    def of(self, word: str, count: Callable[[str], int]) -> int:
        """Return how many rows have a word; `count` is asked where that is not remembered."""
        found = self._counted.get(word)
        if found is None:
            found = self._counted[word] = count(word)
        return found

    def refresh(self, rows: int) -> None:
        """Forget what was counted when there were far fewer or more rows."""
        grown = not self._rows <= rows <= self._rows * GROWTH
        if grown or len(self._counted) > MOST_REMEMBERED:
            self._counted.clear()
            self._rows = rows


def rarest(counts: dict[str, int], effort: int) -> list[str]:
    """Choose the rarest words, as long as all their rows together are no more than `effort`.

    Words that no row has are left out.
    """
    kept: list[str] = []
    for word in sorted((word for word in counts if counts[word]), key=counts.__getitem__):
        effort -= counts[word]
        if effort < 0:
            break
        kept.append(word)
    return kept
