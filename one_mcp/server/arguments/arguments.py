"""The arguments of one tool: declared by its function's signature, checked once, at the door."""

import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, create_model
from pydantic_core import to_json
from typing_extensions import TypeAliasType

from one_mcp import jsons, leniency, refusals
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.refusals import Form, unfit
from one_mcp.server.arguments import fields, schema

Run = Callable[..., Awaitable[BaseModel]]
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
EVERY_WRITE = {
    "reason": (fields.Reason | None, None),
    "idempotency_key": (fields.IdempotencyKey | None, None),
}


class _Checked(BaseModel):
    """What all argument models share: JSON's own types, nothing unknown, nothing echoed."""

    model_config = refusals.GIVEN


@dataclass(frozen=True, slots=True)
class Given:
    """The checked arguments of one call."""

    values: dict[str, Any]
    reason: str | None = None
    key: str | None = None
    digest: str | None = None


class Arguments:
    """What a tool takes. The first parameter of its function is the session, and not an argument.

    Tools that write also take a `reason` and an `idempotency_key`, which their functions never see,
    unless they name one as a parameter: a plan says its reason, too.
    """

    def __init__(self, tool: str, run: Run, *, writes: bool) -> None:
        _session, *parameters = inspect.signature(run).parameters.values()
        declared: dict[str, Any] = {
            parameter.name: (
                parameter.annotation,
                ... if parameter.default is parameter.empty else parameter.default,
            )
            for parameter in parameters
        }
        if writes:
            declared |= EVERY_WRITE
        self._tool = tool
        self._writes = writes
        self._hidden = EVERY_WRITE.keys() - {parameter.name for parameter in parameters}
        self._model: type[BaseModel] = create_model(tool, __base__=_Checked, **declared)
        self._check = self._model.__pydantic_validator__.validate_json
        self._optional = frozenset(
            name.rstrip("_") for name, (_, default) in declared.items() if default is not ...
        )
        self._structured = frozenset(
            name.rstrip("_")
            for name, (annotation, _default) in declared.items()
            if _takes_structure(annotation)
        )

    def schema(self) -> JsonObject:
        """Describe the arguments for tools/list."""
        return schema.of_arguments(self._model)

    def check(self, given: Mapping[str, JsonValue]) -> Given:
        """Check a call's arguments; raises InvalidArgumentError.

        They are checked as JSON text: that is where strictness means JSON's own types. What does
        not fit so is read as it may have been meant.
        """
        arguments = self._read(given)
        if found := jsons.flaw(arguments):
            raise unfit(*found)
        checked, arguments = leniency.read(arguments, self._checked, Form(self._model))
        values = vars(checked)
        reason: str | None = values.get("reason") if self._writes else None
        key: str | None = values.get("idempotency_key") if self._writes else None
        own = {k: it for k, it in values.items() if k not in self._hidden}
        return Given(own, reason, key, self._digest(arguments) if key else None)

    def _checked(self, arguments: JsonObject) -> BaseModel:
        return self._check(to_json(arguments))

    def _read(self, given: Mapping[str, JsonValue]) -> JsonObject:
        """Read structured arguments that came as JSON strings.

        null means not given, as does the empty text that some clients send for every option.
        """
        arguments = {
            name: value
            for name, value in given.items()
            if (value is not None and value != "") or name not in self._optional
        }
        for name in self._structured & arguments.keys():
            if isinstance(value := arguments[name], str):
                arguments[name] = leniency.of_json(value)
        return arguments

    def _digest(self, arguments: JsonObject) -> str:
        """Digest what makes two calls the same: the reason may be worded anew."""
        same = {name: value for name, value in arguments.items() if name not in EVERY_WRITE}
        return sha256(_canonical([self._tool, same]).encode()).hexdigest()


def _takes_structure(annotation: object) -> bool:
    """Whether a type asks for JSON arrays or objects; one that takes any JSON does not."""
    if isinstance(annotation, TypeAliasType):
        return annotation is not JsonValue and _takes_structure(annotation.__value__)
    origin = get_origin(annotation)
    if origin is Annotated:
        return _takes_structure(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return any(_takes_structure(option) for option in get_args(annotation))
    kind = origin or annotation
    return isinstance(kind, type) and issubclass(kind, list | tuple | dict | BaseModel)
