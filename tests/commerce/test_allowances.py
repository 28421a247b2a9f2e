"""Allowances let agents spend within limits, and never beyond."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from one_mcp.access import Role
from one_mcp.app import LOCAL, App
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.operations import allowances, listing
from one_mcp.dimensions.operations.allowances import Limit
from one_mcp.dimensions.operations.operation import State
from one_mcp.dimensions.operations.worth import Amount
from one_mcp.errors import ForbiddenError, NotFoundError
from one_mcp.money_errors import ApprovalRequiredError
from one_mcp.services import allowing, authorizing
from one_mcp.services.commerce import selling, telling
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from one_mcp.store.work import Work
from tests.commerce.books import books
from tests.commerce.conftest import Shop
from tests.commerce.people import DAY_MS, allowed, approved, sales, usd, with_passphrase
from tests.commerce.vendors import REVERTED
from tests.conftest import NOON, HandClock

pytestmark = pytest.mark.anyio
CENTS = 1250  # what a hundred tokens cost
TOKENS = 10**18


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A server that asks for a yes to simulated plans, too."""
    return settings.model_copy(update={"approvals": "always"})


@pytest.fixture
async def shop(shop: Shop) -> Shop:
    """A shop whose owner has a passphrase."""
    await with_passphrase(shop.one)
    return shop


def tokens(shop: Shop, whole: int) -> Limit:
    return Limit(Amount(whole * TOKENS, shop.token.id, 18))


async def bought(
    shop: Shop, one: Session | None = None, amount: str = "100", buyer: str = ""
) -> State:
    one = one or shop.one
    quote = await selling.quote(one, shop.token.id, buyer or shop.buyer.id, amount)
    return (await selling.purchase(one, quote.quote, again=True)).state


async def test_an_allowance_has_room_for_its_day(shop: Shop, clock: HandClock) -> None:
    await allowed(shop.one, sales(NOON, Limit(usd(2 * CENTS)), tokens(shop, 1000)))

    assert await bought(shop) is State.DONE
    assert await bought(shop) is State.DONE
    with pytest.raises(ApprovalRequiredError):
        await bought(shop)
    clock.forward(DAY_MS + 1)
    assert await bought(shop) is State.DONE


@pytest.mark.parametrize(
    ("limit", "fits"),
    [
        (Limit(usd(10_000), per_call=usd(CENTS)), True),
        (Limit(usd(10_000), per_call=usd(CENTS - 1)), False),
        (Limit(usd(CENTS - 1)), False),
        (Limit(usd(10_000), per_recipient=usd(CENTS)), True),
        (Limit(usd(10_000), per_recipient=usd(CENTS - 1)), False),
        (Limit(Amount(10_000, "eur", 2)), False),
    ],
)
async def test_a_limit_is_kept_to_the_unit(shop: Shop, limit: Limit, fits: bool) -> None:
    await allowed(shop.one, sales(NOON, limit, tokens(shop, 1000)))

    if fits:
        assert await bought(shop) is State.DONE
        return
    with pytest.raises(ApprovalRequiredError):
        await bought(shop)


async def test_a_recipient_has_a_share_for_good(shop: Shop, clock: HandClock) -> None:
    limit = Limit(usd(10 * CENTS), per_recipient=usd(CENTS))
    await allowed(shop.one, sales(NOON, limit, tokens(shop, 1000)))

    await bought(shop)
    clock.forward(2 * DAY_MS)

    with pytest.raises(ApprovalRequiredError):
        await bought(shop)
    assert await bought(shop, buyer=shop.holder.id) is State.DONE


async def test_a_price_set_to_nothing_buys_no_tokens(shop: Shop) -> None:
    """Whoever may write a price may not give tokens away by it."""
    await allowed(shop.one, sales(NOON, Limit(usd(10_000)), tokens(shop, 100)))
    await shop.one.write(entity.update, shop.token.id, {"price": 0})

    with pytest.raises(ApprovalRequiredError):
        await bought(shop, amount="101")
    assert await bought(shop, amount="100") is State.DONE


@pytest.mark.parametrize(("client", "fits"), [("Claude-Code 2.1", True), ("claude-codex 1", False)])
async def test_an_allowance_is_for_one_program(
    app: App, shop: Shop, client: str, fits: bool
) -> None:
    terms = sales(NOON, Limit(usd(CENTS)), tokens(shop, 100), client="claude-code")
    await allowed(shop.one, terms)
    agent = app.session(Call("test", client=client), LOCAL)

    if fits:
        assert await bought(shop, agent) is State.DONE
        return
    with pytest.raises(ApprovalRequiredError):
        await bought(shop, agent)


async def test_an_allowance_is_for_the_things_it_names(shop: Shop) -> None:
    limits = Limit(usd(CENTS)), tokens(shop, 100)
    await allowed(shop.one, sales(NOON, *limits, only=(shop.token.id,)))
    with pytest.raises(ApprovalRequiredError):
        await bought(shop)

    await allowed(shop.one, sales(NOON, *limits, only=(shop.token.id, shop.contract)))

    assert await bought(shop) is State.DONE


async def test_what_came_to_nothing_is_given_back(shop: Shop) -> None:
    await allowed(shop.one, sales(NOON, Limit(usd(CENTS)), tokens(shop, 100)))
    shop.script.forever["prepare.mint"] = REVERTED

    undone = await bought(shop)
    del shop.script.forever["prepare.mint"]

    assert undone is State.UNDONE
    assert await bought(shop) is State.DONE


async def test_what_a_person_has_to_look_at_is_not_given_back(shop: Shop) -> None:
    await allowed(shop.one, sales(NOON, Limit(usd(CENTS)), tokens(shop, 100)))
    shop.script.forever["prepare.transfer"] = REVERTED

    left = await bought(shop, buyer=shop.holder.id)

    assert left is State.NEEDS_REVIEW
    with pytest.raises(ApprovalRequiredError):
        await bought(shop)


async def test_an_allowance_ends(shop: Shop, clock: HandClock) -> None:
    first = await allowed(shop.one, sales(NOON, Limit(usd(CENTS)), tokens(shop, 100)))
    await allowed(shop.one, sales(NOON, Limit(usd(CENTS)), tokens(shop, 100)))
    await shop.one.derive(allowances.end, first.id)
    with pytest.raises(NotFoundError):
        await shop.one.derive(allowances.end, first.id)
    assert len(await shop.one.read(allowances.in_force, authorizing.asking(shop.one).notary)) == 1
    clock.forward(31 * DAY_MS)

    with pytest.raises(ApprovalRequiredError):
        await bought(shop)


def raised(work: Work, id: str) -> None:
    """Change a limit as somebody would who has the file, and not the passphrase."""
    work.run(
        "UPDATE allowances SET terms = replace(terms, '1249', '9999')"
        " WHERE organization_id = :organization AND id = :id",
        id=id,
    )


async def test_a_limit_that_nobody_signed_does_not_count(shop: Shop) -> None:
    given = await allowed(shop.one, sales(NOON, Limit(usd(CENTS - 1)), tokens(shop, 100)))
    await shop.one.derive(raised, given.id)

    with pytest.raises(ApprovalRequiredError):
        await bought(shop)


def written(work: Work, id: str, terms: str) -> None:
    """Write an allowance by hand, from one that is signed."""
    work.run(
        """
        INSERT INTO allowances
            (organization_id, id, person_id, how, terms, created_at, expires_at, signature)
        SELECT organization_id, :id, person_id, how,
               CASE WHEN :terms = '' THEN terms ELSE :terms END, created_at, expires_at, signature
        FROM allowances
        WHERE organization_id = :organization
        LIMIT 1
        """,
        id=id,
        terms=terms,
    )


async def test_what_nobody_signed_is_listed_as_of_no_effect(shop: Shop) -> None:
    signed = await allowed(shop.one, sales(NOON, Limit(usd(CENTS)), tokens(shop, 100)))
    await shop.one.derive(written, "alw_copied", "")
    await shop.one.derive(written, "alw_broken", '{"tool": 1}')
    notary = authorizing.asking(shop.one).notary

    told = await shop.one.read(allowing.listed, notary)
    void = await shop.one.read(allowances.without_effect, notary)

    assert [it.id for it in told.items] == [signed.id]
    assert void == ["alw_broken", "alw_copied"]
    assert await bought(shop) is State.DONE  # by the one that is signed
    with pytest.raises(ApprovalRequiredError):
        await bought(shop)


async def test_who_may_not_administer_grants_nothing(app: App, shop: Shop) -> None:
    agent = app.session(Call("test"), replace(LOCAL, role=Role.ORG_USER))

    with pytest.raises(ForbiddenError):
        await allowed(agent, sales(NOON, Limit(usd(CENTS))))

    assert await shop.one.read(allowances.in_force, authorizing.asking(shop.one).notary) == []


SPENDER = """
import json, sys
import anyio
from one_mcp.app import LOCAL, open_app
from one_mcp.clock import system
from one_mcp.money_errors import ApprovalRequiredError
from one_mcp.services.commerce import selling
from one_mcp.session import Call
from one_mcp.settings import Settings

async def spend(database, now, quotes):
    settings = Settings(database=database, embedding_model="none", approvals="always")
    done = 0
    async with open_app(settings, lambda: now) as app:
        for quote in quotes:
            try:
                await selling.purchase(app.session(Call("test"), LOCAL), quote, again=True)
                done += 1
            except ApprovalRequiredError:
                pass
    print(done)

anyio.run(spend, *json.loads(sys.argv[1]))
"""


async def test_two_processes_never_take_more_than_there_is(shop: Shop, settings: Settings) -> None:
    room, tries = 3, 3
    await allowed(shop.one, sales(NOON, Limit(usd(room * CENTS)), tokens(shop, 1000)))
    quotes = [
        (await selling.quote(shop.one, shop.token.id, shop.buyer.id, "100")).quote
        for _ in range(2 * tries)
    ]

    agents = [
        subprocess.Popen(
            [sys.executable, "-c", SPENDER, json.dumps([str(settings.database), NOON, part])],
            stdout=subprocess.PIPE,
        )
        for part in (quotes[:tries], quotes[tries:])
    ]
    done = [int(agent.communicate(timeout=120)[0]) for agent in agents]

    assert sum(done) == room
    assert (await books(shop.one, shop.contract)).charged == room * CENTS


async def test_an_operation_says_by_whose_yes_it_began(shop: Shop) -> None:
    given = await allowed(shop.one, sales(NOON, Limit(usd(CENTS)), tokens(shop, 1000)))
    asked = await selling.quote(shop.one, shop.token.id, shop.holder.id, "200")
    await approved(shop.one, asked.quote)

    await bought(shop)
    by_approval = await selling.buy(shop.one, asked.quote)

    listed = await shop.one.read(listing.find)
    assert [it.allowed_by for it in listed.items] == [
        "a person, at a terminal",
        f"the allowance {given.id}",
    ]
    told = await telling.tell(shop.one, by_approval.operation)
    assert (told.allowed_by, told.what) == ("a person, at a terminal", listed.items[0].what)


async def test_what_simulated_sales_took_is_told_apart(shop: Shop) -> None:
    await allowed(shop.one, sales(NOON, Limit(usd(2 * CENTS)), tokens(shop, 1000)))
    before = await shop.one.read(allowing.listed, authorizing.asking(shop.one).notary)

    await bought(shop)

    after = await shop.one.read(allowing.listed, authorizing.asking(shop.one).notary)
    assert [it.left_simulated for it in before.items[0].limits] == [None, None]
    assert {(it.left, it.left_simulated) for it in after.items[0].limits} == {
        (f"1000 {shop.token.id}", f"900 {shop.token.id}"),
        ("25.00 USD", "12.50 USD"),
    }
