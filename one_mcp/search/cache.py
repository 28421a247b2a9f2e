"""Cache: what a process remembers of organizations, to choose quickly; no answer comes from it."""

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

GROWTH = 1.25  # of the number of rows, until which a count holds roughly
MOST_WORDS = 10_000
MOST_LISTS = 8
MOST_ORGANIZATIONS = 100

T = TypeVar("T")
Stamp = tuple[int, ...]


class Recent(Generic[T]):
    """Something for each of the organizations that asked last; the least used is let go."""

    def __init__(self, make: Callable[[], T], most: int = MOST_ORGANIZATIONS) -> None:
        self._make = make
        self._most = most
        self._kept: dict[str, T] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, organization: str) -> T:
        """Return what is kept for an organization, or something new."""
        with self._lock:
            found = self._kept.pop(organization, None)
            self._kept[organization] = found = self._make() if found is None else found
            while len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]
            return found


@dataclass(slots=True)
class Frequencies:
    """How many rows of an index have a word, counted once, up to a bound."""

    _counted: dict[str, int] = field(default_factory=dict[str, int])
    _rows: int = 0

    def of(self, word: str, count: Callable[[str], int]) -> int:
        """Return how many rows have a word; `count` is asked where that is not remembered.

        That there are none is not: it costs nothing to count, and the next text may be the first.
        """
        found = self._counted.get(word)
        if found is None:
            found = count(word)
            if found:
                self._counted[word] = found
        return found

    def refresh(self, rows: int) -> None:
        """Forget what was counted when there were far fewer or more rows."""
        grown = not self._rows <= rows <= self._rows * GROWTH
        if grown or len(self._counted) > MOST_WORDS:
            self._counted.clear()
            self._rows = rows


@dataclass(slots=True)
class Lists:
    """Long lists that a few conditions led to, good for as long as a stamp stays the same."""

    _kept: dict[Hashable, tuple[Stamp, Sequence[int] | None]] = field(
        default_factory=dict[Hashable, tuple[Stamp, Sequence[int] | None]]
    )

    def of(
        self, what: Hashable, stamp: Stamp, make: Callable[[], Sequence[int] | None]
    ) -> Sequence[int] | None:
        """Return the list of `what`, made anew where the stamp is another."""
        kept = self._kept.pop(what, None)
        found = kept if kept is not None and kept[0] == stamp else (stamp, make())
        self._kept[what] = found
        if len(self._kept) > MOST_LISTS:
            del self._kept[next(iter(self._kept))]
        return found[1]


@dataclass(frozen=True, slots=True)
class Memory:
    """How common words of an organization are, and which passages its scopes led to."""

    words: Frequencies = field(default_factory=Frequencies)
    names: Frequencies = field(default_factory=Frequencies)
    scopes: Lists = field(default_factory=Lists)


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
