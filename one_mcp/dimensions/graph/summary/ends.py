"""Ends: what the ends of a row are connected to and what they have, to group and compute by.

`actor.enrolled_in` are the entities that an event's actor is connected to; `target.price` is a
property of its target; of entities themselves, `id.enrolled_in` are their own neighbours.
"""

import re
from dataclasses import dataclass

from one_mcp.dimensions.connections.directions import SIDES, Followed, Way
from one_mcp.dimensions.graph.summary.sources import ENDS, RowSource
from one_mcp.errors import InvalidArgumentError
from one_mcp.ontology import check, operands
from one_mcp.ontology.model import Ontology
from one_mcp.store import dialect, filters, sight, undeclared

COLUMNS = ("type", "status", "name")
_NEIGHBOURS = re.compile(r"(\w+)(?: (in|out))?")


@dataclass(frozen=True, slots=True)
class SummaryColumn:
    """What is read of each row: a value and its kind, in SQL.

    Of neighbours the value is the id that they are neighbours of, and `beside` a list of theirs,
    in SQL on `told`, to be joined once rows that are alike have been put together.
    """

    value: str
    kind: str
    beside: str | None = None


def parted(source: RowSource, name: str) -> tuple[str, str, str] | None:
    """Take a name such as actor.level apart: the end, its column, the rest; None for another."""
    end, _, rest = name.partition(".")
    column = source.column(end)
    if not rest or end not in ENDS[source.table] or column is None:
        return None
    return end, column, rest


def read(
    ontology: Ontology, source: RowSource, parameters: dict[str, object], name: str, place: str
) -> SummaryColumn | None:
    """Say in SQL what a name such as actor.enrolled_in is, and of which kind; None for another.

    What it binds stands in `parameters` under `place`. Raises InvalidArgumentError for a name after
    the dot that is none.
    """
    parts = parted(source, name)
    if parts is None:
        return None
    end, column, rest = parts
    if rest in COLUMNS:
        return SummaryColumn(_of_end(f"there.{rest}", column), "'text'")
    if relationship := _relationship(ontology, rest):
        parameters[place] = relationship[0]
        return SummaryColumn(column, "'text'", _neighbours(f"told.{place}", relationship[1], place))
    path = rest.removeprefix("properties.")
    if not filters.is_path(path):
        raise InvalidArgumentError(
            f"{end}. goes on with a relationship type, such as {end}.enrolled_in, with a property, "
            f"or with {', '.join(COLUMNS)}.",
            argument="group_by" if place.startswith("key") else "measures",
        )
    spelled, _ = operands.find(undeclared.shapes(ontology, "entities", ()), path)
    parameters[place] = filters.json_path(spelled)
    held = "there.properties"
    value, kind = dialect.json_value(held, f":{place}"), dialect.json_kind(held, f":{place}")
    return SummaryColumn(_of_end(value, column), _of_end(kind, column))


def property_of(ontology: Ontology, source: RowSource, name: str) -> str | None:
    """Return the path of an end's property that a name is; None for what is something else."""
    parts = parted(source, name)
    if parts is None:
        return None
    _, _, rest = parts
    is_other = rest in COLUMNS or _relationship(ontology, rest) is not None
    return None if is_other else rest.removeprefix("properties.")


def _relationship(ontology: Ontology, text: str) -> tuple[str, tuple[Way, ...]] | None:
    """Read a relationship type, perhaps with the direction as the end sees it."""
    found = _NEIGHBOURS.fullmatch(text)
    if found is None:
        return None
    known = found[1] in ontology.relationship_types or found[1] in ontology.relationship_aliases
    if not known:
        return None
    type = check.relationship_type(ontology, found[1]).name
    return type, Followed(direction=found[2] or "both").ways  # pyright: ignore[reportArgumentType]  # the expression takes no other


def _of_end(what: str, column: str) -> str:
    return (
        f"(SELECT {what} FROM entities AS there WHERE there.organization_id = :organization"
        f" AND there.id = {column})"
    )


def _neighbours(column: str, ways: tuple[Way, ...], place: str) -> str:
    """List the ids of the neighbours, each once, in an order that stays.

    The index is named, since for the order SQLite would read the connections of everybody.
    """
    sides = " UNION ".join(
        f"SELECT links.{far} AS id"
        f" FROM connections AS links {dialect.by_index(f'connections_{side}_type')}"
        f" WHERE links.organization_id = :organization AND links.{near} = {column}"
        f" AND links.type = :{place} AND {sight.visible('links')}"
        for near, far, side in (SIDES[way] for way in ways)
    )
    return (
        f"(SELECT {dialect.json_list('beside.id')}"
        f" FROM (SELECT id FROM ({sides}) AS known ORDER BY id) AS beside)"
    )
