"""Spending and giving tokens: by plans as all that moves value, though no vendor takes part."""

from collections.abc import Callable

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from one_mcp import clock, jsons
from one_mcp.answers import Written
from one_mcp.dimensions.commerce import spending, spent
from one_mcp.dimensions.commerce.spending import GrantOrder, SpendOrder
from one_mcp.dimensions.operations import showing
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.dimensions.operations.plans import Plan
from one_mcp.jsons import JsonObject
from one_mcp.services import rails
from one_mcp.services.commerce import planned, telling
from one_mcp.services.commerce.planned import PlannedAct
from one_mcp.services.rails import RailsMode
from one_mcp.services.workflow import Workflow
from one_mcp.session import Session

SPENDS = Workflow(spending.SPEND, 1, lambda _: (), spent.spent, spent.let_be)
GRANTS = Workflow(spending.GRANT, 1, lambda _: (), spent.granted, spent.let_be)
SPEND = PlannedAct(
    SPENDS,
    lambda work, body: {
        **body,
        **spending.spent_body(
            work, spending.spend_order(body), simulated=body["simulated"] is True
        ),
    },
    ("token", "holder", "item"),
    spending.reserve,
)
GRANT = PlannedAct(
    GRANTS,
    lambda work, body: {
        **body,
        **spending.granted_body(
            work, spending.grant_order(body), simulated=body["simulated"] is True
        ),
    },
    ("item", "holder", "source"),
    spending.reserve,
)


class TokensMoved(Written):
    """A plan has `plan`, and nothing is done before it is sent back; an operation has `state`."""

    model_config = ConfigDict(alias_generator=to_camel)

    plan: str | None = None
    operation: str | None = None
    what: str | None = None
    state: str | None = None
    sentence: str
    token: str | None = None
    item: str | None = None
    holder: str
    amount: str
    source: str | None = None
    expires_at: str | None = None
    simulated: bool | None = None
    mode: str


async def plan_spending(one: Session, given: SpendOrder) -> TokensMoved:
    """Work out what would be spent, and keep it as a plan."""
    return await _plan(one, SPEND, spending.spent_body, given)


async def plan_grant(one: Session, given: GrantOrder) -> TokensMoved:
    """Work out what would be given, and keep it as a plan."""
    return await _plan(one, GRANT, spending.granted_body, given)


async def _plan(
    one: Session, act: PlannedAct, work_out: Callable[..., JsonObject], given: object
) -> TokensMoved:
    mode = rails.mode_of_chain(rails.of(one).chain)
    simulated = mode is not RailsMode.LIVE
    body = await one.read(work_out, given, simulated=simulated)
    body = {**body, "mode": mode.value}
    return _planned(await planned.plan(one, act, body, simulated=simulated))


async def do(one: Session, act: PlannedAct, plan: str, *, again: bool) -> TokensMoved:
    """Do what a plan says, once, and tell how it went."""
    return told(await planned.do(one, act, plan, again=again))


def _planned(plan: Plan) -> TokensMoved:
    sentence = "Nothing is done yet; send the plan to have it done."
    shown = {"plan": plan.id, "expires_at": clock.to_text(plan.expires_at)}
    return _about(plan.kind, plan.body, sentence).model_copy(update=shown)


def told(at: Operation) -> TokensMoved:
    """Tell how tokens moved; raises what it failed of."""
    telling.require_undefeated(at)
    shown = {"operation": at.id, "state": at.state.value}
    return _about(at.kind, at.body, telling.SENTENCES[at.state]).model_copy(update=shown)


def _about(kind: str, body: JsonObject, sentence: str) -> TokensMoved:
    return TokensMoved(
        what=showing.what(kind, body),
        sentence=sentence,
        token=jsons.text(body.get("token")),
        item=jsons.text(body.get("item")),
        holder=str(body["holder"]),
        amount=str(body["amount"]),
        source=jsons.text(body.get("source")),
        simulated=True if body["simulated"] else None,
        mode=showing.mode(body, simulated=body["simulated"] is True),
    )
