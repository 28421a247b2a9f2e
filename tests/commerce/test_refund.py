"""A refund gives back what was paid, once and never more, and every sum is right afterwards."""

from typing import Any

import anyio
import pytest

from one_mcp import jsons
from one_mcp.app import LOCAL, App
from one_mcp.dimensions import lookup
from one_mcp.dimensions.commerce import refunding
from one_mcp.dimensions.commerce.refunding import RefundOrder
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.operations import journal
from one_mcp.dimensions.operations.operation import Operation, State
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import InsufficientTokensError, LooksLikeError, PaymentFailedError
from one_mcp.services import saga
from one_mcp.services.commerce import planned, refund, selling
from one_mcp.session import Call, Session
from one_mcp.store.work import Work
from tests.commerce.books import books
from tests.commerce.conftest import WALLET, Shop
from tests.commerce.test_purchase import Dying, Killed
from tests.commerce.vendors import DOWN, LOST, REVERTED, Accident
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio
MOST_WRITES = 8
UNITS = 100 * 10**18
CENTS = 1250


async def bought(shop: Shop, buyer: str) -> Operation:
    quote = await selling.quote(shop.one, shop.token.id, buyer, "100")
    return await selling.purchase(shop.one, quote.quote)


async def refunded(one: Session, payment: str, amount: str = "", **given: Any) -> Operation:
    plan = await refund.plan(one, RefundOrder(payment, amount, **given))
    assert plan.plan is not None
    return await planned.do(one, refund.REFUND, plan.plan, again=False)


def _revenue(work: Work) -> float:
    rows = work.all(
        "SELECT metadata ->> 'amount' AS amount FROM events"
        " WHERE organization_id = :organization AND type = 'revenue_generated'"
    )
    return sum(row["amount"] for row in rows)


async def test_all_of_a_purchase_goes_back(shop: Shop) -> None:
    sale = await bought(shop, shop.buyer.id)

    done = await refunded(shop.one, sale.id)

    assert done.state is State.DONE
    after = await books(shop.one, shop.contract)
    assert (after.charged, after.supply, after.treasury, after.ledger) == (0, 0, 0, {})
    assert await shop.one.read(_revenue) == 0
    payment = await shop.one.read(_properties, str(done.body["payment"]))
    assert (payment["status"], payment["refundedAmount"], payment["netAmount"]) == (
        "refunded",
        12.5,
        0,
    )


async def test_parts_go_back_until_nothing_is_left(shop: Shop) -> None:
    sale = await bought(shop, shop.buyer.id)
    payment = str((sale.answer or {})["paymentId"])

    await refunded(shop.one, payment, "2.50")
    after = await books(shop.one, shop.contract)
    with pytest.raises(InvalidArgumentError, match="10 USD is left"):
        await refunded(shop.one, payment, "10.01")
    await refunded(shop.one, payment)
    with pytest.raises(InvalidArgumentError, match="Nothing is left"):
        await refunded(shop.one, payment)

    assert (after.charged, after.supply) == (CENTS - 250, UNITS * 4 // 5)
    assert (await books(shop.one, shop.contract)).ledger == {}


async def test_two_plans_never_give_back_more_than_was_paid(shop: Shop) -> None:
    sale = await bought(shop, shop.buyer.id)
    plans = [
        (await refund.plan(shop.one, RefundOrder(sale.id, amount))).plan for amount in ("8", "9")
    ]
    ends: list[object] = []

    async def do(plan: str | None) -> None:
        try:
            ends.append((await refund.do(shop.one, plan or "", again=False)).state)
        except InvalidArgumentError as error:
            ends.append(error.fields["left"])

    async with anyio.create_task_group() as tasks:
        for plan in plans:
            tasks.start_soon(do, plan)

    assert "done" in ends
    assert len(ends) == 2
    after = await books(shop.one, shop.contract)
    assert after.charged in {CENTS - 800, CENTS - 900}


async def test_a_payment_is_refunded_once_all_of_it_went_back(shop: Shop) -> None:
    """Not while a part is on its way, which may come to nothing."""
    sale = await bought(shop, shop.buyer.id)
    payment = str((sale.answer or {})["paymentId"])
    parts = [
        (await refund.plan(shop.one, RefundOrder(sale.id, amount))).plan or ""
        for amount in ("10", "2.50")
    ]
    shop.script.once["prepare.burn"] += [DOWN] * saga.AT_ONCE

    waiting = await planned.do(shop.one, refund.REFUND, parts[0], again=False)
    await planned.do(shop.one, refund.REFUND, parts[1], again=False)
    between = await shop.one.read(_properties, payment)
    done = await saga.drive(shop.one, refund.WORKFLOW, waiting.id)
    after = await shop.one.read(_properties, payment)

    assert (waiting.state, done.state) == (State.RUNNING, State.DONE)
    assert (between["status"], between["refundedAmount"]) == ("completed", 2.5)
    assert (after["status"], after["refundedAmount"]) == ("refunded", 12.5)
    assert await shop.one.read(_revenue) == 0


async def test_the_same_refund_again_has_to_say_so(shop: Shop) -> None:
    sale = await bought(shop, shop.buyer.id)
    await refunded(shop.one, sale.id, "1")

    with pytest.raises(LooksLikeError):
        await refunded(shop.one, sale.id, "1")


async def test_tokens_in_a_wallet_stay_and_the_money_goes_back_only_when_told(shop: Shop) -> None:
    sale = await bought(shop, shop.holder.id)

    with pytest.raises(InsufficientTokensError) as refusal:
        await refund.plan(shop.one, RefundOrder(sale.id))
    done = await refunded(shop.one, sale.id, keep_tokens=True)

    assert refusal.value.fields["required"] == "100"
    assert "keep_tokens" in str(refusal.value)
    assert "smaller" not in str(refusal.value)
    assert done.state is State.DONE
    after = await books(shop.one, shop.contract, WALLET)
    assert (after.charged, after.wallet, after.ledger) == (
        0,
        UNITS,
        {"issued": -UNITS, "wallet": UNITS},
    )


@pytest.mark.parametrize("call", ["refund", "broadcast", "receipt"])
async def test_a_lost_answer_refunds_once(shop: Shop, call: str) -> None:
    sale = await bought(shop, shop.buyer.id)
    shop.script.once[call].append(LOST)

    done = await refunded(shop.one, sale.id, "5")

    assert done.state is State.DONE
    after = await books(shop.one, shop.contract)
    assert (after.charged, after.supply) == (CENTS - 500, UNITS * 3 // 5)


@pytest.mark.parametrize("accident", [LOST, DOWN])
async def test_what_was_cut_off_for_a_day_refunds_once(
    shop: Shop, clock: HandClock, accident: Accident
) -> None:
    """By then the vendor has forgotten the key under which it may have given the money back."""
    sale = await bought(shop, shop.buyer.id)
    shop.script.once["refund"] += [accident] * saga.AT_ONCE
    left = await refunded(shop.one, sale.id, "5")

    clock.forward(30 * 3_600_000)
    done = await saga.drive(shop.one, refund.WORKFLOW, left.id)

    assert (left.state, done.state) == (State.RUNNING, State.DONE)
    after = await books(shop.one, shop.contract)
    assert (after.charged, after.supply) == (CENTS - 500, UNITS * 3 // 5)


async def test_what_the_vendor_refuses_gives_the_tokens_free_again(shop: Shop) -> None:
    sale = await bought(shop, shop.buyer.id)
    before = await books(shop.one, shop.contract)
    refused = PaymentFailedError("no", declined_code="charge_disputed")
    shop.script.forever["refund"] = Accident(before=True, error=refused)

    done = await refunded(shop.one, sale.id)

    assert done.state is State.UNDONE
    assert await books(shop.one, shop.contract) == before
    assert (await shop.one.read(refunding.refunded, sale.id)).minor == 0


async def test_a_burn_that_is_refused_is_left_to_a_person(shop: Shop) -> None:
    sale = await bought(shop, shop.buyer.id)
    shop.script.forever["prepare.burn"] = REVERTED

    done = await refunded(shop.one, sale.id)

    assert done.state is State.NEEDS_REVIEW
    after = await books(shop.one, shop.contract)
    assert (after.charged, after.ledger["reserved"]) == (0, UNITS)


async def test_a_course_that_is_refunded_holds_until_now(shop: Shop) -> None:
    course = await shop.one.write(
        entity.create, "course", "Yoga", {"price": 49.5, "currency": "eur"}
    )
    quote = await selling.quote(shop.one, course.id, shop.buyer.id, "1")
    sale = await selling.purchase(shop.one, quote.quote)

    await refunded(shop.one, sale.id, "9.50")
    kept = await shop.one.read(_ends, course.id)
    await refunded(shop.one, sale.id)

    assert kept == {"purchased": None, "enrolled_in": None}
    assert None not in (await shop.one.read(_ends, course.id)).values()


def _properties(work: Work, id: str) -> JsonObject:
    return jsons.load_object(lookup.live(work, id)["properties"])


def _ends(work: Work, course: str) -> dict[str, int | None]:
    rows = work.all(
        "SELECT type, valid_until FROM connections"
        " WHERE organization_id = :organization AND to_id = :course",
        course=course,
    )
    return {row["type"]: row["valid_until"] for row in rows}


@pytest.mark.parametrize(
    ("refused", "ends"),
    [(None, State.DONE), ("refund", State.UNDONE), ("prepare.burn", State.NEEDS_REVIEW)],
)
async def test_killed_at_any_write_a_refund_ends_right(
    app: App, shop: Shop, clock: HandClock, refused: str | None, ends: State
) -> None:
    if refused:
        no = PaymentFailedError("no") if refused == "refund" else REVERTED.error
        shop.script.forever[refused] = Accident(before=True, error=no)
    boundary = 0
    while True:
        quote = await selling.quote(shop.one, shop.token.id, shop.buyer.id, "100")
        sale = await selling.purchase(shop.one, quote.quote, again=True)
        before = await books(shop.one, shop.contract)
        plan = (await refund.plan(shop.one, RefundOrder(sale.id))).plan or ""
        boundary += 1
        if not await killed(app, plan, boundary / 2):
            break
        clock.forward(journal.LENGTH_MS + 1)
        done = await planned.do(shop.one, refund.REFUND, plan, again=True)
        while done.state in {State.RUNNING, State.UNDOING}:
            clock.forward(saga.LATEST_MS)
            done = await saga.drive(shop.one, refund.WORKFLOW, done.id)
        after = await books(shop.one, shop.contract)
        assert done.state is ends
        assert before.charged - after.charged == (0 if ends is State.UNDONE else CENTS)
        assert before.supply - after.supply == (UNITS if ends is State.DONE else 0)
        assert after.supply == -after.ledger["issued"] if after.supply else True
    assert boundary > MOST_WRITES


async def killed(app: App, plan: str, after: float) -> bool:
    """Refund in a process that dies after some writes; False where it came to the end before."""
    alive, app.database = app.database, Dying(app.database, after)
    try:
        await planned.do(app.session(Call("test"), LOCAL), refund.REFUND, plan, again=True)
    except (Killed, BaseExceptionGroup):
        return True
    finally:
        app.database = alive
    return False
