"""Fields: what the operations of apply_changes are made of."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from one_mcp import clock, jsons
from one_mcp.errors import shown
from one_mcp.jsons import JsonObject

LOCAL = re.compile(r"\$[A-Za-z][A-Za-z0-9_]{0,62}")


def unpacked(value: object) -> object:
    """Read an array or object that the client sent as a JSON string; leave the rest alone.

    What comes this way was not looked at with the other arguments.
    """
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        read = jsons.loads(value)
    except (ValueError, RecursionError):
        return value
    if found := jsons.flaw(read):
        raise ValueError(f"sound JSON: in the string, {shown(found[0])} {found[1]}")
    return read


def local(name: str) -> str:
    if not LOCAL.fullmatch(name):
        raise ValueError("$ and a letter, then letters, digits and _, such as $course")
    return name


Id = Annotated[str, Field(max_length=64)]
Text = Annotated[str, Field(max_length=1_000)]
Object = Annotated[JsonObject, BeforeValidator(unpacked)]
Tags = Annotated[
    list[Annotated[str, Field(max_length=200)]], Field(max_length=100), BeforeValidator(unpacked)
]
Ids = Annotated[list[Id], Field(min_length=1, max_length=50), BeforeValidator(unpacked)]
Moment = Annotated[int, BeforeValidator(clock.given)]
LocalName = Annotated[str, AfterValidator(local)]


class OperationFields(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        hide_input_in_errors=True,
        alias_generator=lambda name: name.rstrip("_"),
    )
