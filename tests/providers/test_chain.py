"""What every chain does: the simulated one, and an EVM chain on a node of its own."""

from collections.abc import AsyncIterator
from typing import Literal

import pytest

from one_mcp.errors import InvalidArgumentError
from one_mcp.money_errors import ChainError
from one_mcp.providers.chaining import Chaining
from one_mcp.providers.ports.chain import (
    NOBODY,
    Chain,
    ContractCall,
    Receipt,
    Signed,
    TokenTransfer,
)
from one_mcp.services import rails
from one_mcp.session import Session
from tests.chain import anvil, modules

pytestmark = pytest.mark.anyio
WALLET = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"

ONE = 10**18


@pytest.fixture(params=["simulated", pytest.param("evm", marks=modules.needs_modules)])
async def chain(request: pytest.FixtureRequest, one: Session) -> AsyncIterator[Chain]:
    if request.param == "simulated":
        yield rails.of(one).chain
        return
    with anvil.running() as node:
        chaining = Chaining(node.settings())
        yield chaining.over(rails.SimulatedCabinet(one))
        await chaining.close()


async def signed(chain: Chain, call: ContractCall, ahead: int = 0) -> Signed:
    sign = await chain.prepare(call)
    return sign(await chain.mined() + ahead)


async def done(chain: Chain, call: ContractCall) -> Receipt:
    sent = await signed(chain, call)
    await chain.broadcast(sent.raw)
    receipt = await chain.receipt(sent.hash)
    assert receipt is not None
    assert receipt.hash == sent.hash
    return receipt


@pytest.fixture
async def contract(chain: Chain) -> str:
    call = ContractCall("deploy", name="Jane", symbol="JANE", decimals=6)
    receipt = await done(chain, call)
    assert receipt.succeeded
    assert receipt.contract
    return receipt.contract


def minting(contract: str, chain: Chain, units: int = 10 * ONE) -> ContractCall:
    return ContractCall("mint", contract, chain.sender, units)


async def test_a_contract_is_what_was_deployed(chain: Chain, contract: str) -> None:
    token = await chain.token(contract)

    assert contract == chain.address(contract.lower())
    assert (token.name, token.symbol, token.decimals, token.supply) == ("Jane", "JANE", 6, 0)


async def test_a_check_sends_nothing_and_says_what_was_heard(chain: Chain) -> None:
    said = (await chain.check()).says

    assert (chain.name if chain.simulated else f"chain {chain.chain_id}, at block 0;") in said
    assert chain.simulated or chain.sender in said
    assert await chain.mined() == 0


async def test_tokens_are_minted_transferred_and_burned(chain: Chain, contract: str) -> None:
    first = await done(chain, minting(contract, chain))
    await done(chain, ContractCall("transfer", contract, WALLET, 3 * ONE))
    last = await done(chain, ContractCall("burn", contract, units=2 * ONE))

    assert await chain.balance(contract, chain.sender) == 5 * ONE
    assert await chain.balance(contract, WALLET) == 3 * ONE
    assert (await chain.token(contract)).supply == 8 * ONE
    assert last.block > first.block
    seen = await chain.receipt(first.hash)
    assert seen
    assert seen.confirmations == last.block - first.block + 1


async def test_amounts_are_exact(chain: Chain, contract: str) -> None:
    most = 2**256 - 1

    await done(chain, minting(contract, chain, most))

    assert await chain.balance(contract, chain.sender) == most
    with pytest.raises(ChainError):
        await chain.prepare(minting(contract, chain, 1))


async def test_the_same_bytes_count_once(chain: Chain, contract: str) -> None:
    sent = await signed(chain, minting(contract, chain))

    for _ in range(3):
        await chain.broadcast(sent.raw)

    assert await chain.receipt(sent.hash)
    assert (await chain.token(contract)).supply == 10 * ONE


async def test_what_would_fail_is_not_signed(chain: Chain, contract: str) -> None:
    for call in (
        ContractCall("burn", contract, units=1),
        ContractCall("transfer", contract, WALLET, 1),
    ):
        for trying in (chain.prepare, chain.fee):
            with pytest.raises(ChainError) as failure:
                await trying(call)

            assert str(failure.value.fields["reason"]).startswith("ERC20InsufficientBalance")
            assert failure.value.outcome == "failed"
            assert not failure.value.retryable


async def test_nobody_is_no_receiver(chain: Chain, contract: str) -> None:
    await done(chain, minting(contract, chain))

    with pytest.raises(ChainError) as failure:
        await chain.prepare(ContractCall("transfer", contract, NOBODY, 1))

    assert str(failure.value.fields["reason"]).startswith("ERC20InvalidReceiver")


async def test_where_no_contract_is_there_is_no_token(chain: Chain) -> None:
    with pytest.raises(ChainError) as nothing:
        await chain.token(WALLET)
    with pytest.raises(ChainError) as nowhere:
        await chain.prepare(ContractCall("mint", WALLET, chain.sender, 1))

    assert nothing.value.fields["reason"] == "no contract"
    assert nowhere.value.fields["reason"] == "no contract"


async def test_what_reverts_says_why(chain: Chain, contract: str) -> None:
    await done(chain, minting(contract, chain, 5))
    sign = await chain.prepare(ContractCall("transfer", contract, WALLET, 5))
    nonce = await chain.mined()
    first, second = sign(nonce), sign(nonce + 1)

    await chain.broadcast(first.raw)
    await chain.broadcast(second.raw)

    failed = await chain.receipt(second.hash)
    assert failed
    assert not failed.succeeded
    assert "ERC20InsufficientBalance" in str(failed.reason)
    assert await chain.mined() == nonce + 2
    assert await chain.balance(contract, WALLET) == 5


async def test_a_nonce_that_is_ahead_waits(chain: Chain, contract: str) -> None:
    sign = await chain.prepare(minting(contract, chain))
    nonce = await chain.mined()
    first, second = sign(nonce), sign(nonce + 1)

    await chain.broadcast(second.raw)
    early = await chain.receipt(second.hash)
    await chain.broadcast(first.raw)

    assert early is None
    assert await chain.receipt(first.hash)
    assert await chain.receipt(second.hash)
    assert (await chain.token(contract)).supply == 20 * ONE


async def test_a_nonce_that_is_taken_counts_for_nobody_else(chain: Chain, contract: str) -> None:
    nonce = await chain.mined()
    lost = (await chain.prepare(minting(contract, chain, 7)))(nonce)
    await done(chain, minting(contract, chain, 5))

    await chain.broadcast(lost.raw)

    assert await chain.receipt(lost.hash) is None
    assert (await chain.token(contract)).supply == 5


async def test_a_replacement_pays_more_and_counts_once(chain: Chain, contract: str) -> None:
    first = await signed(chain, minting(contract, chain))

    second = await chain.dearer(first.raw)
    third = await chain.dearer(second.raw)
    await chain.broadcast(second.raw)
    await chain.broadcast(first.raw)
    await chain.broadcast(third.raw)

    assert len({first.hash, second.hash, third.hash}) == 3
    assert await chain.receipt(second.hash)
    assert await chain.receipt(first.hash) is None
    assert (await chain.token(contract)).supply == 10 * ONE


async def test_the_fee_is_told_before(chain: Chain, contract: str) -> None:
    deploy = await chain.fee(ContractCall("deploy", name="Jane", symbol="JANE"))
    mint = await chain.fee(minting(contract, chain))

    assert deploy.units > mint.units > 0


async def test_an_address_is_checked(chain: Chain) -> None:
    assert chain.address(WALLET.lower()) == WALLET
    for wrong in (WALLET.replace("5aAe", "5aae"), WALLET[:-1], "jane.eth", ""):
        with pytest.raises(InvalidArgumentError):
            chain.address(wrong)


async def test_a_token_remembers_its_transfers(chain: Chain, contract: str) -> None:
    minted = await done(chain, minting(contract, chain))
    sent = await done(chain, ContractCall("transfer", contract, WALLET, 3 * ONE))
    burned = await done(chain, ContractCall("burn", contract, units=2 * ONE))

    found = await chain.transfers(contract)

    assert found == [
        TokenTransfer(minted.hash, minted.block, NOBODY, chain.sender, 10 * ONE),
        TokenTransfer(sent.hash, sent.block, chain.sender, WALLET, 3 * ONE),
        TokenTransfer(burned.hash, burned.block, chain.sender, NOBODY, 2 * ONE),
    ]
    assert await chain.block_at(0) <= minted.block
    assert await chain.block_at(2**50) == burned.block + 1


@pytest.fixture
async def gallery(chain: Chain) -> str:
    receipt = await done(chain, ContractCall("deploy", name="Art", symbol="ART", standard="ERC721"))
    assert receipt.contract
    return receipt.contract


def nft(act: Literal["mint", "burn", "transfer"], contract: str, id: int, to: str) -> ContractCall:
    return ContractCall(
        act, contract, to, standard="ERC721", token_id=id, uri=f"https://a.test/{id}"
    )


async def test_an_nft_is_minted_transferred_and_burned(chain: Chain, gallery: str) -> None:
    large = 2**255
    for id in (7, large):
        await done(chain, nft("mint", gallery, id, chain.sender))
    owned = await chain.owner(gallery, 7)
    await done(chain, nft("transfer", gallery, 7, WALLET))
    await done(chain, nft("burn", gallery, large, chain.sender))

    about = await chain.collection(gallery)

    assert owned == chain.sender
    assert await chain.owner(gallery, 7) == WALLET
    assert await chain.owner(gallery, large) is None
    assert (about.name, about.symbol, about.decimals, about.supply) == ("Art", "ART", 0, 1)
    assert await chain.balance(gallery, WALLET) == 1
    assert await chain.balance(gallery, chain.sender) == 0
    sender = chain.sender
    assert [
        (it.source, it.target, it.units, it.token_id) for it in await chain.transfers(gallery)
    ] == [
        (NOBODY, sender, 1, 7),
        (NOBODY, sender, 1, large),
        (sender, WALLET, 1, 7),
        (sender, NOBODY, 1, large),
    ]


async def test_an_nft_is_refused_what_cannot_be(chain: Chain, gallery: str) -> None:
    for id in (1, 2):
        await done(chain, nft("mint", gallery, id, chain.sender))
    await done(chain, nft("transfer", gallery, 2, WALLET))

    refused = {
        "ERC721InvalidSender": nft("mint", gallery, 1, chain.sender),
        "ERC721InvalidReceiver": nft("transfer", gallery, 1, NOBODY),
        "ERC721NonexistentToken": nft("burn", gallery, 3, chain.sender),
        "ERC721InsufficientApproval": nft("burn", gallery, 2, chain.sender),
    }
    for reason, call in refused.items():
        with pytest.raises(ChainError) as failure:
            await chain.prepare(call)
        assert str(failure.value.fields["reason"]).startswith(reason)


async def test_a_token_is_no_collection_and_the_other_way_round(
    chain: Chain, contract: str, gallery: str
) -> None:
    with pytest.raises(ChainError) as no_collection:
        await chain.collection(contract)
    with pytest.raises(ChainError):
        await chain.token(gallery)

    assert no_collection.value.fields["reason"] == "no collection"


async def test_a_nonce_that_is_given_up_holds_nobody_up(chain: Chain, contract: str) -> None:
    sign = await chain.prepare(minting(contract, chain))
    nonce = await chain.mined()
    given_up, next = sign(nonce), sign(nonce + 1)
    await chain.broadcast(next.raw)

    nothing = await chain.void(given_up.raw)
    await chain.broadcast(nothing.raw)
    await chain.broadcast(given_up.raw)

    receipt = await chain.receipt(nothing.hash)
    assert receipt is not None
    assert receipt.succeeded
    assert await chain.receipt(given_up.hash) is None
    assert await chain.receipt(next.hash)
    assert (await chain.token(contract)).supply == 10 * ONE
