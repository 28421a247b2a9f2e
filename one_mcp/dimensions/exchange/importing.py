"""Load records into the organization: all kinds, every bad row reported.

Few are loaded as one change (`load`), many as a group of changes, part by part (`load_part`), so
that others may write in between.
"""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from one_mcp import clock, ids
from one_mcp.access import Permission
from one_mcp.answers import Written
from one_mcp.dimensions.changes import groups
from one_mcp.dimensions.exchange import (
    announcing,
    connections,
    documents,
    entities,
    events,
    members,
    records,
)
from one_mcp.dimensions.exchange.context import FileState, Loading
from one_mcp.dimensions.exchange.key_maps import KeyMaps
from one_mcp.dimensions.exchange.records import Header, Numbered, Record, Records
from one_mcp.dimensions.exchange.report import Counts, Loaded, Place, Tally, at_its_line
from one_mcp.errors import ImportFileError, OneError
from one_mcp.jsons import JsonValue
from one_mcp.store import dialect
from one_mcp.store.work import Work

OnError = Literal["abort", "skip"]
BATCH = 100  # some 40 ms under the write lock, for which others wait
BATCH_CHARACTERS = 64 * 1024
_LOADERS: dict[type[Record], Callable[[Loading, Any], None]] = {  # in the order of dependence
    records.OrganizationRecord: members.load_organizations,
    records.PersonRecord: members.load_people,
    records.EntityRecord: entities.load,
    records.ConnectionRecord: connections.load,
    records.EventRecord: events.load,
    records.DocumentRecord: documents.load,
}


@clock.lasting()
def load(
    work: Work,
    source: Records,
    *,
    on_error: OnError = "abort",
    place: Place = at_its_line,
    keys: KeyMaps | None = None,
    overwrite: bool = False,
) -> Loaded:
    """Load all records of a source as one change.

    Rows that name an id or external id that is there are merged, or found unchanged; nothing is
    ever archived, restored or deleted. What somebody has corrected since an import brought it
    stays, unless the import is to overwrite. New and changed entities get their automatic events,
    except from an export of ours, which brings its events along.

    A row may refer to a row further down: such lines are read a second time.
    Raises ImportRowsError when rows are bad and `on_error` is "abort".
    """
    loading = Loading(work, FileState(place, overwrite=overwrite, keys=keys or KeyMaps()))
    for batch in course(loading.file, source):
        _take(loading, batch)
    if close(loading.file, loading.report):
        announcing.announce(loading)
    if loading.report.failed and on_error == "abort":
        raise loading.report.refusal()
    return loading.report.answer()


def course(file: FileState, source: Records) -> Iterator[list[Numbered]]:
    """Cut a file into batches, each to be loaded before the next is asked for.

    Lines that refer to something further down come once more, at the end.
    """
    yield from batches(source)
    if file.late:
        file.again = True
        yield from batches(only(source, file.late))


def close(file: FileState, report: Tally) -> bool:
    """Close the report at the end of a file, and tell whether what it wrote has automatic events.

    An export brings its own, and what is remarkable in it was said when it was first written.
    """
    if file.faithful:
        report.forget_remarks()
    return not file.faithful


def begin(work: Work, place: Place, keys: KeyMaps, *, overwrite: bool) -> FileState:
    """Begin an import in parts, each of which is a transaction of its own."""
    cut_off = groups.unfinished(work)
    return FileState(place, overwrite=overwrite, keys=keys, cut_off=cut_off)


class LoadedPart(Written):
    """What became of a part of the lines, and what the parts after it have to know of it.

    `late` and `unreplaced` are numbers of lines; `entities`, `connections` and `events` those of
    rows that lines meant. `met` are changes that had written some of those, in an import that was
    cut off.
    """

    counts: Counts
    faithful: bool = False
    late: list[int] | None = None
    unreplaced: list[int] | None = None
    entities: list[int] | None = None
    connections: list[int] | None = None
    events: list[int] | None = None
    met: list[int] | None = None


@clock.lasting()
def load_part(work: Work, file: FileState, batch: list[Numbered], *, announce: bool) -> LoadedPart:
    """Load some records as one change of an import that goes on.

    `announce` says whether no line of the import tells of an event, so that those which follow from
    the records can be recorded along with them.
    """
    loading = Loading(work, file)
    was_late = len(file.late)
    _take(loading, batch)
    if announce and not file.faithful:
        announcing.announce(loading)
    entities = file.entities.news()
    return LoadedPart(
        counts=loading.report.counts(),
        faithful=file.faithful,
        late=list(file.late[was_late:]) or None,
        unreplaced=file.unreplaced.news() or None,
        entities=entities or None,
        met=_met(work, file.cut_off, entities) or None,
        connections=file.connections.news() or None,
        events=file.events.news() or None,
    )


def _met(work: Work, cut_off: list[int], seqs: list[int]) -> list[int]:
    """List the changes of groups that were cut off which wrote some entities last."""
    if not (cut_off and seqs):
        return []
    rows = work.all(
        f"""
        SELECT DISTINCT change_log.number
        FROM {dialect.each_number("seqs", "seq")}
        CROSS JOIN entities
        CROSS JOIN change_log
        WHERE entities.organization_id = :organization
          AND entities.seq = seq.value
          AND change_log.organization_id = :organization
          AND change_log.number = entities.version
          AND change_log.part_of IN (
              SELECT first.value FROM {dialect.each_number("cut_off", "first")}
          )
          AND change_log.undone_by IS NULL
        ORDER BY change_log.number
        """,
        seqs=seqs,
        cut_off=cut_off,
    )
    return [row["number"] for row in rows]


class Announced(Written):
    """How many automatic events were recorded; `after` is the row after which more may follow."""

    counts: Counts
    after: int | None = None


def announce_part(work: Work, file: FileState, change: int, after: int) -> Announced:
    """Record automatic events of what one of the import's changes wrote, once all lines are in."""
    loading = Loading(work, file)
    after_that = announcing.announce_some(loading, change, after)
    return Announced(counts=loading.report.counts(), after=after_that)


def recall(file: FileState, part: LoadedPart) -> None:
    """Take over what a part had found that an earlier call of the same import has written."""
    file.changes.add(ids.change_number(part.change or "") or 0)
    file.faithful = part.faithful
    file.late.extend(part.late or ())
    for rows, added in (
        (file.unreplaced, part.unreplaced),
        (file.entities, part.entities),
        (file.connections, part.connections),
        (file.events, part.events),
    ):
        for row in added or ():
            rows.add(row)
        rows.news()


def batches(source: Iterable[Numbered]) -> Iterator[list[Numbered]]:
    """Cut the records into batches for which others can wait, by their number and their texts."""
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
    if isinstance(record, records.DocumentRecord):
        return len(record.text or "") + _characters(record.metadata)
    if isinstance(record, records.ConnectionRecord | records.EventRecord):
        return _characters(record.metadata)
    if isinstance(record, records.EntityRecord | records.PersonRecord):
        return _characters(record.properties)
    return 0


def _characters(value: JsonValue) -> int:
    if isinstance(value, dict):
        return sum(map(_characters, value.values()))
    if isinstance(value, list):
        return sum(map(_characters, value))
    return len(value) if isinstance(value, str) else 0


def _take(loading: Loading, batch: list[Numbered]) -> None:
    if not loading.file.again:
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
    loading.file.faithful = True
    loading.report.lines -= 1  # it is no row


def only(source: Records, numbers: "array[int]") -> Iterator[Numbered]:
    """Read those lines of a source again that have some numbers."""
    wanted = iter(sorted(numbers))
    next_line = next(wanted, None)
    for line, record in source:
        if line == next_line:
            yield line, record
            next_line = next(wanted, None)
