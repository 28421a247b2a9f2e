"""What an EVM chain remembers of a token: its transfers, and which block was when.

Nodes answer for so many blocks at a time only, each for another number: the range is halved until
it is taken.
"""

from typing import Any

from hexbytes import HexBytes
from web3.eth.async_eth import AsyncEth
from web3.exceptions import Web3RPCError

from one_mcp.money_errors import ChainError
from one_mcp.providers import evm_contracts
from one_mcp.providers.ports.chain import TokenTransfer

MOST_REQUESTS = 500  # of one history; a longer one is an indexer's work


async def transfers(eth: AsyncEth, contract: str) -> list[TokenTransfer]:
    """List all transfers of a token, the oldest first."""
    found: list[TokenTransfer] = []
    last = await eth.block_number
    start, span = 0, last + 1
    for _ in range(MOST_REQUESTS):
        if start > last:
            return found
        end = min(start + span - 1, last)
        try:
            logs = await eth.get_logs(
                {
                    "address": contract,  # pyright: ignore[reportArgumentType]  # a checksummed address
                    "topics": [HexBytes(evm_contracts.TRANSFER)],
                    "fromBlock": start,  # pyright: ignore[reportArgumentType]  # a number of a block
                    "toBlock": end,  # pyright: ignore[reportArgumentType]  # and another
                }
            )
        except Web3RPCError:
            if span == 1:
                raise
            span = max(span // 8, 1)
            continue
        found += [_transfer(dict(log)) for log in logs]
        start = end + 1
    raise ChainError(
        "The history of this token is too long to be read from the node.", reason="too long"
    )


async def block_at(eth: AsyncEth, ms: int) -> int:
    """Find the first block that is no older than a time, by halves."""
    low, high = 0, await eth.block_number + 1
    while low < high:
        middle = (low + high) // 2
        block = await eth.get_block(middle)
        if block.get("timestamp", 0) * 1_000 < ms:
            low = middle + 1
        else:
            high = middle
    return low


def _transfer(log: dict[str, Any]) -> TokenTransfer:
    """Read a transfer: an ERC-721 has the token's number as a topic of its own, and no amount."""
    _, source, target, *number = log["topics"]
    token_id = evm_contracts.number(bytes(number[0])) if number else None
    return TokenTransfer(
        HexBytes(log["transactionHash"]).to_0x_hex(),
        int(log["blockNumber"]),
        evm_contracts.address(bytes(source)),
        evm_contracts.address(bytes(target)),
        evm_contracts.number(bytes(log["data"])) if token_id is None else 1,
        token_id,
    )
