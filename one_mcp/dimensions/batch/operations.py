"""Operations: the steps of apply_changes, each with the arguments of the tool it is named after."""

from typing import Literal, TypeAlias

from one_mcp import leniency
from one_mcp.dimensions.batch import corrections, fields
from one_mcp.dimensions.batch.corrections import Correction
from one_mcp.dimensions.batch.fields import OperationFields
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology import names
from one_mcp.refusals import Form

MOST = 200


class CreateEntity(OperationFields):
    """`as` is the local name under which later operations know the new entity."""

    op: Literal["create_entity"]
    as_: fields.LocalName | None = None
    type: fields.Text
    name: fields.Text
    properties: fields.Object | None = None
    status: fields.Text | None = None
    tags: fields.Tags | None = None


class UpdateEntity(OperationFields):
    op: Literal["update_entity"]
    id: fields.Id
    properties: fields.Object | None = None
    name: fields.Text | None = None
    status: fields.Text | None = None
    replace: bool = False
    increment: fields.Object | None = None
    append: fields.Object | None = None
    remove: fields.Object | None = None
    expected_version: int | None = None


class ArchiveEntity(OperationFields):
    op: Literal["archive_entity"]
    id: fields.Id
    expected_version: int | None = None


class RestoreEntity(OperationFields):
    op: Literal["restore_entity"]
    id: fields.Id


class ConnectEntities(OperationFields):
    op: Literal["connect_entities"]
    from_: fields.Id
    type: fields.Text
    to: fields.Id
    metadata: fields.Object | None = None
    valid_from: fields.Bound | None = None
    valid_until: fields.Bound | None = None
    increment: fields.Object | None = None
    append: fields.Object | None = None
    remove: fields.Object | None = None
    expected_version: int | None = None


class DisconnectEntities(OperationFields):
    op: Literal["disconnect_entities"]
    from_: fields.Id
    type: fields.Text
    to: fields.Id


class RecordEvent(OperationFields):
    """`as` is the local name under which retract_event knows it as replaced_by."""

    op: Literal["record_event"]
    as_: fields.LocalName | None = None
    type: fields.Text
    target: fields.Id | None = None
    actor: fields.Id | None = None
    metadata: fields.Object | None = None
    at: fields.Moment | None = None


class TagEntity(OperationFields):
    op: Literal["tag_entity"]
    id: fields.Id
    add: fields.Tags | None = None
    remove: fields.Tags | None = None


class UpdateOrganization(OperationFields):
    """`owner` is the name of the owner."""

    op: Literal["update_organization"]
    name: fields.Text | None = None
    owner: fields.Text | None = None
    currency: fields.Text | None = None
    time_zone: fields.Text | None = None


Operation: TypeAlias = (
    CreateEntity
    | UpdateEntity
    | ArchiveEntity
    | RestoreEntity
    | ConnectEntities
    | DisconnectEntities
    | RecordEvent
    | Correction
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
    **corrections.MODELS,
    "tag_entity": TagEntity,
    "update_organization": UpdateOrganization,
}
NAMES = tuple(_MODELS)


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
        given = leniency.unpacked(given)  # pyright: ignore[reportAssignmentType]  # JSON becomes JSON
    except ValueError as error:
        raise InvalidArgumentError(f"{at} must be {error}.", argument=at, at=at) from None
    if not isinstance(given, dict):
        raise InvalidArgumentError(f"{at} must be an object with op.", argument=at, at=at)
    op = given.get("op")
    model = _MODELS.get(op) if isinstance(op, str) else None
    if model is None:
        near = names.near(op, NAMES) if isinstance(op, str) else ()
        hint = f"did you mean {near[0]}?" if near else f"op is one of {', '.join(NAMES)}."
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
    """Leave out what some clients send for every option that is not set: null, or no text."""
    options = {
        field.alias or name for name, field in model.model_fields.items() if not field.is_required()
    }
    unset = (None, "")
    return {name: it for name, it in given.items() if it not in unset or name not in options}
