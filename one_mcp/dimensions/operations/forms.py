"""Forms: a yes that a client passed on in a person's name, which counts up to a set amount a day.

Nobody signs it: a client can answer its own question, and whoever writes the database can write
one. The amount is what they could spend so, and without one none counts.
"""

from one_mcp import jsons
from one_mcp.clock import DAY_MS
from one_mcp.dimensions.operations import plans, worth
from one_mcp.dimensions.operations.plans import Plan
from one_mcp.store.work import Work


def is_within(work: Work, plan: str, limits: tuple[str, ...]) -> bool:
    """Tell whether a form's yes to a plan that waits would count."""
    return fits(work, plans.waiting(work, plan), limits)


def fits(work: Work, plan: Plan, limits: tuple[str, ...]) -> bool:
    """Tell whether all that a plan moves is within what forms may approve in 24 hours."""
    moved = worth.of(plan.kind, plan.body) if limits else None
    if moved is None:
        return False
    units = {it.unit for it in moved.moves}
    about = [text for text in limits if text.rpartition(" ")[2] in units]
    most = {it.unit: it.units for it in (worth.amount(work, text) for text in about)}
    used = _used(work, simulated=plan.simulated)
    return all(it.units + used.get(it.unit, 0) <= most.get(it.unit, 0) for it in moved.moves)


def _used(work: Work, *, simulated: bool) -> dict[str, int]:
    """Add up what forms have approved in 24 hours and was begun."""
    rows = work.all(
        """
        SELECT plans.kind, plans.body
        FROM approvals
        JOIN plans
          ON plans.organization_id = :organization
         AND plans.id = approvals.plan_id
        WHERE approvals.organization_id = :organization
          AND approvals.how = 'form'
          AND approvals.operation_id IS NOT NULL
          AND approvals.at > :since
          AND plans.simulated = :simulated
        """,
        since=work.now - DAY_MS,
        simulated=int(simulated),
    )
    used: dict[str, int] = {}
    for row in rows:
        moved = worth.of(row["kind"], jsons.load_object(row["body"]))
        for amount in moved.moves if moved else ():
            used[amount.unit] = used.get(amount.unit, 0) + amount.units
    return used
