"""Authority: nothing of value begins without a person's yes, to this plan or to such as it.

A warrant is made in the transaction that begins an operation, by `require` alone, and the journal
takes no operation without one.
"""

from dataclasses import dataclass

from one_mcp.dimensions.operations import allowances, approvals, approvers, worth
from one_mcp.dimensions.operations.approvers import Notary
from one_mcp.dimensions.operations.plans import Plan
from one_mcp.dimensions.operations.worth import PlanWorth
from one_mcp.money_errors import ApprovalRequiredError
from one_mcp.store.work import Work


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks beside the principal, and what their yes is worth.

    `client` is what their program calls itself. `always` wants a yes to simulated plans, too.
    `form_limit` is how much a form of theirs may approve in 24 hours.
    """

    notary: Notary
    client: str | None = None
    always: bool = False
    form_limit: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Warrant:
    """Why an operation may begin: an approval, an allowance, or that nothing real moves (D-90)."""

    plan: str
    simulated: bool
    allowance: str | None = None
    takes: PlanWorth | None = None


def require(work: Work, plan: Plan, asking: Asking) -> Warrant:
    """Return why a plan may be carried out; raises ApprovalRequiredError where nobody said so."""
    free = plan.simulated and not asking.always
    if approvals.find(work, plan, asking.notary, asking.form_limit) or free:
        return Warrant(plan.id, plan.simulated)
    moved = worth.of(plan.kind, plan.body)
    if moved is not None:
        allowance = allowances.covering(
            *(work, worth.tool(plan.kind), moved, asking.client, asking.notary),
            simulated=plan.simulated,
        )
        if allowance is not None:
            return Warrant(plan.id, plan.simulated, allowance, moved)
    raise _required(work, plan, moved)


def use(work: Work, warrant: Warrant, operation: str) -> None:
    """Use up what lets an operation begin."""
    if warrant.allowance is not None and warrant.takes is not None:
        allowances.reserve(
            work, warrant.allowance, operation, warrant.takes, simulated=warrant.simulated
        )
    else:
        approvals.use(work, warrant.plan, operation)


def _required(work: Work, plan: Plan, moved: PlanWorth | None) -> ApprovalRequiredError:
    command = f"one-mcp approve {plan.id}"
    first = "" if approvers.is_any(work) else "`one-mcp passphrase` once, then "
    return ApprovalRequiredError(
        f"A person has to approve this: {first}`{command}`, in a terminal of their own. Tell them: "
        "it is carried out once they did, and the same call tells how it ended.",
        approve_at=command,
        plan=plan.id,
        total=None if moved is None else str(moved),
    )
