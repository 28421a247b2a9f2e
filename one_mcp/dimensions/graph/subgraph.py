"""Subgraphs: a part of the graph as an answer."""

from collections.abc import Sequence

from pydantic import Field

from one_mcp.answers import Answer
from one_mcp.dimensions.connections import as_of as then
from one_mcp.dimensions.connections.validity import Span
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work

Triple = tuple[str, str, str]


class Node(Answer):
    """An entity; `depth` is the number of connections that lead to it from the first one."""

    id: str
    type: str
    name: str
    depth: int


class GraphEdge(Answer):
    """A connection between two of the nodes; `validity` says that it does not hold now."""

    from_: str = Field(serialization_alias="from")
    type: str
    to: str
    validity: str | None = None


class Path(Answer):
    """One way from the first entity to the last, each step read aloud."""

    ids: list[str]
    steps: list[str]


class Neighbourhood(Answer):
    """Entities once each, and what connects them. `cut` says what is left out and where it is.

    `paths` is there where ways between two entities were asked for; where there is none, `note`
    says how far was looked.
    """

    nodes: list[Node]
    edges: list[GraphEdge]
    paths: list[Path] | None = None
    note: str | None = None
    cut: str | None = None


def edges(work: Work, triples: Sequence[Triple], as_of: int | None = None) -> list[GraphEdge]:
    """Tell the connections between entities, and which of them do not hold; of the past all did."""
    if as_of is not None:
        return [GraphEdge(from_=start, type=type, to=end) for start, type, end in triples]
    rows = work.all(
        f"""
        SELECT held.from_id, held.type, held.to_id, held.valid_from, held.valid_until
        FROM {dialect.each_list("triples", "wanted")}
        CROSS JOIN connections AS held
        WHERE held.organization_id = :organization
          AND held.from_id = wanted.value ->> 0
          AND held.type = wanted.value ->> 1
          AND held.to_id = wanted.value ->> 2
        """,
        triples=triples,
    )
    found = {(row["from_id"], row["type"], row["to_id"]): Span.of(row) for row in rows}
    return [
        GraphEdge(
            from_=triple[0],
            type=triple[1],
            to=triple[2],
            validity=found[triple].mark(work.now),
        )
        for triple in triples
    ]


def entities(work: Work, depths: dict[str, int], as_of: int | None = None) -> list[Node]:
    """Read what the entities are called, or were at a time, in the order given."""
    known = _today(work, list(depths)) if as_of is None else then.entities(work, depths, as_of)
    return [
        Node(id=id, type=known[id]["type"], name=known[id]["name"], depth=depth)
        for id, depth in depths.items()
    ]


def _today(work: Work, ids: list[str]) -> dict[str, Row]:
    rows = work.all(
        f"""
        SELECT id, type, name
        FROM entities
        WHERE organization_id = :organization
          AND id {dialect.any_of("ids")}
        """,
        ids=ids,
    )
    return {row["id"]: row for row in rows}
