"""Tools that explain the ontology and judge a mapping before anything is written."""

from typing import Annotated

from pydantic import Field

from one_mcp.access import Permission
from one_mcp.ontology import describe
from one_mcp.ontology.describe import Described
from one_mcp.server.toolbox import ToolSpec
from one_mcp.session import Session


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


TOOLS = (
    ToolSpec(
        name="describe_ontology",
        run=describe_ontology,
        title="Describe the ontology",
        toolset="ontology",
        permission=Permission.READ,
        read_only=True,
        idempotent=True,
    ),
)
