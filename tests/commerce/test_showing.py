"""Every plan is shown in words, with nothing of it left out."""

import pytest

from one_mcp.dimensions.commerce.issuing import TokenOrder
from one_mcp.dimensions.commerce.refunding import RefundOrder
from one_mcp.dimensions.commerce.spending import GrantOrder, SpendOrder
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.operations import plans, showing, worth
from one_mcp.services.commerce import refund, selling, spend, tokens
from one_mcp.session import Session
from tests.commerce.conftest import WALLET, Shop

pytestmark = pytest.mark.anyio


async def minted(one: Session, token: str) -> None:
    made = await tokens.plan(one, "mint_tokens", TokenOrder(token, "500"))
    assert made.plan is not None
    await tokens.act(one, "mint_tokens", made.plan)


async def test_every_plan_says_what_it_does(shop: Shop) -> None:
    one, token, bob, ann = shop.one, shop.token.id, shop.buyer.id, shop.holder.id
    await minted(one, token)
    bought = await selling.purchase(one, (await selling.quote(one, token, bob, "100")).quote)
    new = await one.write(entity.create, "token", "New Token", {"symbol": "NEW"})

    await selling.quote(one, token, ann, "8")
    await refund.plan(one, RefundOrder(bought.id))
    await tokens.plan(one, "deploy_token", TokenOrder(new.id))
    await tokens.plan(one, "mint_tokens", TokenOrder(token, "5"))
    await tokens.plan(one, "burn_tokens", TokenOrder(token, "6"))
    await tokens.plan(one, "transfer_tokens", TokenOrder(token, "7", ann, "treasury"))
    await spend.plan_spending(one, SpendOrder(token, bob, amount="3"))
    await spend.plan_grant(one, GrantOrder(token, ann, "4"))

    shown = await one.read(showing.every)
    assert {showing.plain(it.headline) for it in shown} == {
        "Charge Ann 1.00 USD for 8 × Jane Token.",  # noqa: RUF001  # times
        "Give 12.50 USD back to Bob, for Jane Token.",
        "Put a contract for the token New Token on base.",
        "Make 5 new Jane Token, for the business itself.",
        "Destroy 6 Jane Token of the business's own.",
        f"Send 7 Jane Token to Ann, to the wallet {WALLET}.",
        "Take 3 Jane Token from Bob.",
        "Give Ann 4 × Jane Token for nothing.",  # noqa: RUF001  # times
    }
    for each in await one.read(plans.all_waiting):
        moved = worth.of(each.kind, each.body)
        assert moved is not None, each.kind
        assert moved.moves
        details = next(it.details for it in shown if it.plan == each.id)
        assert len(details) == len(each.body)
