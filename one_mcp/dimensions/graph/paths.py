"""Paths: the shortest routes from one entity to another, searched from both ends at once."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, islice, pairwise
from operator import itemgetter

from one_mcp.dimensions.connections import directions
from one_mcp.dimensions.connections.directions import SIDES, Direction, Followed, Way
from one_mcp.dimensions.graph import as_of as past
from one_mcp.dimensions.graph import subgraph
from one_mcp.dimensions.graph.subgraph import Neighbourhood, Path, Triple
from one_mcp.errors import InvalidArgumentError
from one_mcp.store import dialect, sight
from one_mcp.store.work import Row, Work

LONGEST = 6
MOST_PATHS = 5
MOST_READ = 50_000
OLDEST_FIRST = itemgetter("place", "created_at", "seq")
Route = tuple[str, ...]
OPPOSITE: dict[Direction, Direction] = {"out": "in", "in": "out", "both": "both"}


@dataclass(slots=True)
class _Side:
    """What one end has reached: `behind` leads each entity back towards that end, a step at a time.

    Of several connections between the same two entities, the first one found stands for all.
    """

    scope: Followed
    frontier: list[str]
    behind: dict[str, dict[str, Triple]]
    steps: int = 0

    def routes(self, id: str) -> Iterator[Route]:
        """Go through the shortest routes from the end to an entity."""
        if not self.behind[id]:
            yield (id,)
        for nearer in self.behind[id]:
            for route in self.routes(nearer):
                yield (*route, id)


@dataclass(slots=True)
class _Search:
    """Two sides that grow until they meet; `read` counts the connections that were looked at."""

    start: _Side
    end: _Side
    read: int = 0
    met: list[str] = field(default_factory=list[str])

    @property
    def steps(self) -> int:
        return self.start.steps + self.end.steps

    def goes_on(self, longest: int) -> bool:
        open_ended = bool(self.start.frontier and self.end.frontier)
        return open_ended and not self.met and self.steps < longest and self.read < MOST_READ

    def triple(self, near: str, far: str) -> Triple:
        """Return the connection between two neighbours on a route."""
        forth = self.start.behind.get(far, {}).get(near)
        return forth or self.end.behind[near][far]


def find(
    work: Work,
    from_id: str,
    to_id: str,
    *,
    longest: int = LONGEST,
    types: Sequence[str] | None = None,
    direction: Direction = "both",
    valid_at: int | str | None = None,
    as_of: int | str | None = None,
) -> Neighbourhood:
    """Find up to five of the shortest paths between two live entities.

    With `direction` "out" every step follows its connection, with "in" it goes against it. That
    there is no path is an answer, and so is that the search grew too large to know.
    """
    if not 0 < longest <= LONGEST:
        raise InvalidArgumentError(f"depth of a path is 1 to {LONGEST}.", argument="depth")
    if from_id == to_id:
        raise InvalidArgumentError("from and to must differ; the path is empty.", argument="to")
    scope = directions.followed(work, types, direction, valid_at, as_of)
    both = (past.begin(work, from_id, "id", scope), past.begin(work, to_id, "to", scope))
    ends = [row["name"] for row in both]
    search = _Search(
        _Side(scope, [from_id], {from_id: {}}),
        _Side(replace(scope, direction=OPPOSITE[direction]), [to_id], {to_id: {}}),
    )
    while search.goes_on(longest):
        _grow(work, search)
    if not search.met:
        return Neighbourhood(
            nodes=[],
            edges=[],
            paths=[],
            note=_nothing(search, longest, ends),
        )
    return _shown(work, search, list(islice(_routes(search), MOST_PATHS + 1)))


def _grow(work: Work, search: _Search) -> None:
    """Take the side with fewer open ends one step further."""
    forth = len(search.start.frontier) <= len(search.end.frontier)
    side, other = (search.start, search.end) if forth else (search.end, search.start)
    rows = _beyond(work, side, MOST_READ - search.read)
    search.read += len(rows)
    reached: dict[str, dict[str, Triple]] = {}
    for row in rows:
        if row["far"] not in side.behind:
            triple = (row["from_id"], row["type"], row["to_id"])
            reached.setdefault(row["far"], {}).setdefault(row["near"], triple)
    side.behind |= reached
    side.frontier = list(reached)
    side.steps += 1
    search.met = [id for id in reached if id in other.behind]


def _beyond(work: Work, side: _Side, most: int) -> list[Row]:
    """Read the connections that lead on, up to `most`, and always the same ones.

    What the counts say fits is read whole; of the first entity that has too many, the oldest.
    """
    if side.scope.as_of is not None:
        rows = past.around(work, side.frontier, side.scope, side.scope.as_of)
        rows.sort(key=OLDEST_FIRST)
        return sorted(rows, key=itemgetter("way"), reverse=True)  # out before in, as below
    rows: list[Row] = []
    for way in side.scope.ways:
        fitting, hub = _fitting(work, side, way, most - len(rows))
        rows += _all_of(work, side.scope, way, fitting)
        if hub is not None:
            rows += _oldest_of(work, side.scope, way, hub, most - len(rows))
            break
    return rows


def _fitting(work: Work, side: _Side, way: Way, most: int) -> tuple[list[str], str | None]:
    """Return the entities whose connections are at most so many in all, and the first beyond."""
    typed = f"AND type {dialect.any_of('types')}" if side.scope.types else ""
    rows = work.all(
        f"""
        SELECT entity_id, sum({sight.counted("kept")}) AS live
        FROM connection_counts AS kept
        WHERE organization_id = :organization
          AND entity_id {dialect.any_of("frontier")}
          AND direction = :way
          {typed}
        GROUP BY entity_id
        """,
        frontier=side.frontier,
        way=way,
        types=side.scope.types,
    )
    live = {row["entity_id"]: int(row["live"]) for row in rows}
    together = list(accumulate(live.get(id, 0) for id in side.frontier))
    place = bisect_right(together, most)
    return side.frontier[:place], next(iter(side.frontier[place:]), None)


def _all_of(work: Work, scope: Followed, way: Way, ids: list[str]) -> list[Row]:
    near, far, end = SIDES[way]
    index = f"connections_{end}_{'type' if scope.types else 'entity'}"
    typed = f"AND c.type {dialect.any_of('types')}" if scope.types else ""
    return work.all(
        f"""
        SELECT c.{near} AS near, c.{far} AS far, c.from_id, c.type, c.to_id
        FROM {dialect.each("ids", "f")}
        CROSS JOIN connections AS c {dialect.by_index(index)}
        WHERE c.organization_id = :organization
          AND c.{near} = f.value
          AND {sight.visible("c")}
          {typed}
          {scope.held("c")}
        ORDER BY f.key, c.created_at, c.seq
        """,
        ids=ids,
        types=scope.types,
        valid_at=scope.valid_at,
    )


def _oldest_of(work: Work, scope: Followed, way: Way, id: str, most: int) -> list[Row]:
    near, far, end = SIDES[way]
    typed = f"AND type {dialect.any_of('types')}" if scope.types else ""
    return work.all(
        f"""
        SELECT {near} AS near, {far} AS far, from_id, type, to_id
        FROM connections {dialect.by_index(f"connections_{end}_entity")}
        WHERE organization_id = :organization
          AND {near} = :id
          AND {sight.visible("connections")}
          {typed}
          {scope.held("connections")}
        -- which is the order of the index, so that no more are read
        ORDER BY created_at, seq
        {dialect.most("most")}
        """,
        id=id,
        types=scope.types,
        valid_at=scope.valid_at,
        most=most,
    )


def _routes(search: _Search) -> Iterator[Route]:
    for middle in search.met:
        for there in search.start.routes(middle):
            for back in search.end.routes(middle):
                yield (*there, *back[-2::-1])


def _shown(work: Work, search: _Search, routes: list[Route]) -> Neighbourhood:
    shown, as_of = routes[:MOST_PATHS], search.start.scope.as_of
    depths = {id: depth for route in shown for depth, id in enumerate(route)}
    nodes = subgraph.entities(work, dict(sorted(depths.items(), key=lambda item: item[1])), as_of)
    triples = {pair: search.triple(*pair) for route in shown for pair in pairwise(route)}
    names = {node.id: node.name for node in nodes}
    return Neighbourhood(
        nodes=nodes,
        edges=subgraph.edges(work, list(dict.fromkeys(triples.values())), as_of),
        paths=[
            Path(
                ids=list(route),
                steps=[_sentence(work, triples[pair], names) for pair in pairwise(route)],
            )
            for route in shown
        ],
        cut=None if len(routes) <= MOST_PATHS else f"There are more paths of {search.steps} steps.",
    )


def _sentence(work: Work, triple: Triple, names: dict[str, str]) -> str:
    start, type, end = triple
    kind = work.ontology.relationship_types.get(type)  # a pack may be gone, its connections are not
    if kind is None:
        return f"{names[start]} {type} {names[end]}"
    return kind.sentence(names[start], names[end])


def _nothing(search: _Search, longest: int, names: list[str]) -> str:
    scope = search.start.scope
    over = f" over {', '.join(scope.types)}" if scope.types else ""
    if search.read >= MOST_READ:
        return (
            f"Too many connections lead from {names[0]} and {names[1]}: {search.read:,} were "
            f"looked at without finding a path{over}. Name types to make it narrower."
        )
    all_seen = not (search.start.frontier and search.end.frontier)
    length = "No path, however long," if all_seen else f"No path of at most {longest} steps"
    hint = "" if scope.direction == "both" else ' direction="both" ignores where they point.'
    return f"{length}{over} leads from {names[0]} to {names[1]}.{hint}"
