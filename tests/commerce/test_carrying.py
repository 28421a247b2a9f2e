"""What a person approved is carried out without anybody asking again, and once."""

import anyio
import pytest

from one_mcp.app import App
from one_mcp.dimensions.commerce.refunding import RefundOrder
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.operations import approved as approvals
from one_mcp.dimensions.operations import plans
from one_mcp.dimensions.operations.operation import State
from one_mcp.money_errors import LooksLikeError
from one_mcp.services import authorizing
from one_mcp.services.authorizing import Seen
from one_mcp.services.carrying import Carrier
from one_mcp.services.commerce import refund, selling
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from tests.commerce.books import books
from tests.commerce.conftest import Shop
from tests.commerce.people import PASSPHRASE, approved, with_passphrase
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A server that asks for a yes to simulated plans, too."""
    return settings.model_copy(update={"approvals": "always"})


@pytest.fixture
async def quote(shop: Shop) -> str:
    await with_passphrase(shop.one)
    return (await selling.quote(shop.one, shop.token.id, shop.buyer.id, "100")).quote


def carrier(app: App) -> Carrier:
    return Carrier(app.approved, lambda each: app.session(Call("approved"), each.principal))


async def state_of(one: Session, plan: str) -> State | None:
    begun = await one.read(approvals.begun, plan)
    return begun and begun.state


async def test_what_was_approved_at_a_terminal_is_carried_out_once(
    app: App, shop: Shop, quote: str
) -> None:
    await carrier(app).work_off()
    before = await state_of(shop.one, quote)
    await approved(shop.one, quote)

    await carrier(app).work_off()
    await carrier(app).work_off()

    assert before is None
    assert await state_of(shop.one, quote) is State.DONE
    assert (await books(shop.one, shop.contract)).payments == 1


async def test_an_agent_that_asks_at_the_same_moment_joins(
    app: App, shop: Shop, quote: str
) -> None:
    await approved(shop.one, quote)

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(carrier(app).work_off)
            tasks.start_soon(selling.purchase, shop.one, quote)
    told = await selling.purchase(shop.one, quote)

    assert told.state is State.DONE
    assert (await books(shop.one, shop.contract)).payments == 1


async def test_a_refund_is_carried_out_too(app: App, shop: Shop, quote: str) -> None:
    await approved(shop.one, quote)
    await carrier(app).work_off()
    sale = await shop.one.read(approvals.begun, quote)
    assert sale is not None
    plan = (await refund.plan(shop.one, RefundOrder(sale.id, "", keep_tokens=False))).plan
    assert plan is not None
    await approved(shop.one, plan)

    await carrier(app).work_off()

    assert await state_of(shop.one, plan) is State.DONE


async def test_a_plan_that_is_no_longer_true_is_left(app: App, shop: Shop, quote: str) -> None:
    await approved(shop.one, quote)
    await shop.one.write(entity.update, shop.token.id, {"price": 1})

    await carrier(app).work_off()

    assert await state_of(shop.one, quote) is None
    assert (await books(shop.one, shop.contract)).payments == 0


async def test_who_saw_that_the_same_was_begun_has_it_twice(
    app: App, shop: Shop, quote: str, clock: HandClock
) -> None:
    await approved(shop.one, quote)
    await carrier(app).work_off()
    first = await shop.one.read(approvals.begun, quote)
    assert first is not None
    clock.forward(1)
    second = (await selling.quote(shop.one, shop.token.id, shop.buyer.id, "100")).quote

    digest = (await shop.one.read(plans.waiting, second)).digest
    with pytest.raises(LooksLikeError):
        await authorizing.approve(shop.one, Seen(second, digest), PASSPHRASE, "page")
    await carrier(app).work_off()
    unseen = await state_of(shop.one, second)
    await authorizing.approve(shop.one, Seen(second, digest, first.id), PASSPHRASE, "page")
    await carrier(app).work_off()

    assert unseen is None
    assert await state_of(shop.one, second) is State.DONE


async def test_of_two_like_each_other_that_nobody_compared_one_is_carried_out(
    app: App, shop: Shop, quote: str
) -> None:
    other = (await selling.quote(shop.one, shop.token.id, shop.buyer.id, "100")).quote
    await approved(shop.one, quote)
    await approved(shop.one, other)

    await carrier(app).work_off()
    await carrier(app).work_off()

    assert {await state_of(shop.one, it) for it in (quote, other)} == {State.DONE, None}
    assert (await books(shop.one, shop.contract)).payments == 1


async def test_a_yes_that_expired_carries_nothing_out(
    app: App, shop: Shop, quote: str, clock: HandClock
) -> None:
    await approved(shop.one, quote)
    clock.forward(2 * 60 * 60_000)

    await carrier(app).work_off()

    assert await state_of(shop.one, quote) is None
