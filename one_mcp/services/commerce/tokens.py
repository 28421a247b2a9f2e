"""Tokens on their chain: deployed, minted, burned and transferred, each by a plan of its own.

A plan is shown first, with what it costs; it has one operation ever, which every later call with
the plan joins, or tells the end of.
"""

from one_mcp.dimensions.commerce import issued, issuing
from one_mcp.dimensions.commerce.issuing import ANYTHING, TokenOrder
from one_mcp.dimensions.operations import plans
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.jsons import JsonObject
from one_mcp.providers.ports.chain import Chain, ContractCall
from one_mcp.services import rails
from one_mcp.services.commerce import acted, onchain, planned, telling
from one_mcp.services.commerce.acted import TokenActed
from one_mcp.services.commerce.planned import PlannedAct
from one_mcp.services.rails import Rails
from one_mcp.services.workflow import Conclusion, Run, Step, Workflow
from one_mcp.session import Session
from one_mcp.store.work import Work


async def plan(one: Session, kind: str, order: TokenOrder) -> TokenActed:
    """Try an act without doing it, and keep it as a plan; nothing reaches the chain."""
    on = rails.of(one)
    body = await one.read(_body, on, kind, order)
    await onchain.require_contract(on, body)
    fee = await on.chain.fee(call(on.chain, kind, body))
    made = await planned.plan(one, ACTS[kind], body, simulated=body["simulated"] is True)
    return acted.planned(made, fee)


async def act(
    one: Session, kind: str, plan: str, order: TokenOrder = ANYTHING, *, again: bool = False
) -> Operation:
    """Do what a plan says; the same plan joins or tells the one operation it ever has.

    What `order` says beside the plan must be what the plan says.
    """
    if order != ANYTHING:
        await one.read(_require_meant, kind, plan, order)
    return await planned.do(one, ACTS[kind], plan, again=again)


def told(at: Operation) -> TokenActed:
    """Tell how an act went; raises what it failed of."""
    telling.require_undefeated(at)
    return acted.told(at)


def _body(work: Work, on: Rails, kind: str, order: TokenOrder) -> JsonObject:
    """Work out an act, and how real it is."""
    body = issuing.body(work, kind, order, simulated=rails.is_trial(on.chain))
    return {**body, "mode": rails.mode_of_chain(on.chain).value}


def _require_meant(work: Work, kind: str, plan: str, order: TokenOrder) -> None:
    issuing.require_same(plans.read(work, plan, frozenset({kind})).body, order)


def _act(workflow: Workflow) -> PlannedAct:
    def again(work: Work, body: JsonObject) -> JsonObject:
        simulated = body["simulated"] is True
        now = issuing.body(work, workflow.kind, issuing.order(body), simulated=simulated)
        return {**now, "mode": body["mode"]}

    return PlannedAct(workflow, again, ("token", "holder"), issued.reserve)


def call(chain: Chain, kind: str, body: JsonObject) -> ContractCall:
    """Make the call that has an act done."""
    if kind == issuing.DEPLOY:
        return _deploy(body)
    if kind == issuing.MINT:
        return onchain.call("mint", body, chain.sender)
    if kind == issuing.BURN:
        return onchain.call("burn", body)
    return onchain.call("transfer", body, chain.address(str(body["wallet"])))


def _deploy(body: JsonObject) -> ContractCall:
    name, symbol = str(body["name"]), str(body["symbol"])
    if body["standard"] == "ERC721":
        return ContractCall("deploy", name=name, symbol=symbol, standard="ERC721")
    return ContractCall("deploy", name=name, symbol=symbol, decimals=int(str(body["decimals"])))


async def _send(run: Run) -> JsonObject:
    asked = call(run.rails.chain, run.operation.kind, run.body)
    return await onchain.send(run, issued.STEP, asked)


async def _sent(run: Run) -> JsonObject | None:
    return await onchain.resolve(run, issued.STEP)


def _workflow(kind: str, finish: Conclusion) -> Workflow:
    step = Step(issued.STEP, _send, resolve=_sent, is_pivot=True)
    return Workflow(kind, 1, lambda _: (step,), finish, issued.given_back)


WORKFLOWS = {
    issuing.DEPLOY: _workflow(issuing.DEPLOY, issued.deployed),
    issuing.MINT: _workflow(issuing.MINT, issued.minted),
    issuing.BURN: _workflow(issuing.BURN, issued.burned),
    issuing.TRANSFER: _workflow(issuing.TRANSFER, issued.transferred),
}
ACTS = {kind: _act(workflow) for kind, workflow in WORKFLOWS.items()}
