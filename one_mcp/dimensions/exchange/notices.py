"""Notices: what an import tells of rows that are not bad, the first of them with their lines."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from one_mcp.answers import Answer

LISTED = 20


class Notice(StrEnum):
    """What there is to tell: values that stay, values that go, and rows that seem to be there."""

    DOUBLE = "double"
    KEPT = "kept"
    REPLACED = "replaced"


def _values(count: int) -> str:
    return "1 value" if count == 1 else f"{count:,} values"


_SENTENCES: dict[Notice, Callable[[int], str]] = {
    Notice.DOUBLE: lambda count: (
        f"{'1 new entity seems' if count == 1 else f'{count:,} new entities seem'} to be there "
        "already; if so, undo this import and give such rows a key"
    ),
    Notice.KEPT: lambda count: (
        f"{_values(count)} that somebody changed here since the last import "
        f"{'stays' if count == 1 else 'stay'}, though the file says otherwise "
        "(overwrite takes the file's)"
    ),
    Notice.REPLACED: lambda count: (
        f"{_values(count)} that somebody gave here {'is' if count == 1 else 'are'} replaced "
        "by the file's"
    ),
}


class Noticed(Answer):
    """How many rows or values there is something to tell of, and the first of them in words."""

    notice: Notice
    count: int
    first: list[str]


@dataclass(slots=True)
class _FirstTold:
    count: int = 0
    first: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class Notices:
    """Collects them while rows are loaded; its size does not grow with theirs."""

    _told: dict[Notice, _FirstTold] = field(default_factory=dict[Notice, _FirstTold])

    def add(self, notice: Notice, *first: str, count: int = 0) -> None:
        """Add some, of which there are `count`, if more than are given in words."""
        told = self._told.setdefault(notice, _FirstTold())
        told.count += max(count, len(first))
        told.first.extend(first[: LISTED - len(told.first)])

    def counted(self) -> list[Noticed]:
        """Return all of them, so that several reports can be added up."""
        return [
            Noticed(notice=notice, count=it.count, first=it.first)
            for notice, it in self._told.items()
        ]

    def sentences(self) -> list[str]:
        """Tell each notice in one sentence."""
        return [
            f"{_SENTENCES[notice](it.count)}: {'; '.join(it.first)}"
            + (f"; and {it.count - LISTED:,} more." if it.count > LISTED else ".")
            for notice, it in sorted(self._told.items())
        ]
