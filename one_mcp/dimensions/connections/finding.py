"""Find connections, newest first, with what they lead from and to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from one_mcp import jsons
from one_mcp.answers import Answer
from one_mcp.dimensions import lookup
from one_mcp.dimensions.connections import as_of as then
from one_mcp.dimensions.connections import edges, validity
from one_mcp.dimensions.connections.as_of import Ends
from one_mcp.dimensions.connections.directions import Followed
from one_mcp.dimensions.connections.edges import Edge
from one_mcp.dimensions.organizations import moments
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology import check, operands
from one_mcp.store import dialect, filters, merged_scans, pages, sight, undeclared
from one_mcp.store.merged_scans import Listing, Scan, Walk
from one_mcp.store.pages import Detail, Page
from one_mcp.store.work import Row, Work

BY_VALIDITY: dict[str, str] = dict.fromkeys(
    ("valid_from", "valid_until", "validity"), "find_connections takes valid_at"
)
# what a connection has beside its metadata, by plain spelling, and which argument asks for it
_BESIDE = {
    "id": "a connection is found by its ends",
    "type": "use types",
    "from": "use from",
    "from.": operands.OF_AN_END,
    "to": "use to",
    "to.": operands.OF_AN_END,
    "created": "connections are listed newest first",
    "created_at": "connections are listed newest first",
    **BY_VALIDITY,
}
CONNECTIONS = Listing(
    "connections",
    "created_at",
    "seq, id, from_id, type, to_id, metadata, valid_from, valid_until, created_at, version",
)


class Edges(Answer):
    """One page; `cursor` is there while more follow, `cut` says why a page is short.

    `total` is on the first page: exact, or a text such as "more than 10,000".
    """

    items: list[Edge]
    total: int | str | None = None
    cursor: str | None = None
    cut: str | None = None
    warnings: list[str] | None = None


@dataclass(frozen=True, slots=True)
class _Quest:
    """What is asked for: `ends` are the pairs that connections lead from and to."""

    ends: Sequence[Ends]
    types: Sequence[str]
    where: JsonObject
    query: list[JsonValue]
    limit: int
    detail: Detail

    @property
    def asked(self) -> frozenset[str]:
        return frozenset(id for id, _ in self.named)

    @property
    def named(self) -> list[tuple[str, str]]:
        """The ids that were asked for, each with the argument that it came in."""
        arguments = ("from", "to") if len(self.ends) == 1 else ("between", "between")
        return [
            (id, name) for id, name in zip(self.ends[0], arguments, strict=True) if id is not None
        ]


def find(
    work: Work,
    *,
    from_id: str | None = None,
    to_id: str | None = None,
    between: Sequence[str] | None = None,
    types: Sequence[str] | None = None,
    where: JsonObject | None = None,
    valid_at: int | str | None = None,
    as_of: int | str | None = None,
    limit: int = 20,
    cursor: str | None = None,
    detail: Detail = "concise",
) -> Edges:
    """Find the connections from, to or between live entities; hidden ones are not shown.

    With `valid_at`, those that do not hold then are left out; else they are marked (D-67). `as_of`
    finds what was there at a time, and held then (D-66).
    What somebody holds is `holds_tokens` from them: the tokens, each with its balance and chain.
    """
    pages.require_limit(limit)
    known = check.relationship_types(work.ontology, types)
    pairs = _pairs(from_id, to_id, between)
    query: list[JsonValue] = [
        "connections",
        from_id,
        to_id,
        [*(between or [])],
        [*known],
        where,
        valid_at,
        as_of,
    ]
    wish = _Quest(pairs, known, where or {}, query, limit, detail)
    after = pages.decode(query, cursor, 2)
    held_at, at = moments.read(work, valid_at, "valid_at"), moments.read(work, as_of, "as_of")
    if at is not None:
        return _as_it_was(work, wish, after, held_at, at)
    return _as_it_is(work, wish, after, held_at)


def _as_it_is(
    work: Work, wish: _Quest, after: list[JsonValue] | None, held_at: int | None
) -> Edges:
    for id, argument in wish.named:
        lookup.live(work, id, argument)
    scan = _scan(work, wish, held_at)
    read = merged_scans.read(work, scan, after=after, limit=wish.limit + 1)
    make = edges.maker(work, read.rows, wish.asked, wish.detail)
    page = _page(wish, read.rows, make, read.stopped)
    total = None if scan.tests or after else _total(work, wish)
    if total is None and not after:
        total = merged_scans.total(work, scan) if page.cursor else len(page.items)
    return Edges(
        items=page.items,
        total=total,
        cursor=page.cursor,
        cut=page.cut or read.cut,
        warnings=_warnings(work, wish),
    )


def _as_it_was(
    work: Work, wish: _Quest, after: list[JsonValue] | None, held_at: int | None, at: int
) -> Edges:
    for id, argument in wish.named:
        then.require_live(work, id, argument, at)
    scope = Followed(tuple(wish.types), valid_at=held_at, as_of=at)
    past = then.between(work, wish.ends, scope, at)
    rows = _fulfilling(work, wish, past.rows)
    left = [row for row in rows if not after or [row["created_at"], row["seq"]] < after]
    shown = left[: wish.limit + 1]
    page = _page(wish, shown, edges.maker(work, shown, wish.asked, wish.detail, past, at=at))
    return Edges(
        items=page.items,
        total=None if after else len(rows),
        cursor=page.cursor,
        cut=page.cut,
        # the rows of today may lack what those of the past had
        warnings=None if rows else _warnings(work, wish),
    )


def _warnings(work: Work, wish: _Quest) -> list[str] | None:
    return undeclared.warnings(work, "connections", wish.types, wish.where) or None


def _fulfilling(work: Work, wish: _Quest, rows: list[Row]) -> list[Row]:
    """Keep the rows of the past whose metadata fulfils the conditions."""
    if not wish.where:
        return rows
    made = filters.of(fitted(work, wish.types, wish.where), "looked.value")
    kept = work.all(
        f"""
        SELECT looked.key AS place
        FROM {dialect.each_list("metadata", "looked")}
        WHERE {" AND ".join(made.conditions)}
        ORDER BY looked.key
        """,
        metadata=[jsons.load_object(row["metadata"]) for row in rows],
        **made.parameters,
    )
    return [rows[row["place"]] for row in kept]


def _page(
    wish: _Quest,
    rows: list[Row],
    make: Callable[[Row], Edge],
    stopped: list[JsonValue] | None = None,
) -> Page[Edge]:
    return pages.page(
        rows,
        wish.limit,
        make,
        cursor=lambda row: pages.encode(wish.query, [row["created_at"], row["seq"]]),
        size=lambda edge: len(edge.model_dump_json(by_alias=True, exclude_none=True)),
        detail=wish.detail,
        stopped=None if stopped is None else pages.encode(wish.query, stopped),
    )


def _scan(work: Work, wish: _Quest, held_at: int | None) -> Scan:
    walks, named = merged_scans.of_types(_walks(wish), wish.types)
    made = filters.of(fitted(work, wish.types, wish.where), "looked.metadata")
    tests = made.conditions if held_at is None else [*made.conditions, validity.held("looked")]
    from_id, to_id = wish.ends[0]
    given = {"from_id": from_id, "to_id": to_id, "valid_at": held_at}
    return Scan(CONNECTIONS, walks, {**given, **named, **made.parameters}, tests)


def fitted(work: Work, types: Sequence[str], where: JsonObject) -> JsonObject:
    """Return conditions on metadata as it is stored, for some types or, without any, for all.

    Raises InvalidArgumentError for those that no connection could fulfil.
    """
    shapes = undeclared.shapes(work.ontology, "connections", types)
    return operands.fitted(shapes, where, moments.reader(work), _BESIDE, "metadata")


def _pairs(from_id: str | None, to_id: str | None, between: Sequence[str] | None) -> list[Ends]:
    if between is None:
        return [(from_id, to_id)]
    if from_id or to_id or len(set(between)) != 2:  # noqa: PLR2004  # ends
        raise InvalidArgumentError(
            "between takes two different ids, in place of from and to.", argument="between"
        )
    one, other = dict.fromkeys(between)
    return [(one, other), (other, one)]


def _walks(wish: _Quest) -> list[Walk]:
    """Choose where connections begin and end."""
    typed, (from_id, to_id) = bool(wish.types), wish.ends[0]
    live = Walk("connections_bidirectional", (sight.visible("connections"),))
    there = live.also("from_id = :from_id", "to_id = :to_id")
    if len(wish.ends) > 1:
        return [there, live.also("from_id = :to_id", "to_id = :from_id")]
    if from_id is not None and to_id is not None:
        return [there]
    if from_id is not None:
        index = "connections_from_type" if typed else "connections_from_entity"
        return [Walk(index, (sight.visible("connections"), "from_id = :from_id"))]
    if to_id is not None:
        index = "connections_to_type" if typed else "connections_to_entity"
        return [Walk(index, (sight.visible("connections"), "to_id = :to_id"))]
    index = "connections_by_type" if typed else "connections_by_created"
    return [Walk(index, (sight.visible("connections"),))]


def _total(work: Work, wish: _Quest) -> int | None:
    """Count the connections of one end by the numbers that are kept of them (D-19)."""
    from_id, to_id = wish.ends[0]
    if (from_id is None) == (to_id is None):
        return None
    typed = f"AND type {dialect.any_of('types')}" if wish.types else ""
    return work.value(
        f"""
        SELECT coalesce(sum({sight.counted("kept")}), 0)
        FROM connection_counts AS kept
        WHERE organization_id = :organization
          AND entity_id = :id
          AND direction = :direction
          {typed}
        """,
        id=from_id or to_id,
        direction="out" if from_id else "in",
        types=wish.types,
    )
