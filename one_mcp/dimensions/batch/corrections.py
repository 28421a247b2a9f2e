"""Corrections: operations that put right what was recorded wrongly, of which no tool is its own."""

from typing import Literal, TypeAlias

from one_mcp.dimensions.batch import fields
from one_mcp.dimensions.batch.fields import OperationFields


class RetractEvent(OperationFields):
    """`replaced_by` is the event in its place, also one that the same call records."""

    op: Literal["retract_event"]
    id: fields.Id
    reason: fields.Text | None = None
    replaced_by: fields.Id | None = None


Correction: TypeAlias = RetractEvent
