"""Notes: what an answer says of itself, and of names that mean nothing here."""

from collections.abc import Sequence
from dataclasses import replace

from one_mcp.dimensions.entities import unlikely
from one_mcp.dimensions.entities.existence import Existence
from one_mcp.dimensions.entities.orders import Sort
from one_mcp.dimensions.graph.summary import fields, measures, simulations, sources, tally
from one_mcp.dimensions.graph.summary.figures import Figures
from one_mcp.dimensions.graph.summary.measures import Measure
from one_mcp.dimensions.graph.summary.queries import Grouping
from one_mcp.dimensions.graph.summary.sources import Conditions, Kind, RowSource
from one_mcp.dimensions.graph.summary.tally import Tallies
from one_mcp.dimensions.operations import operation
from one_mcp.dimensions.organizations.settings import UTC
from one_mcp.ontology import check
from one_mcp.store import fulltext, unindexed
from one_mcp.store.work import Work

IN_SEVERAL = "A row with several tags, neighbours or values of a list is in several groups."
OWN_STATUS = "status is the entity's own; for its property group by properties.status."


def note(work: Work, of: Kind, grouping: Grouping, found: Tallies, asked: Conditions) -> str | None:
    if of == "entities" and "status" in grouping.names:
        kinds = [check.entity_type(work.ontology, name) for name in asked.types]
        if any("status" in kind.properties for kind in kinds):
            return OWN_STATUS
    if asked.text is not None and (late := unindexed.waiting(work, fulltext.ENTITIES)):
        return late
    several = found.groups and sum(one.rows for one in found.groups.values()) > found.total.rows
    return IN_SEVERAL if several else None


def warnings(
    work: Work,
    source: RowSource,
    asked: Conditions,
    grouping: Grouping,
    written: Figures,
    *,
    found: Tallies,
    by: Sort | None,
) -> list[str]:
    """Tell of names that mean nothing here, and of money in which currencies are mixed."""
    types = sources.typed(work, source.table, asked)
    told = fields.warnings(
        work, source, types, [*named(grouping, written.wanted), *(asked.where or {})]
    )
    for place, name in enumerate(grouping.names):
        if name.startswith(fields.TAG) and not any(key[place] for key in found.groups):
            told.append(fields.untagged(work.ontology, name))
    if written.wanted:
        chosen = (*(asked.where or {}), *grouping.names)
        told += fields.steps(work.ontology, source, types, chosen)
    told += unlikely.told(
        work.ontology, [*asked.has, *asked.lacks], lambda each: _types(work, source, types, each)
    )
    told += [*_ahead(work, source), *_left_out(work, source)]
    rank = written.ranking(by.name) if by else None
    uncompared = written.uncompared(found.total, rank) if rank else []
    return [*told, *written.unnamed(found.total), *uncompared]


def is_simulated(work: Work, source: RowSource) -> bool:
    """Tell whether figures are of what was only tried out."""
    return not source.parted and _simulated(work, source) > 0


def _left_out(work: Work, source: RowSource) -> list[str]:
    """Tell of simulated rows that are in no figure."""
    count = _simulated(work, source) if source.parted else 0
    rows = "row was" if count == 1 else "rows were"
    told = (
        f"{count:,} {rows} only simulated, and left out; "
        'where={"simulated": true} has such alone.'
    )
    return [told] if count else []


def _simulated(work: Work, source: RowSource) -> int:
    """Count the rows that meet the conditions and were simulated, those left out too."""
    if not operation.was_any(work, simulated=True):
        return 0
    found = simulations.of(source)
    return tally.read(work, found, Grouping((), None, UTC), [measures.COUNTING]).total.rows


def _types(work: Work, source: RowSource, types: Sequence[str], each: Existence) -> Sequence[str]:
    """Say of which types the ends of rows are that a condition is about; none if that is open."""
    if source.table == "entities":
        return types
    found: list[str] = []
    for name in types:
        usual: Sequence[str] = ()
        if source.table == "events":
            usual = work.ontology.event_types[name].targets if each.of == "target" else ()
        else:
            kind = work.ontology.relationship_types[name]
            usual = kind.from_types if each.of == "from" else kind.to_types
        if not usual:
            return ()
        found += usual
    return found


def _ahead(work: Work, source: RowSource) -> list[str]:
    """Tell of events of the future, where nobody said until when."""
    since = source.since
    if source.table != "events" or source.until is not None or since is None or since > work.now:
        return []
    later = replace(source, since=work.now + 1)
    count = tally.read(work, later, Grouping((), None, UTC), [measures.COUNTING]).total.rows
    events = "event lies" if count == 1 else "events lie"
    return [f'{count:,} {events} ahead of now; until="now" leaves out such.'] if count else []


def named(grouping: Grouping, wanted: list[Measure]) -> list[str]:
    """List the fields by which rows are grouped and of which something is computed."""
    return [*grouping.fields, *(it.field for it in wanted if it.field)]
