"""Find events, newest first, with the names of who acted and on what."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from one_mcp import clock, ids
from one_mcp.answers import Answer
from one_mcp.dimensions import excerpts
from one_mcp.dimensions.events import retracted as taken_back
from one_mcp.dimensions.organizations import moments
from one_mcp.errors import InvalidArgumentError, NotFoundError
from one_mcp.jsons import JsonObject
from one_mcp.ontology import check, operands
from one_mcp.store import dialect, filters, merged_scans, pages, undeclared
from one_mcp.store.filters import Filter
from one_mcp.store.merged_scans import Listing, Scan, Walk
from one_mcp.store.pages import Detail
from one_mcp.store.work import Row, Work

METADATA_CHARACTERS: dict[Detail, int] = {"concise": 400, "full": 4_000}
GROWING = (200, 5_000, 100_000)
# what an event has beside its metadata, by plain spelling, and which argument asks for it
_BESIDE = {
    "id": "an event is found by what it is about",
    "type": "use types",
    "actor": "use actor",
    "actor.": operands.OF_AN_END,
    "target": "use target",
    "target.": operands.OF_AN_END,
    "at": "use since and until",
    "time": "use since and until",
}
EVENTS = Listing("events", "at", "seq, id, type, at, actor_id, target_id, metadata")


class Event(Answer):
    """What happened. A target that was purged has no name any more.

    `retracted` is the change that took the event back, `replaced_by` the event in its place.
    """

    id: str
    type: str
    at: str
    actor: str
    actor_name: str | None = None
    target: str | None = None
    target_name: str | None = None
    metadata: JsonObject | None = None
    shortened: list[str] | None = None
    retracted: str | None = None
    reason: str | None = None
    replaced_by: str | None = None


class Events(Answer):
    """One page; `cursor` is there while there is more, `cut` says why a page is short.

    `total` is on the first page: exact, or a text such as "more than 10,000".
    """

    items: list[Event]
    total: int | str | None = None
    cursor: str | None = None
    cut: str | None = None
    warnings: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Around:
    """Whom or what events are about: an actor, a target, or an entity that may be either."""

    actor: str | None = None
    target: str | None = None
    entity: str | None = None


def find(
    work: Work,
    around: Around = Around(),
    *,
    types: Sequence[str] | None = None,
    where: JsonObject | None = None,
    since: int | str | None = None,
    until: int | str | None = None,
    retracted: bool = False,
    limit: int = 20,
    cursor: str | None = None,
    detail: Detail = "concise",
) -> Events:
    """Find events from `since` on and before `until`, both in milliseconds or relative to now.

    Events of archived entities are found; so are those of purged ones, by the id. The history of
    a piece of content is its events as a target with the type `content_interacted`. With
    `retracted`, those that were taken back are there, too, and marked.
    """
    pages.require_limit(limit)
    known = check.event_types(work.ontology, types)
    made = filters.of(fitted(work, known, where or {}), "looked.metadata")
    query = ["events", *asdict(around).values(), known, where, since, until, retracted]
    after = pages.decode(query, cursor, 2)
    begin, end = moments.span(work, since, until)
    window = _window(begin, None if after else end, retracted=retracted)
    scan = _scan(work, around, known, window, made)
    scan.parameters.update(since=begin, until=end)
    read = merged_scans.read(work, scan, after=after, limit=limit + 1)
    if not read.rows:
        refuse_strangers(work, around)
    page = pages.page(
        read.rows,
        limit,
        _maker(work, read.rows, METADATA_CHARACTERS[detail], marked=retracted),
        cursor=lambda row: pages.encode(query, [row["at"], row["seq"]]),
        size=lambda event: len(event.model_dump_json(exclude_none=True)),
        detail=detail,
        stopped=None if read.stopped is None else pages.encode(query, read.stopped),
    )
    total = merged_scans.total(work, scan) if page.cursor else len(page.items)
    return Events(
        items=page.items,
        total=None if after else total,
        cursor=page.cursor,
        cut=page.cut or read.cut,
        warnings=undeclared.warnings(work, "events", known, where or ()) or None,
    )


def fitted(work: Work, types: Sequence[str], where: JsonObject) -> JsonObject:
    """Return conditions on metadata as it is stored, for some types or, without any, for all.

    Raises InvalidArgumentError for those that no event could fulfil.
    """
    shapes = undeclared.shapes(work.ontology, "events", types)
    return operands.fitted(shapes, where, moments.reader(work), _BESIDE, "metadata")


def _scan(
    work: Work, around: Around, types: Sequence[str], window: Sequence[str], made: Filter
) -> Scan:
    walks, named = merged_scans.of_types(_walks(work, around, typed=bool(types)), types)
    given: dict[str, object] = {**asdict(around), **named, **made.parameters}
    return Scan(EVENTS, [walk.also(*window) for walk in walks], given, made.conditions)


def _window(since: int | None, until: int | None, *, retracted: bool) -> list[str]:
    bounds = ("" if since is None else "at >= :since", "" if until is None else "at < :until")
    return [condition for condition in (*bounds, "" if retracted else taken_back.LIVE) if condition]


def _walks(work: Work, around: Around, *, typed: bool) -> list[Walk]:
    """Choose whom the events are about; of an actor and a target, the one with fewer leads."""
    by_actor = "events_by_actor_type" if typed else "events_by_actor"
    by_target = "events_by_target_type" if typed else "events_by_target"
    if around.entity is not None:
        if around.actor is not None or around.target is not None:
            raise InvalidArgumentError(
                "entity finds events by actor or target at once; leave the other two out.",
                argument="entity",
            )
        return [
            Walk(by_actor, ("actor_id = :entity",)),
            Walk(by_target, ("target_id = :entity", "actor_id <> :entity")),
        ]
    if around.actor is not None and around.target is not None:
        leads = _acted_less(work, around.actor, around.target)
        index = by_actor if leads else by_target
        return [Walk(index, ("actor_id = :actor", "target_id = :target"))]
    if around.actor is not None:
        return [Walk(by_actor, ("actor_id = :actor",))]
    if around.target is not None:
        return [Walk(by_target, ("target_id = :target",))]
    return [Walk("events_by_type" if typed else "events_by_timestamp")]


def _acted_less(work: Work, actor: str, target: str) -> bool:
    """Compare two numbers of events that may be three or a million, without counting a million."""
    for bound in GROWING:
        if _count(work, "target_id", target, bound) < bound:
            return False
        if _count(work, "actor_id", actor, bound) < bound:
            return True
    return False


def _count(work: Work, column: Literal["actor_id", "target_id"], id: str, bound: int) -> int:
    return work.value(
        f"""
        SELECT count(*)
        FROM (
            SELECT 1
            FROM events
            WHERE organization_id = :organization
              AND {column} = :id
            LIMIT {bound}
        ) AS counted
        """,
        id=id,
    )


def refuse_strangers(work: Work, around: Around) -> None:
    """Raise where nothing was found since an id is none, or names nothing that ever was here."""
    given = {"actor": around.actor, "target": around.target, "entity": around.entity}
    for argument, id in given.items():
        if id is None or names(work, [id]):
            continue
        if not _is_remembered(work, id):
            ids.require(id, argument, ids.ENTITY, ids.PERSON)
            raise NotFoundError(f"There is no {id}, and no event of it.", id=id)


def _is_remembered(work: Work, id: str) -> bool:
    """Tell whether any event is about an id, whose entity may be purged."""
    row = work.one(
        """
        SELECT 1
        FROM events
        WHERE organization_id = :organization
          AND actor_id = :id
        UNION ALL
        SELECT 1
        FROM events
        WHERE organization_id = :organization
          AND target_id = :id
        LIMIT 1
        """,
        id=id,
    )
    return row is not None


def _maker(work: Work, rows: Sequence[Row], budget: int, *, marked: bool) -> Callable[[Row], Event]:
    """Read the names and marks for all rows at once, and return what makes a row's event."""
    mentioned = {row[column] for row in rows for column in ("actor_id", "target_id")}
    known = names(work, [id for id in mentioned if id is not None])

    back = taken_back.among(work, [row["id"] for row in rows]) if marked else {}

    def make(row: Row) -> Event:
        shape = work.ontology.shape("event", row["type"])
        metadata, shortened = excerpts.properties(row["metadata"], budget, shape)
        return Event(
            id=row["id"],
            type=row["type"],
            at=clock.to_text(row["at"]),
            actor=row["actor_id"],
            actor_name=known.get(row["actor_id"]),
            target=row["target_id"],
            target_name=known.get(row["target_id"]),
            metadata=metadata or None,
            shortened=shortened,
            **_marks(back.get(row["id"])),
        )

    return make


def _marks(retraction: Row | None) -> dict[str, str | None]:
    if retraction is None:
        return {}
    return {
        "retracted": ids.change(retraction["version"]),
        "reason": retraction["reason"],
        "replaced_by": retraction["replaced_by"],
    }


def names(work: Work, ids: Sequence[str]) -> dict[str, str]:
    rows = work.all(
        f"""
        SELECT id, name
        FROM entities
        WHERE organization_id = :organization
          AND id {dialect.any_of("ids")}
        UNION ALL
        SELECT id, name
        FROM people
        WHERE organization_id = :organization
          AND id {dialect.any_of("ids")}
        """,
        ids=ids,
    )
    return {row["id"]: row["name"] for row in rows}
