"""Simulations: what was only tried out is in no figure beside what is live, unless asked (D-68).

Where an organization has tried things out and nothing more, its figures are of that, and say so.
"""

from one_mcp.dimensions.graph.summary import sources
from one_mcp.dimensions.graph.summary.sources import Conditions, Kind, RowSource
from one_mcp.dimensions.operations import operation
from one_mcp.store import filters
from one_mcp.store.work import Work

SIMULATED = "simulated"


def of(source: RowSource) -> RowSource:
    """Return the source of those of its rows that were simulated."""
    made = filters.of({SIMULATED: True}, source.fields, prefix="only")
    kept = [it for it in source.conditions if it != _not(made.conditions[0])]
    found = RowSource(source.table, source.shapes, [*kept, *made.conditions])
    found.parameters = {**source.parameters, **made.parameters}
    found.since, found.until = source.since, source.until
    return found


def select(work: Work, table: Kind, asked: Conditions) -> RowSource:
    """Make a source of conditions, without what was simulated where there is anything live."""
    source = sources.select(work, table, asked)
    if SIMULATED in (asked.where or {}):
        return source
    if operation.was_any(work, simulated=True) and operation.was_any(work, simulated=False):
        made = filters.of({SIMULATED: True}, source.fields, prefix="only")
        source.conditions.append(_not(made.conditions[0]))
        source.parameters |= made.parameters
        source.whole_types, source.parted = False, True
    return source


def _not(condition: str) -> str:
    return f"NOT {condition}"
