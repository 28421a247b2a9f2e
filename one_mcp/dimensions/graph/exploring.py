"""Exploring: what lies around an entity, level by level, a bounded part of each level."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby, zip_longest
from operator import attrgetter, itemgetter

from one_mcp.dimensions.connections import directions
from one_mcp.dimensions.connections.directions import SIDES, Direction, Followed, Way
from one_mcp.dimensions.graph import as_of as past
from one_mcp.dimensions.graph import subgraph
from one_mcp.dimensions.graph.subgraph import Neighbourhood, Node, Triple
from one_mcp.errors import InvalidArgumentError
from one_mcp.store import dialect, pages, sight
from one_mcp.store.work import Row, Work

DEEPEST = 4
USUAL_DEPTH = 2
MOST_NAMED = 3
NODE_CHARACTERS = 45  # of JSON beside the values
ARROW_CHARACTERS = 30
BY_TYPE = itemgetter("place", "type", "seq")
BY_ENTITY = itemgetter("place", "seq")


@dataclass(slots=True)
class _Reached:
    """`depths` are the entities that are taken, `waiting` those for which there was no place."""

    depths: dict[str, int]
    waiting: dict[str, int] = field(default_factory=dict[str, int])
    triples: dict[Triple, None] = field(default_factory=dict[Triple, None])


def explore(
    work: Work,
    id: str,
    *,
    depth: int = USUAL_DEPTH,
    types: Sequence[str] | None = None,
    direction: Direction = "both",
    valid_at: int | str | None = None,
    as_of: int | str | None = None,
    limit: int = 50,
    detail: pages.Detail = "concise",
) -> Neighbourhood:
    """Walk outwards from a live entity, up to `limit` entities, the newest connections first.

    Half of the free places are kept for the levels to come, and each entity and type gets its turn
    within a level, so that one with a million followers leaves room for everything else.
    """
    if not 0 < depth <= DEEPEST:
        raise InvalidArgumentError(
            f"depth is 1 to {DEEPEST}; only paths to an entity are longer.", argument="depth"
        )
    pages.require_limit(limit)
    wanted = directions.followed(work, types, direction, valid_at, as_of)
    past.begin(work, id, "id", wanted)
    found = _walk(work, id, wanted, depth, limit)
    budget = pages.CHARACTERS[detail]
    by_depth = dict(sorted(found.depths.items(), key=lambda item: item[1]))
    nodes, arrows = _fitted(subgraph.entities(work, by_depth, wanted.as_of), found.triples, budget)
    return Neighbourhood(
        nodes=nodes,
        edges=subgraph.edges(work, arrows, wanted.as_of),
        cut=_cut(work, wanted, [node for node in nodes if node.depth < depth], arrows),
    )


def _walk(work: Work, id: str, scope: Followed, depth: int, limit: int) -> _Reached:
    found = _Reached({id: 0})
    frontier = [id]
    for level in range(1, depth + 1):
        left = limit - len(found.depths)
        if not frontier or not left:
            break
        room = left if level == depth else (left + 1) // 2
        rows = _around(work, scope, frontier, left)
        found.triples |= {(row["from_id"], row["type"], row["to_id"]): None for row in rows}
        known = found.depths.keys() | found.waiting.keys()
        new = [far for far in _in_turn(rows) if far not in known]
        frontier = new[:room]
        found.depths |= dict.fromkeys(frontier, level)
        found.waiting |= dict.fromkeys(new[room:], level)
    for late in list(found.waiting)[: limit - len(found.depths)]:
        found.depths[late] = found.waiting[late]
    return found


def _around(work: Work, scope: Followed, frontier: list[str], left: int) -> list[Row]:
    """Read the newest connections of each entity, of each type where that is one or few types.

    Each may fill its share of the places that are left, and no more of it is read; one more, since
    one at least leads back.
    """
    typed = len(frontier) == 1 or bool(scope.types)
    share = 1 + -(-left // len(frontier))
    if scope.as_of is not None:
        then = past.around(work, frontier, scope, scope.as_of)
        rows = past.shares(then, share, typed=typed)
    else:
        halves = [_by_type(way, scope) if typed else _by_entity(way, scope) for way in scope.ways]
        rows = work.all(
            " UNION ALL ".join(halves),
            frontier=frontier,
            types=scope.types,
            valid_at=scope.valid_at,
            share=share,
        )
    rows.sort(key=BY_TYPE if typed else BY_ENTITY)
    rows.sort(key=itemgetter("way"), reverse=True)  # what leads out comes first
    return rows


def _by_entity(way: Way, scope: Followed) -> str:
    near, far, side = SIDES[way]
    # without the plus, SQLite reads all connections of the organization instead of those by row
    return f"""
        SELECT f.key AS place, '{way}' AS way, c.from_id, c.type, c.to_id, c.{far} AS far,
            c.seq
        FROM {dialect.each("frontier", "f")}
        CROSS JOIN connections AS c
        WHERE {dialect.unindexed("c.organization_id")} = :organization
          AND c.seq IN (
              SELECT seq
              FROM connections {dialect.by_index(f"connections_{side}_entity")}
              WHERE organization_id = :organization
                AND {near} = f.value
                AND {sight.visible("connections")}
                {scope.held("connections")}
              ORDER BY created_at DESC, seq DESC
              {dialect.most("share")}
          )
    """


def _by_type(way: Way, scope: Followed) -> str:
    near, far, side = SIDES[way]
    typed = f"AND k.type {dialect.any_of('types')}" if scope.types else ""
    return f"""
        SELECT f.key AS place, '{way}' AS way, c.from_id, c.type, c.to_id, c.{far} AS far,
            c.seq
        FROM {dialect.each("frontier", "f")}
        CROSS JOIN connection_counts AS k
        CROSS JOIN connections AS c
        WHERE k.organization_id = :organization
          AND k.entity_id = f.value
          AND k.direction = '{way}'
          {typed}
          AND {dialect.unindexed("c.organization_id")} = :organization
          AND c.seq IN (
              SELECT seq
              FROM connections {dialect.by_index(f"connections_{side}_type")}
              WHERE organization_id = :organization
                AND {near} = k.entity_id
                AND type = k.type
                AND {sight.visible("connections")}
                {scope.held("connections")}
              ORDER BY created_at DESC, seq DESC
              {dialect.most("share")}
          )
    """


def _in_turn(rows: Sequence[Row]) -> list[str]:
    """Deal out who was reached: one of each entity in turn, and of its types in turn."""
    hands: dict[int, dict[tuple[str, str], list[str]]] = {}
    for row in rows:
        kinds = hands.setdefault(row["place"], {})
        kinds.setdefault((row["way"], row["type"]), []).append(row["far"])
    dealt = _dealt(
        [
            _dealt([newest_last[::-1] for newest_last in kinds.values()])
            for _place, kinds in sorted(hands.items())
        ]
    )
    return list(dict.fromkeys(dealt))


def _dealt(hands: list[list[str]]) -> list[str]:
    return [card for turn in zip_longest(*hands) for card in turn if card is not None]


def _fitted(
    nodes: list[Node], triples: Iterable[Triple], budget: int
) -> tuple[list[Node], list[Triple]]:
    """Keep the nodes that an answer has room for, with the connections among them.

    Each level may take half of what is left, so that none crowds out those behind it; what then
    is left over goes to the nearest.
    """
    ties: dict[str, list[Triple]] = {node.id: [] for node in nodes}
    for start, type, end in triples:
        if start in ties and end in ties:
            ties[start].append((start, type, end))
            if start != end:
                ties[end].append((start, type, end))
    fitting = _Fitting(ties, budget)
    levels = [list(level) for _, level in groupby(nodes, key=attrgetter("depth"))]
    for place, level in enumerate(levels):
        shared = 0 < place < len(levels) - 1
        fitting.take(level, fitting.left // 2 if shared else fitting.left)
    fitting.take(nodes, fitting.left)
    return [node for node in nodes if node.id in fitting.kept], list(fitting.arrows)


@dataclass(slots=True)
class _Fitting:
    """Nodes that are kept, with the arrows among them, and the characters that are `left`."""

    ties: dict[str, list[Triple]]
    left: int
    kept: set[str] = field(default_factory=set[str])
    arrows: dict[Triple, None] = field(default_factory=dict[Triple, None])

    def take(self, nodes: Sequence[Node], room: int) -> None:
        """Keep nodes while there is room for them; one that nothing kept leads to is left out."""
        for node in nodes:
            drawn = [
                triple
                for triple in self.ties[node.id]
                if {triple[0], triple[2]} <= {node.id, *self.kept}
            ]
            if node.id in self.kept or (self.kept and not drawn):
                continue
            size = len(node.id) + len(node.type) + len(node.name) + NODE_CHARACTERS
            size += sum(sum(map(len, triple)) + ARROW_CHARACTERS for triple in drawn)
            if size > room and self.kept:
                return
            room -= size
            self.left -= size
            self.kept.add(node.id)
            self.arrows |= dict.fromkeys(drawn)


def _cut(work: Work, scope: Followed, nodes: list[Node], arrows: list[Triple]) -> str | None:
    """Say of which entities connections are left out; all those of `nodes` were to be shown."""
    shown = Counter(start for start, _, _ in arrows if "out" in scope.ways)
    shown.update(end for _, _, end in arrows if "in" in scope.ways)
    live = _live(work, scope, nodes)
    hidden = {id: count - shown[id] for id, count in live.items() if count > shown[id]}
    most = sorted((node for node in nodes if node.id in hidden), key=lambda node: -hidden[node.id])
    if not most:
        return None
    named = [f"{hidden[node.id]:,} of {node.name[:60]} ({node.id})" for node in most[:MOST_NAMED]]
    if len(most) > MOST_NAMED:
        named.append(f"some of {len(most) - MOST_NAMED} others")
    return (
        f"Connections left out: {', '.join(named)}. find_connections lists those of one entity; "
        "a larger limit, fewer types or a smaller depth shows more here."
    )


def _live(work: Work, scope: Followed, nodes: list[Node]) -> dict[str, int]:
    """Count the connections of nodes, by the numbers that are kept of them where these fit."""
    ids = [node.id for node in nodes]
    if scope.as_of is not None:
        return past.counts(work, ids, scope, scope.as_of)
    if scope.valid_at is not None:
        return _held(work, scope, ids)
    typed = f"AND type {dialect.any_of('types')}" if scope.types else ""
    rows = work.all(
        f"""
        SELECT entity_id, sum({sight.counted("kept")}) AS live
        FROM connection_counts AS kept
        WHERE organization_id = :organization
          AND entity_id {dialect.any_of("ids")}
          AND direction {dialect.any_of("ways")}
          {typed}
        GROUP BY entity_id
        """,
        ids=ids,
        ways=scope.ways,
        types=scope.types,
    )
    return {row["entity_id"]: row["live"] for row in rows}


def _held(work: Work, scope: Followed, ids: list[str]) -> dict[str, int]:
    typed = f"AND type {dialect.any_of('types')}" if scope.types else ""
    ways = " UNION ALL ".join(
        f"""
        SELECT {near} AS id
        FROM connections {dialect.by_index(f"connections_{side}_entity")}
        WHERE organization_id = :organization
          AND {near} {dialect.any_of("ids")}
          AND {sight.visible("connections")}
          {typed}
          {scope.held("connections")}
        """
        for near, _, side in (SIDES[way] for way in scope.ways)
    )
    rows = work.all(
        f"SELECT id, count(*) AS live FROM ({ways}) AS held GROUP BY id",
        ids=ids,
        types=scope.types,
        valid_at=scope.valid_at,
    )
    return {row["id"]: row["live"] for row in rows}
