"""One import under way: what all kinds of rows share while they are loaded."""

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from one_mcp.dimensions.exchange import records
from one_mcp.dimensions.exchange.key_maps import KeyMaps
from one_mcp.dimensions.exchange.report import Place, Tally
from one_mcp.dimensions.organizations import currencies
from one_mcp.errors import DuplicateError, NotFoundError, OneError
from one_mcp.ontology import check
from one_mcp.ontology.check import CheckedProperties
from one_mcp.store.work import Work

T = TypeVar("T")
U = TypeVar("U")
Lines = list[tuple[int, T]]


class RowSet:
    """A set of row numbers in one bit each, so that it stays small however many there are."""

    def __init__(self) -> None:
        self._news: list[int] = []
        self._bits = bytearray()

    def __contains__(self, row: int) -> bool:
        byte, bit = divmod(row, 8)
        return byte < len(self._bits) and bool(self._bits[byte] & (1 << bit))

    def add(self, row: int) -> None:
        byte, bit = divmod(row, 8)
        if byte >= len(self._bits):
            self._bits.extend(bytes(byte + 1 - len(self._bits)))
        if not self._bits[byte] & (1 << bit):
            self._bits[byte] |= 1 << bit
            self._news.append(row)

    def news(self) -> list[int]:
        """Return what came since this was last asked."""
        news, self._news = self._news, []
        return news


@dataclass(slots=True)
class FileState:
    """What an import knows of its file from one transaction to the next.

    `overwrite` lets lines replace what somebody has corrected since an import brought it.
    `faithful` is set by the header of our own exports: rows are taken over as they are, without
    defaults and automatic events, since their events come along. `late` collects the numbers of
    lines that refer to something further down; they are read a second time, `again`. `unreplaced`
    has those lines of events that wait for nothing but the event in their place. `changes` has the
    numbers of the changes in which this import wrote, `keys` what is known of entities by keys.
    `cut_off` are the first changes of groups that were not whole when it began, other imports that
    this one may go on with.
    """

    place: Place
    overwrite: bool = False
    faithful: bool = False
    again: bool = False
    changes: set[int] = field(default_factory=set[int])
    late: "array[int]" = field(default_factory=lambda: array("q"))
    entities: RowSet = field(default_factory=RowSet)
    connections: RowSet = field(default_factory=RowSet)
    events: RowSet = field(default_factory=RowSet)
    unreplaced: RowSet = field(default_factory=RowSet)
    keys: KeyMaps = field(default_factory=KeyMaps)
    cut_off: list[int] = field(default_factory=list[int])
    advice: dict[tuple[str, str, str], str | None] = field(
        default_factory=dict[tuple[str, str, str], str | None]
    )


@dataclass(slots=True)
class Loading:
    """One transaction of an import, with a report of its own."""

    work: Work
    file: FileState
    report: Tally = field(init=False)

    def __post_init__(self) -> None:
        self.report = Tally(self.file.place)
        self.file.changes.add(self.work.change)

    def remark(self, checked: CheckedProperties) -> None:
        """Note what is worth telling of fields that were checked."""
        odd = currencies.odd(self.work, checked)
        self.report.remark(checked.extra, (*checked.hints, *odd))

    def sift(
        self, lines: Iterable[tuple[int, T]], check: Callable[[int, T], U]
    ) -> list[tuple[int, U]]:
        """Check lines one by one: keep what passes, report what does not."""
        kept: list[tuple[int, U]] = []
        for line, item in lines:
            try:
                kept.append((line, check(line, item)))
            except NotFoundError as error:
                if self.file.again:
                    self.report.refuse(line, error)
                else:
                    self.file.late.append(line)
            except OneError as error:
                self.report.refuse(line, _quoting(error, item))
        return kept

    def advice(self, from_type: str, relationship: str, to_type: str) -> str | None:
        """Return advice about an unusual connection; raises WrongDirectionError."""
        ends = (from_type, relationship, to_type)
        if ends not in self.file.advice:
            self.file.advice[ends] = check.endpoints(self.work.ontology, *ends)
        return self.file.advice[ends]


def _quoting(error: OneError, item: object) -> OneError:
    """Put beside an error of what was expected what the line has at the place that it names."""
    given = error.fields
    if "cell" in given or not ("expected" in given or given.get("argument") == "status"):
        return error
    place = given.get("field") or given.get("argument")
    cell = records.quoted(getattr(item, "record", item), place)
    if cell is not None:
        error.fields["cell"] = cell
    return error


class Keys:
    """What makes a row the only one of its kind, within one batch: each key with its line."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, ...], int] = {}

    def claim(self, line: int, what: str, *key: str) -> None:
        """Take a key; raises DuplicateError, which names the line that has it."""
        first = self._lines.setdefault((what, *key), line)
        if first != line:
            raise DuplicateError(f"Line {first} has the same {what}.", field=what, line=first)


def repeated(what: str) -> DuplicateError:
    """Refuse a row that an earlier line, too far up to remember its number, has written."""
    return DuplicateError(f"An earlier line of this import has the same {what}.", field=what)
