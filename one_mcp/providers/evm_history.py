"""What an EVM chain remembers of a token: its transfers, and which block was when.

Nodes answer for so many blocks at a time only, each for another number: the range is halved until
it is taken.
"""

from typing import Any

from hexbytes import HexBytes
from web3.eth.async_eth import AsyncEth
from web3.exceptions import Web3RPCError

from one_mcp.money_errors import ChainError
from one_mcp.providers import evm_contracts, keccak
from one_mcp.providers.ports.chain import TokenTransfer

MOST_REQUESTS = 500  # of one history; a longer one is an indexer's work
_ADDRESS_DIGITS = 40


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
    _, source, target = log["topics"]
    return TokenTransfer(
        HexBytes(log["transactionHash"]).to_0x_hex(),
        int(log["blockNumber"]),
        _address(source),
        _address(target),
        evm_contracts.number(bytes(log["data"])),
    )


def _address(topic: HexBytes) -> str:
    return keccak.checksummed("0x" + topic.hex()[-_ADDRESS_DIGITS:])
