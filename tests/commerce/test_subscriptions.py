"""A membership is billed by its vendor alone, and recorded here once, whoever sees it."""

import json
from typing import Any

import anyio
import pytest
from pydantic import SecretStr
from stripe import WebhookSignature

from one_mcp import jsons
from one_mcp.app import LOCAL, App
from one_mcp.dimensions import lookup
from one_mcp.dimensions.commerce import subscriptions
from one_mcp.dimensions.commerce.refunding import RefundOrder
from one_mcp.dimensions.commerce.subscribing import SubscriptionOrder
from one_mcp.dimensions.entities import archive, entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.operations import journal
from one_mcp.dimensions.purge import purge
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import LedgerError, PaymentFailedError
from one_mcp.providers.simulated.stripe import customers
from one_mcp.providers.simulated.stripe import subscriptions as simulated
from one_mcp.services import reconciling
from one_mcp.services.commerce import billing, refund, selling, subscribe, vendor_events
from one_mcp.services.commerce.billing import Renewals
from one_mcp.services.commerce.subscribe import SubscriptionAnswer
from one_mcp.services.rails import SimulatedCabinet
from one_mcp.services.recovery import Recovery
from one_mcp.session import Call, Session
from one_mcp.store.work import Work
from tests import conftest as plain
from tests.commerce.test_purchase import Dying, Killed
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio
one = plain.one
MONTH_MS = 31 * 24 * 3_600_000 + subscriptions.AFTER_MS
SIGNED_BY = "whsec_0123456789abcdef"


@pytest.fixture
async def gold(one: Session) -> Saved:
    return await _tier(one, "Gold", 9)


@pytest.fixture
async def bob(one: Session) -> Saved:
    return await one.write(entity.create, "audience_member", "Bob", {"email": "bob@example.com"})


async def _tier(one: Session, name: str, price: float) -> Saved:
    about: JsonObject = {"price": price, "currency": "usd", "interval": "monthly"}
    return await one.write(entity.create, "membership", name, about)


async def done(one: Session, action: str, **given: Any) -> SubscriptionAnswer:
    plan = await subscribe.plan(one, SubscriptionOrder(action, **given))
    return await subscribe.do(one, plan.plan or "", again=False)


async def started(one: Session, item: Saved, buyer: Saved, **given: Any) -> str:
    begun = await done(one, "start", item=item.id, buyer=buyer.id, **given)
    assert (begun.state, begun.status) == ("done", "active")
    return str(begun.subscription)


def looking(app: App) -> Renewals:
    return Renewals(app.subscribed, lambda it: app.session(Call("subscriptions"), it.principal))


async def shown(one: Session, id: str) -> JsonObject:
    return jsons.load_object((await one.read(lookup.any_state, id))["properties"])


async def swapped(one: Session, id: str, card: str) -> None:
    """Do what a buyer does on a page of Stripe's: pay by another card from now on."""
    found = await one.read(subscriptions.find, id)
    assert found is not None
    vendor = found.vendor
    cabinet = SimulatedCabinet(one)
    there = await cabinet.open(lambda it: simulated.retrieve(it, (vendor,), {}))
    kept = await cabinet.open(lambda it: customers.save(it, str(there["customer"]), card))
    given = {"default_payment_method": kept["id"]}
    await cabinet.open(lambda it: simulated.update(it, (vendor,), given))


def _sums(work: Work) -> tuple[int, float, float, int]:
    """Sum what the vendor took, what is told as revenue, what the ledger has, and count bills."""
    paid = work.all(
        "SELECT body FROM simulated_objects"
        " WHERE organization_id = :organization AND kind = 'stripe_invoice'"
    )
    told = work.all(
        "SELECT metadata ->> 'amount' AS amount FROM events"
        " WHERE organization_id = :organization AND type = 'revenue_generated'"
    )
    kept = work.all(
        "SELECT balance FROM ledger_accounts"
        " WHERE organization_id = :organization AND kind = 'revenue'"
    )
    return (
        sum(int(str(jsons.load_object(it["body"])["amount_paid"])) for it in paid),
        sum(float(it["amount"]) for it in told) * 100,
        abs(sum(int(it["balance"]) for it in kept)),
        len(paid),
    )


async def bills(one: Session) -> int:
    """Count the bills, of which each is recorded once: vendor, events and ledger agree."""
    vendor, told, kept, count = await one.read(_sums)
    payments = await one.read(
        lambda work: work.value(
            "SELECT count(*) FROM entities"
            " WHERE organization_id = :organization AND type = 'payment'"
        )
    )
    assert (vendor, vendor, payments) == (told, kept, count)
    assert (await reconciling.reconcile(one)).differences == []
    return count


def _actions(work: Work) -> list[str]:
    rows = work.all(
        "SELECT metadata ->> 'action' AS action FROM events"
        " WHERE organization_id = :organization AND type = 'subscription_updated' ORDER BY seq"
    )
    return [row["action"] for row in rows]


async def test_the_first_bill_is_paid_and_recorded_at_once(
    one: Session, gold: Saved, bob: Saved
) -> None:
    id = await started(one, gold, bob)

    about = await shown(one, id)
    assert (about["status"], about["price"], about["interval"]) == ("active", 9, "monthly")
    assert about["simulated"] is True
    assert await bills(one) == 1
    assert await one.read(_actions) == ["started"]


async def test_a_renewal_is_recorded_once_by_whoever_sees_it(
    app: App, one: Session, clock: HandClock, gold: Saved, bob: Saved
) -> None:
    id = await started(one, gold, bob)
    clock.forward(MONTH_MS)

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(looking(app).work_off)
    await billing.look(one, id)
    renewed = await bills(one)
    clock.forward(2 * MONTH_MS)
    await looking(app).work_off()

    assert renewed == 2
    assert await bills(one) == 4
    assert await one.read(_actions) == ["started", "renewed", "renewed", "renewed"]


async def test_looking_at_what_has_not_changed_writes_no_change(
    app: App, one: Session, clock: HandClock, gold: Saved, bob: Saved
) -> None:
    id = await started(one, gold, bob)
    before = (await one.read(lookup.any_state, id))["version"]
    clock.forward(subscriptions.SELDOM_MS)

    looked = await app.subscribed()
    await looking(app).work_off()

    assert [it.id for it in looked] == [id]
    assert await app.subscribed() == []
    assert (await one.read(lookup.any_state, id))["version"] == before


async def test_an_event_of_the_vendor_is_a_reason_to_look(
    app: App, one: Session, clock: HandClock, gold: Saved, bob: Saved
) -> None:
    app.settings = app.settings.model_copy(update={"stripe_webhook_secret": SecretStr(SIGNED_BY)})
    one = app.session(Call("test"), LOCAL)
    id = await started(one, gold, bob)
    held = await one.read(subscriptions.find, id)
    assert held is not None
    about = {
        "id": "in_1",
        "object": "invoice",
        "parent": {"subscription_details": {"subscription": held.vendor}},
    }
    event = {"id": "evt_1", "object": "event", "type": "invoice.paid", "created": 1_795_435_200}
    body = json.dumps({**event, "livemode": False, "data": {"object": about}})
    signature = WebhookSignature.generate_signature_header(body, SIGNED_BY, clock.now // 1000)

    before = await app.subscribed()
    await vendor_events.receive(one, body.encode(), signature)
    after = await app.subscribed()
    await looking(app).work_off()

    assert (before, [it.id for it in after]) == ([], [id])
    assert await bills(one) == 1
    assert await app.subscribed() == []


async def test_what_was_seen_before_an_event_is_not_written(
    one: Session, clock: HandClock, gold: Saved, bob: Saved
) -> None:
    """Whoever looked before the event may have seen what is no longer so."""
    id = await started(one, gold, bob)
    clock.forward(MONTH_MS)
    held = await one.derive(subscriptions.take, id)
    assert held is not None

    woken = await one.derive(subscriptions.wake, held.vendor)
    await one.derive(subscriptions.put_off, held)

    assert woken
    assert await one.derive(subscriptions.take, id) is not None


async def test_a_card_that_stops_paying_makes_it_past_due_and_then_over(
    app: App, one: Session, clock: HandClock, gold: Saved, bob: Saved
) -> None:
    id = await started(one, gold, bob)
    await swapped(one, id, "pm_card_chargeCustomerFail")

    states: list[object] = []
    for _ in range(3):
        clock.forward(MONTH_MS // 2)
        await looking(app).work_off()
        states.append((await shown(one, id))["status"])
    clock.forward(MONTH_MS)
    await looking(app).work_off()
    states.append((await shown(one, id))["status"])

    assert states == ["active", "past_due", "past_due", "cancelled"]
    assert await bills(one) == 1
    assert await one.read(_actions) == ["started", "cancelled"]
    assert await app.subscribed() == []


async def test_a_renewal_is_recorded_once_a_card_pays_again(
    app: App, one: Session, clock: HandClock, gold: Saved, bob: Saved
) -> None:
    id = await started(one, gold, bob)
    await swapped(one, id, "pm_card_chargeCustomerFail")
    clock.forward(MONTH_MS)
    await looking(app).work_off()
    due = (await shown(one, id))["status"]

    await swapped(one, id, "pm_card_visa")
    clock.forward(subscriptions.OFTEN_MS)
    await looking(app).work_off()

    assert (due, (await shown(one, id))["status"]) == ("past_due", "active")
    assert await bills(one) == 2


async def test_what_is_cancelled_runs_out_unless_it_is_resumed(
    app: App, one: Session, clock: HandClock, gold: Saved, bob: Saved
) -> None:
    id = await started(one, gold, bob)

    ending = await done(one, "cancel", subscription=id)
    resumed = await done(one, "resume", subscription=id)
    clock.forward(MONTH_MS)
    await looking(app).work_off()
    renewed = await bills(one)
    await done(one, "cancel", subscription=id)
    clock.forward(MONTH_MS)
    await looking(app).work_off()

    assert (ending.status, ending.ends, resumed.ends) == ("active", True, None)
    assert renewed == await bills(one) == 2
    assert (await shown(one, id))["status"] == "cancelled"


async def test_what_is_cancelled_now_is_over_and_may_be_started_again(
    one: Session, gold: Saved, bob: Saved
) -> None:
    id = await started(one, gold, bob)
    with pytest.raises(InvalidArgumentError, match=id):
        await started(one, gold, bob)

    over = await done(one, "cancel", subscription=id, now=True)
    with pytest.raises(InvalidArgumentError, match="over"):
        await done(one, "resume", subscription=id)
    plan = await subscribe.plan(one, SubscriptionOrder("start", gold.id, bob.id))
    again = await subscribe.do(one, plan.plan or "", again=True)

    assert over.status == "cancelled"
    assert again.subscription != id


async def test_another_tier_is_billed_from_the_next_time_on(
    app: App, one: Session, clock: HandClock, gold: Saved, bob: Saved
) -> None:
    id = await started(one, gold, bob)
    silver = await _tier(one, "Silver", 5)

    changed = await done(one, "change", subscription=id, item=silver.id)
    before = await bills(one)
    clock.forward(MONTH_MS)
    await looking(app).work_off()

    assert (changed.total, before) == ("5.00", 1)
    assert (await shown(one, id))["price"] == 5
    assert await bills(one) == 2
    assert (await one.read(_sums))[0] == 1400


async def test_a_declined_card_starts_nothing(one: Session, gold: Saved, bob: Saved) -> None:
    with pytest.raises(PaymentFailedError):
        await started(one, gold, bob, method="pm_card_chargeDeclined")

    assert await bills(one) == 0
    assert await one.read(subscriptions.of_buyer, bob.id, gold.id) is None


async def test_what_is_billed_is_not_sold_beside_it(one: Session, gold: Saved, bob: Saved) -> None:
    once = await one.write(entity.create, "membership", "Once", {"price": 5, "interval": "once"})
    await started(one, gold, bob)

    with pytest.raises(InvalidArgumentError, match="manage_subscription"):
        await selling.quote(one, gold.id, bob.id, "1")
    with pytest.raises(InvalidArgumentError, match="purchase_tokens"):
        await done(one, "start", item=once.id, buyer=bob.id)
    payment = await one.read(
        lambda work: work.value(
            "SELECT id FROM entities WHERE organization_id = :organization AND type = 'payment'"
        )
    )
    with pytest.raises(InvalidArgumentError, match="dashboard"):
        await refund.plan(one, RefundOrder(str(payment)))


@pytest.mark.parametrize("who", ["bob", "gold"])
async def test_whoever_is_archived_and_billed_all_the_same_is_warned_of(
    one: Session, gold: Saved, bob: Saved, who: str
) -> None:
    id = await started(one, gold, bob)
    hidden = {"bob": bob, "gold": gold}[who].id

    warned = await one.write(archive.archive, hidden)
    await one.write(archive.restore, hidden)
    await done(one, "cancel", subscription=id)
    ending = await one.write(archive.archive, hidden)

    assert [(hidden in it, id in it, "cancel" in it) for it in warned.warnings or ()] == [
        (True, True, True)
    ]
    assert ending.warnings is None


async def test_nothing_else_writes_what_is_billed(one: Session, gold: Saved, bob: Saved) -> None:
    id = await started(one, gold, bob)
    forged: list[JsonObject] = [
        {"status": "cancelled"},
        {"price": 1},
        {"interval": "yearly"},
        {"stripeSubscriptionId": "sub_other"},
        {"currentPeriodEnd": "2030-01-01T00:00:00Z"},
        {"simulated": None},
    ]

    for properties in forged:
        with pytest.raises(LedgerError, match="manage_subscription"):
            await one.write(entity.update, id, properties)
    with pytest.raises(LedgerError):
        await one.write(archive.archive, id)
    with pytest.raises(LedgerError):
        await one.write(purge.purge, bob.id, bob.id)
    noted = await one.write(entity.update, id, {"tier": "pro"})
    assert noted.version
    await done(one, "cancel", subscription=id, now=True)
    gone = await one.write(purge.purge, bob.id, bob.id)
    assert gone.id == bob.id


async def test_of_two_that_start_the_same_one_does(one: Session, gold: Saved, bob: Saved) -> None:
    plans = [
        await subscribe.plan(one, SubscriptionOrder("start", gold.id, bob.id)) for _ in range(2)
    ]
    ends: list[str] = []

    async def begin(plan: str) -> None:
        try:
            ends.append(str((await subscribe.do(one, plan, again=True)).state))
        except InvalidArgumentError as refusal:
            ends.append(refusal.code)

    async with anyio.create_task_group() as tasks:
        for each in plans:
            tasks.start_soon(begin, each.plan or "")

    assert sorted(ends) == ["INVALID_ARGUMENT", "done"]
    assert await bills(one) == 1


async def _killed(app: App, plan: str, after: float) -> bool:
    alive, app.database = app.database, Dying(app.database, after)
    try:
        await subscribe.do(app.session(Call("test"), LOCAL), plan, again=True)
    except (Killed, BaseExceptionGroup):
        return True
    finally:
        app.database = alive
    return False


@pytest.mark.parametrize("action", ["start", "change", "cancel", "resume"])
async def test_killed_at_any_write_it_ends_right(
    app: App, one: Session, clock: HandClock, action: str
) -> None:
    boundary, was_killed = 0, True
    while was_killed:
        boundary += 1
        item, other = [await _tier(one, f"{name} {boundary}", 9) for name in ("A", "B")]
        buyer = await one.write(entity.create, "audience_member", f"Buyer {boundary}")
        order = SubscriptionOrder("start", item.id, buyer.id)
        if action != "start":
            id = await started(one, item, buyer)
            if action == "resume":
                await done(one, "cancel", subscription=id)
            changed = other.id if action == "change" else ""
            order = SubscriptionOrder(action, changed, subscription=id)
        plan = (await subscribe.plan(one, order)).plan or ""
        was_killed = await _killed(app, plan, boundary / 2)
        clock.forward(journal.LENGTH_MS + 1)
        await Recovery(app.unfinished, lambda it: app.session(Call("r"), it.principal)).work_off()
        ended = await subscribe.do(one, plan, again=True)
        assert (ended.state, ended.status) == ("done", "active")
        assert await bills(one) == boundary
    assert boundary > 4


async def test_killed_at_any_write_a_renewal_is_recorded_once(
    app: App, one: Session, clock: HandClock, gold: Saved, bob: Saved
) -> None:
    id = await started(one, gold, bob)
    boundary, was_killed = 0, True
    while was_killed:
        boundary += 1
        clock.forward(MONTH_MS)
        alive, app.database = app.database, Dying(app.database, boundary / 2)
        try:
            await billing.look(app.session(Call("test"), LOCAL), id)
            was_killed = False
        except (Killed, BaseExceptionGroup):
            pass
        finally:
            app.database = alive
        clock.forward(subscriptions.LEASE_MS + 1)
        await looking(app).work_off()
        assert await bills(one) == boundary + 1
    assert boundary > 4
