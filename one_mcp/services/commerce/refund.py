"""The refund: tokens put aside, the money back, the tokens burnt, recorded; or nothing of it."""

from collections.abc import Sequence

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from one_mcp import clock
from one_mcp.answers import Written
from one_mcp.dimensions.commerce import outbox, receipts, refunded, refunding
from one_mcp.dimensions.commerce.refunding import RefundOrder
from one_mcp.dimensions.operations import showing
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import PaymentFailedError
from one_mcp.services import rails
from one_mcp.services.commerce import charging, onchain, planned, telling
from one_mcp.services.commerce.planned import PlannedAct
from one_mcp.services.workflow import Run, Step, Workflow
from one_mcp.session import Session
from one_mcp.store.work import Work

PAY, BURN = "refund", "burn"


class RefundAnswer(Written):
    """A plan has `plan`, and nothing is done before it is sent back; an operation has `state`.

    `left` is what is left of the payment after it.
    """

    model_config = ConfigDict(alias_generator=to_camel)

    plan: str | None = None
    operation: str | None = None
    what: str | None = None
    state: str | None = None
    sentence: str
    purchase: str
    payment_id: str | None = None
    item: str
    buyer: str
    amount: str
    currency: str
    left: str
    tokens_burned: str | None = None
    tx_hash: str | None = None
    mail: str | None = None
    steps: list[str] | None = None
    expires_at: str | None = None
    simulated: bool | None = None
    mode: str


async def _pay(run: Run) -> JsonObject:
    """Give the money back; what went back so long ago that its key is forgotten is found (D-73)."""
    charge, minor = str(run.body["charge"]), int(str(run.body["minor"]))
    payments, operation = run.rails.payments, run.operation
    is_old = await run.one.read(charging.is_old, operation)
    found = await payments.find_refund(charge, operation.id) if is_old else None
    refund = found or await payments.refund(charge, minor, run.key(PAY), operation.id)
    return {"refund": refund.id}


async def _burn(run: Run) -> JsonObject:
    """Burn the tokens that were kept for the buyer: the treasury's own on the chain (D-23)."""
    return await onchain.send(run, BURN, onchain.call("burn", run.body))


async def _burnt(run: Run) -> JsonObject | None:
    return await onchain.resolve(run, BURN)


PAYS = Step(PAY, _pay, is_pivot=True)
BURNS = Step(BURN, _burn, resolve=_burnt)


def _steps(body: JsonObject) -> Sequence[Step]:
    return [PAYS, BURNS] if "units" in body else [PAYS]


WORKFLOW = Workflow("refund", 1, _steps, refunded.recorded, refunded.refused, receipts.of_refund)
REFUND = PlannedAct(
    WORKFLOW,
    lambda work, body: refunding.body(work, refunding.order(body)),
    ("item", "buyer", "payment"),
    refunding.reserve,
)


async def plan(one: Session, given: RefundOrder) -> RefundAnswer:
    """Work out a refund and keep it as a plan; nothing goes back yet."""
    on = rails.of(one)
    body, rest = await one.read(_worked_out, given)
    rails.require_same(on, body)
    charge = await on.payments.retrieve(str(body["charge"]))
    if charge.captured - charge.refunded < int(str(body["minor"])):
        raise PaymentFailedError(
            "The vendor has given back more of this payment than is known here; "
            "`one-mcp reconcile` lists what differs.",
            captured=charge.captured,
            refunded=charge.refunded,
        )
    made = await planned.plan(one, REFUND, body, simulated=body["simulated"] is True)
    return _about(body, rest).model_copy(
        update={
            "plan": made.id,
            "sentence": "Nothing has gone back yet; send the plan to refund it.",
            "steps": [*(step.name for step in _steps(body)), "record"],
            "tokens_burned": body.get("tokens"),
            "expires_at": clock.to_text(made.expires_at),
        }
    )


async def do(one: Session, plan: str, *, again: bool) -> RefundAnswer:
    """Refund what a plan says, once, and tell how it went; raises what it failed of."""
    return await one.read(told, await planned.do(one, REFUND, plan, again=again))


def told(work: Work, at: Operation) -> RefundAnswer:
    """Tell how a refund went; raises what it failed of."""
    telling.require_undefeated(at)
    answer = at.answer or {}
    return _about(at.body, _left(work, at)).model_copy(
        update={
            "operation": at.id,
            "state": at.state.value,
            "mail": outbox.state(work, at.id),
            "sentence": telling.SENTENCES[at.state],
            "tokens_burned": answer.get("tokensBurned"),
            "tx_hash": answer.get("txHash"),
        }
    )


def _worked_out(work: Work, given: RefundOrder) -> tuple[JsonObject, str]:
    body = refunding.body(work, given)
    rest = refunding.left(work, body)
    after = type(rest)(rest.minor - int(str(body["minor"])), rest.currency)
    return body, after.amount


def _left(work: Work, at: Operation) -> str:
    answer = at.answer or {}
    return str(answer.get("left") or refunding.left(work, at.body).amount)


def _about(body: JsonObject, rest: str) -> RefundAnswer:
    return RefundAnswer(
        what=showing.what(WORKFLOW.kind, body),
        sentence="",
        purchase=str(body["purchase"]),
        payment_id=str(body["payment"]),
        item=str(body["item"]),
        buyer=str(body["buyer"]),
        amount=str(body["amount"]),
        currency=str(body["currency"]),
        left=rest,
        simulated=True if body["simulated"] else None,
        mode=showing.mode(body, simulated=body["simulated"] is True),
    )
