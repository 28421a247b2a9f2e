"""Tokens on their chain: deployed, minted, burned and transferred, each by a plan of its own.

A plan is shown first, with what it costs; it has one operation ever, which every later call with
the plan joins, or tells the end of.
"""

from one_mcp.dimensions.commerce import issued, issuing
from one_mcp.dimensions.commerce.issuing import ANYTHING, TokenOrder
from one_mcp.dimensions.operations import plans
from one_mcp.dimensions.operations.authority import Asking
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.jsons import JsonObject
from one_mcp.providers.ports.chain import Chain, ContractCall
from one_mcp.services import authorizing, rails, saga
from one_mcp.services.commerce import acted, onchain, planned, telling
from one_mcp.services.commerce.acted import TokenActed
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
    made = await one.derive_once(
        plans.make, plans.PLAN, kind, body, simulated=bool(body["simulated"])
    )
    return acted.planned(made, fee)


async def act(
    one: Session, kind: str, plan: str, order: TokenOrder = ANYTHING, *, again: bool = False
) -> Operation:
    """Do what a plan says; the same plan joins or tells the one operation it ever has.

    What `order` says beside the plan must be what the plan says. Raises what the operation
    failed of, where it came to nothing.
    """
    on = rails.of(one)
    asking = authorizing.asking(one)
    begun = await one.derive_once(_begin, on, kind, plan, order, asking=asking, again=again)
    done = await saga.drive(one, WORKFLOWS[kind], begun)
    telling.require_undefeated(done)
    return done


def told(at: Operation) -> TokenActed:
    """Tell how an act went; raises what it failed of."""
    telling.require_undefeated(at)
    return acted.told(at)


_SUBJECTS = ("token", "holder")


def _body(work: Work, on: Rails, kind: str, order: TokenOrder) -> JsonObject:
    """Work out an act, and how real it is."""
    body = issuing.body(work, kind, order, simulated=rails.is_trial(on.chain))
    return {**body, "mode": rails.mode_of_chain(on.chain).value}


def _begin(
    work: Work, on: Rails, kind: str, id: str, order: TokenOrder, *, asking: Asking, again: bool
) -> str:
    """Begin a plan's operation, and put aside what it takes; or find the one it has."""
    plan = plans.read(work, id, frozenset({kind}))
    issuing.require_same(plan.body, order)
    if plan.operation is not None:
        return plan.operation
    now = _body(work, on, kind, issuing.order(plan.body))
    plans.require_valid(work, plan, now, again=again)
    begun = planned.begin(work, WORKFLOWS[kind], plan, plan.body, asking, subjects=_SUBJECTS)
    issued.reserve(work, begun)
    return begun.id


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
