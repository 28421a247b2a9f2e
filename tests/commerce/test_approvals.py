"""Nothing of value happens that nobody allowed."""

from dataclasses import replace

import pytest

from one_mcp.access import Principal, Role
from one_mcp.app import LOCAL, App
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.operations import plans
from one_mcp.dimensions.operations.operation import State
from one_mcp.dimensions.organizations import founding
from one_mcp.errors import ConflictError, ForbiddenError, InvalidArgumentError
from one_mcp.money_errors import ApprovalRequiredError, PassphraseError, PlanError
from one_mcp.services import authorizing
from one_mcp.services.authorizing import Seen
from one_mcp.services.commerce import selling
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from one_mcp.store.work import Work
from tests.commerce.books import books
from tests.commerce.conftest import Shop
from tests.commerce.people import DAY_MS, PASSPHRASE, approved, with_passphrase
from tests.conftest import NOON, HandClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A server that asks for a yes to simulated plans, too."""
    return settings.model_copy(update={"approvals": "always"})


@pytest.fixture
async def quote(shop: Shop) -> str:
    return (await selling.quote(shop.one, shop.token.id, shop.buyer.id, "100")).quote


async def refusal(one: Session, quote: str) -> ApprovalRequiredError:
    with pytest.raises(ApprovalRequiredError) as refused:
        await selling.purchase(one, quote)
    return refused.value


async def test_without_a_yes_nothing_happens(shop: Shop, quote: str) -> None:
    refused = await refusal(shop.one, quote)

    assert refused.fields["approve_at"] == f"one-mcp approve {quote}"
    assert refused.fields["plan"] == quote
    assert refused.fields["total"] == f"12.50 USD and 100 {shop.token.id}"
    assert "one-mcp passphrase" in str(refused)
    assert (await books(shop.one, shop.contract)).payments == 0


async def test_a_yes_lets_its_plan_happen_once(shop: Shop, quote: str) -> None:
    await with_passphrase(shop.one)
    await approved(shop.one, quote)

    done = await selling.purchase(shop.one, quote)
    again = await selling.purchase(shop.one, quote)

    assert done.state is State.DONE
    assert again.id == done.id
    with pytest.raises(PlanError):
        await approved(shop.one, quote)


async def test_a_yes_is_to_one_plan_only(shop: Shop, quote: str) -> None:
    await with_passphrase(shop.one)
    await approved(shop.one, quote)
    other = await selling.quote(shop.one, shop.token.id, shop.buyer.id, "100")

    await refusal(shop.one, other.quote)


async def test_a_price_that_changed_voids_the_yes(shop: Shop, quote: str) -> None:
    await with_passphrase(shop.one)
    await approved(shop.one, quote)
    await shop.one.write(entity.update, shop.token.id, {"price": 1})

    with pytest.raises(PlanError):
        await selling.purchase(shop.one, quote)

    assert (await books(shop.one, shop.contract)).payments == 0


async def test_a_plan_that_is_not_what_was_shown_is_not_approved(shop: Shop, quote: str) -> None:
    await with_passphrase(shop.one)

    with pytest.raises(PlanError):
        await authorizing.approve(shop.one, Seen(quote, "0" * 64), PASSPHRASE, "page")

    await refusal(shop.one, quote)


async def test_a_wrong_passphrase_approves_nothing(shop: Shop, quote: str) -> None:
    await with_passphrase(shop.one)
    digest = (await shop.one.read(plans.waiting, quote)).digest

    with pytest.raises(PassphraseError):
        await authorizing.approve(shop.one, Seen(quote, digest), f"{PASSPHRASE}!", "terminal")

    await refusal(shop.one, quote)


async def test_a_yes_expires_and_the_plan_with_it(shop: Shop, quote: str, clock: HandClock) -> None:
    await with_passphrase(shop.one)
    await approved(shop.one, quote)
    clock.forward(plans.LASTS_MS + 1)
    later = await selling.quote(shop.one, shop.token.id, shop.holder.id, "1")
    await approved(shop.one, later.quote)

    done = await selling.purchase(shop.one, quote)
    clock.forward(DAY_MS)

    assert done.state is State.DONE
    with pytest.raises(PlanError):
        await selling.purchase(shop.one, later.quote)


async def test_a_no_is_for_good(shop: Shop, quote: str) -> None:
    await with_passphrase(shop.one)
    await authorizing.refuse(shop.one, quote, "page")

    with pytest.raises(PlanError) as refused:
        await selling.purchase(shop.one, quote)

    assert refused.value.fields["refused"] is True
    with pytest.raises(ConflictError):
        await approved(shop.one, quote)


def forged(work: Work, plan: str) -> None:
    """Write a yes as somebody would who has the file, and not the passphrase."""
    digest = plans.waiting(work, plan).digest
    work.run(
        "INSERT INTO approvals (organization_id, plan_id, verdict, digest, person_id, how, at,"
        " expires_at, signature) VALUES (:organization, :plan, 'approved', :digest, :person,"
        " 'terminal', :now, :later, :signature)",
        plan=plan,
        digest=digest,
        person=work.principal.person,
        now=work.now,
        later=work.now + DAY_MS,
        signature="00" * 64,
    )


def resigned(work: Work, plan: str, other: str) -> None:
    """Move a yes to another plan."""
    work.run(
        "UPDATE approvals SET plan_id = :other WHERE organization_id = :organization"
        " AND plan_id = :plan",
        plan=plan,
        other=other,
    )


async def test_a_yes_that_nobody_signed_does_not_count(shop: Shop, quote: str) -> None:
    await with_passphrase(shop.one)
    await shop.one.derive(forged, quote)

    await refusal(shop.one, quote)


async def test_a_signed_yes_cannot_be_moved(shop: Shop, quote: str) -> None:
    await with_passphrase(shop.one)
    await approved(shop.one, quote)
    other = await selling.quote(shop.one, shop.token.id, shop.buyer.id, "100")
    await shop.one.derive(resigned, quote, other.quote)

    await refusal(shop.one, other.quote)


async def test_a_pinned_key_is_the_only_one(app: App, shop: Shop, quote: str) -> None:
    key = await with_passphrase(shop.one)
    await approved(shop.one, quote)

    app.settings = app.settings.model_copy(update={"approver_key": "0" * 64})
    other = app.session(Call("test"), LOCAL)
    await refusal(other, quote)
    with pytest.raises(PassphraseError):
        await approved(other, quote)
    app.settings = app.settings.model_copy(update={"approver_key": key})
    done = await selling.purchase(app.session(Call("test"), LOCAL), quote)

    assert done.state is State.DONE


async def test_a_forgotten_passphrase_is_a_day_away(
    shop: Shop, quote: str, clock: HandClock
) -> None:
    await with_passphrase(shop.one)
    with pytest.raises(PassphraseError):
        await authorizing.set_passphrase(shop.one, "another horse battery", "a wrong passphrase")

    _, since = await authorizing.set_passphrase(shop.one, PASSPHRASE, None, forgotten=True)
    _, still = await authorizing.set_passphrase(shop.one, PASSPHRASE, PASSPHRASE)
    with pytest.raises(PassphraseError):
        await approved(shop.one, quote)
    clock.forward(DAY_MS)
    later = (await selling.quote(shop.one, shop.token.id, shop.buyer.id, "1")).quote
    await approved(shop.one, later)

    assert since == still == clock.now
    assert (await selling.purchase(shop.one, later)).state is State.DONE


async def test_a_short_passphrase_is_none(shop: Shop) -> None:
    with pytest.raises(InvalidArgumentError):
        await authorizing.set_passphrase(shop.one, "short", None)


OTHER = Principal("org_other", "per_other", "Other", Role.ORG_OWNER)


async def test_another_organization_has_no_say(app: App, shop: Shop, quote: str) -> None:
    other = app.session(Call("test"), OTHER)
    await app.database.write(lambda raw: founding.found(Work(raw, OTHER, app.ontology, NOON)))
    await with_passphrase(other)

    with pytest.raises(PlanError):
        await approved(other, quote)
    with pytest.raises(PlanError):
        await authorizing.refuse(other, quote, "page")

    await refusal(shop.one, quote)


async def test_who_is_no_owner_has_no_say(app: App) -> None:
    user = app.session(Call("test"), replace(LOCAL, role=Role.ORG_USER))

    with pytest.raises(ForbiddenError):
        await with_passphrase(user)


@pytest.mark.parametrize(("asked", "needed"), [("live", False), ("always", True)])
async def test_a_test_mode_needs_no_yes_unless_all_does(
    app: App, at_stripe: Shop, course: Saved, *, asked: str, needed: bool
) -> None:
    """Stripe's test mode moves no money (D-90), and its answers do not call it a simulation."""
    app.settings = app.settings.model_copy(update={"approvals": asked})
    one = app.session(Call("test"), LOCAL)
    quote = await selling.quote(one, course.id, at_stripe.buyer.id, "1", "pm_card_visa")
    if needed:
        await refusal(one, quote.quote)
        return

    bought = await selling.buy(one, quote.quote)

    assert (quote.mode, bought.mode) == ("test", "test")
    assert bought.state == "done"
