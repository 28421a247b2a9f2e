"""Operations: the steps of apply_changes, each with the arguments of the tool it is named after."""

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from one_mcp import clock, jsons, leniency
from one_mcp.errors import InvalidArgumentError, shown
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology import names
from one_mcp.refusals import Form

MOST = 200
LOCAL = re.compile(r"\$[A-Za-z][A-Za-z0-9_]{0,62}")


def _unpacked(value: object) -> object:
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


def _local(name: str) -> str:
    if not LOCAL.fullmatch(name):
        raise ValueError("$ and a letter, then letters, digits and _, such as $course")
    return name


_Id = Annotated[str, Field(max_length=64)]
_Text = Annotated[str, Field(max_length=1_000)]
_Object = Annotated[JsonObject, BeforeValidator(_unpacked)]
_Tags = Annotated[
    list[Annotated[str, Field(max_length=200)]], Field(max_length=100), BeforeValidator(_unpacked)
]
_Moment = Annotated[int, BeforeValidator(clock.given)]


class _OperationFields(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        hide_input_in_errors=True,
        alias_generator=lambda name: name.rstrip("_"),
    )


class CreateEntity(_OperationFields):
    """`as` is the local name under which later operations know the new entity."""

    op: Literal["create_entity"]
    as_: Annotated[str, AfterValidator(_local)] | None = None
    type: _Text
    name: _Text
    properties: _Object | None = None
    status: _Text | None = None
    tags: _Tags | None = None


class UpdateEntity(_OperationFields):
    op: Literal["update_entity"]
    id: _Id
    properties: _Object | None = None
    name: _Text | None = None
    status: _Text | None = None
    replace: bool = False
    expected_version: int | None = None


class ArchiveEntity(_OperationFields):
    op: Literal["archive_entity"]
    id: _Id
    expected_version: int | None = None


class RestoreEntity(_OperationFields):
    op: Literal["restore_entity"]
    id: _Id


class ConnectEntities(_OperationFields):
    op: Literal["connect_entities"]
    from_: _Id
    type: _Text
    to: _Id
    metadata: _Object | None = None


class DisconnectEntities(_OperationFields):
    op: Literal["disconnect_entities"]
    from_: _Id
    type: _Text
    to: _Id


class RecordEvent(_OperationFields):
    op: Literal["record_event"]
    type: _Text
    target: _Id | None = None
    actor: _Id | None = None
    metadata: _Object | None = None
    at: _Moment | None = None


class TagEntity(_OperationFields):
    op: Literal["tag_entity"]
    id: _Id
    add: _Tags | None = None
    remove: _Tags | None = None


class UpdateOrganization(_OperationFields):
    """`owner` is the name of the owner."""

    op: Literal["update_organization"]
    name: _Text | None = None
    owner: _Text | None = None
    currency: _Text | None = None
    time_zone: _Text | None = None


Operation: TypeAlias = (
    CreateEntity
    | UpdateEntity
    | ArchiveEntity
    | RestoreEntity
    | ConnectEntities
    | DisconnectEntities
    | RecordEvent
    | TagEntity
    | UpdateOrganization
)
_MODELS: dict[str, type[Operation]] = {
    "create_entity": CreateEntity,
    "update_entity": UpdateEntity,
    "archive_entity": ArchiveEntity,
    "restore_entity": RestoreEntity,
    "connect_entities": ConnectEntities,
    "disconnect_entities": DisconnectEntities,
    "record_event": RecordEvent,
    "tag_entity": TagEntity,
    "update_organization": UpdateOrganization,
}


def parse(given: list[JsonValue]) -> list[Operation]:
    """Check the shape of all operations before anything runs.

    Raises InvalidArgumentError, which names the operation and the field, and never their values.
    """
    if not 0 < len(given) <= MOST:
        raise InvalidArgumentError(
            f"operations has 1 to {MOST} operations, not {len(given)}; "
            "send more in several calls, or use import_data.",
            argument="operations",
        )
    return [_parsed(f"operations[{index}]", operation) for index, operation in enumerate(given)]


def _parsed(at: str, given: JsonValue) -> Operation:
    try:
        given = _unpacked(given)  # pyright: ignore[reportAssignmentType]  # JSON becomes JSON
    except ValueError as error:
        raise InvalidArgumentError(f"{at} must be {error}.", argument=at, at=at) from None
    if not isinstance(given, dict):
        raise InvalidArgumentError(f"{at} must be an object with op.", argument=at, at=at)
    op = given.get("op")
    model = _MODELS.get(op) if isinstance(op, str) else None
    if model is None:
        near = names.near(op, tuple(_MODELS)) if isinstance(op, str) else ()
        hint = f"did you mean {near[0]}?" if near else f"op is one of {', '.join(_MODELS)}."
        wrong = "is missing" if op is None else "is no operation"
        raise InvalidArgumentError(
            f"{at}.op {wrong}; {hint}",
            argument=f"{at}.op",
            at=at,
            did_you_mean=near[0] if near else None,
        )
    operation, _ = leniency.read(_told(given, model), model.model_validate, Form(model, at))
    return operation


def _told(given: JsonObject, model: type[Operation]) -> JsonObject:
    """Leave out the empty texts that some clients send for every option that is not set."""
    options = {
        field.alias or name for name, field in model.model_fields.items() if not field.is_required()
    }
    return {name: value for name, value in given.items() if value != "" or name not in options}
