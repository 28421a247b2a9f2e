"""Events: what happened, to what, by whom; written once and never changed."""

from one_mcp import clock, ids, jsons
from one_mcp.answers import Written, few
from one_mcp.clock import EARLIEST_MS, LATEST_MS
from one_mcp.dimensions import lookup
from one_mcp.dimensions.events import retracted, rows
from one_mcp.dimensions.events.rows import EventRow
from one_mcp.dimensions.organizations import currencies, moments
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.ontology import automatic, check
from one_mcp.ontology.automatic import Occasion
from one_mcp.ontology.model import EventType
from one_mcp.store import dialect
from one_mcp.store.work import Happening, Row, Work

LAST = 20  # events of an entity that a new one is compared with
AHEAD_DAYS = 31  # further away a year is mistyped more often than an event is planned


class Recorded(Written):
    """`extra` names metadata fields that the event type does not declare; they are kept."""

    id: str
    type: str
    at: str
    actor: str
    target: str | None = None
    extra: list[str] | None = None


def record(
    work: Work,
    type: str,
    target: str | None = None,
    *,
    actor: str | None = None,
    metadata: JsonObject | None = None,
    at: int | str | None = None,
) -> Recorded:
    """Record an event; the actor is the caller unless an entity is named (D-16).

    `at` is milliseconds since 1970, or a time that says no zone; it may lie in the past or in the
    future.
    """
    kind = check.event_type(work.ontology, type)
    checked = check.metadata(kind, metadata or {})
    moment = _moment(work, at)
    if lies_ahead(moment, work.now):
        work.warn(
            f"at lies far ahead, more than {AHEAD_DAYS} days: {clock.to_text(moment)}; is that the "
            "year you mean?"
        )
    doer = work.principal.person if actor is None else _actor(work, actor)
    happens_to = None
    if target is not None:
        row = lookup.live(work, target, "target", follow=True)
        target, happens_to = row["id"], row["type"]
        _warn_of_twin(work, kind, checked.values, row)
    advice = check.target(kind, happens_to)
    if advice is not None:
        work.warn(advice)
    work.warnings.extend(checked.hints)
    currencies.warn(work, checked)
    id = ids.new(ids.EVENT, work.now)
    rows.insert(work, [EventRow(id, kind.name, doer, target, checked.values, moment)])
    work.has_recorded = True
    return Recorded(
        id=id,
        type=kind.name,
        at=clock.to_text(moment),
        actor=doer,
        target=target,
        extra=few(checked.extra),
    )


def lies_ahead(moment: int, now: int) -> bool:
    """Tell whether a time lies so far ahead that it may be mistyped."""
    return moment > now + AHEAD_DAYS * clock.DAY_MS


def expect(work: Work, occasion: Occasion) -> None:
    """Note the event that a moment in an entity's life records by itself, never in the future."""
    found = automatic.event(work.ontology, occasion)
    if found is None and occasion.was is not None:
        found = automatic.conversion(work.ontology, occasion)
    if found is not None:
        at = work.now if found.at is None else min(found.at, work.now)
        work.happenings.append(Happening(found.type.name, occasion.id, found.metadata, at))


def expect_of_update(work: Work, occasion: Occasion) -> None:
    """Note what an update records by itself, and tell of what an event before it says otherwise."""
    _warn_of_figures(work, occasion)
    expect(work, occasion)


def _warn_of_figures(work: Work, occasion: Occasion) -> None:
    """Tell who corrects an amount that the event of the creation, and sums of events, keep."""
    changed = automatic.figures(work.ontology, occasion)
    if not changed:
        return
    told = work.one(
        f"""
        SELECT id
        FROM events
        WHERE organization_id = :organization
          AND target_id = :target
          AND type = :type
          AND version <> :change
          AND {retracted.LIVE}
        ORDER BY at DESC, seq DESC
        {dialect.most("limit")}
        """,
        target=occasion.id,
        type=occasion.kind.on_create,
        change=work.change,
        limit=1,
    )
    if told is not None:
        work.warn(
            f"{told['id']} ({occasion.kind.on_create}) keeps the {' and '.join(changed)} from "
            "before, and sums of events count that; if it was wrong from the start, retract_event "
            "with an event in its place puts it right."
        )


def expect_no_more(work: Work, id: str) -> None:
    """Let go of what an entity would record by itself: the change says it of something else."""
    work.happenings[:] = [it for it in work.happenings if it.target != id]


def flush(work: Work) -> None:
    """Record the noted events, but none that the change recorded in so many words."""
    for happening in work.happenings:
        if not (work.has_recorded and _said(work, happening)):
            id, actor = ids.new(ids.EVENT, work.now), work.principal.person
            it = happening
            rows.insert(work, [EventRow(id, it.type, actor, it.target, it.metadata, it.at)])
    work.happenings.clear()


def _said(work: Work, happening: Happening) -> bool:
    said = work.one(
        """
        SELECT 1
        FROM events
        WHERE organization_id = :organization
          AND version = :change
          AND type = :type
          AND target_id = :target
        """,
        change=work.change,
        type=happening.type,
        target=happening.target,
    )
    return said is not None


def _warn_of_twin(work: Work, kind: EventType, metadata: JsonObject, target: Row) -> None:
    """Tell who records what the entity has recorded by itself, or somebody else before."""
    type = work.ontology.entity_types.get(target["type"])
    if type is None or type.on_create != kind.name or not automatic.is_own(work.ontology, type):
        return
    case = [name for name, declared in kind.metadata.items() if declared.required]
    for row in work.all(
        f"""
        SELECT id, metadata
        FROM events
        WHERE organization_id = :organization
          AND target_id = :target
          AND type = :type
          AND version <> :change
          AND {retracted.LIVE}
        ORDER BY at DESC, seq DESC
        {dialect.most("limit")}
        """,
        target=target["id"],
        type=kind.name,
        change=work.change,
        limit=LAST,
    ):
        said = jsons.load_object(row["metadata"])
        if all(said.get(name) == metadata.get(name) for name in case):
            work.warn(
                f"{row['id']} says this of {target['id']} already: a {type.name} records it by "
                "itself. Where it is the same, take this one back: retract_event."
            )
            return


def _actor(work: Work, id: str) -> str:
    """Accept an entity, or the caller's own id: nobody acts in another person's name."""
    return id if id == work.principal.person else lookup.live(work, id, "actor", follow=True)["id"]


def _moment(work: Work, given: int | str | None) -> int:
    at = moments.read(work, given, "at")
    if at is None:
        return work.now
    if not EARLIEST_MS <= at <= LATEST_MS:
        raise InvalidArgumentError(
            "at is a time between the years 1 and 9999, such as 2026-11-23T12:00:00Z.",
            argument="at",
        )
    return at
