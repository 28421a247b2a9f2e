"""Events: what happened, to what, by whom; written once and never changed."""

from one_mcp import clock, ids, jsons
from one_mcp.answers import Written, few
from one_mcp.clock import EARLIEST_MS, LATEST_MS
from one_mcp.dimensions import subjects
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.ontology import check
from one_mcp.ontology.model import EntityType, Moment
from one_mcp.store.work import Happening, Work


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
    at: int | None = None,
) -> Recorded:
    """Record an event; the actor is the caller unless an entity is named (D-16).

    `at` is milliseconds since 1970; it may lie in the past or in the future.
    """
    kind = check.event_type(work.ontology, type)
    checked = check.metadata(kind, metadata or {})
    moment = _moment(at, work.now)
    doer = work.principal.person if actor is None else _actor(work, actor)
    happens_to = None if target is None else subjects.live(work, target, "target")["type"]
    advice = check.target(kind, happens_to)
    if advice is not None:
        work.warn(advice)
    work.warnings.extend(checked.hints)
    id = _insert(work, kind.name, target, checked.values, actor=doer, at=moment)
    return Recorded(
        id=id,
        type=kind.name,
        at=clock.to_text(moment),
        actor=doer,
        target=target,
        extra=few(checked.extra),
    )


def expect(work: Work, type: EntityType, moment: Moment, target: str) -> None:
    """Note the event that a moment in an entity's life records by itself."""
    automatic = work.ontology.automatic_event(type, moment)
    if automatic is not None:
        kind, metadata = automatic
        work.happenings.append(Happening(kind.name, target, metadata))


def flush(work: Work) -> None:
    """Record the noted events, but none that the change recorded in so many words."""
    for happening in work.happenings:
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
        if said is None:
            actor = work.principal.person
            _insert(
                work,
                happening.type,
                happening.target,
                happening.metadata,
                actor=actor,
                at=work.now,
            )
    work.happenings.clear()


def _actor(work: Work, id: str) -> str:
    """Accept an entity, or the caller's own id: nobody acts in another person's name."""
    if id != work.principal.person:
        subjects.live(work, id, "actor")
    return id


def _moment(at: int | None, now: int) -> int:
    if at is None:
        return now
    if not EARLIEST_MS <= at <= LATEST_MS:
        raise InvalidArgumentError(
            "at is a time between the years 1 and 9999, such as 2026-11-23T12:00:00Z.",
            argument="at",
        )
    return at


def _insert(
    work: Work, type: str, target: str | None, metadata: JsonObject, *, actor: str, at: int
) -> str:
    id = ids.new(ids.EVENT, work.now)
    work.run(
        """
        INSERT INTO events
            (organization_id, id, type, actor_id, target_id, at, metadata, version)
        VALUES
            (:organization, :id, :type, :actor, :target, :at, :metadata, :change)
        """,
        id=id,
        type=type,
        actor=actor,
        target=target,
        at=at,
        metadata=jsons.dumps(metadata),
        change=work.change,
    )
    work.touch(id, type, actor, *([target] if target else []))
    return id
