"""NFTs: minted as they are sold, each number once; claimed, refunded, and shown."""

import base64

import pytest

from one_mcp import jsons
from one_mcp.app import App
from one_mcp.dimensions import lookup
from one_mcp.dimensions.commerce import issuing
from one_mcp.dimensions.commerce.issuing import TokenOrder
from one_mcp.dimensions.commerce.refunding import RefundOrder
from one_mcp.dimensions.commerce.spending import GrantOrder
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.operations import journal
from one_mcp.dimensions.operations.operation import Operation, State
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import LedgerError, ProviderError, SoldOutError
from one_mcp.providers.ports.chain import ContractCall
from one_mcp.services import rails, reconciling, saga
from one_mcp.services.commerce import holdings, refund, selling, spend, supply, tokens
from one_mcp.store.work import Work
from tests.commerce.conftest import WALLET, Shop
from tests.commerce.test_purchase import killed
from tests.commerce.vendors import DOWN, LOST, REVERTED
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio
MOST_WRITES = 10


async def deployed(shop: Shop, **properties: object) -> Saved:
    about = {"symbol": "ART", "price": 20, "currency": "usd", **properties}
    nft = await shop.one.write(entity.create, "nft", "Dawn", jsons.load_object(jsons.dumps(about)))
    plan = (await tokens.plan(shop.one, issuing.DEPLOY, TokenOrder(nft.id))).plan
    assert plan
    assert (await tokens.act(shop.one, issuing.DEPLOY, plan)).state is State.DONE
    return nft


async def bought(shop: Shop, nft: Saved, buyer: Saved | None = None) -> Operation:
    quote = await selling.quote(shop.one, nft.id, (buyer or shop.buyer).id, "1")
    return await selling.purchase(shop.one, quote.quote, again=True)


def about(work: Work, id: str) -> JsonObject:
    return jsons.load_object(lookup.any_state(work, id)["properties"])


async def owner(shop: Shop, nft: Saved, number: int = 1) -> str | None:
    contract = str((await shop.one.read(about, nft.id))["contractAddress"])
    return await rails.of(shop.one).chain.owner(contract, number)


async def test_an_nft_is_minted_for_its_buyers_wallet(shop: Shop) -> None:
    nft = await deployed(shop, image="https://example.com/dawn.png")

    done = await bought(shop, nft, shop.holder)

    assert done.state is State.DONE
    assert done.answer
    assert (done.answer["nft"], done.answer["tokenId"]) == (nft.id, "1")
    assert await owner(shop, nft) == WALLET
    written = await shop.one.read(about, nft.id)
    assert (written["tokenId"], written["standard"]) == ("1", "ERC721")
    kept = base64.b64decode(str(written["metadataUri"]).partition(",")[2])
    assert jsons.load_object(kept) == {"name": "Dawn", "image": "https://example.com/dawn.png"}
    assert await connected(shop, shop.holder) == {("holds_tokens", nft.id), ("purchased", nft.id)}
    found = await supply.of(shop.one, nft.id)
    assert (found.supply, found.wallets, found.differs) == ("1", "1", None)


async def connected(shop: Shop, holder: Saved) -> set[tuple[str, str]]:
    return await shop.one.read(_connected, holder.id)


def _connected(work: Work, holder: str) -> set[tuple[str, str]]:
    rows = work.all(
        "SELECT type, to_id FROM connections WHERE organization_id = :organization"
        " AND from_id = :holder",
        holder=holder,
    )
    return {(row["type"], row["to_id"]) for row in rows}


async def test_one_of_a_kind_is_sold_once(shop: Shop) -> None:
    nft = await deployed(shop)
    first = await selling.quote(shop.one, nft.id, shop.buyer.id, "1")
    second = await selling.quote(shop.one, nft.id, shop.holder.id, "1")
    shop.script.forever["broadcast"] = DOWN

    under_way = await selling.purchase(shop.one, first.quote)
    charges = shop.script.calls.count("authorize")
    with pytest.raises(SoldOutError):
        await selling.purchase(shop.one, second.quote)
    with pytest.raises(SoldOutError):
        await selling.quote(shop.one, nft.id, shop.holder.id, "1")

    assert under_way.state is State.RUNNING
    assert shop.script.calls.count("authorize") == charges


async def test_one_of_a_kind_that_is_sold_becomes_no_series(shop: Shop) -> None:
    nft = await deployed(shop)
    sale = await bought(shop, nft)
    await shop.one.write(entity.update, nft.id, {"maxSupply": 5})

    with pytest.raises(SoldOutError, match="one of a kind"):
        await bought(shop, nft, shop.holder)
    back = await refund.plan(shop.one, RefundOrder(sale.id))
    await refund.do(shop.one, back.plan or "", again=False)

    assert (await bought(shop, nft, shop.holder)).state is State.DONE


async def test_a_series_ends_at_its_last_edition(shop: Shop) -> None:
    series = await deployed(shop, maxSupply=2, metadataUri="https://example.com/{id}.json")

    first, second = await bought(shop, series), await bought(shop, series, shop.holder)
    with pytest.raises(SoldOutError) as none_left:
        await bought(shop, series)

    assert none_left.value.fields["most"] == 2
    numbered = [str((it.answer or {})["nft"]) for it in (first, second)]
    each = [await shop.one.read(about, id) for id in numbered]
    assert [it["edition"] for it in each] == [1, 2]
    assert [it["tokenId"] for it in each] == ["1", "2"]
    assert each[1]["metadataUri"] == "https://example.com/2.json"
    assert await owner(shop, series, 2) == WALLET
    shown = await holdings.of(shop.one, series.id, reconcile=True)
    has = {(it.token, it.holder, it.kept, it.wallet, it.differs) for it in shown.holdings}
    assert has == {
        (numbered[0], shop.buyer.id, "1", None, None),
        (numbered[1], shop.holder.id, None, "1", None),
    }
    assert (await holdings.token(shop.one, series.id)).simulated_supply == "2"
    found = await supply.of(shop.one, series.id)
    assert (found.supply, found.kept, found.wallets, found.holders) == ("2", "1", "1", 1)
    assert found.differs is None


async def test_what_is_kept_is_claimed_by_a_wallet(shop: Shop) -> None:
    nft = await deployed(shop)
    sale = await bought(shop, nft)
    in_treasury = await owner(shop, nft)
    await shop.one.write(entity.update, shop.buyer.id, {"walletAddress": WALLET})

    plan = (
        await tokens.plan(shop.one, issuing.TRANSFER, TokenOrder(nft.id, "", shop.buyer.id))
    ).plan
    assert plan
    claimed = await tokens.act(shop.one, issuing.TRANSFER, plan)

    assert sale.answer
    assert sale.answer["custodial"] is True
    assert in_treasury == rails.of(shop.one).chain.sender
    assert claimed.state is State.DONE
    assert await owner(shop, nft) == WALLET
    (shown,) = (await holdings.of(shop.one, nft.id, reconcile=True)).holdings
    assert (shown.wallet, shown.wallet_on_chain, shown.differs) == ("1", "1", None)


async def test_a_refund_burns_it_and_it_may_be_sold_again(shop: Shop) -> None:
    nft = await deployed(shop)
    sale = await bought(shop, nft)

    part = await refunded(shop, sale, "5")
    rest = await refunded(shop, sale, "")
    again = await bought(shop, nft, shop.holder)

    assert (part.tokens_burned, rest.tokens_burned) == (None, "1")
    assert await owner(shop, nft, 1) is None
    assert await owner(shop, nft, 2) == WALLET
    assert again.answer
    assert again.answer["tokenId"] == "2"
    assert (await supply.of(shop.one, nft.id)).differs is None


async def refunded(shop: Shop, sale: Operation, amount: str) -> refund.RefundAnswer:
    planned = await refund.plan(shop.one, RefundOrder(sale.id, amount))
    assert planned.plan
    return await refund.do(shop.one, planned.plan, again=True)


async def test_an_edition_that_was_not_sold_is_free_again(shop: Shop) -> None:
    nft = await deployed(shop)
    declined = await selling.quote(
        shop.one, nft.id, shop.buyer.id, "1", "pm_card_visa_chargeDeclined"
    )

    refused = await selling.purchase(shop.one, declined.quote)
    sold = await bought(shop, nft)

    assert refused.state is State.UNDONE
    assert sold.state is State.DONE


async def test_what_has_a_collection_is_minted_in_its_contract(shop: Shop) -> None:
    collection = await deployed(shop)
    single = await shop.one.write(entity.create, "nft", "Dusk", {"price": 1})
    await shop.one.write(connect, single.id, collection.id)

    first, second = await bought(shop, collection), await bought(shop, single)

    assert first.body["contract"] == second.body["contract"]
    assert [it.body["tokenId"] for it in (first, second)] == ["1", "2"]


def connect(work: Work, part: str, whole: str) -> object:
    return connection.connect(work, part, "part_of", whole)


async def test_what_cannot_be_done_with_an_nft_is_refused(shop: Shop) -> None:
    nft = await deployed(shop, maxSupply=3)
    nowhere = await shop.one.write(entity.create, "nft", "Idea", {"price": 1})
    minted = await shop.one.write(
        entity.create, "nft", "Old", {"price": 1, "tokenId": "9", "contractAddress": shop.contract}
    )
    long = await shop.one.write(
        entity.create, "nft", "Long", {"price": 1, "description": "x" * 3_000}
    )
    await shop.one.write(connect, long.id, nft.id)
    buyer = shop.buyer.id

    for refused in (
        selling.quote(shop.one, nft.id, buyer, "2"),
        selling.quote(shop.one, nft.id, buyer, "0.5"),
        selling.quote(shop.one, nowhere.id, buyer, "1"),
        selling.quote(shop.one, minted.id, buyer, "1"),
        selling.quote(shop.one, long.id, buyer, "1"),
        tokens.plan(shop.one, issuing.MINT, TokenOrder(nft.id, "1")),
        tokens.plan(shop.one, issuing.BURN, TokenOrder(nft.id, "1")),
        tokens.plan(shop.one, issuing.TRANSFER, TokenOrder(nft.id, "1", shop.holder.id)),
        tokens.plan(shop.one, issuing.DEPLOY, TokenOrder(nft.id)),
        spend.plan_grant(shop.one, GrantOrder(nft.id, buyer)),
    ):
        with pytest.raises(InvalidArgumentError):
            await refused


async def test_what_a_sale_wrote_on_an_nft_stays(shop: Shop) -> None:
    nft = await deployed(shop)
    await bought(shop, nft)

    for properties in ({"tokenId": "2"}, {"contractAddress": shop.contract}):
        with pytest.raises(LedgerError):
            await shop.one.write(entity.update, nft.id, properties)
    assert (await shop.one.write(entity.update, nft.id, {"description": "new"})).version


async def test_who_the_chain_says_has_it_is_compared(shop: Shop) -> None:
    nft = await deployed(shop)
    done = await bought(shop, nft)
    chain = rails.of(shop.one).chain
    contract = str(done.body["contract"])
    call = ContractCall("burn", contract, standard="ERC721", token_id=1)
    await chain.broadcast((await chain.prepare(call))(await chain.mined()).raw)

    differences = (await reconciling.reconcile(shop.one)).differences

    assert nft.id in {it.token for it in differences}


@pytest.mark.parametrize("trouble", ["none", "mint", "capture", "transfer"])
@pytest.mark.parametrize("wallet", [False, True])
async def test_killed_at_any_write_a_sale_of_an_nft_ends_right(
    app: App, shop: Shop, clock: HandClock, trouble: str, *, wallet: bool
) -> None:
    """Charged, minted, and with its buyer once; or nothing of it, and for sale again."""
    series = await deployed(shop, maxSupply=1_000)
    if trouble in {"mint", "transfer"}:
        shop.script.forever[f"prepare.{trouble}"] = REVERTED
    if trouble == "capture":
        shop.script.forever["capture"] = REFUSED
    boundary, done = 0, 0
    buyer = shop.holder if wallet else shop.buyer
    while True:
        quote = await selling.quote(shop.one, series.id, buyer.id, "1")
        boundary += 1
        was_killed = await killed(app, quote.quote, boundary / 2)
        clock.forward(journal.LENGTH_MS + 1)
        at = await ended(shop, quote.quote, clock)
        done += at.state in {State.DONE, State.NEEDS_REVIEW}
        stays = trouble == "transfer" and wallet
        expected = State.NEEDS_REVIEW if stays else State.DONE
        assert at.state is (State.UNDONE if trouble in {"mint", "capture"} else expected)
        found = await supply.of(shop.one, series.id)
        assert found.supply == str(done)
        assert found.wallets == (str(done) if wallet and not stays else "0")
        if at.state is State.DONE:
            has = WALLET if wallet else rails.of(shop.one).chain.sender
            assert await owner(shop, series, int(str(at.body["tokenId"]))) == has
        if not was_killed:
            break
    assert boundary >= MOST_WRITES


REFUSED = type(DOWN)(before=True, error=ProviderError("refused", outcome="failed"))


async def ended(shop: Shop, quote: str, clock: HandClock) -> Operation:
    at = await selling.purchase(shop.one, quote, again=True)
    while at.state in {State.RUNNING, State.UNDOING}:
        clock.forward(saga.LATER_MS)
        at = await selling.purchase(shop.one, quote)
    return at


@pytest.mark.parametrize("call", ["broadcast", "receipt", "authorize", "capture"])
async def test_a_lost_answer_sells_it_once(shop: Shop, call: str) -> None:
    nft = await deployed(shop)
    shop.script.once[call].append(LOST)

    sold = await bought(shop, nft, shop.holder)

    assert sold.state is State.DONE
    assert (await supply.of(shop.one, nft.id)).supply == "1"
