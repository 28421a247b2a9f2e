"""Mapping: what the rows of a table are, and what each of its columns becomes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from one_mcp.errors import ImportFileError, shown
from one_mcp.ontology import check, names
from one_mcp.ontology.model import Ontology, Property

Kind = Literal["entities", "connections"]
ENDS = ("from", "to")
FIELDS: dict[Kind, tuple[str, ...]] = {
    "entities": (
        "id",
        "type",
        "name",
        "status",
        "tags",
        "external_id",
        "created_at",
        "updated_at",
    ),
    "connections": (
        "id",
        *(f"{end}{part}" for end in ENDS for part in ("", ".external_id", ".name", ".type")),
        "type",
        "valid_from",
        "valid_until",
        "created_at",
        "updated_at",
    ),
}
EXAMPLES: dict[Kind, str] = {"entities": "audience_member", "connections": "enrolled_in"}
INSIDE: dict[Kind, str] = {"entities": "properties.", "connections": "metadata."}


class TableMapping(BaseModel):
    """What the rows of a table are, and what each of its columns becomes.

    `type` holds for all rows, unless a column becomes the type. `columns` maps titles to fields
    (for entities: name, type, status, tags, external_id, created_at; for connections: from, to,
    type, valid_until; from.external_id or from.name where the cell is no id), or else to properties
    or metadata; columns beside it are left out. Without it, titles are such names themselves. `key`
    names the columns by which a row's entity is known: it is updated where there is one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    kind: Kind = "entities"
    type: str | None = None
    columns: dict[str, str] | None = Field(default=None, max_length=500)
    key: list[str] = Field(default_factory=list[str], max_length=10)
    from_type: str | None = None
    to_type: str | None = None
    delimiter: str = Field(default=",", pattern=r'^[^\r\n"\x00]$')


@dataclass(frozen=True, slots=True)
class MappedColumn:
    """A column that is read: its place, its title, and the field or property it becomes."""

    index: int
    title: str
    target: str


def columns(mapping: TableMapping, header: Sequence[str], ontology: Ontology) -> list[MappedColumn]:
    """Say what becomes of each column of a table.

    Raises ImportFileError for a column that is unknown, missing, or there twice.
    """
    titles = [title.strip() for title in header]
    _require_type(mapping, titles)
    if mapping.columns is None:
        known = _shape_names(mapping, ontology)
        found = [
            MappedColumn(index, title, _own_target(mapping.kind, title, known))
            for index, title in enumerate(titles)
        ]
    else:
        found = [
            MappedColumn(
                _place(title.strip(), titles, mapping), title, _target(mapping.kind, target)
            )
            for title, target in mapping.columns.items()
        ]
    _check(mapping, [column.target for column in found])
    return found


def shape(mapping: TableMapping, ontology: Ontology, type: str) -> dict[str, Property]:
    """Return what a type declares inside its properties or metadata, by name and by alias.

    Raises UnknownTypeError.
    """
    if mapping.kind == "entities":
        own = check.entity_type(ontology, type).properties
    else:
        own = check.relationship_type(ontology, type).metadata
    return {name: known for known in own.values() for name in (*known.aliases, known.name)}


def _shape_names(mapping: TableMapping, ontology: Ontology) -> tuple[str, ...]:
    """List what the rows' type declares; where a column is the type, what any type declares."""
    types = ontology.entity_types if mapping.kind == "entities" else ontology.relationship_types
    chosen = [mapping.type] if mapping.type else list(types)
    return tuple(dict.fromkeys(name for type in chosen for name in shape(mapping, ontology, type)))


def _own_target(kind: Kind, title: str, known: tuple[str, ...]) -> str:
    """Read a title as the name of what its column becomes."""
    fields, inside = FIELDS[kind], INSIDE[kind]
    if title in fields or title.startswith(inside):
        return title
    if title in known:
        return f"{inside}{title}"
    if not title:
        raise ImportFileError("A column has no title; name each column in the first line.")
    near = names.near(title, (*fields, *known))
    hint = (
        f'did you mean {near[0]}? Map it with columns {{"{shown(title)}": "{near[0]}"}} '
        f'(on the command line --column "{shown(title)}={near[0]}").'
        if near
        else f"map it, or call it {inside}{shown(title)}."
    )
    raise ImportFileError(f"The column {shown(title)!r} is unknown; {hint}", column=shown(title))


def _target(kind: Kind, given: str) -> str:
    fields, inside = FIELDS[kind], INSIDE[kind]
    target = given.strip()
    return target if target in fields or target.startswith(inside) else f"{inside}{target}"


def _place(title: str, titles: list[str], mapping: TableMapping) -> int:
    places = [index for index, each in enumerate(titles) if each == title]
    if len(places) == 1:
        return places[0]
    if places:
        raise ImportFileError(f"There are {len(places)} columns {shown(title)!r}.")
    near = names.near(title, tuple(titles))
    there = ", ".join(shown(each) for each in titles[:20])
    hint = f"did you mean {near[0]}?" if near else f"there are: {there}."
    if len(titles) == 1 and mapping.delimiter not in titles[0]:
        hint += " Is another delimiter than the mapping's in use?"
    raise ImportFileError(f"There is no column {shown(title)!r}; {hint}", column=shown(title))


def key(mapping: TableMapping, found: Sequence[MappedColumn]) -> list[str]:
    """Say which fields of a row's entity its key consists of: its name, or properties.

    Raises ImportFileError for a column that is not read, or that is no key.
    """
    inside = INSIDE["entities"]
    fields: list[str] = []
    for title in mapping.key:
        targets = [each.target for each in found if title.strip() in (each.title, each.target)]
        targets = targets or [each.target for each in found if each.target == inside + title]
        if mapping.kind != "entities" or targets[:1] in ([], ["status"], ["tags"]):
            there = ", ".join(shown(each.title) for each in found[:20])
            raise ImportFileError(
                f"The key {shown(title)!r} is no column that names an entity; there are: {there}.",
                column=shown(title),
            )
        if targets[0] == "name" or targets[0].startswith(inside):
            fields.append(targets[0].removeprefix(inside))
    return fields


def _require_type(mapping: TableMapping, titles: Sequence[str]) -> None:
    """See to it that the rows have a type, before anything else is judged by it."""
    targets = titles if mapping.columns is None else mapping.columns.values()
    if mapping.type is None and "type" not in map(str.strip, targets):
        raise ImportFileError(
            f"The type of the {mapping.kind} is missing: give mapping "
            f'{{"type": "{EXAMPLES[mapping.kind]}"}} (on the command line --type), or a column '
            "type where it differs."
        )


def _check(mapping: TableMapping, targets: list[str]) -> None:
    for target, times in Counter(targets).items():
        if times > 1:
            raise ImportFileError(f"{times} columns become {shown(target)}; one can.")
    if mapping.kind == "entities":
        if "name" not in targets:
            raise ImportFileError("No column becomes the name; map one to it.")
        return
    for end in ENDS:
        if not any(target in (end, f"{end}.external_id", f"{end}.name") for target in targets):
            raise ImportFileError(f"No column becomes {end}; map one to it.")
