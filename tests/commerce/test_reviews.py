"""What can end neither way is decided by a person, who sees first what would come of it."""

import pytest

from one_mcp.dimensions.operations import listing, operation
from one_mcp.dimensions.operations.operation import Operation, State
from one_mcp.errors import ConflictError
from one_mcp.providers.ports.chain import ContractCall
from one_mcp.providers.ports.payments import PaymentState
from one_mcp.services import doctor, rails, reconciling, reviews
from one_mcp.services.reviews import Decision
from tests.commerce.books import books
from tests.commerce.conftest import WALLET, Shop
from tests.commerce.test_purchase import CENTS, UNITS, bought, sold
from tests.commerce.vendors import REVERTED

pytestmark = pytest.mark.anyio


async def stuck(shop: Shop) -> Operation:
    """A purchase that is paid and minted, whose transfer is refused for good."""
    shop.script.forever["prepare.transfer"] = REVERTED
    left = await bought(shop.one, shop.token, shop.holder)
    assert left.state is State.NEEDS_REVIEW
    return left


@pytest.mark.parametrize("decision", list(Decision))
async def test_a_decision_is_shown_before_it_is_carried_out(shop: Shop, decision: Decision) -> None:
    left = await stuck(shop)
    before = await books(shop.one, shop.contract, WALLET)

    shown = await reviews.show(shop.one, left.id, decision)

    steps = {"retry": ["transfer"], "undo": ["mint", "authorize"]}
    assert shown.steps == steps.get(decision, ["authorize", "mint", "capture"])
    assert await books(shop.one, shop.contract, WALLET) == before
    assert (await shop.one.read(operation.read, left.id)).state is State.NEEDS_REVIEW


async def test_what_is_tried_again_ends_once_the_trouble_is_gone(shop: Shop) -> None:
    left = await stuck(shop)
    del shop.script.forever["prepare.transfer"]

    done = await reviews.decide(shop.one, left.id, Decision.RETRY)

    assert done.state is State.DONE
    assert await books(shop.one, shop.contract, WALLET) == sold(wallet=True)
    assert done.failure is not None
    assert [it["decision"] for it in done.failure["decisions"]] == ["retry"]  # type: ignore[index, union-attr]


async def test_what_is_undone_gives_the_money_back_and_burns_what_was_minted(shop: Shop) -> None:
    left = await stuck(shop)

    done = await reviews.decide(shop.one, left.id, Decision.UNDO)

    after = await books(shop.one, shop.contract, WALLET)
    assert done.state is State.UNDONE
    assert (after.charged, after.held, after.supply, after.ledger) == (0, 0, 0, {})
    assert (await reconciling.reconcile(shop.one)).differences == []


async def test_what_is_accepted_stands_as_it_is(shop: Shop) -> None:
    """Paid, minted, and kept here for the buyer, since it never got to the wallet."""
    left = await stuck(shop)

    done = await reviews.decide(shop.one, left.id, Decision.ACCEPT)

    after = await books(shop.one, shop.contract, WALLET)
    assert done.state is State.DONE
    assert (after.charged, after.treasury) == (CENTS, UNITS)
    assert after.ledger["custody"] == UNITS
    assert (await reconciling.reconcile(shop.one)).differences == []


async def test_only_what_needs_review_is_decided(shop: Shop) -> None:
    done = await bought(shop.one, shop.token, shop.buyer)

    with pytest.raises(ConflictError) as refused:
        await reviews.decide(shop.one, done.id, Decision.UNDO)

    assert refused.value.fields["state"] == "done"
    assert await books(shop.one, shop.contract) == sold()


async def test_what_waits_for_a_person_is_found_and_is_a_difference(shop: Shop) -> None:
    await bought(shop.one, shop.token, shop.buyer)
    left = await stuck(shop)

    found = await shop.one.read(listing.find, [State.NEEDS_REVIEW])
    first = await shop.one.read(listing.find, limit=1)
    rest = await shop.one.read(listing.find, limit=1, cursor=first.cursor)
    told = await reconciling.reconcile(shop.one)

    assert [it.operation for it in found.items] == [left.id]
    examined = {it.check: it for it in doctor.examine(shop.one.settings)}
    assert examined["operations"].state == "warning"
    assert "1 can end neither way" in examined["operations"].says
    assert [it.state for it in (*first.items, *rest.items)] == ["needs_review", "done"]
    assert rest.cursor is None
    assert [(it.where, it.operation) for it in told.differences] == [("journal", left.id)]


async def test_vendors_and_ledger_agree_after_sales(shop: Shop) -> None:
    await bought(shop.one, shop.token, shop.buyer, "pm_card_chargeDeclined")
    await bought(shop.one, shop.token, shop.buyer)
    await bought(shop.one, shop.token, shop.holder)

    told = await reconciling.reconcile(shop.one)

    assert told.differences == []
    assert (told.purchases, told.transactions, told.tokens) == (3, 3, 1)


@pytest.mark.parametrize("card", ["pm_card_authenticationRequired", "pm_none"])
async def test_a_payment_that_was_given_up_can_be_confirmed_by_nobody(
    shop: Shop, card: str
) -> None:
    """Else a bank's late yes holds funds for a sale that is undone."""
    given_up = await bought(shop.one, shop.token, shop.buyer, card)

    there = await rails.of(shop.one).payments.find(given_up.id)
    told = await reconciling.reconcile(shop.one)

    assert given_up.state is State.UNDONE
    assert there is None or there.state is PaymentState.CANCELED
    assert told.differences == []


async def test_what_the_vendors_did_besides_is_a_difference(shop: Shop) -> None:
    """A refund at the vendor's own site, and tokens burnt by another program."""
    done = await bought(shop.one, shop.token, shop.buyer)
    on = rails.of(shop.one)
    await on.payments.refund(str(done.result("authorize")["payment"]), 250, "by hand", "op_0")
    sign = await on.chain.prepare(ContractCall("burn", shop.contract, units=10**18))
    await on.chain.broadcast(sign(await on.chain.mined()).raw)

    told = await reconciling.reconcile(shop.one)

    assert [(it.where, it.operation, it.token) for it in told.differences] == [
        ("payments", done.id, None),
        ("chain", None, shop.token.id),
    ]
    assert (told.differences[0].expected, told.differences[0].found) == ("1250", "1000")
