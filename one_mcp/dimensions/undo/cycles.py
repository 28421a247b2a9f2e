"""Cycles: connections that an undo brings back may not close one with later connections (D-08)."""

from collections.abc import Iterator
from itertools import pairwise

from one_mcp.dimensions.connections import rows
from one_mcp.dimensions.connections.cycles import Cycles
from one_mcp.dimensions.undo import later_changes
from one_mcp.dimensions.undo.later_changes import Obstacle
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work


def find(work: Work, number: int) -> list[Obstacle]:
    """Name the later connections with which what the undo of a change wrote back runs in a circle.

    Call it when the rows are written back. Raises CycleError where no later connection is to
    blame: the type may have run in circles before it was forbidden to.
    """
    cycles = Cycles(work)
    for edge in _brought_back(work, number):
        way = cycles.way(edge["type"], edge["to_id"], edge["from_id"])
        steps = [(start, edge["type"], end) for start, end in pairwise(way)]
        newer = [
            {"row_id": step["id"], "kind": "connection", "image": None}
            for step in rows.between(work, steps).values()
            if number < step["version"] < work.change
        ]
        found = [obstacle for step in newer for obstacle in later_changes.since(work, number, step)]
        if way and not found:
            kind = work.ontology.relationship_types[edge["type"]]
            raise cycles.error(kind, edge["from_id"], edge["to_id"])
        if found:
            return found
    return []


def _brought_back(work: Work, number: int) -> Iterator[Row]:
    acyclic = [kind.name for kind in work.ontology.relationship_types.values() if kind.acyclic]
    return work.each(
        f"""
        SELECT connections.from_id, connections.type, connections.to_id
        FROM change_rows
        CROSS JOIN connections
        WHERE change_rows.organization_id = :organization
          AND change_rows.change = :number
          AND change_rows.kind = 'connection'
          -- removed by the change, and so brought back by its undo
          AND change_rows.after IS NULL
          AND connections.organization_id = :organization
          AND connections.id = change_rows.row_id
          AND connections.type {dialect.any_of("acyclic")}
        """,
        number=number,
        acyclic=acyclic,
    )
