"""Subscribing at the vendor who bills: begun, changed, ended or resumed by plans, each once."""

from collections.abc import Sequence

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from one_mcp import clock, jsons
from one_mcp.answers import Written
from one_mcp.dimensions.commerce import billed, subscribing
from one_mcp.dimensions.commerce.billed import BILLS, STEP
from one_mcp.dimensions.commerce.subscribing import (
    CANCEL,
    CHANGE,
    MANAGE,
    RESUME,
    START,
    SubscriptionOrder,
)
from one_mcp.dimensions.operations import plans, showing
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.dimensions.operations.plans import Plan
from one_mcp.jsons import JsonObject
from one_mcp.providers.ports.subscriptions import (
    Billing,
    BillingInterval,
    BillingOrder,
    BillingPrice,
)
from one_mcp.services import rails
from one_mcp.services.commerce import billing, charging, paying_means, planned, telling
from one_mcp.services.commerce.planned import PlannedAct
from one_mcp.services.rails import Rails, RailsMode
from one_mcp.services.workflow import Run, Step, Workflow
from one_mcp.session import Session
from one_mcp.store.work import Work

_PLANS = frozenset({MANAGE})


class SubscriptionAnswer(Written):
    """A plan has `plan`, and nothing is done before it is sent back; an operation has `state`.

    `status` is the subscription's; it is paid until `paid_until`, and not renewed where it `ends`.
    """

    model_config = ConfigDict(alias_generator=to_camel)

    action: str
    what: str | None = None
    sentence: str
    plan: str | None = None
    operation: str | None = None
    state: str | None = None
    subscription: str | None = None
    status: str | None = None
    item: str
    buyer: str
    amount: str
    total: str
    currency: str
    interval: str
    paid_until: str | None = None
    ends: bool | None = None
    expires_at: str | None = None
    simulated: bool | None = None
    mode: str


async def _begin(run: Run) -> JsonObject:
    """Have the first bill paid; what was begun so long ago that its key is forgotten is found."""
    body = run.body
    order = BillingOrder(run.operation.id, str(body["customer"]), str(body["method"]), _price(body))
    at = run.rails.subscriptions
    is_old = await run.one.read(charging.is_old, run.operation)
    found = await at.find(order.customer, order.operation) if is_old else None
    return _said(found or await at.begin(order, run.key(START)))


async def _bills(run: Run) -> JsonObject:
    id = str(run.operation.result(STEP)["vendor"])
    return {"bills": [*await billing.bills(run.rails, id)]}


async def _change(run: Run) -> JsonObject:
    price = _price(run.body)
    return _said(await run.rails.subscriptions.change(_vendor(run), price, run.key(CHANGE)))


async def _cancel(run: Run) -> JsonObject:
    at = run.rails.subscriptions
    act = at.stop if run.body["now"] else at.end
    return _said(await act(_vendor(run), run.key(CANCEL)))


async def _resume(run: Run) -> JsonObject:
    return _said(await run.rails.subscriptions.resume(_vendor(run), run.key(RESUME)))


_STEPS: dict[str, tuple[Step, ...]] = {
    START: (Step(STEP, _begin, is_pivot=True), Step(BILLS, _bills)),
    CHANGE: (Step(STEP, _change, is_pivot=True),),
    CANCEL: (Step(STEP, _cancel, is_pivot=True),),
    RESUME: (Step(STEP, _resume, is_pivot=True),),
}


def _steps(body: JsonObject) -> Sequence[Step]:
    return _STEPS[str(body["action"])]


def _again(work: Work, body: JsonObject) -> JsonObject:
    simulated = body["mode"] == RailsMode.SIMULATED
    found = subscribing.body(work, subscribing.order(body), simulated=simulated)
    return {**found, "mode": body["mode"], "simulated": body["simulated"]}


WORKFLOW = Workflow(MANAGE, 1, _steps, billed.managed, billed.unmanaged)
ACT = PlannedAct(WORKFLOW, _again, ("item", "buyer", "subscription"))


async def plan(one: Session, given: SubscriptionOrder) -> SubscriptionAnswer:
    """Work out what would be done, and keep it as a plan."""
    on = rails.of(one)
    body = await one.read(_worked_out, on, given)
    rails.require_same(on, body)
    made = await planned.plan(one, ACT, body, simulated=body["simulated"] is True)
    shown = {"plan": made.id, "expires_at": clock.to_text(made.expires_at)}
    return _about(body, _warning(body)).model_copy(update=shown)


async def do(one: Session, plan: str, *, again: bool) -> SubscriptionAnswer:
    """Do what a plan says, once, and tell how it went; raises what it failed of."""
    return await one.read(told, await _done(one, plan, again=again))


async def act(one: Session, plan: str) -> Operation:
    """Do what a plan says, for whoever approved it."""
    return await _done(one, plan, again=False)


def told(_: Work, at: Operation) -> SubscriptionAnswer:
    """Tell how it went; raises what it failed of."""
    telling.require_undefeated(at)
    answer = at.answer or {}
    about = _about(at.body, telling.SENTENCES[at.state])
    return about.model_copy(
        update={
            "operation": at.id,
            "state": at.state.value,
            "subscription": jsons.text(answer.get("subscription") or at.body.get("subscription")),
            "status": jsons.text(answer.get("status")),
            "paid_until": jsons.text(answer.get("paidUntil")),
            "ends": True if answer.get("ends") else None,
        }
    )


async def _done(one: Session, id: str, *, again: bool) -> Operation:
    plan = await one.read(plans.read, id, _PLANS)
    found: JsonObject = {}
    if plan.operation is None:
        on = rails.of(one)
        await one.read(plans.require_timely, plan)
        rails.require_same(on, plan.body)
        found = await _means(one, on, plan)
    return await planned.do(one, ACT, id, found, again=again)


async def _means(one: Session, on: Rails, plan: Plan) -> JsonObject:
    """Find the card that pays for a new one, and whose it is at the vendor's."""
    if plan.body["action"] != START:
        return {}
    means = await paying_means.find(one, on, plan)
    buyer, mode = str(plan.body["buyer"]), str(plan.body["mode"])
    customer = means.customer or await paying_means.customer_of(one, on, buyer, mode)
    return {"method": means.method, "customer": customer}


def _worked_out(work: Work, on: Rails, given: SubscriptionOrder) -> JsonObject:
    body = subscribing.body(work, given, simulated=on.payments.simulated)
    if given.action != START:
        return {**body, "simulated": body["mode"] != RailsMode.LIVE}
    mode = rails.mode(on, body)
    return {**body, "mode": mode.value, "simulated": mode is not RailsMode.LIVE}


def _warning(body: JsonObject) -> str:
    """Say what sending the plan would do: what is charged, when, and what is not given back."""
    price = f"{body['total']} {str(body['currency']).upper()}"
    until = body.get("paidUntil")
    told = {
        START: f"Sent, the plan charges {price} now, and again every {body['interval']} until it "
        "is cancelled.",
        CHANGE: f"Sent, the plan charges nothing and gives nothing back now: {price} is billed "
        f"from {until} on.",
        CANCEL: "Sent, the plan ends it at once, and gives nothing back."
        if body.get("now")
        else f"Sent, the plan lets it run out on {until}; resume undoes that until then.",
        RESUME: f"Sent, the plan has it renewed on {until}, for {price}.",
    }
    return f"Nothing is done yet. {told[str(body['action'])]}"


def _about(body: JsonObject, sentence: str) -> SubscriptionAnswer:
    return SubscriptionAnswer(
        action=str(body["action"]),
        what=showing.what(MANAGE, body),
        sentence=sentence,
        subscription=jsons.text(body.get("subscription")),
        item=str(body["item"]),
        buyer=str(body["buyer"]),
        amount=str(body["amount"]),
        total=str(body["total"]),
        currency=str(body["currency"]),
        interval=str(body["interval"]),
        paid_until=jsons.text(body.get("paidUntil")),
        simulated=True if body["simulated"] else None,
        mode=showing.mode(body, simulated=body["simulated"] is True),
    )


def _price(body: JsonObject) -> BillingPrice:
    return BillingPrice(
        int(str(body["minor"])),
        str(body["currency"]),
        BillingInterval(str(body["interval"])),
        str(body["item"]),
        str(body["name"])[:200],
    )


def _vendor(run: Run) -> str:
    return str(run.body["vendor"])


def _said(now: Billing) -> JsonObject:
    return billing.standing(now).body
