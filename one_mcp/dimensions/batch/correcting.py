"""Correcting: carrying out the operations that put right what was recorded wrongly."""

from one_mcp.dimensions.batch import converting, found, merging
from one_mcp.dimensions.batch.corrections import (
    ChangeFound,
    ConvertEntity,
    Correction,
    MergeEntities,
    RenameTag,
    RetractEvent,
)
from one_mcp.dimensions.batch.local import Done, Names
from one_mcp.dimensions.entities import tags
from one_mcp.dimensions.events import retraction
from one_mcp.store.work import Work


def carried_out(work: Work, operation: Correction, known: Names) -> Done:
    """Carry out one correction."""
    match operation:
        case RetractEvent() as it:
            other = known.maybe(it.replaced_by, "replaced_by")
            retracted = retraction.retract(work, known.id(it.id, "id"), it.reason, other)
            return Done(id=retracted.id, did=f"retracted {retracted.type}")
        case MergeEntities() as it:
            losers = [known.id(id, "losers") for id in it.losers]
            merged = merging.merge(work, known.id(it.survivor, "survivor"), losers, it.prefer)
            return Done(id=merged.id, did=merged.sentence)
        case ConvertEntity() as it:
            properties = known.inside(work, it.properties)
            made = converting.convert(work, known.id(it.id, "id"), it.type, it.mapping, properties)
            return Done(id=made.id, did=made.sentence)
        case ChangeFound() as it:
            return Done(did=found.change(work, it))
        case RenameTag() as it:
            renamed = tags.rename(work, it.tag, it.to)
            return Done(did=f"renamed {it.tag} to {it.to} on {renamed:,} entities")
