"""Computed properties: what connections and events say, where nobody has given it.

Nothing of it is stored, so nothing can say another number than the graph. What the graph knows
nothing of is left out: that no view was ever recorded does not say that nobody looked.
"""

from collections import defaultdict
from collections.abc import Sequence

from one_mcp.dimensions.entities.neighbours import Tie
from one_mcp.dimensions.events import retracted
from one_mcp.ontology.model import Computed, EntityType
from one_mcp.store import dialect
from one_mcp.store.work import Work

MOST_EVENTS = 10_000

Count = int | str


def of(work: Work, kind: EntityType, id: str, ties: Sequence[Tie]) -> dict[str, Count]:
    """Compute the properties of an entity that its type has computed; "10000+" is cut."""
    degrees = {(tie.type, tie.direction): tie.count for tie in ties}
    found: dict[str, Count] = {}
    events: dict[str, list[tuple[str, Computed]]] = defaultdict(list)
    for name, declared in kind.properties.items():
        how = declared.computed
        if how is not None and how.direction is not None:
            found[name] = degrees.get((how.type, how.direction), 0)
        elif how is not None:
            events[how.type].append((name, how))
    for type, wanted in events.items():
        cases = _counted(work, id, type, wanted[0][1].field)
        every = sum(cases.values())
        for name, how in wanted:
            count = every if how.field is None else cases.get(how.value, 0)
            found[name] = f"{MOST_EVENTS}+" if every > MOST_EVENTS else count
    return {name: count for name, count in found.items() if count}


def _counted(work: Work, id: str, type: str, field: str | None) -> dict[str | None, int]:
    """Count the events of a type that happened to an entity, by what a metadata field says."""
    value = "NULL" if field is None else "metadata ->> :field"
    bound = {} if field is None else {"field": field}
    rows = work.all(
        f"""
        SELECT said, count(*) AS times
        FROM (
            SELECT {value} AS said
            FROM events
            WHERE organization_id = :organization
              AND target_id = :id
              AND type = :type
              AND {retracted.LIVE}
            {dialect.most("bound")}
        ) AS happened
        GROUP BY said
        """,
        id=id,
        type=type,
        bound=MOST_EVENTS + 1,
        **bound,
    )
    return {row["said"]: row["times"] for row in rows}
