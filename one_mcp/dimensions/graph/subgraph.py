"""Subgraphs: a part of the graph as an answer."""

from pydantic import Field

from one_mcp.answers import Answer
from one_mcp.store import dialect
from one_mcp.store.work import Work

Triple = tuple[str, str, str]


class Node(Answer):
    """An entity; `depth` is the number of connections that lead to it from the first one."""

    id: str
    type: str
    name: str
    depth: int


class GraphEdge(Answer):
    """A connection between two of the nodes."""

    from_: str = Field(serialization_alias="from")
    type: str
    to: str


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


def entities(work: Work, depths: dict[str, int]) -> list[Node]:
    """Read what the entities are called, in the order given."""
    rows = work.all(
        f"""
        SELECT id, type, name
        FROM entities
        WHERE organization_id = :organization
          AND id {dialect.any_of("ids")}
        """,
        ids=list(depths),
    )
    known = {row["id"]: row for row in rows}
    return [
        Node(id=id, type=known[id]["type"], name=known[id]["name"], depth=depth)
        for id, depth in depths.items()
    ]
