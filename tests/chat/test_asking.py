"""A question is answered by a model from what is known, and what that took is told as a cost."""

import pytest
from pydantic import SecretStr

from one_mcp.app import LOCAL, open_app
from one_mcp.dimensions.commerce.model_uses import HOUR_MS
from one_mcp.dimensions.events import finding
from one_mcp.dimensions.events.finding import Around
from one_mcp.dimensions.knowledge.search.hybrid import Wish
from one_mcp.services import bookkeeping
from one_mcp.services.bookkeeping import Bookkeeping
from one_mcp.services.knowledge import asking, ingest
from one_mcp.services.knowledge.ingest import Filing
from one_mcp.session import Call
from one_mcp.settings import Settings
from tests.chat import aimock
from tests.chat.aimock import needs_modules
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio


@needs_modules
async def test_an_answer_of_a_model_is_told_as_a_cost_of_who_asked(
    settings: Settings, clock: HandClock
) -> None:
    async with aimock.running() as started:
        chosen = {
            "embedding_model": "none",
            "chat_model": "openai:gpt-test",
            "openai_api_key": SecretStr("sk-test"),
            "openai_base_url": started.url,
            "model_prices": "openai:gpt-test=1/2",
        }
        async with open_app(settings.model_copy(update=chosen), clock) as app:
            one = app.session(Call("test"), LOCAL)
            await ingest.add(one, Filing(title="Refunds"), text="Refunds take three days.")
            async with asking.answer(one, Wish("How do refunds work")) as given:
                text = "".join([part async for part in given.parts])
            async with asking.answer(one, Wish("zzz")) as unknown:  # no model is asked
                nothing = "".join([part async for part in unknown.parts])
            clock.forward(HOUR_MS)
            await Bookkeeping(
                app.spent, lambda name: app.session(Call("usage"), bookkeeping.principal(name))
            ).work_off()
            (event,) = (await one.read(finding.find, Around(), types=["cost_incurred"])).items

    assert (given.model, given.simulated) == ("openai:gpt-test", False)
    assert "three days" in text
    assert nothing == "Nothing that was found answers this."
    told = dict(event.metadata or {})
    assert (told["purpose"], told["requests"]) == ("answer", 1)
    assert (told["tokensIn"], told["tokensOut"]) == (21, 13)
    assert (told["amount"], told["currency"]) == (0.000047, "USD")
