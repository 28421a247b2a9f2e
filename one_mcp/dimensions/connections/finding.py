"""Find connections, newest first, with what they lead from and to."""

from collections.abc import Callable, Sequence

from pydantic import Field

from one_mcp import clock
from one_mcp.answers import Answer
from one_mcp.dimensions import excerpts, lookup
from one_mcp.dimensions.connections import ends, validity
from one_mcp.dimensions.connections.validity import Span
from one_mcp.dimensions.organizations import moments
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.ontology import check, operands
from one_mcp.store import dialect, filters, merged_scans, pages, sight, undeclared
from one_mcp.store.merged_scans import Listing, Scan, Walk
from one_mcp.store.pages import Detail
from one_mcp.store.work import Row, Work

METADATA_CHARACTERS: dict[Detail, int] = {"concise": 400, "full": 2_000}
# what a connection has beside its metadata, by plain spelling, and which argument asks for it
_BESIDE = {
    "id": "a connection is found by its ends",
    "type": "use types",
    "from": "use from",
    "to": "use to",
    "created": "connections are listed newest first",
    "created_at": "connections are listed newest first",
}
CONNECTIONS = Listing(
    "connections",
    "created_at",
    "seq, id, from_id, type, to_id, metadata, valid_from, valid_until, created_at, version",
)


class Edge(Answer):
    """A connection with the names of its ends.

    An end that was not asked for by its id is shown with its type and with properties that the
    connection has fields for, such as a token's chain; in full with its status (left out where it
    is active) and all properties. `validity` is "upcoming" or "expired" where it does not hold now.
    `shortened` names what was cut.
    """

    id: str
    from_: str = Field(serialization_alias="from")
    from_name: str
    from_type: str | None = None
    from_status: str | None = None
    from_properties: JsonObject | None = None
    type: str
    to: str
    to_name: str
    to_type: str | None = None
    to_status: str | None = None
    to_properties: JsonObject | None = None
    metadata: JsonObject | None = None
    valid_from: str | None = None
    valid_until: str | None = None
    validity: str | None = None
    created: str | None = None
    version: int | None = None
    shortened: list[str] | None = None


class Edges(Answer):
    """One page; `cursor` is there while more follow, `cut` says why a page is short.

    `total` is on the first page: exact, or a text such as "more than 10,000".
    """

    items: list[Edge]
    total: int | str | None = None
    cursor: str | None = None
    cut: str | None = None
    warnings: list[str] | None = None


def find(
    work: Work,
    *,
    from_id: str | None = None,
    to_id: str | None = None,
    between: Sequence[str] | None = None,
    types: Sequence[str] | None = None,
    where: JsonObject | None = None,
    valid_at: int | str | None = None,
    limit: int = 20,
    cursor: str | None = None,
    detail: Detail = "concise",
) -> Edges:
    """Find the connections from, to or between live entities; hidden ones are not shown.

    With `valid_at`, those that do not hold then are left out; else they are marked (D-65).
    What somebody holds is `holds_tokens` from them: the tokens, each with its balance and chain.
    """
    pages.require_limit(limit)
    known = check.relationship_types(work.ontology, types)
    walks = _walks(work, from_id, to_id, between, typed=bool(known))
    near, far = between[:2] if between else (from_id, to_id)
    scan = _scan(
        work, walks, known, {"from_id": near, "to_id": far}, where=where or {}, valid_at=valid_at
    )
    query = ["connections", from_id, to_id, list(between or []), known, where, valid_at]
    after = pages.decode(query, cursor, 2)
    read = merged_scans.read(work, scan, after=after, limit=limit + 1)
    page = pages.page(
        read.rows,
        limit,
        _maker(work, read.rows, frozenset((near, far)), detail),
        cursor=lambda row: pages.encode(query, [row["created_at"], row["seq"]]),
        size=lambda edge: len(edge.model_dump_json(by_alias=True, exclude_none=True)),
        detail=detail,
    )
    stopped = None if page.cursor else read.stopped
    going_on = pages.encode(query, stopped) if stopped else page.cursor
    total = None if scan.tests or after else _total(work, from_id, to_id, known)
    if total is None and not after:
        total = merged_scans.total(work, scan) if going_on else len(page.items)
    return Edges(
        items=page.items,
        total=total,
        cursor=going_on,
        cut=pages.SHORT if page.cut else pages.STOPPED if stopped else None,
        warnings=undeclared.warnings(work, "connections", known, where or ()) or None,
    )


def _scan(
    work: Work,
    walks: Sequence[Walk],
    types: Sequence[str],
    ends: dict[str, str | None],
    *,
    where: JsonObject,
    valid_at: int | str | None,
) -> Scan:
    walks, named = merged_scans.of_types(walks, types)
    made = filters.of(fitted(work, types, where), "looked.metadata")
    held_at = moments.read(work, valid_at, "valid_at")
    tests = made.conditions if held_at is None else [*made.conditions, validity.held("looked")]
    parameters = {**ends, "valid_at": held_at, **named, **made.parameters}
    return Scan(CONNECTIONS, walks, parameters, tests)


def fitted(work: Work, types: Sequence[str], where: JsonObject) -> JsonObject:
    """Return conditions on metadata as it is stored, for some types or, without any, for all.

    Raises InvalidArgumentError for those that no connection could fulfil.
    """
    kinds = work.ontology.relationship_types
    shapes = [kinds[type].metadata for type in types or kinds]
    operands.refuse_outside(shapes, where, _BESIDE, "metadata")
    return operands.fitted(shapes, where, moments.reader(work))


def _walks(
    work: Work,
    from_id: str | None,
    to_id: str | None,
    between: Sequence[str] | None,
    *,
    typed: bool,
) -> list[Walk]:
    """Choose where connections begin and end; raises for an end that is not there."""
    if between is not None and (from_id or to_id or len(set(between)) != 2):  # noqa: PLR2004  # ends
        raise InvalidArgumentError(
            "between takes two different ids, in place of from and to.", argument="between"
        )
    for id, argument in (
        (from_id, "from"),
        (to_id, "to"),
        *((id, "between") for id in between or ()),
    ):
        if id is not None:
            lookup.live(work, id, argument)
    live = Walk("connections_bidirectional", (sight.visible("connections"),))
    there = live.also("from_id = :from_id", "to_id = :to_id")
    if between is not None:
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


def _total(work: Work, from_id: str | None, to_id: str | None, types: Sequence[str]) -> int | None:
    """Count the connections of one end by the numbers that are kept of them (D-19)."""
    if (from_id is None) == (to_id is None):
        return None
    typed = f"AND type {dialect.any_of('types')}" if types else ""
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
        types=types,
    )


def _maker(
    work: Work, rows: Sequence[Row], asked: frozenset[str | None], detail: Detail
) -> Callable[[Row], Edge]:
    """Read the ends of all rows at once, and return what makes a row's edge."""
    full = detail == "full"
    shown = (ends.full if full else ends.concise)(work, rows, asked)

    def make(row: Row) -> Edge:
        shape = work.ontology.shape("relationship", row["type"])
        metadata, cut = excerpts.properties(row["metadata"], METADATA_CHARACTERS[detail], shape)
        start, end = shown[row["from_id"]], shown[row["to_id"]]
        shortened = [f"metadata.{name}" for name in cut or ()]
        shortened += [f"from_properties.{name}" for name in start.cut]
        shortened += [f"to_properties.{name}" for name in end.cut]
        return Edge(
            id=row["id"],
            from_=row["from_id"],
            from_name=start.name,
            from_type=start.type,
            from_status=start.status,
            from_properties=start.properties,
            type=row["type"],
            to=row["to_id"],
            to_name=end.name,
            to_type=end.type,
            to_status=end.status,
            to_properties=end.properties,
            metadata=metadata or None,
            **validity.told(Span.of(row), work.now),
            created=clock.to_text(row["created_at"]) if full else None,
            version=row["version"] if full else None,
            shortened=shortened or None,
        )

    return make
