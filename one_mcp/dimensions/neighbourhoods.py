"""Neighbourhoods: a part of the graph as an answer, and which connections count for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from one_mcp import jsons
from one_mcp.answers import Answer
from one_mcp.ontology import check
from one_mcp.store.work import Work

Way = Literal["in", "out"]
Direction = Literal["in", "out", "both"]
Triple = tuple[str, str, str]
SIDES: dict[Way, tuple[str, str, str]] = {  # the near end, the far end, how indexes call the near
    "out": ("from_id", "to_id", "from"),
    "in": ("to_id", "from_id", "to"),
}


class Node(Answer):
    """An entity; `depth` is the number of connections that lead to it from the first one."""

    id: str
    type: str
    name: str
    depth: int


class Arrow(Answer):
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
    edges: list[Arrow]
    paths: list[Path] | None = None
    note: str | None = None
    cut: str | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Which connections count: of which types (all if empty), and in which direction."""

    types: tuple[str, ...] = ()
    direction: Direction = "both"

    @property
    def ways(self) -> tuple[Way, ...]:
        return ("out", "in") if self.direction == "both" else (self.direction,)


def scope(work: Work, types: Sequence[str] | None, direction: Direction) -> Scope:
    """Check the types; raises UnknownTypeError."""
    return Scope(tuple(check.relationship_types(work.ontology, types)), direction)


def entities(work: Work, depths: dict[str, int]) -> list[Node]:
    """Read what the entities are called, in the order given."""
    rows = work.all(
        """
        SELECT id, type, name
        FROM entities
        WHERE organization_id = :organization
          AND id IN (SELECT value FROM json_each(:ids))
        """,
        ids=jsons.dumps(list(depths)),
    )
    known = {row["id"]: row for row in rows}
    return [
        Node(id=id, type=known[id]["type"], name=known[id]["name"], depth=depth)
        for id, depth in depths.items()
    ]
