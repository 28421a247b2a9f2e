"""From an entity to a scene: what is around it, with its colours and words."""

from collections.abc import Sequence
from dataclasses import dataclass

from one_mcp import ids
from one_mcp.dimensions.connections.directions import Direction
from one_mcp.dimensions.entities import finding
from one_mcp.dimensions.graph import exploring
from one_mcp.dimensions.graph.subgraph import Neighbourhood
from one_mcp.errors import NotFoundError
from one_mcp.ontology.model import Ontology
from one_mcp.services.picture.scene import Arrow, Box, Scene
from one_mcp.session import Session

OTHER = "Other"
LISTED = 5


@dataclass(frozen=True, slots=True)
class View:
    """How far to look, along which connections, and how many entities at most."""

    depth: int = 2
    types: Sequence[str] = ()
    direction: Direction = "both"
    limit: int = 60


async def scene(one: Session, subject: str, view: View) -> Scene:
    """Show what is around an entity, given by its id or by its name."""
    id = subject if ids.is_id(subject) else await _named(one, subject)
    found = await one.read(
        exploring.explore,
        id,
        depth=view.depth,
        types=view.types,
        direction=view.direction,
        limit=view.limit,
        detail="full",
    )
    return _scene(found, one.ontology, view)


async def _named(one: Session, name: str) -> str:
    found = (await one.read(finding.find, text=name, limit=50)).items
    same = [item for item in found if item.name.casefold() == name.casefold()]
    fitting = same or found
    if len(fitting) == 1:
        return fitting[0].id
    listed = "; ".join(f"{item.id} is the {item.type} {item.name}" for item in fitting[:LISTED])
    raise NotFoundError(
        f"{len(fitting)} entities go by this name: {listed}; name one by its id."
        if fitting
        else f"There is no entity {name!r}; name it by its id or by its whole name.",
    )


def _scene(found: Neighbourhood, ontology: Ontology, view: View) -> Scene:
    first = found.nodes[0]
    entities = "1 entity" if len(found.nodes) == 1 else f"{len(found.nodes)} entities"
    edges = "1 connection" if len(found.edges) == 1 else f"{len(found.edges)} connections"
    steps = "1 step" if view.depth == 1 else f"{view.depth} steps"
    more = "; there is more than this picture shows" if found.cut else ""
    return Scene(
        title=f"Around {first.name}",
        caption=f"{first.type}: {entities}, {edges}, up to {steps} away{more}",
        boxes=[
            Box(node.id, node.name, node.type, _group(node.type, ontology)) for node in found.nodes
        ],
        arrows=[
            Arrow(edge.from_, edge.to, edge.type, _reading(edge.type, ontology))
            for edge in found.edges
        ],
    )


def _group(type: str, ontology: Ontology) -> str:
    known = ontology.entity_types.get(type)
    return known.group if known else OTHER


def _reading(type: str, ontology: Ontology) -> str:
    known = ontology.relationship_types.get(type)
    return known.reading if known else type.replace("_", " ")
