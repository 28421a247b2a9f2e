"""Approved: the plans that a person said yes to and nobody has begun, for who carries them out.

Each is begun in the name of whoever it was made for.
"""

from dataclasses import dataclass

from one_mcp.access import Principal
from one_mcp.dimensions.operations import operation, plans, unfinished
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.store.ports import Raw
from one_mcp.store.work import Work

MOST = 100


@dataclass(frozen=True, slots=True)
class Approved:
    """A plan with a yes, and who it was made for."""

    plan: str
    principal: Principal


def due(raw: Raw, clock: int) -> list[Approved]:
    """List what may be begun at a time of the process's clock, the oldest yes first."""
    rows = raw.execute(
        """
        SELECT plans.id, plans.organization_id, plans.person_id, people.role
        FROM approvals
        JOIN plans
          ON plans.organization_id = approvals.organization_id
         AND plans.id = approvals.plan_id
        JOIN people
          ON people.organization_id = plans.organization_id
         AND people.id = plans.person_id
        WHERE approvals.verdict = 'approved'
          AND approvals.operation_id IS NULL
          AND approvals.expires_at >= :clock
          AND plans.operation_id IS NULL
        ORDER BY approvals.at, plans.id
        LIMIT :most
        """,
        {"clock": clock, "most": MOST},
    )
    return [Approved(row["id"], unfinished.principal(row)) for row in rows]


def begun(work: Work, plan: str) -> Operation | None:
    """Return the operation of a plan, once it has one."""
    id = plans.operation_of(work, plan)
    return None if id is None else operation.read(work, id)
