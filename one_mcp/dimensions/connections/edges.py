"""Edges: connections as answers list them, with what they show of their ends."""

from collections.abc import Callable, Sequence

from pydantic import Field

from one_mcp import clock
from one_mcp.answers import Answer
from one_mcp.dimensions import excerpts
from one_mcp.dimensions.connections import ends, validity
from one_mcp.dimensions.connections.as_of import Past
from one_mcp.dimensions.connections.validity import Span
from one_mcp.jsons import JsonObject
from one_mcp.store.pages import Detail
from one_mcp.store.work import Row, Work

METADATA_CHARACTERS: dict[Detail, int] = {"concise": 400, "full": 2_000}


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


def maker(
    work: Work,
    rows: Sequence[Row],
    asked: frozenset[str],
    detail: Detail,
    past: Past | None = None,
    *,
    at: int | None = None,
) -> Callable[[Row], Edge]:
    """Read the ends of all rows at once, and return what makes a row's edge.

    With `past`, as they were `at` a time.
    """
    full = detail == "full"
    shown = (ends.full if full else ends.concise)(work, rows, asked, past and past.entities)

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
            **validity.told(Span.of(row), work.now if at is None else at),
            created=clock.to_text(row["created_at"]) if full else None,
            version=row["version"] if full else None,
            shortened=shortened or None,
        )

    return make
