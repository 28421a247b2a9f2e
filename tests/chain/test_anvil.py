"""Tokens on a real node: reorganised, dropped, stuck, poor, wrong, and by many at once."""

import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import pytest
from eth_account import Account
from hexbytes import HexBytes
from web3.exceptions import ContractLogicError

from one_mcp.app import App
from one_mcp.dimensions.commerce import issuing, transactions
from one_mcp.dimensions.commerce.issuing import TokenOrder
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.operations import journal, reviewing
from one_mcp.dimensions.operations.operation import Operation, State
from one_mcp.money_errors import ChainError
from one_mcp.providers import evm, evm_contracts, evm_tokens
from one_mcp.providers.evm import EvmChain
from one_mcp.providers.ports.chain import ContractCall
from one_mcp.services import reconciling, saga
from one_mcp.services.commerce import selling, supply, tokens
from one_mcp.services.commerce.watching import Watcher
from one_mcp.session import Call, Session
from one_mcp.store.work import Work
from tests.chain import anvil, modules
from tests.chain.anvil import KEY, OTHER_KEYS, Node, OnAnvil
from tests.conftest import HandClock

pytestmark = [pytest.mark.anyio, modules.needs_modules]
ONE = 10**18
MANY = 20


@pytest.fixture
def node() -> Iterator[Node]:
    with anvil.running() as running:
        yield running


@pytest.fixture
async def chain(node: Node) -> AsyncIterator[EvmChain]:
    on_node = node.chain()
    yield on_node
    await on_node.close()


@pytest.fixture
async def one(app: App, one: Session, chain: EvmChain) -> Session:
    """The owner's door, where tokens are on the node."""
    app.providers = one.providers = OnAnvil(app.providers.embedding, evm=chain)
    return one


@pytest.fixture
async def token(one: Session) -> str:
    made = await one.write(entity.create, "token", "Jane", {"symbol": "JANE", "decimals": 18})
    deployed = await done(one, issuing.DEPLOY, TokenOrder(made.id))
    assert deployed.state is State.DONE
    return made.id


async def planned(one: Session, kind: str, order: TokenOrder) -> str:
    plan = (await tokens.plan(one, kind, order)).plan
    assert plan
    return plan


async def done(one: Session, kind: str, order: TokenOrder) -> Operation:
    return await tokens.act(one, kind, await planned(one, kind, order))


def contract_of(work: Work, token: str) -> str:
    found = work.value(
        "SELECT properties ->> 'contractAddress' FROM entities"
        " WHERE organization_id = :organization AND id = :token",
        token=token,
    )
    return str(found)


def signed(work: Work) -> list[str]:
    rows = work.all(
        "SELECT hash FROM chain_transactions WHERE organization_id = :organization"
        " ORDER BY nonce, attempt"
    )
    return [row["hash"] for row in rows]


async def test_many_mints_at_once_are_as_many_mints(one: Session, token: str) -> None:
    plans = [await planned(one, issuing.MINT, TokenOrder(token, str(n + 1))) for n in range(MANY)]
    ends: list[State] = []

    async def mint(plan: str) -> None:
        ends.append((await tokens.act(one, issuing.MINT, plan)).state)

    async with anyio.create_task_group() as tasks:
        for plan in plans:
            tasks.start_soon(mint, plan)
            tasks.start_soon(mint, plan)  # and each of them is asked for twice

    for plan in plans:
        assert (await tokens.act(one, issuing.MINT, plan)).state is State.DONE
    found = await supply.of(one, token)
    assert found.supply == str(sum(range(MANY + 1)))
    assert found.differs is None
    assert State.UNDONE not in ends


async def test_a_reorganisation_mines_the_same_bytes_again(
    one: Session, node: Node, chain: EvmChain, token: str
) -> None:
    chain._confirmations = 2
    plan = await planned(one, issuing.MINT, TokenOrder(token, "5"))
    shallow = await tokens.act(one, issuing.MINT, plan)
    (*_, hash) = await one.read(signed)
    node.ask("evm_setAutomine", False)
    node.ask("anvil_reorg", 1, [])
    node.ask("anvil_dropTransaction", hash)
    gone = await chain.receipt(hash)

    again = await tokens.act(one, issuing.MINT, plan)
    node.ask("anvil_mine", "0x2")
    deep = await tokens.act(one, issuing.MINT, plan)

    assert gone is None
    assert shallow.state is again.state is State.RUNNING
    assert deep.state is State.DONE
    assert deep.result("send")["hash"] == hash
    assert (await supply.of(one, token)).supply == "5"


async def test_what_a_deep_reorganisation_takes_back_is_told_and_sent_again(
    app: App, one: Session, node: Node, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Deeper than the confirmations that the operation had waited for."""
    minted = await done(one, issuing.MINT, TokenOrder(token, "5"))
    hash = str(minted.result("send")["hash"])
    watcher = Watcher(app.watched, lambda each: app.session(Call("watch"), each.principal))
    await watcher.work_off()
    node.ask("evm_setAutomine", False)
    node.ask("anvil_reorg", 1, [])
    node.ask("anvil_dropTransaction", hash)

    told = await reconciling.reconcile(one)
    quiet = list(caplog.records)
    await watcher.work_off()
    alerts = [it for it in caplog.records if it not in quiet and it.levelno == logging.ERROR]
    pool = node.ask("txpool_content")["pending"]
    node.ask("anvil_mine", "0x1")
    await watcher.work_off()

    assert minted.state is State.DONE
    assert [(it.operation, it.found) for it in told.differences if it.operation] == [
        (minted.id, hash)
    ]
    assert [vars(it)["operation"] for it in alerts] == [minted.id]
    assert [it["hash"] for account in pool.values() for it in account.values()] == [hash]
    assert (await reconciling.reconcile(one)).differences == []
    assert not (await one.read(transactions.of_step, minted.id, "send"))[-1].missing
    assert (await supply.of(one, token)).supply == "5"


async def test_an_act_that_is_undone_gives_its_nonce_up(
    one: Session, node: Node, token: str, clock: HandClock
) -> None:
    """Later ones wait for no gap, and the bytes that were given up never count."""
    node.ask("evm_setAutomine", False)
    stuck = await tokens.act(
        one, issuing.MINT, await planned(one, issuing.MINT, TokenOrder(token, "5"))
    )
    (*_, hash) = await one.read(signed)
    later = await tokens.act(
        one, issuing.MINT, await planned(one, issuing.MINT, TokenOrder(token, "6"))
    )
    node.ask("anvil_dropTransaction", hash)
    await one.derive(turned_back, stuck.id)
    clock.forward(transactions.STUCK_MS + 1)

    await saga.drive(one, tokens.WORKFLOWS[issuing.MINT], stuck.id)
    node.ask("anvil_mine", "0x1")
    clock.forward(saga.LATEST_MS)
    undone = await saga.drive(one, tokens.WORKFLOWS[issuing.MINT], stuck.id)
    await saga.drive(one, tokens.WORKFLOWS[issuing.MINT], later.id)
    node.ask("anvil_mine", "0x1")
    clock.forward(saga.LATEST_MS)
    done_ = await saga.drive(one, tokens.WORKFLOWS[issuing.MINT], later.id)

    *_, given_up = await one.read(transactions.of_step, stuck.id, "send")
    assert (undone.state, done_.state) == (State.UNDONE, State.DONE)
    assert given_up.voids
    assert (await supply.of(one, token)).supply == "6"
    assert (await reconciling.reconcile(one)).differences == []


def turned_back(work: Work, id: str) -> None:
    """What a person does to an operation that can go neither way."""
    at = journal.take(work, id)
    assert at is not None
    journal.turn(work, at, State.NEEDS_REVIEW)
    reviewing.turn_back(work, id, [])


async def test_a_dropped_transaction_is_sent_again(one: Session, node: Node, token: str) -> None:
    node.ask("evm_setAutomine", False)
    plan = await planned(one, issuing.MINT, TokenOrder(token, "5"))
    sent = await tokens.act(one, issuing.MINT, plan)
    (*_, hash) = await one.read(signed)
    node.ask("anvil_dropTransaction", hash)
    node.ask("anvil_mine", "0x1")

    again = await tokens.act(one, issuing.MINT, plan)
    node.ask("anvil_mine", "0x1")
    mined = await tokens.act(one, issuing.MINT, plan)

    assert sent.state is again.state is State.RUNNING
    assert mined.state is State.DONE
    assert mined.result("send")["hash"] == hash
    assert (await supply.of(one, token)).supply == "5"


async def test_what_is_stuck_is_replaced_and_counts_once(
    one: Session, node: Node, token: str, clock: HandClock
) -> None:
    node.ask("evm_setAutomine", False)
    plan = await planned(one, issuing.MINT, TokenOrder(token, "5"))
    await tokens.act(one, issuing.MINT, plan)
    clock.forward(transactions.STUCK_MS + 1)

    await tokens.act(one, issuing.MINT, plan)
    _, first, second = await one.read(signed)
    pool = node.ask("txpool_content")["pending"]
    node.ask("anvil_mine", "0x1")
    mined = await tokens.act(one, issuing.MINT, plan)

    (waiting,) = [each for account in pool.values() for each in account.values()]
    assert waiting["hash"] == second != first
    assert mined.state is State.DONE
    assert mined.result("send")["hash"] == second
    assert (await supply.of(one, token)).supply == "5"


async def test_a_replacement_pays_an_eighth_more_at_least(chain: EvmChain) -> None:
    call = ContractCall("deploy", name="Jane", symbol="JANE")
    first = (await chain.prepare(call))(0)

    second = await chain.dearer(first.raw)

    before, after = fields(first.raw), fields(second.raw)
    for name in ("maxFeePerGas", "maxPriorityFeePerGas"):
        assert after[name] >= before[name] * 1.125
    kept = ("nonce", "to", "data", "value", "gas", "chainId")
    assert [after[name] for name in kept] == [before[name] for name in kept]


async def test_bytes_that_were_outbid_are_sent_again_in_vain(chain: EvmChain, node: Node) -> None:
    call = ContractCall("deploy", name="Jane", symbol="JANE")
    node.ask("evm_setAutomine", False)
    first = (await chain.prepare(call))(await chain.mined())
    second = await chain.dearer(first.raw)
    await chain.broadcast(second.raw)

    await chain.broadcast(first.raw)

    node.ask("anvil_mine", "0x1")
    assert await chain.receipt(first.hash) is None
    assert await chain.receipt(second.hash)


def fields(raw: str) -> dict[str, Any]:
    return evm.TypedTransaction.from_bytes(HexBytes(raw)).as_dict()


async def test_without_gas_money_nothing_is_signed(one: Session, node: Node, token: str) -> None:
    plan = await planned(one, issuing.MINT, TokenOrder(token, "5"))
    before = await one.read(signed)
    node.ask("anvil_setBalance", anvil.SENDER, "0x1")

    with pytest.raises(ChainError) as poor:
        tokens.told(await tokens.act(one, issuing.MINT, plan))
    with pytest.raises(ChainError) as told:
        await tokens.plan(one, issuing.MINT, TokenOrder(token, "6"))
    node.ask("anvil_setBalance", anvil.SENDER, hex(ONE))
    minted = await done(one, issuing.MINT, TokenOrder(token, "5"))

    assert "nsufficient funds" in str(poor.value.fields["reason"])
    assert "nsufficient funds" in str(told.value.fields["reason"])
    assert minted.state is State.DONE
    assert len(await one.read(signed)) == len(before) + 1


async def test_an_nft_is_sold_on_a_node(one: Session, chain: EvmChain) -> None:
    """A gift, as payments here are simulated: minted, sent, and with its metadata in itself."""
    about = {"symbol": "ART", "price": 0}
    nft = await one.write(entity.create, "nft", "Dawn", about)
    await done(one, issuing.DEPLOY, TokenOrder(nft.id))
    contract, wallet = await one.read(contract_of, nft.id), Account.from_key(OTHER_KEYS[0]).address
    person = {"email": "ann@example.com", "walletAddress": wallet}
    ann = await one.write(entity.create, "creator", "Ann", person)

    quote = await selling.quote(one, nft.id, ann.id, "1")
    sold = await selling.purchase(one, quote.quote)

    uri = await evm_tokens.view(chain._eth, contract, evm_contracts.asked("tokenURI(uint256)", 1))
    found = await supply.of(one, nft.id)
    assert sold.state is State.DONE
    assert await chain.owner(contract, 1) == wallet
    assert evm_contracts.text(uri) == sold.body["metadataUri"]
    assert (found.supply, found.wallets, found.holders, found.differs) == ("1", "1", 1, None)


async def test_the_wrong_chain_is_refused(node: Node) -> None:
    chain = node.chain(chain_id=84532)

    with pytest.raises(ChainError) as wrong:
        await chain.token(anvil.SENDER)
    await chain.close()

    assert (wrong.value.fields["expected"], wrong.value.fields["found"]) == (84532, 31337)
    assert wrong.value.outcome == "failed"


async def test_a_recipient_may_have_code(one: Session, chain: EvmChain, token: str) -> None:
    """Such as another contract, which stands here for an account with code; not the token's own."""
    other = await one.write(entity.create, "token", "Safe", {"symbol": "SAFE", "decimals": 18})
    await done(one, issuing.DEPLOY, TokenOrder(other.id))
    contract, safe = [await one.read(contract_of, it) for it in (token, other.id)]
    await done(one, issuing.MINT, TokenOrder(token, "5"))
    person = {"email": "s@example.com", "walletAddress": safe}
    holder = await one.write(entity.create, "creator", "Safe", person)

    sent = await done(one, issuing.TRANSFER, TokenOrder(token, "2", holder.id, "treasury"))

    assert sent.state is State.DONE
    assert await chain.balance(contract, safe) == 2 * ONE


async def test_a_node_that_gives_few_blocks_at_a_time_is_asked_more_often(
    one: Session, node: Node, chain: EvmChain, token: str
) -> None:
    contract = await one.read(contract_of, token)
    await done(one, issuing.MINT, TokenOrder(token, "5"))
    node.ask("anvil_mine", "0x14")
    await done(one, issuing.MINT, TokenOrder(token, "6"))

    with anvil.narrow(node, 2) as few:
        narrowed = few.chain()
        found = await narrowed.transfers(contract)
        await narrowed.close()

    assert [it.units for it in found] == [5 * ONE, 6 * ONE]
    assert found == await chain.transfers(contract)


async def typed(chain: EvmChain, contract: str, fields: str, kind: str, message: Any) -> Any:
    """What a holder signs, of the kind and fields given, for this contract."""
    return {
        "domain_data": {
            "name": (await chain.token(contract)).name,
            "version": "1",
            "chainId": anvil.CHAIN_ID,
            "verifyingContract": contract,
        },
        "message_types": {
            kind: [
                {"type": it.split(" ")[0], "name": it.split(" ")[1]} for it in fields.split(", ")
            ]
        },
        "message_data": message,
    }


async def call(chain: EvmChain, contract: str, signature: str, *given: Any) -> Any:
    """Have the sender call a function that the product itself does not."""
    data = HexBytes(evm_contracts.asked(signature, *given))
    asked = {"from": chain.sender, "to": contract, "data": data}
    gas = await chain._eth.estimate_gas(asked)  # pyright: ignore[reportArgumentType]
    account, nonce = Account.from_key(KEY), await chain.mined()
    fee = {"maxFeePerGas": 10**10, "maxPriorityFeePerGas": 10**9, "chainId": anvil.CHAIN_ID}
    filled = {"to": contract, "data": data, "gas": gas, "nonce": nonce, "type": 2, **fee}
    sent = account.sign_transaction(filled)
    await chain.broadcast(sent.raw_transaction.to_0x_hex())
    return await chain.receipt(sent.hash.to_0x_hex())


async def test_a_holder_approves_by_signature(one: Session, chain: EvmChain, token: str) -> None:
    """ERC-2612: whoever holds tokens needs no gas."""
    contract = await one.read(contract_of, token)
    holder, spender = (Account.from_key(key) for key in OTHER_KEYS)
    until = 2**40
    message = {"owner": holder.address, "spender": spender.address, "value": 7, "nonce": 0}
    signs = await typed(
        chain,
        contract,
        "address owner, address spender, uint256 value, uint256 nonce, uint256 deadline",
        "Permit",
        message | {"deadline": until},
    )
    given = holder.sign_typed_data(**signs)

    permitted = await call(
        chain,
        contract,
        "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
        *(holder.address, spender.address, 7, until, given.v),
        *(given.r.to_bytes(32, "big"), given.s.to_bytes(32, "big")),
    )

    asked = evm_contracts.asked("allowance(address,address)", holder.address, spender.address)
    assert permitted.succeeded
    assert evm_contracts.number(await evm_tokens.view(chain._eth, contract, asked)) == 7


async def test_a_holder_sends_by_signature_once(one: Session, chain: EvmChain, token: str) -> None:
    """ERC-3009."""
    contract = await one.read(contract_of, token)
    holder, other = (Account.from_key(key) for key in OTHER_KEYS)
    await done(one, issuing.MINT, TokenOrder(token, "5"))
    person = {"email": "h@example.com", "walletAddress": holder.address}
    saved = await one.write(entity.create, "creator", "H", person)
    await done(one, issuing.TRANSFER, TokenOrder(token, "5", saved.id, "treasury"))
    nonce, bounds = b"n" * 32, {"validAfter": 0, "validBefore": 2**40}
    message = {"from": holder.address, "to": other.address, "value": 2 * ONE, **bounds}
    signs = await typed(
        chain,
        contract,
        "address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, "
        "bytes32 nonce",
        "TransferWithAuthorization",
        message | {"nonce": nonce},
    )
    given = holder.sign_typed_data(**signs)
    asked = (
        f"transferWithAuthorization(address,address,{'uint256,' * 3}bytes32,uint8,bytes32,bytes32)",
        *(holder.address, other.address, 2 * ONE, 0, 2**40, nonce, given.v),
        *(given.r.to_bytes(32, "big"), given.s.to_bytes(32, "big")),
    )

    sent = await call(chain, contract, *asked)
    with pytest.raises(ContractLogicError) as twice:
        await call(chain, contract, *asked)

    assert sent.succeeded
    assert await chain.balance(contract, other.address) == 2 * ONE
    reason = evm_contracts.reason(str(twice.value.data))
    assert str(reason).startswith("ERC3009UsedAuthorization")


async def test_the_key_is_nowhere(
    one: Session, node: Node, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        minted = await done(one, issuing.MINT, TokenOrder(token, "5"))
        node.ask("anvil_setBalance", anvil.SENDER, "0x0")
        with pytest.raises(ChainError) as refused:
            await tokens.plan(one, issuing.MINT, TokenOrder(token, "6"))

    ours = [
        it.getMessage()
        for it in caplog.records
        if it.name.startswith("one_mcp") or it.levelno >= logging.WARNING
    ]
    kept = await one.read(everything)
    said = f"{minted} {refused.value!r} {refused.value.fields} {ours} {kept}"
    assert KEY not in f"{said} {caplog.text}".lower()
    assert node.url not in said  # it may hold a key of its own


def everything(work: Work) -> str:
    rows = [
        *work.all("SELECT * FROM operations WHERE organization_id = :organization"),
        *work.all("SELECT * FROM operation_steps WHERE organization_id = :organization"),
        *work.all("SELECT * FROM chain_transactions WHERE organization_id = :organization"),
        *work.all("SELECT * FROM plans WHERE organization_id = :organization"),
    ]
    return str([dict(row) for row in rows])
