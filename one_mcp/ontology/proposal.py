"""A proposed mapping of a feature, as it comes in, and the pieces that it consists of.

It comes as lists of entities, connections, events and tags, or as the operations of a change, or
as both; either way the same pieces come out.
"""

import sys
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from one_mcp import ids
from one_mcp.jsons import JsonObject

_CONFIG = ConfigDict(
    frozen=True,
    extra="forbid",
    hide_input_in_errors=True,
    alias_generator=lambda name: name.rstrip("_"),
    populate_by_name=True,
)


class ProposedEntity(BaseModel):
    """An entity to create; `as` is its local name, such as $course."""

    model_config = _CONFIG

    type: str
    as_: str | None = None
    name: str | None = None
    properties: JsonObject | None = None
    status: str | None = None
    tags: list[str] = []


class ProposedConnection(BaseModel):
    """A connection between two ends: local names, ids, or type names for what exists already."""

    model_config = _CONFIG

    from_: str
    type: str
    to: str
    metadata: JsonObject | None = None


class ProposedEvent(BaseModel):
    model_config = _CONFIG

    type: str
    target: str | None = None
    actor: str | None = None
    metadata: JsonObject | None = None
    at: str | int | None = None


class ProposedTag(BaseModel):
    model_config = _CONFIG

    on: str | None = None
    tag: str


class ProposedOperation(BaseModel):
    """One operation of a change: the arguments of the tool that `op` names, and `as`."""

    model_config = _CONFIG

    op: str
    as_: str | None = None
    id: str | None = None
    type: str | None = None
    name: str | None = None
    properties: JsonObject | None = None
    status: str | None = None
    tags: list[str] | None = None
    replace: bool | None = None
    expected_version: int | None = None
    from_: str | None = None
    to: str | None = None
    metadata: JsonObject | None = None
    target: str | None = None
    actor: str | None = None
    at: str | int | None = None
    add: list[str] | None = None
    remove: list[str] | JsonObject | None = None
    increment: JsonObject | None = None
    append: JsonObject | None = None
    reason: str | None = None
    replaced_by: str | None = None
    survivor: str | None = None
    losers: list[str] | None = None
    prefer: str | None = None
    mapping: JsonObject | None = None
    tag: str | None = None
    owner: str | None = None
    currency: str | None = None
    time_zone: str | None = None
    text: str | None = None
    where: JsonObject | None = None
    count: int | None = None
    set_status: str | None = None
    add_tags: list[str] | None = None
    remove_tags: list[str] | None = None
    archive: bool | None = None


class Mapping(BaseModel):
    model_config = _CONFIG

    feature: str = ""
    entities: list[ProposedEntity] = []
    connections: list[ProposedConnection] = []
    events: list[ProposedEvent] = []
    tags: list[str | ProposedTag] = []
    operations: list[ProposedOperation] = []


LAST = sys.maxsize

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Placed(Generic[_T]):
    """One piece and where it stands. `step` orders definitions and uses of local names.

    An `exact` piece is an operation that will be carried out as it is; any other is a sketch,
    which may leave out properties and metadata.
    """

    at: str
    it: _T
    step: int = LAST
    exact: bool = False


@dataclass(slots=True)
class Pieces:
    """All pieces of a mapping. `others` are operations about entities that are there already."""

    entities: list[Placed[ProposedEntity]] = field(default_factory=list[Placed[ProposedEntity]])
    connections: list[Placed[ProposedConnection]] = field(
        default_factory=list[Placed[ProposedConnection]]
    )
    events: list[Placed[ProposedEvent]] = field(default_factory=list[Placed[ProposedEvent]])
    tags: list[Placed[ProposedTag]] = field(default_factory=list[Placed[ProposedTag]])
    others: list[Placed[ProposedOperation]] = field(default_factory=list[Placed[ProposedOperation]])
    faulty: list[Placed[tuple[str, str]]] = field(default_factory=list[Placed[tuple[str, str]]])


_DRAWN = frozenset({"from", "type", "to", "metadata"})
_ADJUSTING = ("increment", "append", "remove")
ARGUMENTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "create_entity": (("type", "name"), ("as", "properties", "status", "tags")),
    "update_entity": (
        ("id",),
        ("name", "properties", "status", "replace", "expected_version", *_ADJUSTING),
    ),
    "archive_entity": (("id",), ("expected_version",)),
    "restore_entity": (("id",), ()),
    "connect_entities": (
        ("from", "type", "to"),
        ("metadata", "expected_version", *_ADJUSTING),
    ),
    "disconnect_entities": (("from", "type", "to"), ()),
    "record_event": (("type",), ("as", "target", "actor", "metadata", "at")),
    "retract_event": (("id",), ("reason", "replaced_by")),
    "merge_entities": (("survivor", "losers"), ("prefer",)),
    "convert_entity": (("id", "type"), ("mapping", "properties")),
    "rename_tag": (("tag", "to"), ()),
    "tag_entity": (("id",), ("add", "remove")),
    "update_organization": ((), ("name", "owner", "currency", "time_zone")),
    "change_found": (
        ("count",),
        (
            *("type", "name", "text", "where", "tags", "status", "properties", "set_status"),
            *("add_tags", "remove_tags", "archive"),
        ),
    ),
}
"""What each operation must and may have, beside `op`."""


def pieces(mapping: Mapping) -> Pieces:
    """Take a mapping apart. Operations with missing or strange arguments end up in `faulty`."""
    found = Pieces()
    for index, entity in enumerate(mapping.entities):
        at = f"entities[{index}]"
        found.entities.append(Placed(at, entity, step=-1))
        _tag(found, Placed(f"{at}.tags", entity), entity.as_, entity.tags)
    found.connections = [
        Placed(f"connections[{index}]", edge) for index, edge in enumerate(mapping.connections)
    ]
    found.events = [Placed(f"events[{index}]", event) for index, event in enumerate(mapping.events)]
    for index, tag in enumerate(mapping.tags):
        given = ProposedTag(tag=tag) if isinstance(tag, str) else tag
        found.tags.append(Placed(f"tags[{index}]", given))
    for step, operation in enumerate(mapping.operations):
        _take(found, Placed(f"operations[{step}]", operation, step, exact=True))
    return found


def ids_in(mapping: Mapping) -> list[str]:
    """Name the ids of entities that stand anywhere in a mapping."""
    text = mapping.model_dump_json(by_alias=True, exclude_unset=True)
    return sorted(id for id in ids.within(text) if id.startswith(f"{ids.ENTITY}_"))


def _take(found: Pieces, placed: Placed[ProposedOperation]) -> None:
    at, step, operation = placed.at, placed.step, placed.it
    given = operation.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)
    fault = _fault(operation.op, given)
    if fault is not None:
        found.faulty.append(Placed(at, fault))
        return
    del given["op"]
    match operation.op:
        case "create_entity":
            entity = ProposedEntity.model_validate(given)
            found.entities.append(Placed(at, entity, step, exact=True))
            tags = Placed(f"{at}.tags", entity, step + 1, exact=True)
            _tag(found, tags, entity.as_, entity.tags)
        case "connect_entities":
            drawn = {n: value for n, value in given.items() if n in _DRAWN}
            edge = ProposedConnection.model_validate(drawn)
            found.connections.append(Placed(at, edge, step, exact=True))
        case "record_event":
            event = ProposedEvent.model_validate({n: given[n] for n in given if n != "as"})
            found.events.append(Placed(at, event, step, exact=True))
        case "tag_entity":
            tags = [*(operation.add or []), *(operation.remove or [])]
            _tag(found, placed, operation.id, tags)
        case "change_found":
            tags = [*(operation.add_tags or []), *(operation.remove_tags or [])]
            _tag(found, placed, None, tags)
            found.others.append(placed)
        case "rename_tag":
            _tag(found, placed, None, [operation.tag or "", operation.to or ""])
        case "retract_event" | "update_organization":
            pass  # a mapping says nothing about it
        case _:
            found.others.append(placed)


def _tag(found: Pieces, placed: Placed[_T], on: str | None, tags: list[str]) -> None:
    for tag in tags:
        given = ProposedTag(on=on, tag=tag)
        found.tags.append(Placed(placed.at, given, placed.step, exact=placed.exact))


def _fault(op: str, given: JsonObject) -> tuple[str, str] | None:
    """Return what is wrong with the arguments of an operation, and what would be right."""
    if op not in ARGUMENTS:
        return f"'{op[:60]}' is no operation", "use one of: " + ", ".join(ARGUMENTS)
    needed, allowed = ARGUMENTS[op]
    missing = [name for name in needed if given.get(name) in (None, "", [])]
    if missing:
        return f"{op} needs {' and '.join(missing)}", f"add {', '.join(missing)}"
    strange = [name for name in given if name not in {"op", *needed, *allowed}]
    if strange:
        takes = ", ".join([*needed, *allowed])
        return f"{op} takes no {' and no '.join(strange)}", f"it takes: {takes}"
    return None
