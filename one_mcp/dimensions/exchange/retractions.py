"""Load what takes events back: an event that is retracted in the file is retracted here."""

from collections.abc import Sequence

from one_mcp.dimensions.events import retracted, retraction
from one_mcp.dimensions.events.retraction import Retraction
from one_mcp.dimensions.exchange.context import Loading
from one_mcp.dimensions.exchange.records import EventRecord
from one_mcp.errors import NotFoundError
from one_mcp.store import dialect
from one_mcp.store.work import Work

Line = tuple[int, str, EventRecord]  # its number, the id that its event has here, what it says


def load(loading: Loading, lines: Sequence[Line]) -> set[str]:
    """Retract events that are in effect, and return their ids.

    The event in the place of one may stand further down: such a line is read a second time.
    """
    if not lines:
        return set()
    work = loading.work
    known = _known(work, [it.replaced_by for _, _, it in lines if it.replaced_by is not None])
    back = retracted.among(work, [id for _, id, _ in lines])
    fresh: list[Retraction] = []
    for line, id, record in lines:
        if id in back:
            continue
        if record.replaced_by is None or record.replaced_by in known:
            fresh.append((id, record.reason, record.replaced_by))
        elif loading.file.again:
            loading.report.refuse(
                line,
                NotFoundError(f"There is no event {record.replaced_by}.", id=record.replaced_by),
            )
        else:
            loading.file.late.append(line)
            loading.file.unreplaced.add(line)
    retraction.put(work, fresh)
    return {id for id, _, _ in fresh}


def _known(work: Work, ids: list[str]) -> set[str]:
    rows = work.all(
        f"""
        SELECT id
        FROM events
        WHERE organization_id = :organization
          AND id {dialect.any_of("events")}
        """,
        events=ids,
    )
    return {row["id"] for row in rows}
