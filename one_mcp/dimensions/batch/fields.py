"""Fields: what the operations of apply_changes are made of."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from one_mcp import leniency, refusals, relative
from one_mcp.jsons import JsonObject

LOCAL = re.compile(r"\$[A-Za-z][A-Za-z0-9_]{0,62}")


def local(name: str) -> str:
    if not LOCAL.fullmatch(name):
        raise ValueError("$ and a letter, then letters, digits and _, such as $course")
    return name


Id = Annotated[str, Field(max_length=64)]
Text = Annotated[str, Field(max_length=1_000)]
Json = BeforeValidator(leniency.unpacked)
Object = Annotated[JsonObject, Json]
Tags = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=100), Json]
Ids = Annotated[list[Id], Field(min_length=1, max_length=50), Json]
Moment = Annotated[int | str, BeforeValidator(relative.given_or_local)]
Bound = Annotated[int | str, BeforeValidator(relative.bound)]
LocalName = Annotated[str, AfterValidator(local)]


class OperationFields(BaseModel):
    model_config = refusals.GIVEN
