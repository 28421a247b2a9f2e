"""What was cut off goes on by itself; what an operation needs stays; what cannot end is shown."""

from dataclasses import replace

import anyio.lowlevel
import pytest

from one_mcp.answers import Written
from one_mcp.app import App
from one_mcp.dimensions.batch import converting, merging
from one_mcp.dimensions.entities import archive, entity
from one_mcp.dimensions.operations import journal, operation
from one_mcp.dimensions.operations.operation import Operation, State
from one_mcp.dimensions.operations.unfinished import Unfinished
from one_mcp.dimensions.purge import purge
from one_mcp.errors import ConflictError, OneError
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import LedgerError, OperationOpenError
from one_mcp.money_settings import PaymentSettings
from one_mcp.providers.paying import Paying
from one_mcp.services import heartbeat, saga, undoing
from one_mcp.services import recovery as recovering
from one_mcp.services.commerce import selling
from one_mcp.services.commerce.purchase import PURCHASE
from one_mcp.services.recovery import Recovery
from one_mcp.services.workflow import Run, Step, Workflow
from one_mcp.session import Call, Session
from one_mcp.store.sqlite import lock
from one_mcp.store.work import Work
from tests.commerce.books import books
from tests.commerce.conftest import WALLET, Shop
from tests.commerce.test_purchase import bought, killed, sold
from tests.commerce.vendors import DOWN
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio


def recovery(app: App) -> Recovery:
    return Recovery(app.unfinished, lambda each: app.session(Call("recovery"), each.principal))


async def state_of(one: Session, id: str) -> State:
    return (await one.read(operation.read, id)).state


async def begun(shop: Shop) -> Operation:
    """A purchase for a wallet that is left for later in its midst."""
    shop.script.forever["broadcast"] = DOWN
    left = await bought(shop.one, shop.token, shop.holder)
    del shop.script.forever["broadcast"]
    assert left.state is State.RUNNING
    return left


async def test_what_a_killed_process_left_is_finished_once(
    app: App, shop: Shop, clock: HandClock
) -> None:
    quote = await selling.quote(shop.one, shop.token.id, shop.holder.id, "100")
    assert await killed(app, quote.quote, 4)

    await recovery(app).work_off()
    before = await books(shop.one, shop.contract, WALLET)
    clock.forward(journal.LENGTH_MS + 1)
    await recovery(app).work_off()
    await recovery(app).work_off()

    assert before.ledger == {}
    assert await books(shop.one, shop.contract, WALLET) == sold(wallet=True)
    assert await app.unfinished() == []


async def test_what_is_left_for_later_is_not_due_before(
    app: App, shop: Shop, clock: HandClock
) -> None:
    left = await begun(shop)

    await recovery(app).work_off()
    too_early = await state_of(shop.one, left.id)
    clock.forward(saga.LATER_MS)
    await recovery(app).work_off()

    assert too_early is State.RUNNING
    assert await state_of(shop.one, left.id) is State.DONE


async def test_what_is_in_the_way_of_recovery_is_said_once(
    app: App,
    shop: Shop,
    clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A key that may not be used, with an operation waiting: the log is not filled by it."""
    monkeypatch.setattr(recovering, "POLL_S", 0.0)
    left = await begun(shop)
    clock.forward(saga.LATER_MS)
    paying = Paying(PaymentSettings.model_validate({"stripe_secret_key": "sk_live_1"}))
    app.providers = replace(app.providers, paying=paying)
    seen, often = 0, anyio.Event()

    async def due() -> list[Unfinished]:
        nonlocal seen
        seen += 1
        if seen > 3:
            often.set()
        return await app.unfinished()

    server = Recovery(due, lambda each: app.session(Call("recovery"), each.principal))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.run)
        with anyio.fail_after(5):
            await often.wait()
        tasks.cancel_scope.cancel()

    told = [it for it in caplog.records if it.name.startswith("one_mcp")]
    assert [(it.getMessage(), vars(it)["code"]) for it in told] == [
        ("operations wait", "INVALID_SETTING")
    ]
    assert await state_of(shop.one, left.id) is State.RUNNING


async def test_a_file_that_nobody_uses_is_looked_at_and_left_alone(app: App) -> None:
    found = await app.unfinished()

    assert found == []
    assert not lock.shared(app.settings.database)
    beside = {it.name for it in app.settings.database.parent.iterdir()}
    assert beside.isdisjoint({"one.db-wal", "one.db-shm"})


@pytest.mark.parametrize("which", ["token", "holder"])
async def test_what_an_operation_needs_is_not_taken_away(shop: Shop, which: str) -> None:
    left = await begun(shop)
    it = getattr(shop, which)
    other = await shop.one.write(entity.create, it.type, "Other")
    doors = {
        "archive": (archive.archive, it.id),
        "purge": (purge.purge, it.id, it.id),
        "convert": (converting.convert, it.id, "campaign"),
    }

    for rule, *given in doors.values():
        with pytest.raises(OperationOpenError) as refused:
            await shop.one.write(rule, *given)
        assert refused.value.fields["operation"] == left.id
    with pytest.raises(OperationOpenError):
        await shop.one.rehearse(_merged, other.id, it.id)
    with pytest.raises(OneError):
        await undoing.undo(shop.one, it.change or "")
    renamed = await shop.one.write(entity.update, it.id, {"description": "new"})
    assert renamed.version


def _merged(work: Work, survivor: str, gone: str) -> Written:
    merging.merge(work, survivor, [gone], "survivor")
    return Written()


async def test_what_was_needed_is_free_once_the_operation_has_ended(
    app: App, shop: Shop, clock: HandClock
) -> None:
    left = await begun(shop)
    clock.forward(saga.LATER_MS)
    await recovery(app).work_off()

    archived = await shop.one.write(archive.archive, shop.holder.id)

    assert await state_of(shop.one, left.id) is State.DONE
    assert archived.status == "archived"


def _refused(_work: Work, _at: Operation) -> JsonObject:
    raise ConflictError("some rule says no")


async def test_an_end_that_cannot_be_recorded_is_left_to_a_person(
    shop: Shop, clock: HandClock
) -> None:
    left = await begun(shop)
    clock.forward(saga.LATER_MS)

    done = await saga.drive(shop.one, replace(PURCHASE, finish=_refused), left.id)

    assert (done.state, done.was) == (State.NEEDS_REVIEW, State.RUNNING)
    assert done.failure is not None
    assert done.failure["code"] == "CONFLICT"


async def test_nobody_stops_an_operation_with_its_mark(
    app: App, shop: Shop, clock: HandClock
) -> None:
    left = await begun(shop)
    about: JsonObject = {"amount": 1, "currency": "usd"}
    with pytest.raises(LedgerError):
        await shop.one.write(entity.create, "payment", "Forged", about, external_id=left.id)
    clock.forward(saga.LATER_MS)

    await recovery(app).work_off()

    assert await state_of(shop.one, left.id) is State.DONE


async def test_what_its_caller_gave_up_is_free_for_others_at_once(app: App, shop: Shop) -> None:
    """A call that is cancelled, or a server that ends, need not be waited for."""
    left = await begun(shop)
    waits = anyio.Event()

    async def _forever(_run: Run) -> JsonObject:
        waits.set()
        await anyio.sleep_forever()
        return {}

    slow = replace(PURCHASE, steps=lambda _body: [Step("mint", _forever)])
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_driven, shop, slow, left.id)
        with anyio.fail_after(5):
            await waits.wait()
        tasks.cancel_scope.cancel()

    assert [it.id for it in await app.unfinished()] == [left.id]
    await recovery(app).work_off()
    assert await state_of(shop.one, left.id) is State.DONE


async def _driven(shop: Shop, workflow: Workflow, id: str) -> None:
    await shop.one.derive(_is_due, id)
    await saga.drive(shop.one, workflow, id)


def _is_due(work: Work, id: str) -> None:
    work.run(
        "UPDATE operations SET due_at = 0 WHERE organization_id = :organization AND id = :id", id=id
    )


async def test_a_step_that_takes_long_keeps_its_lease(
    shop: Shop, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its holder renews it meanwhile, so that nobody takes it for dead."""
    monkeypatch.setattr(heartbeat, "BEAT_S", 0.001)
    left = await begun(shop)
    waits, goes = anyio.Event(), anyio.Event()

    async def _slow(_run: Run) -> JsonObject:
        waits.set()
        await goes.wait()
        return {}

    async with anyio.create_task_group() as tasks:
        slow = replace(PURCHASE, steps=lambda _body: [Step("mint", _slow)])
        tasks.start_soon(_driven, shop, slow, left.id)
        with anyio.fail_after(5):
            await waits.wait()
            for _ in range(3):
                clock.forward(journal.LENGTH_MS - 1)
                while await shop.one.read(_lease, left.id) < clock.now + journal.LENGTH_MS:
                    await anyio.lowlevel.checkpoint()
        assert await shop.one.derive(journal.take, left.id) is None
        tasks.cancel_scope.cancel()


def _lease(work: Work, id: str) -> int:
    return operation.read(work, id).leased_until
