"""Tokens on their chain: what is planned is done once, whatever is cut off, and nothing else is."""

from collections.abc import Callable
from typing import Any

import pytest

from one_mcp.access import Principal, Role
from one_mcp.app import LOCAL, App
from one_mcp.clock import DAY_MS
from one_mcp.dimensions.commerce import issuing
from one_mcp.dimensions.commerce.issuing import TokenOrder
from one_mcp.dimensions.entities import archive, entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.operations import journal, plans
from one_mcp.dimensions.operations.operation import Operation, State
from one_mcp.dimensions.organizations import founding
from one_mcp.errors import InvalidArgumentError, NotFoundError
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import (
    ChainError,
    InsufficientTokensError,
    OperationOpenError,
    PlanError,
    UnsupportedChainError,
)
from one_mcp.providers.ports.chain import ContractCall
from one_mcp.services import rails, saga
from one_mcp.services.commerce import selling, supply, tokens
from one_mcp.session import Call, Session
from one_mcp.store.work import Work
from tests.commerce.books import books
from tests.commerce.conftest import WALLET, Shop
from tests.commerce.test_purchase import Dying, Killed, bought
from tests.commerce.vendors import DOWN, LOST, REVERTED
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio
ONE = 10**18
MOST_WRITES = 6
OTHER = Principal("org_other", "per_other", "owner", Role.ORG_OWNER)


async def done(one: Session, kind: str, order: TokenOrder, *, again: bool = False) -> Operation:
    planned = await tokens.plan(one, kind, order)
    assert planned.plan is not None
    assert planned.simulated
    return await tokens.act(one, kind, planned.plan, again=again)


def minting(shop: Shop, amount: str = "10") -> TokenOrder:
    return TokenOrder(shop.token.id, amount)


def to_ann(shop: Shop, amount: str, source: issuing.Source = "treasury") -> TokenOrder:
    return TokenOrder(shop.token.id, amount, shop.holder.id, source)


async def undeployed(one: Session, **properties: Any) -> Saved:
    return await one.write(entity.create, "token", "New", {"symbol": "NEW", **properties})


async def test_a_deployed_token_can_be_sold(shop: Shop) -> None:
    token = await undeployed(shop.one, price=0.125, decimals=6)

    deployed = await done(shop.one, issuing.DEPLOY, TokenOrder(token.id))
    sale = await bought(shop.one, token, shop.buyer)

    assert deployed.answer is not None
    assert sale.state is State.DONE
    found = await supply.of(shop.one, token.id)
    assert found.contract_address == deployed.answer["contractAddress"]
    assert (found.supply, found.kept, found.decimals) == ("100", "100", 6)
    assert found.differs is None


async def test_a_deploy_writes_down_its_contract(shop: Shop) -> None:
    token = await undeployed(shop.one)

    deployed = await done(shop.one, issuing.DEPLOY, TokenOrder(token.id))

    written = await shop.one.read(_written, token.id)
    assert deployed.answer is not None
    assert written == [deployed.answer["contract"], "token_contract", "token_deployed"]


def _written(work: Any, token: str) -> list[str]:
    """The contract that a token is part of, and what was told of the token."""
    row = work.one(
        "SELECT entities.id, entities.type FROM connections JOIN entities"
        " ON entities.id = connections.to_id AND entities.organization_id = :organization"
        " WHERE connections.organization_id = :organization AND connections.from_id = :token"
        " AND connections.type = 'part_of'",
        token=token,
    )
    told = work.all(
        "SELECT type FROM events WHERE organization_id = :organization"
        " AND target_id = :token AND type <> 'content_changed'",
        token=token,
    )
    return [row["id"], row["type"], *(it["type"] for it in told)]


async def test_a_token_gets_one_contract(shop: Shop) -> None:
    token = await undeployed(shop.one)
    first = await tokens.plan(shop.one, issuing.DEPLOY, TokenOrder(token.id))
    second = await tokens.plan(shop.one, issuing.DEPLOY, TokenOrder(token.id))
    assert first.plan
    assert second.plan
    shop.script.forever["broadcast"] = DOWN

    under_way = await tokens.act(shop.one, issuing.DEPLOY, first.plan)
    with pytest.raises(OperationOpenError) as twice:
        await tokens.act(shop.one, issuing.DEPLOY, second.plan, again=True)
    del shop.script.forever["broadcast"]
    finished = await tokens.act(shop.one, issuing.DEPLOY, first.plan)
    with pytest.raises(InvalidArgumentError, match="has a contract already"):
        await tokens.plan(shop.one, issuing.DEPLOY, TokenOrder(token.id))

    assert under_way.state is State.RUNNING
    assert twice.value.fields["operation"] == under_way.id
    assert (finished.id, finished.state) == (under_way.id, State.DONE)


async def test_what_is_kept_for_holders_is_not_burned(shop: Shop) -> None:
    await bought(shop.one, shop.token, shop.buyer)

    with pytest.raises(InsufficientTokensError) as nothing:
        await tokens.plan(shop.one, issuing.BURN, minting(shop, "1"))

    assert nothing.value.fields["available"] == "0"


async def test_a_holder_takes_what_is_kept_once_there_is_a_wallet(
    shop: Shop, clock: HandClock
) -> None:
    await bought(shop.one, shop.token, shop.buyer)
    order = TokenOrder(shop.token.id, "40", shop.buyer.id)
    await shop.one.write(entity.update, shop.buyer.id, {"walletAddress": WALLET})

    taken = await done(shop.one, issuing.TRANSFER, order)

    after = await books(shop.one, shop.contract, WALLET)
    assert taken.state is State.DONE
    assert (after.wallet, after.treasury) == (40 * ONE, 60 * ONE)
    assert (after.ledger["wallet"], after.ledger["custody"]) == (40 * ONE, 60 * ONE)
    found = await supply.of(shop.one, shop.token.id)
    assert (found.wallets, found.kept, found.treasury) == ("40", "60", "0")
    assert (found.holders, found.transactions_24h, found.volume_24h) == (1, 2, "140")
    clock.forward(DAY_MS + 1)
    assert (await supply.of(shop.one, shop.token.id)).volume_24h == "0"


async def test_two_acts_cannot_take_the_same(shop: Shop) -> None:
    await done(shop.one, issuing.MINT, minting(shop))
    burn = await tokens.plan(shop.one, issuing.BURN, minting(shop, "7"))
    transfer = await tokens.plan(shop.one, issuing.TRANSFER, to_ann(shop, "7"))
    assert burn.plan
    assert transfer.plan
    shop.script.forever["broadcast"] = DOWN
    await tokens.act(shop.one, issuing.BURN, burn.plan)

    with pytest.raises(InsufficientTokensError):
        await tokens.act(shop.one, issuing.TRANSFER, transfer.plan)
    del shop.script.forever["broadcast"]
    burned = await tokens.act(shop.one, issuing.BURN, burn.plan)

    after = await books(shop.one, shop.contract, WALLET)
    assert burned.state is State.DONE
    assert (after.supply, after.treasury, after.wallet) == (3 * ONE, 3 * ONE, 0)
    assert after.ledger == {"issued": -3 * ONE, "treasury": 3 * ONE}


async def test_what_the_chain_refuses_gives_back_what_it_took(shop: Shop) -> None:
    await done(shop.one, issuing.MINT, minting(shop))
    plan = await tokens.plan(shop.one, issuing.TRANSFER, to_ann(shop, "7"))
    assert plan.plan
    shop.script.once["prepare.transfer"].append(REVERTED)

    undone = await tokens.act(shop.one, issuing.TRANSFER, plan.plan)
    again = await tokens.act(shop.one, issuing.TRANSFER, plan.plan)
    with pytest.raises(ChainError) as refused:
        tokens.told(again)
    done_ = await done(shop.one, issuing.TRANSFER, to_ann(shop, "7"))

    assert (undone.state, again.id) == (State.UNDONE, undone.id)
    assert refused.value.fields["reason"] == "ERC20InvalidReceiver"
    assert done_.state is State.DONE
    after = await books(shop.one, shop.contract, WALLET)
    assert after.ledger == {"issued": -10 * ONE, "treasury": 3 * ONE, "wallet": 7 * ONE}


@pytest.mark.parametrize("call", ["broadcast", "receipt"])
async def test_a_lost_answer_mints_once(shop: Shop, call: str) -> None:
    shop.script.once[call].append(LOST)

    minted = await done(shop.one, issuing.MINT, minting(shop))

    assert minted.state is State.DONE
    assert (await books(shop.one, shop.contract)).supply == 10 * ONE


@pytest.mark.parametrize("blockchain", ["sui", "solana"])
@pytest.mark.parametrize("kind", issuing.BODIES)
async def test_other_chains_are_not_supported(shop: Shop, kind: str, blockchain: str) -> None:
    """D-34."""
    where = {} if kind == issuing.DEPLOY else {"contractAddress": shop.contract}
    token = await undeployed(shop.one, blockchain=blockchain, price=1, **where)
    order = TokenOrder(token.id, "1", shop.holder.id)

    if kind in {issuing.DEPLOY, issuing.MINT}:
        with pytest.raises(UnsupportedChainError) as other:
            await tokens.plan(shop.one, kind, order)
        assert other.value.fields["supported"] == ["base"]
    if where:
        with pytest.raises(UnsupportedChainError):
            await supply.of(shop.one, token.id)
        with pytest.raises(UnsupportedChainError):
            await selling.quote(shop.one, token.id, shop.buyer.id, "1")


@pytest.mark.parametrize("amount", ["0", "-1", "1e3", "", "10" * 40, "0." + "0" * 18 + "1"])
async def test_amounts_that_are_none_are_refused(shop: Shop, amount: str) -> None:
    with pytest.raises(InvalidArgumentError) as wrong:
        await tokens.plan(shop.one, issuing.MINT, minting(shop, amount))

    assert wrong.value.fields["argument"] == "amount"


async def test_a_contract_that_counts_otherwise_is_refused(shop: Shop) -> None:
    await shop.one.write(entity.update, shop.token.id, {"decimals": 6})

    with pytest.raises(InvalidArgumentError) as otherwise:
        await tokens.plan(shop.one, issuing.MINT, minting(shop))

    assert otherwise.value.fields["decimals"] == 18


@pytest.mark.parametrize(
    ("said", "there"),
    [({"decimals": 6}, {"decimals": 18}), ({"symbol": "JAN"}, {"symbol": "JANE"})],
)
async def test_a_quote_compares_the_token_with_its_contract(
    shop: Shop, said: JsonObject, there: JsonObject
) -> None:
    await shop.one.write(entity.update, shop.token.id, said)

    with pytest.raises(InvalidArgumentError) as otherwise:
        await selling.quote(shop.one, shop.token.id, shop.buyer.id, "1")
    await shop.one.write(entity.update, shop.token.id, there)
    corrected = await selling.quote(shop.one, shop.token.id, shop.buyer.id, "1")

    assert there.items() <= otherwise.value.fields.items()
    assert corrected.quote


async def test_a_contract_of_another_chain_is_told(shop: Shop) -> None:
    """It has no code here; the address alone does not say where it is."""
    await shop.one.write(entity.update, shop.token.id, {"contractAddress": WALLET})
    chain = rails.of(shop.one).chain

    for asked in (
        selling.quote(shop.one, shop.token.id, shop.buyer.id, "1"),
        tokens.plan(shop.one, issuing.MINT, minting(shop)),
    ):
        with pytest.raises(ChainError) as elsewhere:
            await asked
        assert elsewhere.value.fields["chain"] == chain.chain_id
        assert not elsewhere.value.retryable


async def test_a_wrong_address_is_refused(shop: Shop) -> None:
    await done(shop.one, issuing.MINT, minting(shop))
    wrong = WALLET.replace("5aAe", "5aae")
    await shop.one.write(entity.update, shop.holder.id, {"walletAddress": wrong})

    with pytest.raises(InvalidArgumentError, match="checksum"):
        await tokens.plan(shop.one, issuing.TRANSFER, to_ann(shop, "7"))


async def test_a_wallet_that_changed_voids_the_plan(shop: Shop) -> None:
    await done(shop.one, issuing.MINT, minting(shop))
    plan = await tokens.plan(shop.one, issuing.TRANSFER, to_ann(shop, "7"))
    assert plan.plan
    other = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
    await shop.one.write(entity.update, shop.holder.id, {"walletAddress": other})

    with pytest.raises(PlanError) as void:
        await tokens.act(shop.one, issuing.TRANSFER, plan.plan)

    assert void.value.fields["changed"] == ["wallet"]


async def test_a_late_plan_is_refused(shop: Shop, clock: HandClock) -> None:
    plan = await tokens.plan(shop.one, issuing.MINT, minting(shop))
    assert plan.plan
    clock.forward(plans.LASTS_MS + 1)

    with pytest.raises(PlanError, match="expired"):
        await tokens.act(shop.one, issuing.MINT, plan.plan)

    assert (await books(shop.one, shop.contract)).supply == 0


async def test_a_plan_serves_its_own_tool(shop: Shop) -> None:
    plan = await tokens.plan(shop.one, issuing.MINT, minting(shop))
    assert plan.plan

    with pytest.raises(PlanError):
        await tokens.act(shop.one, issuing.BURN, plan.plan)


async def test_an_archived_token_is_refused(shop: Shop) -> None:
    await shop.one.write(archive.archive, shop.token.id)

    with pytest.raises(Exception, match="archived"):
        await tokens.plan(shop.one, issuing.MINT, minting(shop))


async def test_a_mint_by_somebody_else_is_noticed(shop: Shop) -> None:
    chain = rails.of(shop.one).chain
    sign = await chain.prepare(ContractCall("mint", shop.contract, chain.sender, 5 * ONE))
    await chain.broadcast(sign(await chain.mined()).raw)

    found = await supply.of(shop.one, shop.token.id)

    assert found.differs == "the contract has issued 5, and the ledger 0"


async def test_each_organization_has_its_own(app: App, shop: Shop) -> None:
    await done(shop.one, issuing.MINT, minting(shop))
    mine = await tokens.plan(shop.one, issuing.MINT, minting(shop, "20"))
    await app.database.write(
        lambda raw: founding.found(Work(raw, OTHER, app.ontology, app.clock()))
    )
    other = app.session(Call("test"), OTHER)
    token = await undeployed(other)

    deployed = await done(other, issuing.DEPLOY, TokenOrder(token.id))
    minted = await done(other, issuing.MINT, TokenOrder(token.id, "3"))
    assert mine.plan
    for foreign in (
        lambda: tokens.plan(other, issuing.MINT, minting(shop)),
        lambda: tokens.act(other, issuing.MINT, mine.plan or ""),
        lambda: supply.of(other, shop.token.id),
    ):
        with pytest.raises((NotFoundError, PlanError)):
            await foreign()

    assert (deployed.state, minted.state) == (State.DONE, State.DONE)
    assert (await supply.of(other, token.id)).supply == "3"
    assert (await supply.of(shop.one, shop.token.id)).supply == "10"


@pytest.mark.parametrize("kind", issuing.BODIES)
@pytest.mark.parametrize("refused", [False, True])
async def test_killed_at_any_write_an_act_ends_right(
    app: App, shop: Shop, clock: HandClock, kind: str, *, refused: bool
) -> None:
    await done(shop.one, issuing.MINT, minting(shop, "1000"))
    if refused:
        act = kind.split("_", maxsplit=1)[0]
        shop.script.forever[f"prepare.{act}"] = REVERTED
    boundary = 0
    while True:
        before = await books(shop.one, shop.contract, WALLET)
        order = await ordered(shop, kind)
        planned = await tokens.plan(shop.one, kind, order)
        assert planned.plan
        boundary += 1
        if not await killed(app, kind, planned.plan, boundary / 2):
            break
        clock.forward(journal.LENGTH_MS + 1)
        ends = await ended(shop.one, kind, planned.plan, clock)
        after = await books(shop.one, shop.contract, WALLET)
        assert ends is (State.UNDONE if refused else State.DONE)
        assert difference(before.ledger, after.ledger) == ({} if refused else MOVED[kind])
        assert after.supply == -after.ledger.get("issued", 0)
        assert after.wallet == after.ledger.get("wallet", 0)
    assert boundary >= MOST_WRITES


MOVED = {
    issuing.DEPLOY: {},
    issuing.MINT: {"issued": -ONE, "treasury": ONE},
    issuing.BURN: {"issued": ONE, "treasury": -ONE},
    issuing.TRANSFER: {"wallet": ONE, "treasury": -ONE},
}


async def ordered(shop: Shop, kind: str) -> TokenOrder:
    if kind == issuing.DEPLOY:
        return TokenOrder((await undeployed(shop.one)).id)
    return to_ann(shop, "1") if kind == issuing.TRANSFER else minting(shop, "1")


async def killed(app: App, kind: str, plan: str, after: float) -> bool:
    """Act in a process that dies after some writes; False where it came to the end before."""
    alive, app.database = app.database, Dying(app.database, after)
    try:
        await tokens.act(app.session(Call("test"), LOCAL), kind, plan, again=True)
    except (Killed, BaseExceptionGroup):
        return True
    finally:
        app.database = alive
    return False


async def ended(one: Session, kind: str, plan: str, clock: HandClock) -> State:
    """Go on with a plan to its end."""
    at = await tokens.act(one, kind, plan, again=True)
    while at.state in {State.RUNNING, State.UNDOING}:
        clock.forward(saga.LATEST_MS)
        at = await tokens.act(one, kind, plan)
    return at.state


def difference(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    moved: Callable[[str], int] = lambda kind: after.get(kind, 0) - before.get(kind, 0)  # noqa: E731
    return {kind: moved(kind) for kind in before.keys() | after.keys() if moved(kind)}


async def test_what_the_node_does_not_take_is_not_given_up(shop: Shop, clock: HandClock) -> None:
    """Bytes that are signed may be mined whenever: their step failed only if the chain says so."""
    shop.script.forever["broadcast"] = DOWN
    plan = await tokens.plan(shop.one, issuing.MINT, minting(shop))
    assert plan.plan

    at = await tokens.act(shop.one, issuing.MINT, plan.plan)
    while at.state in {State.RUNNING, State.UNDOING}:
        clock.forward(saga.LATEST_MS)
        at = await tokens.act(shop.one, issuing.MINT, plan.plan)

    assert at.state is State.NEEDS_REVIEW
    assert at.failure
    assert at.failure["outcome"] == "unknown"
