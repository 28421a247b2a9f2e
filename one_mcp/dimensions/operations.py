"""Operations: the steps of apply_changes, each with the arguments of the tool it is named after."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from one_mcp import clock, jsons
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology import names

MOST = 200
LOCAL = r"^\$[A-Za-z][A-Za-z0-9_]{0,62}$"


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
        place, predicate = found
        raise ValueError(f"{predicate} (at {names.shown(place)})" if place else predicate)
    return read


def _milliseconds(value: object) -> object:
    if isinstance(value, str):
        try:
            value = clock.from_text(value)
        except ValueError:
            raise ValueError("must be a time such as 2026-11-23T12:00:00Z") from None
    if isinstance(value, int) and value < 0:
        raise ValueError("must be a time not before 1970-01-01")
    return value


_Id = Annotated[str, Field(max_length=64)]
_Text = Annotated[str, Field(max_length=1_000)]
_Object = Annotated[JsonObject, BeforeValidator(_unpacked)]
_Tags = Annotated[
    list[Annotated[str, Field(max_length=200)]], Field(max_length=100), BeforeValidator(_unpacked)
]
_Moment = Annotated[int, BeforeValidator(_milliseconds)]


class _Operation(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        hide_input_in_errors=True,
        alias_generator=lambda name: name.rstrip("_"),
    )


class CreateEntity(_Operation):
    """`as` is the local name under which later operations know the new entity."""

    op: Literal["create_entity"]
    as_: Annotated[str, Field(pattern=LOCAL)] | None = None
    type: _Text
    name: _Text
    properties: _Object | None = None
    status: _Text | None = None
    tags: _Tags | None = None


class UpdateEntity(_Operation):
    op: Literal["update_entity"]
    id: _Id
    properties: _Object | None = None
    name: _Text | None = None
    status: _Text | None = None
    replace: bool = False
    expected_version: int | None = None


class ArchiveEntity(_Operation):
    op: Literal["archive_entity"]
    id: _Id
    expected_version: int | None = None


class RestoreEntity(_Operation):
    op: Literal["restore_entity"]
    id: _Id


class ConnectEntities(_Operation):
    op: Literal["connect_entities"]
    from_: _Id
    type: _Text
    to: _Id
    metadata: _Object | None = None


class DisconnectEntities(_Operation):
    op: Literal["disconnect_entities"]
    from_: _Id
    type: _Text
    to: _Id


class RecordEvent(_Operation):
    op: Literal["record_event"]
    type: _Text
    target: _Id | None = None
    actor: _Id | None = None
    metadata: _Object | None = None
    at: _Moment | None = None


class TagEntity(_Operation):
    op: Literal["tag_entity"]
    id: _Id
    add: _Tags | None = None
    remove: _Tags | None = None


Operation: TypeAlias = (
    CreateEntity
    | UpdateEntity
    | ArchiveEntity
    | RestoreEntity
    | ConnectEntities
    | DisconnectEntities
    | RecordEvent
    | TagEntity
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
        raise InvalidArgumentError(f"{at} {error}", argument=at, at=at) from None
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
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first, *others = error.errors(include_url=False, include_input=False)
        raise _refusal(at, model, first, len(others)) from None


def _refusal(
    at: str, model: type[Operation], detail: ErrorDetails, others: int
) -> InvalidArgumentError:
    place = at + "".join(
        f"[{step}]" if isinstance(step, int) else f".{names.shown(step)}" for step in detail["loc"]
    )
    fields = tuple(field.alias or name for name, field in model.model_fields.items())
    near: tuple[str, ...] = ()
    if detail["type"] == "missing":
        wrong = "is missing"
    elif detail["type"] == "extra_forbidden":
        near = names.near(str(detail["loc"][-1]), fields)
        takes = f"it takes {', '.join(fields)}"
        wrong = f"is unknown; {f'did you mean {near[0]}?' if near else takes}"
    else:
        wrong = _wrong(detail)
    more = f" (and {others} more)" if others else ""
    return InvalidArgumentError(
        f"{place} {wrong}{more}", argument=place, at=at, did_you_mean=near[0] if near else None
    )


def _wrong(detail: ErrorDetails) -> str:
    context: dict[str, Any] = detail.get("ctx", {})
    match detail["type"]:
        case "value_error":
            return str(context["error"])
        case "string_pattern_mismatch":
            return "must be $ and a letter, then letters, digits and _, such as $course"
        case "string_too_long" | "too_long":
            return f"is too long: at most {context['max_length']}"
        case _:
            return detail["msg"].replace("Input should be", "must be")
