"""Cycles: connections that an undo brings back may not close one with later connections (D-08)."""

from collections.abc import Iterator

from one_mcp.dimensions.undo import later_changes
from one_mcp.dimensions.undo.later_changes import Obstacle
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work


def find(work: Work, number: int) -> list[Obstacle]:
    """Name the later connections with which what the undo of a change wrote back runs in a circle.

    Call it when the rows are written back.
    """
    for edge in _brought_back(work, number):
        newer = [step for step in _way(work, edge) if number < step["version"] < work.change]
        found = [obstacle for step in newer for obstacle in later_changes.since(work, number, step)]
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


def _way(work: Work, edge: Row) -> list[Row]:
    """Return the connections that lead from an edge's end back to its start; [] where none do."""
    arrived: dict[str, Row | None] = {edge["to_id"]: None}
    frontier = [edge["to_id"]]
    while frontier and edge["from_id"] not in arrived:
        steps = work.all(
            f"""
            SELECT id AS row_id, 'connection' AS kind, NULL AS image, from_id, to_id, version
            FROM connections
            WHERE organization_id = :organization
              AND type = :type
              AND from_id {dialect.any_of("frontier")}
            """,
            type=edge["type"],
            frontier=frontier,
        )
        new = {step["to_id"]: step for step in steps if step["to_id"] not in arrived}
        arrived |= new
        frontier = list(new)
    way: list[Row] = []
    step = arrived.get(edge["from_id"])
    while step is not None:
        way.append(step)
        step = arrived[step["from_id"]]
    return way
