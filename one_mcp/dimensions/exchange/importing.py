"""Load records into the organization: one change, all kinds, every bad row reported."""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from one_mcp.access import Permission
from one_mcp.dimensions.exchange import (
    connections,
    documents,
    entities,
    events,
    members,
    records,
)
from one_mcp.dimensions.exchange.context import Loading
from one_mcp.dimensions.exchange.records import Header, Numbered, Record, Records
from one_mcp.dimensions.exchange.report import Loaded, Place, Tally, at_its_line
from one_mcp.errors import ImportFileError, OneError
from one_mcp.store.work import Work

OnError = Literal["abort", "skip"]
BATCH = 1_000
BATCH_CHARACTERS = 8 * 1024**2
_LOADERS: dict[type[Record], Callable[[Loading, Any], None]] = {  # in the order of dependence
    records.OrganizationRecord: members.load_organizations,
    records.PersonRecord: members.load_people,
    records.EntityRecord: entities.load,
    records.ConnectionRecord: connections.load,
    records.EventRecord: events.load,
    records.DocumentRecord: documents.load,
}


def load(
    work: Work, source: Records, *, on_error: OnError = "abort", place: Place = at_its_line
) -> Loaded:
    """Load all records of a source as one change.

    Rows that name an id or external id that is there are merged, or found unchanged; nothing is
    ever archived, restored or deleted. New and changed entities get their automatic events, except
    from an export of ours, which brings its events along.

    A row may refer to a row further down: such lines are read a second time.
    Raises ImportRowsError when rows are bad and `on_error` is "abort".
    """
    loading = Loading(work, Tally(place))
    for batch in _batches(source):
        _take(loading, batch)
    loading.report.lines -= loading.faithful
    if loading.late:
        loading.again = True
        for batch in _batches(_only(source, loading.late)):
            _take(loading, batch)
    if loading.faithful:
        loading.report.forget_remarks()
    else:
        events.announce(loading)
    for sentence in loading.report.warnings():
        work.warn(sentence)
    if loading.report.failed and on_error == "abort":
        raise loading.report.refusal()
    return loading.report.answer()


def _batches(source: Iterable[Numbered]) -> Iterator[list[Numbered]]:
    """Cut the records into batches of a size that memory has room for, also of long texts."""
    batch: list[Numbered] = []
    characters = 0
    for numbered in source:
        batch.append(numbered)
        characters += _length(numbered[1])
        if len(batch) == BATCH or characters > BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _length(record: Record | OneError) -> int:
    if not isinstance(record, records.EntityRecord):
        return 0
    return sum(len(value) for value in record.properties.values() if isinstance(value, str))


def _take(loading: Loading, batch: list[Numbered]) -> None:
    if not loading.again:
        loading.report.lines += len(batch)
    kinds: dict[type[Record], list[tuple[int, Record]]] = defaultdict(list)
    for line, record in batch:
        if isinstance(record, OneError):
            loading.report.refuse(line, record)
        elif isinstance(record, Header):
            _begin(loading, line, record)
        else:
            kinds[type(record)].append((line, record))
    for kind, take in _LOADERS.items():
        if kind in kinds:
            take(loading, kinds[kind])


def _begin(loading: Loading, line: int, header: Header) -> None:
    if line != 1:
        raise ImportFileError(f"Line {line} is a header, which stands only at the beginning.")
    if header.version > records.VERSION:
        raise ImportFileError(
            f"The file has version {header.version} of the format, and this server knows "
            f"{records.VERSION}; import it with a newer one-mcp.",
            version=header.version,
        )
    loading.work.principal.require(Permission.ADMIN)
    loading.faithful = True


def _only(source: Records, numbers: "array[int]") -> Iterator[Numbered]:
    wanted = iter(sorted(numbers))
    next_line = next(wanted, None)
    for line, record in source:
        if line == next_line:
            yield line, record
            next_line = next(wanted, None)
