"""Corrections: operations that put right what was recorded wrongly, of which no tool is its own."""

from typing import Literal, TypeAlias

from one_mcp.dimensions.batch import fields
from one_mcp.dimensions.batch.fields import OperationFields
from one_mcp.dimensions.batch.merging import Prefer


class RetractEvent(OperationFields):
    """`replaced_by` is the event in its place, also one that the same call records."""

    op: Literal["retract_event"]
    id: fields.Id
    reason: fields.Text | None = None
    replaced_by: fields.Id | None = None


class MergeEntities(OperationFields):
    """`prefer` says whose values stay where they differ; "none" refuses that."""

    op: Literal["merge_entities"]
    survivor: fields.Id
    losers: fields.Ids
    prefer: Prefer = "survivor"


class ConvertEntity(OperationFields):
    """`mapping` gives properties the names they have in the new type; null leaves one out."""

    op: Literal["convert_entity"]
    id: fields.Id
    type: fields.Text
    mapping: fields.Object | None = None
    properties: fields.Object | None = None


class ChangeFound(OperationFields):
    """What all entities that meet the conditions get; `count` says how many there are.

    The conditions are those of find_entities.
    """

    op: Literal["change_found"]
    type: fields.Text | None = None
    name: fields.Text | None = None
    text: fields.Text | None = None
    where: fields.Object | None = None
    tags: fields.Tags | None = None
    status: fields.Text | None = None
    count: int
    properties: fields.Object | None = None
    set_status: fields.Text | None = None
    add_tags: fields.Tags | None = None
    remove_tags: fields.Tags | None = None
    archive: bool = False


class RenameTag(OperationFields):
    """Where entities have the other tag already, the two become one."""

    op: Literal["rename_tag"]
    tag: fields.Text
    to: fields.Text


Correction: TypeAlias = RetractEvent | MergeEntities | ConvertEntity | ChangeFound | RenameTag
MODELS: dict[str, type[Correction]] = {
    "retract_event": RetractEvent,
    "merge_entities": MergeEntities,
    "convert_entity": ConvertEntity,
    "change_found": ChangeFound,
    "rename_tag": RenameTag,
}
