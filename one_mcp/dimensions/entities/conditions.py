"""Conditions on the properties of entities, checked against what their types declare."""

from collections.abc import Sequence

from one_mcp.dimensions.entities.selection import Selection
from one_mcp.dimensions.organizations import moments
from one_mcp.jsons import JsonObject
from one_mcp.ontology import operands
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
    return operands.fitted(shapes, where, moments.reader(work), _BESIDE, "properties")


def within(
    work: Work, selection: Selection, by: str, since: int | str | None, until: int | str | None
) -> None:
    """Choose by when entities were created; where they are sorted by their update, by that."""
    begin, end = moments.span(work, since, until)
    column = "entities.updated_at" if by == "updated" else "entities.created_at"
    bounds = [
        f"{column} {sign} {selection.bind(at)}"
        for sign, at in ((">=", begin), ("<", end))
        if at is not None
    ]
    # an index begins with it only where rows are read in this order
    (selection.filters if by == "name" else selection.scope).extend(bounds)
