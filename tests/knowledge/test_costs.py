"""What models are used for is told once, with the tokens that the vendor counted (D-82)."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import anyio
import pytest
from pydantic import SecretStr

from one_mcp.app import LOCAL, App, open_app
from one_mcp.dimensions.commerce import model_uses
from one_mcp.dimensions.commerce.model_uses import HOUR_MS, ModelUse
from one_mcp.dimensions.events import finding
from one_mcp.dimensions.events.finding import Around
from one_mcp.dimensions.knowledge.search.hybrid import Wish
from one_mcp.dimensions.organizations import founding
from one_mcp.model_settings import ModelSettings
from one_mcp.services import bookkeeping
from one_mcp.services.bookkeeping import Bookkeeping
from one_mcp.services.knowledge import recall, upkeep
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from one_mcp.store.work import Work
from tests.conftest import HandClock
from tests.knowledge.conftest import add
from tests.providers import conftest as partners
from tests.providers.conftest import KEY, Server

pytestmark = pytest.mark.anyio
MODEL = "openai:small"
USE = ModelUse(MODEL, "search", 1, 100, 0)


@pytest.fixture
def partner() -> Iterator[Server]:
    """A server that says of each request that it took one token."""
    yield from partners.serving()


def books(app: App) -> Bookkeeping:
    return Bookkeeping(
        app.spent, lambda name: app.session(Call("usage"), bookkeeping.principal(name))
    )


async def told(one: Session) -> list[dict[str, Any]]:
    found = await one.read(finding.find, Around(), types=["cost_incurred"])
    return [dict(it.metadata or {}) for it in reversed(found.items)]


async def test_indexing_and_searches_are_told_once_their_hour_is_over(
    settings: Settings, clock: HandClock, partner: Server
) -> None:
    chosen = {
        "embedding_model": MODEL,
        "openai_api_key": SecretStr(KEY),
        "openai_base_url": partner.url,
    }
    async with open_app(settings.model_copy(update=chosen), clock) as app:
        one = app.session(Call("test"), LOCAL)
        await add(one, "Refunds take three days.")
        await upkeep.reindex(one)
        partner.asked.clear()
        for _ in range(3):
            await recall.find(one, Wish("refunds"))
        await books(app).work_off()
        early = await told(one)
        clock.forward(HOUR_MS)
        await books(app).work_off()
        await books(app).work_off()

        events = await told(one)
        assert await app.spent() == []

    assert early == []
    assert [(it["purpose"], it["model"]) for it in events] == [
        ("indexing", MODEL),
        ("search", MODEL),
    ]
    assert (events[1]["requests"], events[1]["tokensIn"]) == (3, len(partner.asked))
    assert "amount" not in events[0]  # nobody has said what it costs


async def test_money_is_told_where_a_price_is_set(app: App, clock: HandClock) -> None:
    priced = "openai:small=0.02, openai:gpt-test=0.25/2, openai:half=1"
    app.settings = app.settings.model_copy(update={"model_prices": priced})
    one = app.session(Call("test"), LOCAL)
    for use in (
        replace(USE, tokens_in=1_500_000),
        ModelUse("openai:gpt-test", "answer", 2, 1_000_000, 500_000),
        ModelUse("openai:half", "answer", 1, 10, 10),  # what comes out has no price
    ):
        await one.derive(model_uses.add, use)
    clock.forward(HOUR_MS)

    await books(app).work_off()

    assert {it["model"]: (it.get("amount"), it.get("currency")) for it in await told(one)} == {
        "openai:small": (0.03, "USD"),
        "openai:gpt-test": (1.25, "USD"),
        "openai:half": (None, None),
    }


async def test_what_several_processes_use_at_once_is_told_exactly(
    app: App, settings: Settings, clock: HandClock
) -> None:
    async with open_app(settings, clock) as other:
        doors = [each.session(Call("test"), LOCAL) for each in (app, other)]

        async def use(one: Session) -> None:
            for _ in range(25):
                await one.derive(model_uses.add, USE)

        async with anyio.create_task_group() as tasks:
            for one in doors:
                tasks.start_soon(use, one)
        clock.forward(HOUR_MS)
        async with anyio.create_task_group() as tasks:
            for each in (app, other, app, other):
                tasks.start_soon(books(each).work_off)

    (event,) = await told(doors[0])
    assert (event["requests"], event["tokensIn"]) == (50, 5_000)


async def test_work_that_fails_has_cost_what_it_has_used(app: App) -> None:
    one = app.session(Call("test"), LOCAL)

    with pytest.raises(ValueError, match="broken"):
        await _fails(one)

    (row,) = await one.read(_kept)
    assert (row["requests"], row["tokens_in"]) == (1, 7)


async def _fails(one: Session) -> None:
    async with bookkeeping.counted(one, MODEL, "indexing") as count:
        count(7)
        raise ValueError("broken")


def _kept(work: Work) -> list[Any]:
    return work.all(
        "SELECT requests, tokens_in FROM model_uses WHERE organization_id = :organization"
    )


async def test_an_organization_is_told_its_own(app: App, clock: HandClock) -> None:
    stranger = replace(LOCAL, organization="org_other")
    await app.database.write(
        lambda raw: founding.found(Work(raw, stranger, app.ontology, app.clock()))
    )
    one, other = app.session(Call("test"), LOCAL), app.session(Call("test"), stranger)
    await one.derive(model_uses.add, USE)
    await other.derive(model_uses.add, replace(USE, tokens_in=1))
    clock.forward(HOUR_MS)

    await books(app).work_off()

    assert [it["tokensIn"] for it in await told(one)] == [100]
    assert [it["tokensIn"] for it in await told(other)] == [1]


async def test_the_model_that_comes_along_costs_nothing(app: App) -> None:
    one = app.session(Call("test"), LOCAL)
    app.settings = app.settings.model_copy(update={"embedding_model": "simulated"})
    await add(one, "Refunds take three days.")
    await upkeep.reindex(one)

    assert await one.read(_kept) == []


@pytest.mark.parametrize("given", ["openai:small", "openai:small=cheap", "=1", "a=1/2/3"])
def test_a_price_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="models and prices such as"):
        ModelSettings(model_prices=given)
