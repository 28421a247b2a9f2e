"""Keep acyclic relationships acyclic while many connections arrive (D-08)."""

from collections import defaultdict

from one_mcp.errors import CycleError
from one_mcp.ontology.model import RelationshipType
from one_mcp.store import dialect
from one_mcp.store.work import Work


class Cycles:
    """The connections of a batch that are not written yet, on top of those that are."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._out: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._into: set[tuple[str, str]] = set()

    def add(self, kind: RelationshipType, from_id: str, to_id: str) -> None:
        """Add a connection; raises CycleError where its end leads back to its start.

        Most connections of a tree are settled by a look: nothing leads to their start yet, or
        nothing leads on from their end.
        """
        type = kind.name
        if self._leads_to(type, from_id) and self._leads_on(type, to_id):
            self._search(kind, from_id, to_id)
        self._out[type, from_id].append(to_id)
        self._into.add((type, to_id))

    def _search(self, kind: RelationshipType, start: str, end: str) -> None:
        seen = {end}
        frontier = seen
        while frontier:
            frontier = self._next(kind.name, frontier) - seen
            seen |= frontier
            if start in frontier:
                raise CycleError(
                    f"{end} {kind.reading} {start} already, directly or through others; "
                    f"{kind.name} may not run in a circle.",
                    type=kind.name,
                )

    def _next(self, type: str, frontier: set[str]) -> set[str]:
        rows = self._work.all(
            f"""
            SELECT to_id
            FROM connections
            WHERE organization_id = :organization
              AND type = :type
              AND from_id {dialect.any_of("frontier")}
            """,
            type=type,
            frontier=list(frontier),
        )
        pending = [self._out.get((type, id), []) for id in frontier]
        return {row["to_id"] for row in rows}.union(*pending)

    def _leads_to(self, type: str, id: str) -> bool:
        return (type, id) in self._into or self._any("to_id", type, id)

    def _leads_on(self, type: str, id: str) -> bool:
        return (type, id) in self._out or self._any("from_id", type, id)

    def _any(self, column: str, type: str, id: str) -> bool:
        found = self._work.one(
            f"""
            SELECT 1
            FROM connections
            WHERE organization_id = :organization
              AND type = :type
              AND {column} = :id
            LIMIT 1
            """,
            type=type,
            id=id,
        )
        return found is not None
