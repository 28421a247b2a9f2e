"""A form of the client's approves up to a set amount, and as what it is."""

from collections.abc import Callable
from typing import Any

import pytest
from mcp import Client
from mcp.server import Server
from mcp_types import ElicitRequestParams, ElicitResult

from one_mcp.app import LOCAL, App
from one_mcp.dimensions.operations import approvals
from one_mcp.money_settings import SpendingSettings
from one_mcp.server import build
from one_mcp.server.caller import Serving
from one_mcp.session import Call
from one_mcp.settings import Settings
from one_mcp.store.work import Work
from tests.server.promises import Ask, asking
from tests.server.test_approval_page import quoted

pytestmark = pytest.mark.anyio
YES = ElicitResult(action="accept", content={"approve": True})
Limited = Callable[[str], Server[Serving]]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"approvals": "always"})


@pytest.fixture
def limited(app: App) -> Limited:
    """A server at which forms may approve so much."""

    def build_one(limit: str) -> Server[Serving]:
        limits = SpendingSettings.model_validate({"form_limit": limit}).form_limit
        app.settings = app.settings.model_copy(update={"form_limit": limits})
        return build.server(app)

    return build_one


class Person:
    """Whoever answers a client's forms, always the same."""

    def __init__(self, answer: ElicitResult) -> None:
        self.answer = answer
        self.asked: list[ElicitRequestParams] = []

    async def __call__(self, _: object, params: ElicitRequestParams) -> ElicitResult:
        self.asked.append(params)
        return self.answer if params.mode == "form" else ElicitResult(action="decline")

    @property
    def forms(self) -> list[str]:
        return [it.message for it in self.asked if it.mode == "form"]


def ways(work: Work) -> list[tuple[str, str | None]]:
    rows = work.all(
        "SELECT how, signature FROM approvals WHERE organization_id = :organization ORDER BY at"
    )
    return [(row["how"], row["signature"]) for row in rows]


async def buy(ask: Ask, name: str = "Yoga") -> Any:
    return await ask("purchase_tokens", quote=await quoted(ask, name))


async def test_unless_an_amount_is_set_no_form_is_shown(server: Server[Serving], mode: str) -> None:
    person = Person(YES)

    async with Client(server, mode=mode, elicitation_callback=person) as client:
        refused = await buy(asking(client))

    assert refused["code"] == "APPROVAL_REQUIRED"
    assert person.forms == []


async def test_a_form_approves_up_to_the_amount_and_is_kept_as_one(
    app: App, limited: Limited, mode: str
) -> None:
    person = Person(YES)

    async with Client(limited("60 eur"), mode=mode, elicitation_callback=person) as client:
        bought = await buy(asking(client))
        more = await buy(asking(client), "Running")

    assert bought["state"] == "done"
    assert more["code"] == "APPROVAL_REQUIRED"  # 99 EUR in 24 hours
    assert person.forms == [
        "Charge Bob 49.50 EUR for 1 × Yoga. It is simulated: nothing real happens."  # noqa: RUF001  # times
    ]
    assert await app.session(Call("test"), LOCAL).read(ways) == [("form", None)]


@pytest.mark.parametrize("limit", ["49.49 eur", "1000 usd", "1000 ent_01m2aaaaaaaaaaaa"])
async def test_what_is_more_or_something_else_needs_the_page(limited: Limited, limit: str) -> None:
    person = Person(YES)

    async with Client(limited(limit), elicitation_callback=person) as client:
        refused = await buy(asking(client))

    assert "/approve/" in refused["approve_at"]
    assert person.forms == []


@pytest.mark.parametrize(
    "answer",
    [
        ElicitResult(action="decline"),
        ElicitResult(action="cancel"),
        ElicitResult(action="accept", content={"approve": False}),
        ElicitResult(action="accept", content={"approve": "true"}),
        ElicitResult(action="accept"),
    ],
    ids=["declined", "cancelled", "no", "text", "nothing"],
)
async def test_what_is_no_yes_approves_nothing(
    app: App, limited: Limited, mode: str, answer: ElicitResult
) -> None:
    async with Client(limited("60 eur"), mode=mode, elicitation_callback=Person(answer)) as client:
        refused = await buy(asking(client))

    assert refused["code"] == "APPROVAL_REQUIRED"
    assert await app.session(Call("test"), LOCAL).read(ways) == []


async def test_an_amount_that_was_taken_back_voids_a_forms_yes(app: App, limited: Limited) -> None:
    """A row that somebody wrote counts no further than a form does."""
    async with Client(limited("60 eur")) as client:
        ask = asking(client)
        quote = await quoted(ask)
        one = app.session(Call("test"), LOCAL)
        app.settings = app.settings.model_copy(update={"form_limit": ()})
        await one.derive(approvals.accept, quote, ("60 eur",))
        refused = await ask("purchase_tokens", quote=quote)

    assert refused["code"] == "APPROVAL_REQUIRED"


@pytest.mark.parametrize("limit", ["5", "usd", "-5 usd", "5 dollars", "5 usd, many ent_x"])
def test_what_is_no_amount_is_refused(limit: str) -> None:
    with pytest.raises(ValueError, match="amounts such as"):
        SpendingSettings.model_validate({"form_limit": limit})
