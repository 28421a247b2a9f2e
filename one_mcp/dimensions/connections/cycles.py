"""Cycles: relationships that may not run in a circle do not, by whichever door one comes (D-08)."""

from collections import defaultdict

from one_mcp.dimensions import lookup
from one_mcp.errors import CycleError
from one_mcp.ontology.model import RelationshipType
from one_mcp.store import dialect
from one_mcp.store.work import Work

_Known = dict[str, str | None]  # each id that was reached, and the one that it was reached from


class Cycles:
    """What leads where: the connections that are there, and those of a batch about to be written.

    Hidden connections count: restoring an entity must not close a circle.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._added: dict[tuple[str, str, str], list[str]] = defaultdict(list)

    def add(self, kind: RelationshipType, from_id: str, to_id: str) -> None:
        """Reckon with a new connection; raises CycleError where its end leads back to its start."""
        if not kind.acyclic:
            return
        if self.way(kind.name, to_id, from_id):
            raise self.error(kind, from_id, to_id)
        self._added["from_id", kind.name, from_id].append(to_id)
        self._added["to_id", kind.name, to_id].append(from_id)

    def error(self, kind: RelationshipType, from_id: str, to_id: str) -> CycleError:
        """Say which way is there already, the other way round."""
        start, end = (lookup.any_state(self._work, id)["name"] for id in (from_id, to_id))
        return CycleError(
            f"{kind.sentence(end, start)} already, directly or through others; "
            f"{kind.name} may not run in a circle.",
            type=kind.name,
        )

    def way(self, type: str, start: str, goal: str) -> list[str]:
        """Return the entities along which connections of a type lead to a goal; [] if none do.

        The search goes on from whichever side is smaller, and most connections of a tree are
        settled by a look, however large the tree is: nothing leads on, or nothing leads there.
        """
        if not (self._any("from_id", type, start) and self._any("to_id", type, goal)):
            return []
        ahead: _Known = {start: None}
        behind: _Known = {goal: None}
        front, back = [start], [goal]
        while front and back:
            if len(front) <= len(back):
                front = self._next("from_id", type, front, ahead)
                met = next((id for id in front if id in behind), None)
            else:
                back = self._next("to_id", type, back, behind)
                met = next((id for id in back if id in ahead), None)
            if met is not None:
                return [*_trail(ahead, met)[::-1], *_trail(behind, met)[1:]]
        return []

    def _next(self, near: str, type: str, reached: list[str], known: _Known) -> list[str]:
        far = "to_id" if near == "from_id" else "from_id"
        rows = self._work.all(
            f"""
            SELECT {near} AS near, {far} AS far
            FROM connections
            WHERE organization_id = :organization
              AND {near} {dialect.any_of("reached")}
              AND type = :type
            """,
            type=type,
            reached=reached,
        )
        steps = [(row["near"], row["far"]) for row in rows]
        steps += [(id, far) for id in reached for far in self._added.get((near, type, id), ())]
        new = {far: near for near, far in sorted(steps) if far not in known}
        known.update(new)
        return list(new)

    def _any(self, near: str, type: str, id: str) -> bool:
        if (near, type, id) in self._added:
            return True
        found = self._work.one(
            f"""
            SELECT 1
            FROM connections
            WHERE organization_id = :organization
              AND {near} = :id
              AND type = :type
            LIMIT 1
            """,
            type=type,
            id=id,
        )
        return found is not None


def _trail(known: _Known, last: str) -> list[str]:
    trail = [last]
    while (before := known[trail[-1]]) is not None:
        trail.append(before)
    return trail
