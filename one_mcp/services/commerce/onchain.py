"""Steps on a chain: signed once, kept before they are sent, sent as often as it takes.

Once there are signed bytes, nobody takes their step for failed before the chain says so: until then
its outcome is unknown.
"""

from collections.abc import Sequence

from one_mcp import jsons
from one_mcp.dimensions.commerce import transactions
from one_mcp.dimensions.commerce.transactions import STUCK_MS, Sender, SentTransaction
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import ChainError, ProviderError
from one_mcp.providers.ports.chain import NOBODY, Act, Chain, ContractCall, Receipt, Token
from one_mcp.services import rails
from one_mcp.services.rails import Rails
from one_mcp.services.workflow import Run


def call(act: Act, body: JsonObject, to: str | None = None) -> ContractCall:
    """Make the call that an operation's body says: so many of a token, or one NFT by its number."""
    contract = str(body["contract"])
    if "tokenId" not in body:
        return ContractCall(act, contract, to, units=int(str(body["units"])))
    number, uri = int(str(body["tokenId"])), str(body.get("metadataUri", ""))
    return ContractCall(act, contract, to, standard="ERC721", token_id=number, uri=uri)


async def require_contract(on: Rails, body: JsonObject) -> None:
    """Raise where chain, contract or wallet are not what the token says of them."""
    chain = on.chain
    rails.require_chain(on, str(body["blockchain"]))
    wallet = chain.address(str(body["wallet"])) if body.get("wallet") else None
    if "contract" not in body:
        return
    contract = chain.address(str(body["contract"]))
    if wallet is not None:
        _require_reachable(chain, wallet, contract)
    is_nft = body.get("standard") == "ERC721"
    try:
        found = await (chain.collection(contract) if is_nft else chain.token(contract))
    except ChainError as error:
        if error.fields.get("reason") != "no contract":
            raise
        raise ChainError(
            f"There is no contract at {contract} on the chain that this server acts on "
            f"({chain.name}, number {chain.chain_id}); it may be on another, such as a test chain.",
            reason="no contract",
            chain=chain.chain_id,
        ) from error
    if not is_nft:
        _require_same(body, found)


def _require_reachable(chain: Chain, wallet: str, contract: str) -> None:
    """Raise for a wallet that nobody has, or from which nothing comes back to its holder."""
    reasons = {
        NOBODY: "is the zero address, to which no token goes",
        contract: "is the token's own contract, which would keep the tokens for ever",
        chain.sender: "is the treasury of the business itself, which keeps tokens for those who "
        "have no wallet",
    }
    reason = reasons.get(wallet)
    if reason is not None:
        raise InvalidArgumentError(
            f"The wallet {wallet} {reason}; correct the walletAddress of whoever gets them, or set "
            "it to null.",
            argument="walletAddress",
        )


def _require_same(body: JsonObject, found: Token) -> None:
    """Raise where a contract counts otherwise than its token, or is another token's."""
    there: JsonObject = {"decimals": found.decimals, "symbol": found.symbol}
    for name, says in there.items():
        said = body.get(name)
        if said is not None and said != says:
            argument = "token" if "token" in body else "item"
            refused = InvalidArgumentError(
                f"The contract has the {name} {says}, and the token says {said}; correct it: "
                f'update_entity(id="{body[argument]}", properties={jsons.dumps({name: says})}). '
                "Where that is another token's contract, correct contractAddress.",
                argument=argument,
            )
            refused.fields |= {name: says}
            raise refused


async def send(run: Run, step: str, call: ContractCall) -> JsonObject:
    """Have a call done once, and return its hash, block and what it made.

    What was signed for the step before is sent again as it is, unless it reverted: then the call
    is tried anew. Raises ChainError: of unknown outcome where it is in no block yet, else where it
    reverted.
    """
    sent = await run.one.read(transactions.of_step, run.operation.id, step)
    if sent:
        try:
            return await settle(run, step, sent)
        except ChainError as error:
            if error.outcome == "unknown":
                raise
    chain = run.rails.chain
    sign = await chain.prepare(call)
    sender = Sender(chain.chain_id, chain.sender, await chain.mined(), chain.simulated)
    sent = await run.one.derive(transactions.reserve, run.operation, step, sender, sign)
    return await settle(run, step, sent)


async def resolve(run: Run, step: str) -> JsonObject | None:
    """Find out what became of a step: None where nothing was signed, it reverted, or is given up.

    It is asked on the way back: what is stuck gives its nonce up.
    """
    sent = await run.one.read(transactions.of_step, run.operation.id, step)
    if not sent:
        return None
    try:
        return await settle(run, step, sent, gives_up=True)
    except ChainError as error:
        if error.outcome == "unknown":
            raise
        return None


async def settle(
    run: Run, step: str, sent: list[SentTransaction], *, gives_up: bool = False
) -> JsonObject:
    """Send signed bytes unless they are in a block, and wait for what becomes of them.

    Raises ChainError of outcome "failed" only where they reverted, or bytes that do nothing have
    taken their nonce.
    """
    newest = sent[-1]
    try:
        receipt = await _receipt(run.rails.chain, sent)
        if receipt is None:
            await run.rails.chain.broadcast(newest.raw)
            receipt = await _receipt(run.rails.chain, sent)
        if receipt is None and newest.waited_ms > STUCK_MS:
            sent, receipt = await _replaced(run, step, sent, voids=gives_up or newest.voids)
    except ProviderError as error:
        raise _unknown(str(error), newest, error.fields.get("reason")) from error
    if receipt is None:
        raise _unknown(f"The transaction {newest.hash} is sent and in no block yet.", newest)
    if any(it.voids and it.hash == receipt.hash for it in sent):
        raise ChainError("The transaction was given up before it was mined.", reason="given up")
    return _result(receipt)


async def receipt_of(chain: Chain, hashes: Sequence[str]) -> Receipt | None:
    """Return what became of the bytes of one nonce, of which the chain takes one.

    None where none of them is in a block, or not deep enough. The newest is asked for first.
    """
    for hash in reversed(hashes):
        receipt = await chain.receipt(hash)
        if receipt is not None:
            return receipt
    return None


async def _receipt(chain: Chain, sent: list[SentTransaction]) -> Receipt | None:
    return await receipt_of(chain, [it.hash for it in sent])


async def _replaced(
    run: Run, step: str, sent: list[SentTransaction], *, voids: bool
) -> tuple[list[SentTransaction], Receipt | None]:
    """Offer more for what is stuck, or for nothing in its stead.

    What waits for an earlier nonce of the sender is not stuck.
    """
    chain, stuck = run.rails.chain, sent[-1]
    if await chain.mined() != stuck.nonce:
        return sent, None
    signed = await (chain.void(stuck.raw) if voids else chain.dearer(stuck.raw))
    kept = await run.one.derive(
        transactions.replace, run.operation, step, stuck, signed, voids=voids
    )
    await chain.broadcast(signed.raw)
    return kept, await _receipt(chain, kept)


def _unknown(sentence: str, sent: SentTransaction, reason: object = None) -> ChainError:
    return ChainError(
        sentence,
        retryable=True,
        outcome="unknown",
        hash=sent.hash,
        reason=str(reason) if reason else None,
    )


def _result(receipt: Receipt) -> JsonObject:
    if not receipt.succeeded:
        raise ChainError(
            f"The transaction {receipt.hash} reverted: {receipt.reason or 'no reason given'}.",
            hash=receipt.hash,
            reason=receipt.reason,
        )
    result: JsonObject = {"hash": receipt.hash, "block": receipt.block}
    return result | ({"contract": receipt.contract} if receipt.contract else {})
