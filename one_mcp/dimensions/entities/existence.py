"""Existence: which connections and events an entity has or lacks, since when, and how many."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from one_mcp.dimensions import lookup
from one_mcp.dimensions.connections.directions import SIDES, Direction, Followed
from one_mcp.dimensions.connections.finding import fitted as fitted_connection
from one_mcp.dimensions.entities.selection import Members, Selection
from one_mcp.dimensions.events import retracted
from one_mcp.dimensions.events.finding import Around, refuse_strangers
from one_mcp.dimensions.events.finding import fitted as fitted_event
from one_mcp.dimensions.organizations import moments
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.ontology import check
from one_mcp.store import dialect, filters, sight
from one_mcp.store.work import Work

ANY = "any"
MOST = 10
Role = Literal["actor", "target"]
_TABLES = {"event": "events", "connection": "connections"}
_TIMES = {"events": "at", "connections": "created_at"}
_ALIAS = "had"


@dataclass(frozen=True, slots=True)
class Existence:
    """Events or connections of some types, or of any, that an entity has: `least` to `most`.

    `role` is what the entity is in the events, `direction` how the connections lead as it sees
    them, `other` the id at the other end. `of` names the end that is meant where events or
    connections are asked about: actor, target, from or to. `least` is 1 unless `most` is given.
    """

    event: Sequence[str] = ()
    connection: Sequence[str] = ()
    role: Role | None = None
    direction: Direction | None = None
    other: str | None = None
    where: JsonObject | None = None
    since: int | str | None = None
    until: int | str | None = None
    least: int | None = None
    most: int | None = None
    of: str | None = None

    @property
    def noun(self) -> Literal["event", "connection"]:
        return "event" if self.event else "connection"


class Bound(Protocol):
    """What a statement binds: the values that are there, and a placeholder for one more."""

    parameters: dict[str, object]

    def bind(self, value: object) -> str:
        """Bind a value under a new name and return the placeholder."""
        ...


@dataclass(frozen=True, slots=True)
class _Arms:
    """The ends at which an entity may stand, and what else rows must fulfil; all in SQL."""

    table: str
    ends: Sequence[tuple[str, str]]  # the column of the end, and what holds of the other one
    conditions: Sequence[str]

    @property
    def time(self) -> str:
        return _TIMES[self.table]

    def selects(self, what: Literal["id", "at", "1"], entity: str | None) -> list[str]:
        """Select from each end, of one entity or of all."""
        made: list[str] = []
        for index, (end, other) in enumerate(self.ends):
            tests = [*self.conditions, *([other] if other else [])]
            if entity is not None:
                tests.append(f"{_ALIAS}.{end} = {entity}")
            if index:  # what is between an entity and itself is counted once
                first = self.ends[0][0]
                tests.append(f"{_ALIAS}.{end} <> {_ALIAS}.{first}")
            column = {"id": f"{_ALIAS}.{end} AS id", "at": f"{_ALIAS}.{self.time} AS at"}.get(
                what, "1"
            )
            also = " ".join(f"AND {test}" for test in tests)
            made.append(
                f"SELECT {column} FROM {self.table} AS {_ALIAS}"
                f" WHERE {_ALIAS}.organization_id = :organization {also}"
            )
        return made


def choose(
    work: Work, selection: Selection, has: Sequence[Existence], lacks: Sequence[Existence]
) -> None:
    """Narrow a selection to entities that have, and that lack, what is asked for.

    Raises InvalidArgumentError, UnknownTypeError or NotFoundError for what cannot be meant.
    """
    for argument, wanted in (("has", has), ("lacks", lacks)):
        _require_few(argument, wanted)
        for index, each in enumerate(wanted):
            at = f"{argument}[{index}]"
            if each.of is not None:
                raise InvalidArgumentError(f"{at}.of is for events and connections.", argument=at)
            arms = _arms(work, each, selection, at, hidden=selection.archived)
            test = _test(each, arms, "entities.id")
            if argument == "lacks":
                selection.filters.append(f"NOT {test}")
            elif _least(each) == 0:
                selection.filters.append(test)
            else:
                ids = " UNION ALL ".join(arms.selects("id", None))
                count = f"SELECT count(*) FROM ({ids} {dialect.most('bound')}) AS counted"
                selection.sets.append(Members(ids, test, count))
                if _least(each) > 1 or each.most is not None:  # being among the ids is not enough
                    selection.filters.append(test)


def tests(
    work: Work,
    bound: Bound,
    ends: dict[str, str],
    has: Sequence[Existence],
    lacks: Sequence[Existence],
) -> list[str]:
    """Say the same of the ends of events or connections, by the columns that hold their ids."""
    made: list[str] = []
    for argument, wanted in (("has", has), ("lacks", lacks)):
        _require_few(argument, wanted)
        for index, each in enumerate(wanted):
            at = f"{argument}[{index}]"
            if each.of not in ends:
                raise InvalidArgumentError(
                    f"{at}.of says whose they are: {' or '.join(ends)}.", argument=at
                )
            test = _test(each, _arms(work, each, bound, at, hidden=False), ends[each.of])
            made.append(test if argument == "has" else f"NOT {test}")
    return made


def counting(work: Work, wanted: Existence, selection: Selection, entity: str) -> str:
    """Count in SQL what an entity has; connections by the numbers that are kept of them (D-19).

    These are of visible connections: those of archived entities are counted one by one.
    """
    if wanted.noun == "event" or selection.archived:
        arms = _arms(work, wanted, selection, "sort", hidden=selection.archived)
        rows = " UNION ALL ".join(arms.selects("1", entity))
        return f"(SELECT count(*) FROM ({rows}) AS counted)"
    tests = [f"kept.entity_id = {entity}"]
    if wanted.connection[0] != ANY:
        tests.append(f"kept.type = {selection.bind(wanted.connection[0])}")
    if wanted.direction in SIDES:
        tests.append(f"kept.direction = {selection.bind(wanted.direction)}")
    return (
        f"(SELECT coalesce(sum({sight.counted('kept')}), 0) FROM connection_counts AS kept"
        f" WHERE kept.organization_id = :organization AND {' AND '.join(tests)})"
    )


def latest(work: Work, wanted: Existence, selection: Selection, entity: str) -> str:
    """Say in SQL when the last of what an entity has came to be; NULL where there is none."""
    arms = _arms(work, wanted, selection, "sort", hidden=selection.archived)
    rows = " UNION ALL ".join(arms.selects("at", entity))
    return f"(SELECT max(had_last.at) FROM ({rows}) AS had_last)"


def _require_few(argument: str, wanted: Sequence[Existence]) -> None:
    if len(wanted) > MOST:
        raise InvalidArgumentError(f"{argument} takes up to {MOST} conditions.", argument=argument)


def _least(wanted: Existence) -> int:
    if wanted.least is not None:
        return wanted.least
    return 1 if wanted.most is None else 0


def _test(wanted: Existence, arms: _Arms, entity: str) -> str:
    least, most = _least(wanted), wanted.most
    one = arms.selects("1", entity)
    if (least, most) == (1, None):
        return f"({' OR '.join(f'EXISTS ({each})' for each in one)})"
    enough = least if most is None else most + 1
    count = f"(SELECT count(*) FROM ({' UNION ALL '.join(one)} LIMIT {enough}) AS counted)"
    bounds = [f"{count} >= {least}"] if least else []
    bounds += [] if most is None else [f"{count} <= {most}"]
    return f"({' AND '.join(bounds)})"


def _arms(work: Work, wanted: Existence, bound: Bound, at: str, *, hidden: bool) -> _Arms:
    _require_sense(wanted, at)
    given = list(wanted.event or wanted.connection)
    of_events = wanted.noun == "event"
    find = check.event_types if of_events else check.relationship_types
    types = [] if given == [ANY] else find(work.ontology, given)
    named = ", ".join(bound.bind(type) for type in types)
    conditions = [f"{_ALIAS}.type IN ({named})"] if types else []
    begin, end = moments.span(work, wanted.since, wanted.until, at=at)
    for sign, moment in ((">=", begin), ("<", end)):
        if moment is not None:
            time = f"{_ALIAS}.{_TIMES[_TABLES[wanted.noun]]}"
            conditions.append(f"{time} {sign} {bound.bind(moment)}")
    if of_events and retracted.are_any(work):
        conditions.append(retracted.live(_ALIAS))
    elif not of_events and not hidden:
        conditions.append(sight.visible(_ALIAS))
    fitted = (fitted_event if of_events else fitted_connection)(work, types, wanted.where or {})
    prefix = f"m{len(bound.parameters)}x"
    made = filters.of(fitted, f"{_ALIAS}.metadata", prefix)
    bound.parameters |= made.parameters
    ends = _ends(work, wanted, bound, hidden=hidden)
    return _Arms(_TABLES[wanted.noun], ends, [*conditions, *made.conditions])


def _ends(work: Work, wanted: Existence, bound: Bound, *, hidden: bool) -> list[tuple[str, str]]:
    """List the columns in which an entity may stand, with what else holds where it does."""
    other = wanted.other
    if wanted.noun == "connection":
        if other is not None:
            (lookup.any_state if hidden else lookup.live)(work, other, "with")
        sides = [SIDES[way][:2] for way in Followed(direction=wanted.direction or "both").ways]
    else:
        if other is not None:
            refuse_strangers(work, Around(entity=other))
        both = [("actor_id", "target_id"), ("target_id", "actor_id")]
        sides = [side for side in both if wanted.role in (None, side[0].removesuffix("_id"))]
    far = None if other is None else bound.bind(other)
    return [(near, f"{_ALIAS}.{end} = {far}" if far else "") for near, end in sides]


def _require_sense(wanted: Existence, at: str) -> None:
    if bool(wanted.event) == bool(wanted.connection):
        raise InvalidArgumentError(
            f'{at} takes either event or connection: a type, a list of types, or "any".',
            argument=at,
        )
    if wanted.event and wanted.direction is not None:
        raise InvalidArgumentError(
            f"{at}.direction is for connections; of events say as: actor or target.", argument=at
        )
    if wanted.connection and wanted.role is not None:
        raise InvalidArgumentError(
            f"{at}.as is for events; of connections say direction: in or out.", argument=at
        )
    if wanted.most is not None and _least(wanted) > wanted.most:
        raise InvalidArgumentError(f"{at}.min is more than its max.", argument=at)
    if wanted.least == 0 and wanted.most is None:
        raise InvalidArgumentError(
            f"{at}.min is at least 1; of those that have none say lacks, or max: 0.", argument=at
        )
