"""Correcting: carrying out the operations that put right what was recorded wrongly."""

from one_mcp.dimensions.batch.corrections import Correction
from one_mcp.dimensions.batch.local import Done, Names
from one_mcp.dimensions.events import retraction
from one_mcp.store.work import Work


def carried_out(work: Work, operation: Correction, known: Names) -> Done:
    """Carry out one correction."""
    it = operation
    other = known.maybe(it.replaced_by, "replaced_by")
    retracted = retraction.retract(work, known.id(it.id, "id"), it.reason, other)
    return Done(id=retracted.id, did=f"retracted {retracted.type}")
