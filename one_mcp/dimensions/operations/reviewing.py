"""Reviewing: what a person decides of an operation that can neither go on nor back by itself."""

from collections.abc import Collection

from one_mcp import jsons
from one_mcp.dimensions.operations.operation import Operation, State, read
from one_mcp.errors import ConflictError
from one_mcp.jsons import JsonObject
from one_mcp.store.work import Work


def require(at: Operation, state: State) -> None:
    """Raise ConflictError unless an operation is in a state."""
    if at.state is not state:
        raise ConflictError(
            f"{at.id} is {at.state}, and this is for one that is {state}; "
            "`one-mcp operations` lists them all.",
            operation=at.id,
            state=at.state.value,
        )


def reopen(work: Work, id: str, state: State, decided: str) -> Operation:
    """Send an operation that needs review on its way again, with all its tries before it.

    What is decided, by whom and when, stays with the failure. Whoever held it is overtaken.
    """
    at = read(work, id)
    require(at, State.NEEDS_REVIEW)
    by: JsonObject = {"decision": decided, "by": work.principal.person, "at": work.now}
    decisions = (at.failure or {}).get("decisions")
    told = [*(decisions if isinstance(decisions, list) else []), by]
    work.run(
        """
        UPDATE operations
        SET state = :state, was = NULL, failure = :failure, fence = fence + 1, leased_until = 0,
            due_at = :clock, updated_at = :now
        WHERE organization_id = :organization
          AND id = :id
        """,
        id=id,
        state=state.value,
        failure=jsons.dumps({**(at.failure or {}), "decisions": told}),
        clock=work.clock,
        now=work.now,
    )
    work.run(
        """
        UPDATE operation_steps
        SET attempts = 0
        WHERE organization_id = :organization
          AND operation_id = :id
          AND state <> 'done'
        """,
        id=id,
    )
    work.touch(id)
    return read(work, id)


def turn_back(work: Work, id: str, pivots: Collection[str]) -> Operation:
    """Send an operation back although it is past its pivot: what was taken will be given back."""
    at = reopen(work, id, State.UNDOING, "undo")
    work.many(
        """
        INSERT INTO operation_steps
            (organization_id, operation_id, name, undoing, state, attempts, at)
        VALUES
            (:organization, :operation, :name, 1, 'done', 0, :now)
        ON CONFLICT (organization_id, operation_id, name, undoing) DO NOTHING
        """,
        ({"operation": id, "name": name, "now": work.now} for name in pivots),
    )
    return read(work, at.id)
