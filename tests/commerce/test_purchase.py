"""A purchase ends wholly done or wholly undone, whatever happens on the way."""

from collections.abc import Callable

import pytest

from one_mcp.app import LOCAL, App
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.operations import journal
from one_mcp.dimensions.operations.operation import Operation, State
from one_mcp.money_errors import LooksLikeError, PlanError
from one_mcp.services import saga
from one_mcp.services.commerce import selling
from one_mcp.services.commerce.purchase import PURCHASE
from one_mcp.session import Call, Session
from one_mcp.store.ports import Database, R, Raw
from tests.commerce.books import Books, books
from tests.commerce.conftest import WALLET, Shop
from tests.commerce.vendors import DOWN, LOST, REVERTED
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio
UNITS = 100 * 10**18
CENTS = 1250
EVENTS = ["payment_processed", "revenue_generated", "tokens_purchased"]
MOST_WRITES = 10
LEFT = {  # charged, held, supply, in the treasury, in the wallet
    State.DONE: (CENTS, 0, UNITS, 0, UNITS),
    State.UNDONE: (0, 0, 0, 0, 0),
    State.NEEDS_REVIEW: (CENTS, 0, UNITS, UNITS, 0),
}


def sold(*, wallet: bool = False) -> Books:
    ledger = {"outside": -CENTS, "revenue": CENTS, "issued": -UNITS}
    return Books(
        charged=CENTS,
        held=0,
        supply=UNITS,
        treasury=0 if wallet else UNITS,
        wallet=UNITS if wallet else 0,
        ledger={**ledger, "wallet" if wallet else "custody": UNITS},
        events=EVENTS,
        payments=1,
    )


def unsold(payments: int = 1) -> Books:
    return Books(
        charged=0,
        held=0,
        supply=0,
        treasury=0,
        wallet=0,
        ledger={},
        events=["payment_processed"],
        payments=payments,
    )


async def bought(one: Session, token: Saved, buyer: Saved, method: str | None = None) -> Operation:
    quote = await selling.quote(one, token.id, buyer.id, "100", method)
    return await selling.purchase(one, quote.quote)


async def test_a_purchase_is_charged_minted_and_recorded_once(shop: Shop) -> None:
    quote = await selling.quote(shop.one, shop.token.id, shop.buyer.id, "100")

    done = await selling.purchase(shop.one, quote.quote)
    again = await selling.purchase(shop.one, quote.quote)

    assert quote.total == "12.50"
    assert done.state is State.DONE
    assert done.answer is not None
    assert done.answer["amount"] == "100"
    assert (again.id, again.answer) == (done.id, done.answer)
    assert await books(shop.one, shop.contract) == sold()


async def test_tokens_go_to_the_wallet_of_who_has_one(shop: Shop) -> None:
    done = await bought(shop.one, shop.token, shop.holder)

    assert done.state is State.DONE
    assert await books(shop.one, shop.contract, WALLET) == sold(wallet=True)


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ("pm_card_chargeDeclined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_card_authenticationRequired", "authentication_required"),
    ],
)
async def test_a_declined_card_mints_nothing(shop: Shop, card: str, code: str) -> None:
    done = await bought(shop.one, shop.token, shop.buyer, card)

    assert done.state is State.UNDONE
    assert done.failure is not None
    assert done.failure["declined_code"] == code
    assert await books(shop.one, shop.contract) == unsold()


async def test_what_cannot_be_minted_is_not_charged(shop: Shop) -> None:
    shop.script.forever["prepare.mint"] = REVERTED

    done = await bought(shop.one, shop.token, shop.buyer)

    assert done.state is State.UNDONE
    assert await books(shop.one, shop.contract) == unsold()


async def test_a_refused_capture_burns_what_was_minted(shop: Shop) -> None:
    shop.script.forever["capture"] = DOWN

    done = await bought(shop.one, shop.token, shop.buyer)
    while done.state in {State.RUNNING, State.UNDOING}:
        done = await resumed(shop.one, done.id)

    assert done.state is State.UNDONE
    assert await books(shop.one, shop.contract) == unsold()


async def resumed(one: Session, id: str) -> Operation:
    return await saga.drive(one, PURCHASE, id)


@pytest.mark.parametrize("call", ["authorize", "capture", "broadcast", "receipt"])
async def test_a_lost_answer_is_asked_for_again(shop: Shop, call: str) -> None:
    shop.script.once[call].append(LOST)

    done = await bought(shop.one, shop.token, shop.holder)

    assert done.state is State.DONE
    assert await books(shop.one, shop.contract, WALLET) == sold(wallet=True)


async def test_a_refused_transfer_is_left_to_a_person(shop: Shop) -> None:
    shop.script.forever["prepare.transfer"] = REVERTED

    done = await bought(shop.one, shop.token, shop.holder)

    assert done.state is State.NEEDS_REVIEW
    after = await books(shop.one, shop.contract, WALLET)
    assert (after.charged, after.supply, after.treasury) == (CENTS, UNITS, UNITS)


async def test_after_its_deadline_a_purchase_only_goes_back(shop: Shop, clock: HandClock) -> None:
    shop.script.forever["broadcast"] = DOWN
    left = await bought(shop.one, shop.token, shop.buyer)
    del shop.script.forever["broadcast"]
    clock.forward(saga.DEADLINE_MS + 1)

    done = await resumed(shop.one, left.id)

    assert left.state is State.RUNNING
    assert done.state is State.UNDONE
    assert done.failure is not None
    assert done.failure["code"] == "DEADLINE"
    assert await books(shop.one, shop.contract) == unsold()


async def test_the_same_asked_for_again_has_to_say_so(shop: Shop) -> None:
    first = await bought(shop.one, shop.token, shop.buyer)
    quote = await selling.quote(shop.one, shop.token.id, shop.buyer.id, "100")

    with pytest.raises(LooksLikeError) as alike:
        await selling.purchase(shop.one, quote.quote)
    second = await selling.purchase(shop.one, quote.quote, again=True)

    assert alike.value.fields["looks_like"] == first.id
    assert second.id != first.id


async def test_a_price_that_changed_voids_the_quote(shop: Shop) -> None:
    quote = await selling.quote(shop.one, shop.token.id, shop.buyer.id, "100")
    await shop.one.write(entity.update, shop.token.id, {"price": 1})

    with pytest.raises(PlanError) as void:
        await selling.purchase(shop.one, quote.quote)

    assert "total" in str(void.value.fields["changed"])
    assert (await books(shop.one, shop.contract)).payments == 0


class Killed(BaseException):
    """The process is gone."""


class Dying(Database):
    """A database whose process is killed at its nth write: before it, or after its commit."""

    def __init__(self, database: Database, after: float) -> None:
        self._database = database
        self._left = after

    async def read(self, function: Callable[[Raw], R]) -> R:
        return await self._database.read(function)

    async def write(self, function: Callable[[Raw], R], *, keep: bool = True) -> R:
        self._left -= 1
        if self._left < 0:
            raise Killed
        answer = await self._database.write(function, keep=keep)
        if self._left < 1:
            raise Killed
        return answer

    async def erase(self, *, rewrite: bool) -> bool:
        return await self._database.erase(rewrite=rewrite)


@pytest.mark.parametrize(
    ("trouble", "ends"),
    [
        (("pm_card_visa", None), State.DONE),
        (("pm_card_chargeDeclined", None), State.UNDONE),
        (("pm_card_visa", "prepare.mint"), State.UNDONE),
        (("pm_card_visa", "capture"), State.UNDONE),
        (("pm_card_visa", "prepare.transfer"), State.NEEDS_REVIEW),
    ],
)
async def test_killed_at_any_write_it_ends_right(
    app: App, shop: Shop, clock: HandClock, trouble: tuple[str, str | None], ends: State
) -> None:
    card, refused = trouble
    if refused:
        shop.script.forever[refused] = REVERTED
    boundary = 0
    while True:
        before = await books(shop.one, shop.contract, WALLET)
        quote = await selling.quote(shop.one, shop.token.id, shop.holder.id, "100", card)
        boundary += 1
        if not await killed(app, quote.quote, boundary / 2):
            break
        clock.forward(journal.LENGTH_MS + 1)
        done = await selling.purchase(shop.one, quote.quote, again=True)
        while done.state in {State.RUNNING, State.UNDOING}:
            clock.forward(saga.LATEST_MS)
            done = await resumed(shop.one, done.id)
        assert done.state is ends
        assert moved(before, await books(shop.one, shop.contract, WALLET)) == LEFT[ends]
    assert boundary > MOST_WRITES


async def killed(app: App, quote: str, after: float) -> bool:
    """Buy in a process that dies after some writes; False where it came to the end before."""
    alive, app.database = app.database, Dying(app.database, after)
    try:
        await selling.purchase(app.session(Call("test"), LOCAL), quote, again=True)
    except (Killed, BaseExceptionGroup):
        return True
    finally:
        app.database = alive
    return False


def moved(before: Books, after: Books) -> tuple[int, ...]:
    return (
        after.charged - before.charged,
        after.held,
        after.supply - before.supply,
        after.treasury - before.treasury,
        after.wallet - before.wallet,
    )
