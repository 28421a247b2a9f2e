"""Tools that explain the ontology and judge a mapping before anything is written."""

from typing import Annotated

from pydantic import Field, WithJsonSchema

from one_mcp.dimensions.batch import judging
from one_mcp.ontology import describe
from one_mcp.ontology.describe import Described
from one_mcp.ontology.proposal import (
    Mapping,
    ProposedConnection,
    ProposedEntity,
    ProposedEvent,
    ProposedOperation,
    ProposedTag,
)
from one_mcp.ontology.report import Report
from one_mcp.server.toolbox import ToolSpec, toolset
from one_mcp.session import Session


def _listed(description: str) -> WithJsonSchema:
    return WithJsonSchema(
        {"type": "array", "items": {"type": "object"}, "description": description}
    )


async def describe_ontology(
    one: Session,
    topic: Annotated[
        str | None, Field(description="a dimension, group or type name", max_length=100)
    ] = None,
) -> Described:
    """Explain the vocabulary of this backend; call it before you create or map anything.

    Without a topic: all dimensions and type names in brief. With one: a type's properties, units,
    usual connections and events.
    """
    return describe.describe(one.ontology, topic)


async def check_mapping(
    one: Session,
    entities: Annotated[list[ProposedEntity], _listed("{as: $name, type, properties?}")] = [],  # noqa: B006  # never changed
    connections: Annotated[
        list[ProposedConnection], _listed("{from, type, to}: $name, id or type name")
    ] = [],  # noqa: B006  # never changed
    *,
    events: Annotated[list[ProposedEvent], _listed("{type, target?, actor?, metadata?}")] = [],  # noqa: B006  # never changed
    tags: Annotated[
        list[str | ProposedTag],
        WithJsonSchema({"type": "array", "items": {"type": "string"}, "description": "key:value"}),
    ] = [],  # noqa: B006  # never changed
    operations: Annotated[
        list[ProposedOperation], _listed("instead of the above: as for apply_changes")
    ] = [],  # noqa: B006  # never changed
) -> Report:
    """Judge how a feature would map to the ontology; nothing is written.

    Reports unknown types (with nearest names), wrong directions, bad properties, undefined names
    and missing pieces, each with its fix. Repeat until valid, then write with apply_changes.
    """
    proposed = Mapping(
        entities=entities,
        connections=connections,
        events=events,
        tags=tags,
        operations=operations,
    )
    return await one.read(judging.check, proposed)


TOOLS = toolset(
    "ontology",
    ToolSpec(describe_ontology, "Describe the ontology"),
    ToolSpec(check_mapping, "Check a mapping"),
)
