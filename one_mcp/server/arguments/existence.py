"""Existence as a caller writes it: what an entity has, or lacks, of connections and events."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from one_mcp.dimensions.connections.directions import Direction
from one_mcp.dimensions.entities import existence
from one_mcp.dimensions.entities.existence import Existence, Role
from one_mcp.server.arguments import fields


class Having(fields.ArgumentObject):
    """Events or connections of a type, of several types, or "any"."""

    event: fields.TypeName | fields.TypeNames | None = None
    connection: fields.TypeName | fields.TypeNames | None = None
    as_: Role | None = None
    direction: Direction | None = None
    with_: fields.AnyId | None = None
    where: fields.Properties | None = None
    since: fields.TimeText | None = None
    until: fields.UntilText | None = None
    min: Annotated[int, Field(ge=0)] | None = None
    max: Annotated[int, Field(ge=0)] | None = None
    of: str | None = None


def _told(description: str | None = None) -> WithJsonSchema:
    shape: dict[str, Any] = {"type": "array", "items": {"type": "object"}}
    return WithJsonSchema(shape | {"description": description} if description else shape)


Havings = Annotated[list[Having], Field(max_length=existence.MOST)]
Has = Annotated[
    Havings,
    _told(
        '{"event": type or "any", "since": "-30d", "until", "where", "min": 2, "max", "with": id, '
        '"as": "actor" or "target"} or {"connection": type, "direction": "in" or "out", …}'
    ),
]
Lacks = Annotated[Havings, _told("none such; has and lacks with since: latest before it")]
AsThere = Annotated[Havings, _told('as find_entities; of events, with "of": "actor"')]
Lacking = Annotated[Havings, _told()]


def read(given: Sequence[Having] | None) -> list[Existence]:
    """Read what a caller wrote."""
    return [
        Existence(
            event=_several(each.event),
            connection=_several(each.connection),
            role=each.as_,
            direction=each.direction,
            other=each.with_,
            where=each.where,
            since=each.since,
            until=each.until,
            least=each.min,
            most=each.max,
            of=each.of,
        )
        for each in given or ()
    ]


def _several(types: str | list[str] | None) -> list[str]:
    if types is None:
        return []
    return [types] if isinstance(types, str) else types
