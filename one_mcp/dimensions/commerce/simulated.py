"""The objects of the simulated vendors: kept beside the business, and no part of its graph."""

from collections.abc import Callable
from typing import TypeVar

from one_mcp import jsons
from one_mcp.jsons import JsonObject
from one_mcp.store.work import Row, Work

R = TypeVar("R")


class SimulatedDrawer:
    """The objects of the caller's organization, inside a transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work

    @property
    def now_ms(self) -> int:
        return self._work.now

    def get(self, kind: str, id: str) -> JsonObject | None:
        """Return an object, if there is one."""
        body = self._work.value(
            """
            SELECT body
            FROM simulated_objects
            WHERE organization_id = :organization
              AND kind = :kind
              AND id = :id
            """,
            kind=kind,
            id=id,
        )
        return None if body is None else jsons.load_object(body)

    def put(self, kind: str, id: str, body: JsonObject, mark: str = "") -> None:
        """Write an object, new or changed."""
        self._work.run(
            """
            INSERT INTO simulated_objects (organization_id, kind, id, mark, body)
            VALUES (:organization, :kind, :id, :mark, :body)
            ON CONFLICT (organization_id, kind, id) DO UPDATE
            SET mark = excluded.mark, body = excluded.body
            """,
            kind=kind,
            id=id,
            mark=mark,
            body=jsons.dumps(body),
        )

    def find(self, kind: str, mark: str) -> list[JsonObject]:
        """List the objects with a mark, the oldest first."""
        rows: list[Row] = self._work.all(
            """
            SELECT body
            FROM simulated_objects
            WHERE organization_id = :organization
              AND kind = :kind
              AND mark = :mark
            ORDER BY seq
            """,
            kind=kind,
            mark=mark,
        )
        return [jsons.load_object(row["body"]) for row in rows]


def run(work: Work, function: Callable[[SimulatedDrawer], R]) -> R:
    """Run a vendor's function on what it remembers."""
    return function(SimulatedDrawer(work))
