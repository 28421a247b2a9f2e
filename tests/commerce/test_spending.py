"""Tokens are spent and given by the ledger alone, once, and never more than there are."""

import pytest

from one_mcp.dimensions.commerce.issuing import MINT, TokenOrder
from one_mcp.dimensions.commerce.spending import GrantOrder, SpendOrder
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.operations.operation import State
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import InsufficientTokensError, LooksLikeError
from one_mcp.services.commerce import holdings, planned, spend, tokens
from tests.commerce.books import books
from tests.commerce.conftest import Shop
from tests.commerce.test_purchase import bought

pytestmark = pytest.mark.anyio
ONE = 10**18


async def spent(shop: Shop, given: SpendOrder, *, again: bool = False) -> spend.TokensMoved:
    plan = await spend.plan_spending(shop.one, given)
    return await spend.do(shop.one, spend.SPEND, plan.plan or "", again=again)


async def granted(shop: Shop, given: GrantOrder) -> spend.TokensMoved:
    plan = await spend.plan_grant(shop.one, given)
    return await spend.do(shop.one, spend.GRANT, plan.plan or "", again=False)


async def minted(shop: Shop, amount: str) -> None:
    plan = await tokens.plan(shop.one, MINT, TokenOrder(shop.token.id, amount))
    await tokens.act(shop.one, MINT, plan.plan or "")


async def test_what_is_spent_is_the_business_s_own(shop: Shop) -> None:
    await bought(shop.one, shop.token, shop.buyer)

    done = await spent(shop, SpendOrder(shop.token.id, shop.buyer.id, amount="30"))

    assert done.state == "done"
    after = await books(shop.one, shop.contract)
    assert after.ledger["custody"] == 70 * ONE
    assert after.ledger["treasury"] == 30 * ONE
    assert after.supply == 100 * ONE


async def test_nobody_spends_more_than_is_kept(shop: Shop) -> None:
    await bought(shop.one, shop.token, shop.buyer)
    first, second = [
        await spend.plan_spending(shop.one, SpendOrder(shop.token.id, shop.buyer.id, amount=amount))
        for amount in ("60", "61")
    ]

    await spend.do(shop.one, spend.SPEND, first.plan or "", again=False)
    with pytest.raises(InsufficientTokensError) as refusal:
        await spend.do(shop.one, spend.SPEND, second.plan or "", again=False)

    fields = refusal.value.fields
    assert (fields["user"], fields["required"], fields["available"]) == (
        shop.buyer.id,
        "61",
        "40",
    )


async def test_whoever_has_tokens_in_a_wallet_is_told_so(shop: Shop) -> None:
    await bought(shop.one, shop.token, shop.holder)

    with pytest.raises(InsufficientTokensError, match=r"has 0 .* 100 are in a wallet"):
        await spend.plan_spending(shop.one, SpendOrder(shop.token.id, shop.holder.id, amount="3"))


async def test_the_same_plan_spends_once(shop: Shop) -> None:
    await bought(shop.one, shop.token, shop.buyer)
    order = SpendOrder(shop.token.id, shop.buyer.id, amount="30")
    plan = await spend.plan_spending(shop.one, order)

    first = await spend.do(shop.one, spend.SPEND, plan.plan or "", again=False)
    again = await spend.do(shop.one, spend.SPEND, plan.plan or "", again=False)
    with pytest.raises(LooksLikeError):
        await spent(shop, order)

    assert again == first
    assert (await books(shop.one, shop.contract)).ledger["treasury"] == 30 * ONE


async def test_other_words_for_the_same_look_like_it(shop: Shop) -> None:
    """A model that has lost its answer words the reason anew, and the amount."""
    await bought(shop.one, shop.token, shop.buyer)
    await spent(shop, SpendOrder(shop.token.id, shop.buyer.id, amount="30", reason="a hat"))

    with pytest.raises(LooksLikeError):
        await spent(shop, SpendOrder(shop.token.id, shop.buyer.id, amount="30.0", reason="hats"))
    await spent(shop, SpendOrder(shop.token.id, shop.buyer.id, amount="31", reason="a hat"))


async def test_a_course_costs_its_token_price(shop: Shop) -> None:
    await bought(shop.one, shop.token, shop.buyer)
    course = await _course(shop, {"tokenPrice": 12.5})

    with pytest.raises(InvalidArgumentError, match=r"tokenPrice is 12\.5"):
        await spend.plan_spending(
            shop.one, SpendOrder(shop.token.id, shop.buyer.id, course, amount="1")
        )
    done = await spent(shop, SpendOrder(shop.token.id, shop.buyer.id, course))

    assert (done.amount, done.item) == ("12.5", course)
    found = await shop.one.read(
        lambda work: work.all(
            "SELECT type FROM connections"
            " WHERE organization_id = :organization AND to_id = :course",
            course=course,
        )
    )
    assert sorted(row["type"] for row in found) == ["enrolled_in", "purchased"]


async def _course(shop: Shop, properties: JsonObject) -> str:
    return (await shop.one.write(entity.create, "course", "Yoga", properties)).id


async def test_rewards_come_from_the_treasury_and_add_up(shop: Shop) -> None:
    course = await _course(shop, {"price": 10})
    with pytest.raises(InsufficientTokensError, match="treasury has 0"):
        await spend.plan_grant(shop.one, GrantOrder(shop.token.id, shop.buyer.id, "5"))
    await minted(shop, "100")

    await granted(shop, GrantOrder(shop.token.id, shop.buyer.id, "5", source=course))
    await granted(shop, GrantOrder(shop.token.id, shop.buyer.id, "2.5", source=course))

    after = await books(shop.one, shop.contract)
    assert (after.ledger["custody"], after.ledger["treasury"]) == (75 * ONE // 10, 925 * ONE // 10)
    earned = await shop.one.read(
        lambda work: work.value(
            "SELECT metadata ->> 'amount' FROM connections"
            " WHERE organization_id = :organization AND type = 'earned_from'"
        )
    )
    assert str(earned) == "7.5"


async def test_a_course_can_be_given(shop: Shop) -> None:
    course = await _course(shop, {"price": 10, "currency": "usd"})

    done = await granted(shop, GrantOrder(course, shop.buyer.id, reason="prize"))

    assert done.state == State.DONE
    assert (await books(shop.one, shop.contract)).ledger == {}


async def test_holdings_say_what_is_where(shop: Shop) -> None:
    await bought(shop.one, shop.token, shop.buyer)
    await bought(shop.one, shop.token, shop.holder)

    of_token = await holdings.of(shop.one, shop.token.id, reconcile=True)
    of_holder = await holdings.of(shop.one, shop.holder.id)

    shown = {it.holder: it for it in of_token.holdings}
    assert (shown[shop.buyer.id].kept, shown[shop.buyer.id].wallet) == ("100", None)
    assert shown[shop.holder.id].wallet == shown[shop.holder.id].wallet_on_chain == "100"
    assert all(it.simulated and it.differs is None for it in of_token.holdings)
    assert [(it.token, it.wallet) for it in of_holder.holdings] == [(shop.token.id, "100")]


async def test_holdings_say_where_the_chain_differs(shop: Shop) -> None:
    await bought(shop.one, shop.token, shop.holder)
    other = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
    await shop.one.write(entity.update, shop.holder.id, {"walletAddress": other})

    found = await holdings.of(shop.one, shop.holder.id, reconcile=True)

    assert [it.wallet_on_chain for it in found.holdings] == ["0"]
    assert found.holdings[0].differs == "the wallet has 0, and 100 went there from here"


async def test_spending_takes_no_plan_of_another_kind(shop: Shop) -> None:
    await bought(shop.one, shop.token, shop.buyer)
    plan = await spend.plan_spending(
        shop.one, SpendOrder(shop.token.id, shop.buyer.id, amount="30")
    )

    with pytest.raises(Exception, match="no such quote or plan"):
        await planned.do(shop.one, spend.GRANT, plan.plan or "", again=False)
