"""A client that declares the tasks extension gets an operation as a task; others get progress."""

from collections.abc import AsyncIterator
from typing import Any, Literal

import anyio
import anyio.lowlevel
import pytest
from mcp import Client
from mcp.client.extension import ClaimContext, ClientExtension, ResultClaim
from mcp.server import Server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    CallToolResult,
    ElicitRequestURLParams,
    ElicitResult,
    InputRequiredResult,
    Request,
    RequestParams,
    Result,
)
from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from one_mcp.access import Principal, Role
from one_mcp.app import LOCAL, App, open_app
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.operations import journal, operation
from one_mcp.dimensions.operations.operation import State
from one_mcp.jsons import JsonObject
from one_mcp.server import build
from one_mcp.server.caller import Serving
from one_mcp.services import saga
from one_mcp.services.commerce import outcomes, selling
from one_mcp.services.workflows import WORKFLOWS
from tests.commerce.books import books
from tests.commerce.conftest import Shop
from tests.commerce.people import approved, with_passphrase
from tests.commerce.test_recovery import recovery
from tests.commerce.vendors import DOWN, REVERTED
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio

TASKS = "io.modelcontextprotocol/tasks"
MISSING_CAPABILITY, INVALID_PARAMS, NO_METHOD = -32021, -32602, -32601


class Created(Result):
    """The answer by which a call becomes a task."""

    model_config = ConfigDict(alias_generator=to_camel, extra="allow")
    result_type: Literal["task"] = "task"
    task_id: str
    status: str
    ttl_ms: int | None
    poll_interval_ms: int


async def unresolved(created: Created, _: ClaimContext) -> CallToolResult:
    raise AssertionError(created)


class Taking(ClientExtension):
    """A client's side of the extension."""

    identifier = TASKS

    def claims(self) -> list[ResultClaim[Created]]:
        return [ResultClaim(result_type="task", model=Created, resolve=unresolved)]


class Params(RequestParams):
    model_config = ConfigDict(extra="allow")


class Asked(Result):
    model_config = ConfigDict(extra="allow")


class TaskRequest(Request[Params, str]):
    """One request of the extension's."""


async def ask(client: Client, method: str, task: str, **more: object) -> dict[str, Any]:
    params = Params.model_validate({"taskId": task, **more})
    asked = await client.session.send_request(TaskRequest(method=method, params=params), Asked)
    return asked.model_dump(by_alias=True, exclude_unset=True)


async def ended(client: Client, task: str) -> dict[str, Any]:
    with anyio.fail_after(10):
        while (found := await ask(client, "tasks/get", task))["status"] == "working":
            await anyio.lowlevel.checkpoint()
    return found


async def begun(client: Client, tool: str, **arguments: object) -> Created:
    """Call a tool that begins an operation, and return the task that it is."""
    created = await client.session.call_tool(tool, arguments, allow_claimed=True)
    assert isinstance(created, Created), created
    return created


async def buy(client: Client, quote: str) -> str:
    return (await begun(client, "purchase_tokens", quote=quote)).task_id


@pytest.fixture
async def tasked(server: Server[Serving], shop: Shop) -> AsyncIterator[Client]:
    """A client that takes tasks, at the shop."""
    assert shop.one
    async with Client(server, extensions=[Taking()]) as client:
        yield client


async def quoted(shop: Shop, amount: str = "100") -> str:
    return (await selling.quote(shop.one, shop.token.id, shop.holder.id, amount)).quote


async def refused(client: Client, method: str, task: str, **more: object) -> MCPError:
    with pytest.raises(MCPError) as refusal:
        await ask(client, method, task, **more)
    return refusal.value


async def test_a_purchase_is_a_task_whose_id_is_its_operation(tasked: Client, shop: Shop) -> None:
    quote = await quoted(shop)

    created = await begun(tasked, "purchase_tokens", quote=quote)
    done = await ended(tasked, created.task_id)
    told = await tasked.call_tool("purchase_tokens", {"quote": quote})

    assert (created.status, created.ttl_ms) == ("working", None)
    assert created.poll_interval_ms > 0
    assert (await shop.one.read(operation.read, created.task_id)).state is State.DONE
    assert done["status"] == "completed"
    assert done["resultType"] == "complete"
    assert done["result"]["structuredContent"] == told.structured_content
    assert done["result"]["structuredContent"]["operation"] == created.task_id


async def test_a_persons_yes_comes_before_there_is_a_task(
    server: Server[Serving], shop: Shop, app: App
) -> None:
    app.settings = app.settings.model_copy(update={"approvals": "always"})
    await with_passphrase(shop.one)
    quote = await quoted(shop)

    async def person(_: object, __: object) -> ElicitResult:
        return ElicitResult(action="accept")

    async with Client(server, extensions=[Taking()], elicitation_callback=person) as client:
        asked = await client.session.call_tool(
            "purchase_tokens", {"quote": quote}, allow_input_required=True, allow_claimed=True
        )
        await approved(shop.one, quote)
        task = await buy(client, quote)
        done = await ended(client, task)

    assert isinstance(asked, InputRequiredResult)
    assert asked.input_requests
    request = asked.input_requests["approval"]
    assert isinstance(request.params, ElicitRequestURLParams)
    assert done["status"] == "completed"


async def test_who_declares_nothing_listens_to_no_task(client: Client, mode: str) -> None:
    wanted = {"taskIds": ["op_any"]}
    listen = TaskRequest(
        method="subscriptions/listen", params=Params.model_validate({"notifications": wanted})
    )
    if mode != "legacy":
        with pytest.raises(MCPError) as refusal:
            await client.session.send_request(listen, Asked)
        assert refusal.value.error.code == MISSING_CAPABILITY


async def test_every_tool_that_begins_an_operation_answers_a_task(
    tasked: Client, shop: Shop
) -> None:
    bought = await buy(tasked, await quoted(shop))
    await ended(tasked, bought)
    token, holder = shop.token.id, shop.holder.id
    about: JsonObject = {"price": 9, "interval": "monthly"}
    gold = await shop.one.write(entity.create, "membership", "Gold", about)
    plans = {
        "refund_purchase": {"payment": bought, "keep_tokens": True},
        "grant_tokens": {"item": token, "holder": shop.buyer.id, "amount": "1"},
        "spend_tokens": {"token": token, "holder": shop.buyer.id, "amount": "1"},
        "mint_tokens": {"token": token, "amount": "5"},
        "transfer_tokens": {"token": token, "holder": holder, "amount": "1", "source": "treasury"},
        "burn_tokens": {"token": token, "amount": "1"},
        "manage_subscription": {"action": "start", "item": gold.id, "buyer": shop.buyer.id},
    }
    statuses: dict[str, tuple[str, bool]] = {}
    order = [
        "refund_purchase",
        "mint_tokens",
        "grant_tokens",
        "spend_tokens",
        "transfer_tokens",
        "burn_tokens",
        "manage_subscription",
    ]
    for tool in order:
        planned = await tasked.call_tool(tool, {**plans[tool], "dry_run": True})
        assert planned.structured_content, tool
        assert "plan" in planned.structured_content, planned
        created = await begun(tasked, tool, plan=planned.structured_content["plan"])
        task = await ended(tasked, created.task_id)
        statuses[tool] = (task["status"], task["result"].get("isError", False))

    assert statuses == dict.fromkeys(order, ("completed", False))


def test_the_end_of_every_workflow_can_be_told() -> None:
    assert outcomes.TOLD.keys() == WORKFLOWS.keys()


async def test_a_refused_payment_completes_the_task_with_the_error_of_the_tool(
    tasked: Client, shop: Shop
) -> None:
    card = "pm_card_chargeDeclined"
    quote = await selling.quote(shop.one, shop.token.id, shop.buyer.id, "100", card)

    done = await ended(tasked, await buy(tasked, quote.quote))

    assert done["status"] == "completed"
    assert done["result"]["isError"] is True
    assert done["result"]["structuredContent"]["error"]["code"] == "PAYMENT_FAILED"


async def test_another_process_and_a_later_one_answer_for_the_task(
    tasked: Client, shop: Shop, app: App, clock: HandClock
) -> None:
    shop.script.forever["broadcast"] = DOWN
    task = await buy(tasked, await quoted(shop))
    del shop.script.forever["broadcast"]

    async with open_app(app.settings, clock) as elsewhere:
        other = build.server(elsewhere)
        async with Client(other, extensions=[Taking()]) as client:
            waiting = await ask(client, "tasks/get", task)
            clock.forward(saga.LATEST_MS)
            await recovery(app).work_off()
            done = await ended(client, task)

    assert waiting["status"] == "working"
    assert done["status"] == "completed"


async def test_what_is_left_for_later_is_to_be_asked_for_later(tasked: Client, shop: Shop) -> None:
    shop.script.forever["broadcast"] = DOWN
    task = await buy(tasked, await quoted(shop))

    with anyio.fail_after(10):
        while (await ask(tasked, "tasks/get", task))["pollIntervalMs"] != saga.LATER_MS:
            await anyio.lowlevel.checkpoint()


async def test_a_task_is_seen_by_whoever_began_it_and_nobody_else(
    tasked: Client, shop: Shop, app: App
) -> None:
    task = await buy(tasked, await quoted(shop))
    app.owner = Principal(LOCAL.organization, "per_other", "other", Role.ORG_USER)

    codes = [
        (await refused(tasked, method, id, **more)).error.code
        for id in (task, "op_none")
        for method, more in (
            ("tasks/get", {}),
            ("tasks/cancel", {}),
            ("tasks/update", {"inputResponses": {}}),
        )
    ]

    assert codes == [INVALID_PARAMS] * 6


async def test_a_purchase_is_cancelled_until_it_is_paid(
    tasked: Client, shop: Shop, app: App, clock: HandClock
) -> None:
    shop.script.forever["broadcast"] = DOWN
    task = await buy(tasked, await quoted(shop))
    with anyio.fail_after(10):
        while (await shop.one.read(operation.read, task)).leased_until:
            await anyio.lowlevel.checkpoint()

    acknowledged = await ask(tasked, "tasks/cancel", task)
    del shop.script.forever["broadcast"]
    clock.forward(journal.LENGTH_MS + 1)
    await recovery(app).work_off()
    done = await ended(tasked, task)
    again = await ask(tasked, "tasks/cancel", task)

    assert acknowledged.keys() - {"_meta"} == again.keys() - {"_meta"} == {"resultType"}
    assert done["status"] == "cancelled"
    assert (await books(shop.one, shop.contract)).charged == 0


async def test_what_is_paid_says_that_it_cannot_be_cancelled_and_goes_forward(
    tasked: Client, shop: Shop, app: App, clock: HandClock
) -> None:
    shop.script.forever["prepare.transfer"] = DOWN
    task = await buy(tasked, await quoted(shop))
    with anyio.fail_after(10):
        while "cannot be cancelled" not in (await ask(tasked, "tasks/get", task))["statusMessage"]:
            await anyio.lowlevel.checkpoint()

    await ask(tasked, "tasks/cancel", task)
    del shop.script.forever["prepare.transfer"]
    clock.forward(saga.LATEST_MS)
    await recovery(app).work_off()

    assert (await ended(tasked, task))["status"] == "completed"


async def test_a_cancellation_reaches_whoever_works_on_it_before_the_next_step(
    tasked: Client, shop: Shop
) -> None:
    """Cancelled in the midst of the first step, nothing is minted or taken."""
    go = shop.script.until["authorize"] = anyio.Event()
    task = await buy(tasked, await quoted(shop))

    await ask(tasked, "tasks/cancel", task)
    under_way = await ask(tasked, "tasks/get", task)
    go.set()
    done = await ended(tasked, task)
    left = await shop.one.read(operation.read, task)

    assert (under_way["status"], done["status"]) == ("working", "cancelled")
    assert (left.done.keys(), left.back.keys()) == ({"authorize"}, {"authorize"})
    assert (await books(shop.one, shop.contract)).charged == 0


async def test_a_client_that_declares_nothing_is_answered_by_the_purchase(
    client: Client, shop: Shop
) -> None:
    bought = await client.call_tool("purchase_tokens", {"quote": await quoted(shop)})

    assert bought.structured_content is not None
    assert bought.structured_content["state"] == "done"


async def test_requests_about_tasks_need_the_extension(client: Client, mode: str) -> None:
    error = (await refused(client, "tasks/get", "op_none")).error

    assert error.code == (NO_METHOD if mode == "legacy" else MISSING_CAPABILITY)
    if mode != "legacy":
        assert error.data == {"requiredCapabilities": {"extensions": {TASKS: {}}}}


async def test_the_tasks_of_the_generation_before_are_not_served(tasked: Client) -> None:
    codes = [
        (await refused(tasked, it, "op_none")).error.code for it in ("tasks/list", "tasks/result")
    ]

    assert codes == [NO_METHOD] * 2


async def test_each_step_is_told_as_progress(client: Client, shop: Shop) -> None:
    told: list[tuple[float, float | None, str | None]] = []

    async def progress(done: float, total: float | None, message: str | None) -> None:
        told.append((done, total, message))

    await client.call_tool(
        "purchase_tokens", {"quote": await quoted(shop)}, progress_callback=progress
    )

    steps = ["authorize", "mint", "capture", "transfer", "record"]
    assert told == [(number, 5, step) for number, step in enumerate(steps, start=1)]


async def test_the_way_back_is_told_as_progress_too(client: Client, shop: Shop) -> None:
    told: list[str | None] = []

    async def progress(_: float, __: float | None, message: str | None) -> None:
        told.append(message)

    shop.script.forever["capture"] = REVERTED
    await client.call_tool(
        "purchase_tokens", {"quote": await quoted(shop)}, progress_callback=progress
    )

    assert told[:2] == ["authorize", "mint"]
    assert {"mint undone", "authorize undone"} <= set(told)
