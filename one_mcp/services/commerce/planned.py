"""Planned acts: shown first as a plan, then done once, however often the plan is sent."""

from collections.abc import Callable
from dataclasses import dataclass

import anyio

from one_mcp.dimensions.operations import authority, journal, operation, plans
from one_mcp.dimensions.operations.authority import Asking
from one_mcp.dimensions.operations.operation import OPEN, Operation
from one_mcp.dimensions.operations.plans import Plan
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.services import authorizing, rails, saga
from one_mcp.services.rails import Rails
from one_mcp.services.workflow import Workflow
from one_mcp.session import Session
from one_mcp.store.work import Work

JOIN_S, LOOK_S = 5.0, 0.05  # for how long a call waits for whoever works on the same, how often


def _nothing(work: Work, at: Operation) -> None:
    """Put nothing aside."""


@dataclass(frozen=True, slots=True)
class PlannedAct:
    """An act by its workflow.

    `again` works its body out once more from the body of the plan, and raises where it cannot be
    done any more; `subjects` names what the body has under which the entities stand that the
    operation needs. `reserve` puts aside what it takes, as it begins.
    """

    workflow: Workflow
    again: Callable[[Work, JsonObject], JsonObject]
    subjects: tuple[str, ...]
    reserve: Callable[[Work, Operation], None] = _nothing


async def plan(one: Session, act: PlannedAct, body: JsonObject, *, simulated: bool) -> Plan:
    """Keep what will be done as a plan."""
    kind = act.workflow.kind
    return await one.derive_once(plans.make, plans.PLAN, kind, body, simulated=simulated)


async def do(
    one: Session, act: PlannedAct, plan: str, found: JsonObject | None = None, *, again: bool
) -> Operation:
    """Do what a plan says; the same plan joins or tells the one operation that it ever has.

    Raises MixedRailsError where it was made with other vendors than there are now. `found` goes
    into the body: what only the vendor knew, such as a card on file.
    """
    on, asking = rails.of(one), authorizing.asking(one)
    begun = await one.derive_once(_begin, on, act, plan, asking, found=found or {}, again=again)
    return await join(one, act.workflow, begun)


async def join(one: Session, workflow: Workflow, id: str) -> Operation:
    """Bring an operation as far as it goes; where somebody else does, wait a moment for its end."""
    at = await saga.drive(one, workflow, id)
    with anyio.move_on_after(JOIN_S):
        while at.state in OPEN and at.leased_until:
            await anyio.sleep(LOOK_S)
            at = await one.read(operation.read, id)
    return at


def require_either(plan: str | None, *, given: bool, dry_run: bool) -> None:
    """Raise where a call neither asks for a plan nor sends one back alone."""
    if (plan is None) is dry_run and given is dry_run:
        return
    raise InvalidArgumentError(
        "Ask for a plan first, with dry_run: true and all that it is about; then send its plan "
        "(pln_…) alone to have it done.",
        argument="plan",
    )


def _begin(
    work: Work,
    on: Rails,
    act: PlannedAct,
    id: str,
    asking: Asking,
    *,
    found: JsonObject,
    again: bool,
) -> str:
    """Begin a plan's operation, and put aside what it takes; or find the one it has."""
    plan = plans.read(work, id, frozenset({act.workflow.kind}))
    if plan.operation is not None:
        return plan.operation
    rails.require_same(on, plan.body)
    plans.require_valid(work, plan, act.again(work, plan.body), again=again)
    body = {**plan.body, **found}
    begun = begin(work, act.workflow, plan, body, asking, subjects=act.subjects)
    act.reserve(work, begun)
    return begun.id


def begin(
    work: Work,
    workflow: Workflow,
    plan: Plan,
    body: JsonObject,
    asking: Asking,
    *,
    subjects: tuple[str, ...],
) -> Operation:
    """Begin the one operation of a plan that may be done, with a person's yes where it needs one.

    `subjects` names what the body has under which the entities stand that it needs.
    """
    begun = journal.begin(
        work,
        workflow.kind,
        workflow.version,
        body,
        authority.require(work, plan, asking),
        subjects=frozenset(str(body[it]) for it in subjects if body.get(it)),
    )
    plans.use(work, plan, begun)
    return begun
