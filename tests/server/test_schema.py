"""Schemas as a model reads them: nothing that only costs tokens."""

from enum import StrEnum
from typing import Annotated, Literal

import jsonschema
from pydantic import Field

from one_mcp.answers import Answer, Written
from one_mcp.jsons import JsonObject, JsonValue, dumps
from one_mcp.server.arguments import fields, schema
from one_mcp.server.arguments.arguments import Arguments
from one_mcp.session import Session


class Direction(StrEnum):
    """A docstring for programmers."""

    OUT = "out"
    IN = "in"


class Condition(fields.ArgumentObject):
    """A docstring for programmers."""

    field: str
    title: str = ""
    value: JsonValue = None


class Node(Answer):
    """A docstring for programmers."""

    id: str
    title: str | None = None
    properties: JsonObject
    found_at: str | None = Field(default=None, description="ISO 8601")
    from_: str | None = Field(default=None, alias="from")
    children: list["Node"] | None = None


class Found(Written):
    total: int = 0
    first: Node
    counts: dict[str, int]
    any: JsonValue = None


async def find(
    one: Session,
    type: fields.TypeName,
    *,
    title: Annotated[str | None, Field(description="the outer one wins")] = None,
    entity: fields.EntityId | None = None,
    where: list[Condition] | None = None,
    direction: Direction = Direction.OUT,
    names: str | list[str] | None = None,
    detail: Literal["concise", "full"] = "concise",
    limit: fields.Limit = 20,
    archived: bool = False,
    compare: Literal["previous"] | None = None,
    at: fields.TimeText | None = None,
    properties: fields.Properties | None = None,
) -> Found:
    """Find."""
    raise NotImplementedError


def properties(slim: JsonObject) -> JsonObject:
    found = slim["properties"]
    assert isinstance(found, dict)
    return found


def test_arguments_are_described_in_few_words() -> None:
    slim = Arguments("find", find, writes=False).schema()

    assert slim == {
        "type": "object",
        "properties": {
            "type": {"type": "string", "description": "see describe_ontology"},
            "title": {"type": "string", "description": "the outer one wins"},
            "entity": {"type": "string", "description": "ent_…"},
            "where": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "field": {"type": "string"},
                        "title": {"type": "string"},
                        "value": {},
                    },
                    "required": ["field"],
                },
            },
            "direction": {"type": "string", "enum": ["out", "in"], "default": "out"},
            "names": {
                "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
            },
            "detail": {"type": "string", "enum": ["concise", "full"], "default": "concise"},
            "limit": {"type": "integer", "maximum": 200, "default": 20},
            "archived": {"type": "boolean"},
            "compare": {"type": "string", "enum": ["previous"]},
            "at": {"type": "string", "description": "ISO 8601 or -7d"},
            "properties": {"type": "object"},
        },
        "required": ["type"],
    }


def test_what_every_write_takes_costs_little() -> None:
    read = Arguments("find", find, writes=False).schema()
    write = Arguments("find", find, writes=True).schema()

    assert len(dumps(write)) - len(dumps(read)) < 120


def test_answers_are_described_without_nulls_and_defaults() -> None:
    slim = schema.of_answer(Found)

    assert properties(slim)["counts"] == {
        "type": "object",
        "additionalProperties": {"type": "integer"},
    }
    assert "docstring" not in dumps(slim)
    assert 'additionalProperties":false' not in dumps(slim)


def test_a_recursive_answer_keeps_one_definition() -> None:
    slim = schema.of_answer(Found)

    assert slim["$defs"] == {
        "Node": {
            "type": "object",
            "properties": {
                "id": {"type": "string"},
                "title": {"type": "string"},
                "properties": {"type": "object"},
                "found_at": {"type": "string", "description": "ISO 8601"},
                "from": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
            },
            "required": ["id", "properties"],
        }
    }


def test_a_definition_used_once_is_inlined() -> None:
    class Page(Answer):
        rows: list[Condition]

    assert "$defs" not in schema.of_answer(Page)


def test_slim_schemas_are_valid_and_fit_what_is_sent() -> None:
    answer = Found(first=Node(id="ent_1", properties={"a": None}), counts={"a": 1})
    slim = schema.of_answer(Found)

    jsonschema.Draft202012Validator.check_schema(Arguments("find", find, writes=True).schema())
    jsonschema.Draft202012Validator.check_schema(slim)
    jsonschema.validate(answer.model_dump(mode="json", by_alias=True, exclude_none=True), slim)
