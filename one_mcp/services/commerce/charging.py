"""Steps of a payment: held first, taken once what is bought is made, let go where it is not."""

from one_mcp import jsons
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import PaymentFailedError, ProviderError
from one_mcp.providers.ports.payments import Charge, Payment, PaymentState
from one_mcp.services.workflow import Run, Step
from one_mcp.store.work import Work

AUTHORIZE, CAPTURE = "authorize", "capture"
KEYS_LAST_MS = 23 * 60 * 60_000  # Stripe forgets what was done under a key after 24 hours


async def _authorize(run: Run) -> JsonObject:
    body = run.body
    charge = Charge(
        operation=run.operation.id,
        amount=int(str(body["minor"])),
        currency=str(body["currency"]),
        method=str(body["method"]),
        description=f"{body['amount']} {body['name']}"[:500],
        customer=jsons.text(body.get("customer")),
    )
    held = await _held(run) or await run.rails.payments.authorize(charge, run.key(AUTHORIZE))
    if held.state is PaymentState.REQUIRES_ACTION:
        await run.rails.payments.cancel(held.id, run.key("cancel"))  # else a late yes would hold it
        raise PaymentFailedError(
            "The bank wants the buyer to confirm this payment (3-D Secure), so it cannot be made "
            "by a method on file alone; another card may do.",
            declined_code="authentication_required",
        )
    if held.state not in {PaymentState.AUTHORIZED, PaymentState.CAPTURED}:
        raise PaymentFailedError(f"The payment is {held.state}.", declined_code=held.state.value)
    return {"payment": held.id}


async def _held(run: Run) -> Payment | None:
    """Look for what an operation may have held so long ago that its key is forgotten (D-73)."""
    if not await run.one.read(is_old, run.operation):
        return None
    return await run.rails.payments.find(run.operation.id)


def is_old(work: Work, at: Operation) -> bool:
    """Tell whether the vendor may have forgotten the keys of an operation."""
    return work.now - at.created_at > KEYS_LAST_MS


async def _release(run: Run) -> JsonObject:
    """Let the funds go; what was taken all the same is given back."""
    id = str(run.operation.result(AUTHORIZE)["payment"])
    try:
        released = await run.rails.payments.cancel(id, run.key("cancel"))
    except PaymentFailedError:
        released = await run.rails.payments.retrieve(id)
    if released.state is PaymentState.CAPTURED:
        left = released.captured - released.refunded
        if left:
            key, operation = run.key("release"), run.operation.id
            refund = await run.rails.payments.refund(id, left, key, operation)
            return {"refund": refund.id}
    return {"canceled": id}


async def _capture(run: Run) -> JsonObject:
    id = str(run.operation.result(AUTHORIZE)["payment"])
    try:
        taken = await run.rails.payments.capture(id, run.key(CAPTURE))
    except PaymentFailedError:
        taken = await _already(run, id)
    return _taken(taken)


async def _already(run: Run, id: str) -> Payment:
    """Look again at what the vendor would not capture: it may have been, and the answer lost."""
    found = await run.rails.payments.retrieve(id)
    if found.state is not PaymentState.CAPTURED:
        raise PaymentFailedError(
            f"The payment cannot be captured: it is {found.state}.",
            declined_code=found.state.value,
        )
    return found


async def _captured(run: Run) -> JsonObject | None:
    id = str(run.operation.result(AUTHORIZE)["payment"])
    found = await run.rails.payments.retrieve(id)
    return _taken(found) if found.state is PaymentState.CAPTURED else None


def _taken(payment: Payment) -> JsonObject:
    if payment.state is not PaymentState.CAPTURED:
        raise ProviderError(f"The payment is {payment.state}.", retryable=True, outcome="unknown")
    return {"payment": payment.id, "captured": payment.captured}


AUTHORIZES = Step(AUTHORIZE, _authorize, undo=_release, starts_deadline=True)
CAPTURES = Step(CAPTURE, _capture, resolve=_captured, is_pivot=True)
