"""Conditions on the properties of entities, checked against what their types declare."""

from one_mcp.dimensions.entities.selection import Selection
from one_mcp.dimensions.organizations import moments
from one_mcp.errors import InvalidArgumentError
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


def fitted(work: Work, kind: EntityType | None, where: JsonObject) -> JsonObject:
    """Return conditions with properties and times as they are stored, for one type or for all.

    Raises InvalidArgumentError for those that no entity could fulfil.
    """
    kinds = work.ontology.entity_types.values() if kind is None else [kind]
    shapes = [each.properties for each in kinds]
    for path in where:
        way = _BESIDE.get(names.plain(path))
        if way and not operands.find(shapes, path)[1]:
            raise InvalidArgumentError(
                f"where looks at properties only, and {path} is none: {way}.", argument="where"
            )
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


def hints(kind: EntityType, where: JsonObject) -> list[str]:
    """Tell of conditions on properties that a type does not declare but its entities may have."""
    declared = tuple(kind.properties)
    found: list[str] = []
    for name in dict.fromkeys(path.partition(".")[0] for path in where):
        near = names.near(name, declared)
        if near and not operands.find([kind.properties], name)[1]:
            found.append(f"A {kind.name} declares no {name}; did you mean {near[0]}?")
    return found
