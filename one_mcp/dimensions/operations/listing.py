"""Listing: which operations there are, the newest first."""

from collections.abc import Collection

from one_mcp import clock, jsons
from one_mcp.answers import Answer
from one_mcp.dimensions.operations import showing, warranted
from one_mcp.dimensions.operations.operation import State
from one_mcp.store import dialect, pages
from one_mcp.store.work import Row, Work

LAST = 2**62


class ListedOperation(Answer):
    """An operation in brief: what it does, and by whose yes it began.

    `problem` says why it went back, or what it waits for.
    """

    operation: str
    kind: str
    what: str | None = None
    state: str
    allowed_by: str | None = None
    problem: str | None = None
    simulated: bool | None = None
    began: str
    updated: str


class Operations(Answer):
    """A page of operations; `cursor` goes on where there are more."""

    items: list[ListedOperation]
    cursor: str | None = None


def find(
    work: Work,
    states: Collection[State] = (),
    *,
    limit: int = 20,
    cursor: str | None = None,
) -> Operations:
    """List the operations that are in one of some states, or all there are."""
    pages.require_limit(limit)
    wanted = sorted(states or State)
    query = ["operations", *wanted]
    after = pages.decode(query, cursor, 2) or [LAST, ""]
    rows = work.all(
        f"""
        SELECT id, kind, state, body, failure, simulated, created_at, updated_at
        FROM operations
        WHERE organization_id = :organization
          AND state {dialect.any_of("states")}
          AND (created_at, id) < (:at, :id)
        ORDER BY created_at DESC, id DESC
        {dialect.most("limit")}
        """,
        states=wanted,
        at=after[0],
        id=after[1],
        limit=limit + 1,
    )
    by = warranted.by(work, [row["id"] for row in rows])
    page = pages.page(
        rows,
        limit,
        lambda row: _listed(row, by.get(row["id"])),
        cursor=lambda row: pages.encode(query, [row["created_at"], row["id"]]),
        size=lambda it: len(it.model_dump_json()),
        detail="full",
    )
    return Operations(items=page.items, cursor=page.cursor)


def counts(work: Work) -> dict[State, int]:
    """Count the operations in each state."""
    rows = work.all(
        """
        SELECT state, count(*) AS operations
        FROM operations
        WHERE organization_id = :organization
        GROUP BY state
        ORDER BY state
        """
    )
    return {State(row["state"]): row["operations"] for row in rows}


def _listed(row: Row, by: str | None) -> ListedOperation:
    failure = jsons.load_object(row["failure"]) if row["failure"] else {}
    message = failure.get("message")
    return ListedOperation(
        operation=row["id"],
        kind=row["kind"],
        what=showing.what(row["kind"], jsons.load_object(row["body"])),
        state=row["state"],
        allowed_by=by,
        problem=str(message) if message else None,
        simulated=True if row["simulated"] else None,
        began=clock.to_text(row["created_at"]),
        updated=clock.to_text(row["updated_at"]),
    )
