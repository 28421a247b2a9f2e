"""Imports in batches: many rows are a group of changes, so that others may write in between.

Rows are first read to the end, so that one which is bad by itself is found before anything is
written. What else is wrong with a row shows while it is written; where one bad row is to stop all,
what was written by then is taken back. A call that is cut off leaves a group that says so: the same
call goes on, since a repeated import changes nothing, and an undo takes back what is there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from anyio import to_thread

from one_mcp import ids
from one_mcp.dimensions.changes import groups
from one_mcp.dimensions.exchange import importing, records
from one_mcp.dimensions.exchange.context import FileState
from one_mcp.dimensions.exchange.importing import OnError
from one_mcp.dimensions.exchange.key_maps import Keyed, KeyMaps
from one_mcp.dimensions.exchange.records import Numbered
from one_mcp.dimensions.exchange.report import Counts, Loaded, Place, Tally, at_its_line
from one_mcp.errors import ConflictError, OneError, StoppedError, UndoneError
from one_mcp.services import undoing
from one_mcp.services.exchange.csvs import CsvTable
from one_mcp.services.exchange.jsonl import Lines
from one_mcp.services.exchange.markdown import Pages
from one_mcp.services.exchange.meter import Meter
from one_mcp.session import Session
from one_mcp.store.work import BEGINS

SMALL = 2  # batches that one transaction may take


@dataclass(frozen=True, slots=True)
class Intake:
    """What an import reads, how far it has come, and where a record of it stands."""

    rows: Lines | CsvTable | Pages
    meter: Meter
    place: Place = at_its_line
    overwrite: bool = False

    @property
    def remarks(self) -> list[str]:
        return [] if isinstance(self.rows, Lines) else self.rows.remarks


@dataclass(slots=True)
class Preview:
    """What rows are, by themselves: which are bad, and how many batches they make."""

    report: Tally
    batches: int = 0
    tells_events: bool = False
    keyed: set[Keyed] = field(default_factory=set[Keyed])

    @property
    def is_small(self) -> bool:
        return self.batches <= SMALL


def survey(given: Intake) -> Preview:
    """Read all rows once; raises ImportFileError where the whole cannot be read."""
    found = Preview(Tally(given.place))
    given.meter.counts = False
    for batch in importing.batches(given.rows):
        found.batches += 1
        found.report.lines += len(batch)
        for number, record in batch:
            if isinstance(record, OneError):
                found.report.refuse(number, record)
            elif isinstance(record, records.EventRecord):
                found.tells_events = True
            elif isinstance(record, records.EntityRecord) and record.key:
                found.keyed.add((record.type, tuple(record.key)))
    given.meter.counts = True
    return found


@dataclass(slots=True)
class _Import:
    """An import under way: what is known of the rows, and which changes it has made."""

    one: Session
    file: FileState
    report: Tally
    announce: bool
    first: int = BEGINS
    changes: list[int] = field(default_factory=list[int])
    is_replayed: bool = True
    met: set[int] = field(default_factory=set[int])  # changes of an import that was cut off

    @property
    def change(self) -> str | None:
        return ids.change(self.first) if self.first else None

    async def take_back(self) -> str | None:
        """Take back what was written, and forget it under the call's key; say what keeps it."""
        await self.one.forget_steps()
        if self.change is None:
            return None
        try:
            await undoing.undo(self.one, self.change)
        except ConflictError as error:
            return f"{self.change} is kept, because it could not be taken back: {error}"
        return None

    def add(self, counts: Counts, change: str | None) -> None:
        self.report.add(counts)
        number = ids.change_number(change or "")
        if number is not None:
            self.changes.append(number)
            self.first = self.first or number

    async def write(self, batches: Iterator[list[Numbered]]) -> None:
        while batch := await to_thread.run_sync(next, batches, None):
            part = await self.one.write_part(
                self.first, importing.load_part, self.file, batch, announce=self.announce
            )
            if part.replayed:
                importing.recall(self.file, part)
            self.is_replayed = self.is_replayed and bool(part.replayed)
            self.met.update(part.met or ())
            self.add(part.counts, part.change)

    async def tell(self) -> None:
        """Record the automatic events, unless the import itself tells of them.

        Those of an import that was cut off before it did so, too.
        """
        for change in [*sorted(self.met), *self.changes]:
            after: int | None = 0
            while after is not None:
                told = await self.one.write_part(
                    self.first, importing.announce_part, self.file, change, after
                )
                self.is_replayed = self.is_replayed and bool(told.replayed)
                self.add(told.counts, told.change)
                after = told.after


async def load(
    one: Session, given: Intake, on_error: OnError, keys: KeyMaps, *, tells_events: bool
) -> Loaded:
    """Import many rows as a group of changes.

    Raises ImportRowsError where rows are bad and `on_error` is "abort", once all is taken back;
    what somebody has changed meanwhile keeps it from that, and is named.
    """
    file = await one.read(importing.begin, given.place, keys, overwrite=given.overwrite)
    under_way = _Import(one, file, Tally(given.place), announce=not tells_events)
    try:
        await _run(under_way, given)
    except UndoneError:
        raise
    except OneError as error:
        if on_error == "abort":
            if kept := await under_way.take_back():
                raise _kept(error, kept) from error
        elif under_way.change and isinstance(error, StoppedError):
            raise StoppedError(
                f"The call was cancelled; {under_way.change} has what was written until then. The "
                "same import goes on, and undo_change takes it back."
            ) from error
        raise
    report, change = under_way.report, under_way.change
    if report.failed and on_error == "abort":
        kept = await under_way.take_back()
        raise report.refusal(f"and {kept}" if kept else change and f"so {change} was taken back")
    if under_way.met:
        await one.derive_once(groups.finish_those_of, sorted(under_way.met))
    loaded = report.answer().warned(given.remarks)
    return loaded.model_copy(update={"change": change, "replayed": under_way.is_replayed or None})


def _kept(error: OneError, kept: str) -> OneError:
    if isinstance(error, StoppedError):
        return StoppedError(f"The call was cancelled; {kept}")
    return error.within(kept)


async def _run(under_way: _Import, given: Intake) -> None:
    file = under_way.file
    await under_way.write(importing.course(file, given.rows))
    if importing.close(file, under_way.report) and not under_way.announce:
        await under_way.tell()
    if under_way.first:
        await under_way.one.derive_once(groups.finish, under_way.first)
