"""Steps on a chain: signed once, kept before they are sent, sent as often as it takes."""

from one_mcp.dimensions.commerce import transactions
from one_mcp.dimensions.commerce.transactions import Sender
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import ChainError
from one_mcp.providers.ports.chain import ContractCall, Receipt
from one_mcp.services.workflow import Run


async def send(run: Run, step: str, call: ContractCall) -> JsonObject:
    """Have a call done once, and return its hash, block and what it made.

    What was signed for the step before is sent again as it is. Raises ChainError: of unknown
    outcome where it is in no block yet, else where it reverted.
    """
    chain = run.rails.chain
    kept = await run.one.read(transactions.find, run.operation.id, step)
    if kept is None:
        sign = await chain.prepare(call)
        sender = Sender(chain.chain_id, chain.sender, await chain.mined())
        hash, raw = await run.one.derive(transactions.reserve, run.operation, step, sender, sign)
    else:
        hash, raw = kept["hash"], kept["raw"]
    return await settle(run, hash, raw)


async def settle(run: Run, hash: str, raw: str) -> JsonObject:
    """Send signed bytes unless they are in a block, and wait for what becomes of them."""
    chain = run.rails.chain
    receipt = await chain.receipt(hash)
    if receipt is None:
        await chain.broadcast(raw)
        receipt = await chain.receipt(hash)
    if receipt is None:
        raise ChainError(
            f"The transaction {hash} is sent and in no block yet.",
            retryable=True,
            outcome="unknown",
            hash=hash,
        )
    return _result(receipt)


async def resolve(run: Run, step: str) -> JsonObject | None:
    """Find out what became of a step: None where nothing was signed, or it reverted."""
    kept = await run.one.read(transactions.find, run.operation.id, step)
    if kept is None:
        return None
    try:
        return await settle(run, kept["hash"], kept["raw"])
    except ChainError as error:
        if error.outcome == "unknown":
            raise
        return None


def _result(receipt: Receipt) -> JsonObject:
    if not receipt.succeeded:
        raise ChainError(
            f"The transaction {receipt.hash} reverted: {receipt.reason or 'no reason given'}.",
            hash=receipt.hash,
            reason=receipt.reason,
        )
    result: JsonObject = {"hash": receipt.hash, "block": receipt.block}
    return result | ({"contract": receipt.contract} if receipt.contract else {})
