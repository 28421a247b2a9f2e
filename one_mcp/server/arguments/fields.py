"""The parameters that tools share: one type each, described in a few words.

A description is paid for in every tool that uses it, on every turn of a conversation.
"""

from typing import Annotated

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from one_mcp import leniency, refusals, relative
from one_mcp.jsons import JsonObject
from one_mcp.ontology import check
from one_mcp.store import pages


class ArgumentObject(BaseModel):
    """An object inside the arguments of a tool; unknown names are refused there too."""

    model_config = refusals.GIVEN


EntityId = Annotated[str, Field(description="ent_…", min_length=1, max_length=64)]
EntityIds = list[Annotated[str, Field(min_length=1, max_length=64)]]
AnyId = Annotated[str, Field(description="ent_… or per_…", min_length=1, max_length=64)]
ChangeId = Annotated[str, Field(description="chg_…", min_length=1, max_length=64)]
TypeName = Annotated[str, Field(description="see describe_ontology", min_length=1, max_length=100)]
TypeNames = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=100)]], Field(max_length=check.MOST_TYPES)
]
Name = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Text = Annotated[str, Field(max_length=1000)]
Tag = Annotated[str, Field(description="key:value", min_length=1, max_length=200)]
TagList = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=200)]],
    Field(description="key:value", max_length=100),
]
Json = BeforeValidator(leniency.unpacked)
Properties = Annotated[JsonObject, Json]
Metadata = Annotated[JsonObject, Json]
Increment = Annotated[JsonObject, Json, Field(description='{"balance": "-5"}')]

Limit = Annotated[int, Field(ge=1, le=pages.MOST_ITEMS)]
CursorText = Annotated[str, Field(description="from the last page", min_length=1, max_length=2000)]
Detail = pages.Detail
Version = Annotated[int, Field(ge=1)]
TimeText = Annotated[
    int | str,
    BeforeValidator(relative.given_or_local),
    WithJsonSchema({"type": "string", "description": "ISO 8601 or -7d"}),
]
UntilText = Annotated[
    int | str,
    BeforeValidator(relative.given_or_local),
    WithJsonSchema({"type": "string", "description": "date: all day"}),
]
BeginText = Annotated[
    int | str, BeforeValidator(relative.bound), WithJsonSchema({"type": "string"})
]
EndText = Annotated[
    int | str,
    BeforeValidator(relative.bound),
    WithJsonSchema({"type": "string", "description": "date: all day"}),
]

Reason = Annotated[str, Field(max_length=500)]
IdempotencyKey = Annotated[str, Field(description="safe retries", min_length=1, max_length=200)]
