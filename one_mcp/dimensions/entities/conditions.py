"""Conditions on the properties of entities, checked against what their types declare."""

from collections.abc import Iterable, Sequence
from itertools import product

from one_mcp.dimensions.entities.selection import Selection
from one_mcp.dimensions.organizations import moments
from one_mcp.jsons import JsonObject
from one_mcp.ontology import names, operands
from one_mcp.ontology.model import EntityType
from one_mcp.store.work import Work

# what an entity has beside its properties, by plain spelling, and which argument asks for it
_BESIDE = {
    "id": "use get_entity",
    "type": "use type",
    "name": "use name",
    "status": "use status",
    "tag": "use tags",
    "created": "use since and until",
    "created_at": "use since and until",
    "updated": "use since and until with sort updated",
    "updated_at": "use since and until with sort updated",
}


def fitted(work: Work, kinds: Sequence[EntityType], where: JsonObject) -> JsonObject:
    """Return conditions as properties and times are stored, for some types or else for all.

    Raises InvalidArgumentError for those that no entity could fulfil.
    """
    shapes = [each.properties for each in kinds or work.ontology.entity_types.values()]
    operands.refuse_outside(shapes, where, _BESIDE, "properties")
    return operands.fitted(shapes, where, moments.reader(work))


def within(
    work: Work, selection: Selection, sort: str, since: int | str | None, until: int | str | None
) -> None:
    """Choose by when entities were created; where they are sorted by their update, by that."""
    begin, end = moments.span(work, since, until)
    by = sort.removeprefix("-")
    column = "entities.updated_at" if by == "updated" else "entities.created_at"
    bounds = [
        f"{column} {sign} {selection.bind(at)}"
        for sign, at in ((">=", begin), ("<", end))
        if at is not None
    ]
    # an index begins with it only where rows are read in this order
    (selection.filters if by == "name" else selection.scope).extend(bounds)


def hints(kinds: Sequence[EntityType], where: Iterable[str]) -> list[str]:
    """Tell of properties asked for that a type does not declare but its entities may have."""
    found: list[str] = []
    paths = dict.fromkeys(path.removeprefix("-").partition(".")[0] for path in where)
    for kind, name in product(kinds, paths):
        declared = tuple(kind.properties)
        near = names.near(name, declared)
        if near and not operands.find([kind.properties], name)[1]:
            found.append(f"A {kind.name} declares no {name}; did you mean {near[0]}?")
    return found
