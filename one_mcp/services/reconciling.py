"""Reconciling: what journal, ledger, payments vendor and chain say of the same; it only reads."""

from one_mcp.answers import Answer
from one_mcp.dimensions.commerce import auditing
from one_mcp.dimensions.commerce.auditing import Discrepancy, SentStep
from one_mcp.dimensions.operations.operation import Operation, State
from one_mcp.errors import OneError
from one_mcp.money_errors import ProviderError
from one_mcp.providers.ports.chain import Chain
from one_mcp.providers.ports.payments import Payment, PaymentState
from one_mcp.services import rails
from one_mcp.services.commerce import onchain, supply
from one_mcp.services.rails import Rails
from one_mcp.session import Session

_OPEN = {
    PaymentState.AUTHORIZED: "The vendor still holds the buyer's funds for it.",
    PaymentState.REQUIRES_ACTION: "The vendor still lets the buyer confirm it, and would then hold "
    "their funds; it can be canceled there.",
}


class Reconciled(Answer):
    """What was compared, and all that differs. `skipped` ran on other vendors than there are now.

    `simulated` says that the vendors here are.
    """

    purchases: int = 0
    transactions: int = 0
    tokens: int = 0
    skipped: int = 0
    differences: list[Discrepancy]
    simulated: bool | None = None


async def reconcile(one: Session) -> Reconciled:
    """Compare all that has ended, and list every difference."""
    on = rails.of(one)
    told = Reconciled(
        differences=[
            *await one.read(auditing.waiting),
            *await one.read(auditing.ledger),
            *await one.read(auditing.unposted),
        ],
        simulated=on.payments.simulated or None,
    )
    for part in (_payments, _transactions, _tokens):
        told = await part(one, on, told)
    return told


async def _payments(one: Session, on: Rails, told: Reconciled) -> Reconciled:
    found, seen, skipped, after = list(told.differences), 0, 0, ""
    while some := await one.read(auditing.sales, after):
        after = some[-1].id
        for at in some:
            if rails.has_changed(on, at.body):
                skipped += 1
            elif at.done.get("authorize") is not None:
                seen += 1
                found += await _payment(one, on, at)
    return told.model_copy(update={"purchases": seen, "skipped": skipped, "differences": found})


async def _payment(one: Session, on: Rails, at: Operation) -> list[Discrepancy]:
    """Compare one purchase with the payment that the vendor has for it."""
    try:
        id = at.result("authorize").get("payment")
        there = await (on.payments.retrieve(str(id)) if id else on.payments.find(at.id))
    except ProviderError as error:
        return [Discrepancy(where="payments", sentence=str(error), operation=at.id)]
    due = 0
    if at.state is State.DONE:
        due = int(str(at.body["minor"])) - await one.read(auditing.refunds, at.id)
    return _compared(at, there, due)


def _compared(at: Operation, there: Payment | None, due: int) -> list[Discrepancy]:
    kept = there.captured - there.refunded if there else 0
    found: list[Discrepancy] = []
    if kept != due:
        found.append(
            Discrepancy(
                where="payments",
                sentence=f"The vendor has kept another amount of it, in {at.body['currency']} "
                "minor units.",
                operation=at.id,
                expected=str(due),
                found=str(kept),
            )
        )
    if there and there.state in _OPEN:
        found.append(
            Discrepancy(
                where="payments",
                sentence=_OPEN[there.state],
                operation=at.id,
                found=there.state.value,
            )
        )
    return found


async def _transactions(one: Session, on: Rails, told: Reconciled) -> Reconciled:
    found, seen, after = list(told.differences), 0, ""
    while some := await one.read(auditing.sent, on.chain.chain_id, after):
        after = some[-1].operation
        for each in some:
            seen += 1
            sentence = await _gone(on.chain, each)
            if sentence is not None:
                about = {"operation": each.operation, "found": each.hashes[-1]}
                found.append(Discrepancy(where="chain", sentence=sentence, **about))
    return told.model_copy(update={"transactions": seen, "differences": found})


async def _gone(chain: Chain, each: SentStep) -> str | None:
    """Say what is wrong with a step that is done, by the one of its transactions that counts."""
    try:
        receipt = await onchain.receipt_of(chain, each.hashes)
    except ProviderError as error:
        return str(error)
    if receipt is not None and receipt.succeeded:
        return None
    gone = "reverted" if receipt else "is in no block, or not deep enough: the chain took it back"
    return f"Its transaction of the step {each.step} {gone}."


async def _tokens(one: Session, on: Rails, told: Reconciled) -> Reconciled:
    found, seen = list(told.differences), 0
    for token in await one.read(auditing.tokens, simulated=rails.is_trial(on.chain)):
        seen += 1
        try:
            differs = (await supply.of(one, token)).differs
        except OneError as error:
            differs = str(error)
        if differs:
            found.append(Discrepancy(where="chain", sentence=differs, token=token))
    return told.model_copy(update={"tokens": seen, "differences": found})
