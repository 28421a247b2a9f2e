"""An EVM chain, such as Base, by web3: what tokens are on where a node and a key are set.

The key signs here and goes nowhere. Nothing of a node's address is told, as it may hold a key, too.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import anyio
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from hexbytes import HexBytes
from web3 import AsyncWeb3
from web3.exceptions import ContractLogicError, TransactionNotFound

from one_mcp.chain_settings import ChainAccess
from one_mcp.errors import SettingsError
from one_mcp.money_errors import ChainError
from one_mcp.providers import evm_contracts, evm_history, evm_node, evm_tokens, keccak
from one_mcp.providers.evm_node import EvmNode
from one_mcp.providers.ports.chain import (
    ChainFee,
    ContractCall,
    Receipt,
    Sign,
    Signed,
    Token,
    TokenTransfer,
)
from one_mcp.providers.ports.checkup import Checkup
from one_mcp.providers.wire import VendorWire

POLLS_S: Final = (0.0, 0.1, 0.2, 0.4, 0.8, 1.5, 2.0)  # for a block; then the saga comes back later
SPARE_GAS = 1.2  # what an estimate is short of at times
PLAIN_GAS = 21_000  # of a transaction that does nothing
DEARER = 1.125  # by which nodes want a replacement to pay more; geth asks for a tenth
_SENT_BEFORE = ("already known", "already imported", "known transaction")
_TAKEN = ("nonce too low", "replacement transaction underpriced")  # mined, or dearer ones wait
_TOO_POOR = "insufficient funds"


def connect(access: ChainAccess, *, polls_s: Sequence[float] = POLLS_S) -> "EvmChain":
    """Open the key and stand ready; blocks for a second where it is in a keystore."""
    return EvmChain(access, _account(access), VendorWire("The chain's node"), polls_s)


def _account(access: ChainAccess) -> LocalAccount:
    if access.key is not None:
        try:
            return Account.from_key(access.key.get_secret_value())
        except ValueError:
            raise SettingsError(
                "ONE_MCP_DEPLOYER_PRIVATE_KEY is a number that no account can have as its key.",
                setting="ONE_MCP_DEPLOYER_PRIVATE_KEY",
            ) from None
    assert access.keystore is not None  # noqa: S101  # there is a key or a keystore
    password = access.password.get_secret_value() if access.password else ""
    try:
        kept = access.keystore.read_text("utf-8")
        return Account.from_key(Account.decrypt(kept, password))
    except OSError as error:
        raise SettingsError(
            f"The keystore file cannot be read: {error.strerror}.",
            setting="ONE_MCP_DEPLOYER_KEYSTORE",
        ) from None
    except (ValueError, TypeError, KeyError):
        raise SettingsError(
            "The keystore file is none, or ONE_MCP_DEPLOYER_KEYSTORE_PASSWORD is not its password.",
            setting="ONE_MCP_DEPLOYER_KEYSTORE",
        ) from None


class EvmChain:
    """A chain by its node; one account signs, owns the contracts and is the treasury."""

    name = "base"
    simulated = False

    def __init__(
        self,
        access: ChainAccess,
        account: LocalAccount,
        wire: VendorWire,
        polls_s: Sequence[float],
    ) -> None:
        self._polls_s = polls_s
        self.chain_id = access.chain_id
        self._confirmations = access.confirmations
        self._account = account
        self._wire = wire
        self._eth = AsyncWeb3[EvmNode](EvmNode(access.url, wire), middleware=[]).eth
        self._is_checked = False

    @property
    def sender(self) -> str:
        return self._account.address

    def address(self, text: str) -> str:
        return keccak.address(text)

    async def mined(self) -> int:
        with evm_node.told():
            await self._require_chain()
            return await self._eth.get_transaction_count(self._account.address, "latest")

    async def fee(self, call: ContractCall) -> ChainFee:
        with evm_node.told():
            await self._require_chain()
            tried = await self._tried(call)
        return ChainFee(tried["gas"] * tried["maxFeePerGas"])

    async def prepare(self, call: ContractCall) -> Sign:
        with evm_node.told():
            await self._require_chain()
            return partial(self._signed, await self._tried(call))

    async def broadcast(self, raw: str) -> None:
        try:
            with evm_node.told():
                await self._require_chain()
                await self._eth.send_raw_transaction(HexBytes(raw))
        except ChainError as error:
            said = str(error.fields.get("reason", "")).lower()
            if not any(it in said for it in (*_SENT_BEFORE, *_TAKEN)):  # else see its receipt
                raise

    async def dearer(self, raw: str) -> Signed:
        with evm_node.told():
            await self._require_chain()
            tip, most = await self._fees()
        sent = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
        again = {name: sent[name] for name in ("chainId", "gas", "value", "data", "type")}
        if sent["to"]:
            again["to"] = keccak.checksummed("0x" + bytes(sent["to"]).hex())
        return self._signed(again | _preferred(sent, tip, most), sent["nonce"])

    async def void(self, raw: str) -> Signed:
        with evm_node.told():
            await self._require_chain()
            tip, most = await self._fees()
        sent = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
        nothing = {"chainId": self.chain_id, "type": 2, "value": 0, "to": self._account.address}
        return self._signed(
            nothing | {"gas": PLAIN_GAS} | _preferred(sent, tip, most), sent["nonce"]
        )

    async def receipt(self, hash: str) -> Receipt | None:
        with evm_node.told():
            await self._require_chain()
            for wait_s in self._polls_s:
                await anyio.sleep(wait_s)
                found = await self._receipt(hash)
                if found is not None and found.confirmations >= self._confirmations:
                    return found
                if found is None and not await self._is_known(hash):
                    return None
        return None

    async def balance(self, contract: str, address: str) -> int:
        with evm_node.told():
            await self._require_chain()
            return await evm_tokens.balance(
                self._eth, self.address(contract), self.address(address)
            )

    async def token(self, contract: str) -> Token:
        with evm_node.told():
            await self._require_chain()
            return await evm_tokens.token(self._eth, self.address(contract))

    async def collection(self, contract: str) -> Token:
        with evm_node.told():
            await self._require_chain()
            return await evm_tokens.collection(self._eth, self.address(contract))

    async def owner(self, contract: str, token_id: int) -> str | None:
        with evm_node.told():
            await self._require_chain()
            return await evm_tokens.owner(self._eth, self.address(contract), token_id)

    async def transfers(self, contract: str) -> list[TokenTransfer]:
        with evm_node.told():
            await self._require_chain()
            return await evm_history.transfers(self._eth, self.address(contract))

    async def block_at(self, ms: int) -> int:
        with evm_node.told():
            await self._require_chain()
            return await evm_history.block_at(self._eth, ms)

    async def check(self) -> Checkup:
        with evm_node.told():
            await self._require_chain()
            block = await self._eth.block_number
        return Checkup(
            f"the node is of the chain {self.chain_id}, at block {block}; {self.sender} signs"
        )

    async def close(self) -> None:
        await self._wire.close()

    async def _require_chain(self) -> None:
        """Raise where the node is of another chain than the settings say; it is asked once."""
        if self._is_checked:
            return
        found = await self._eth.chain_id
        if found != self.chain_id:
            raise ChainError(
                f"The node is of the chain {found}, and ONE_MCP_CHAIN_ID says {self.chain_id}; "
                "correct one of them.",
                expected=self.chain_id,
                found=found,
            )
        self._is_checked = True

    async def _tried(self, call: ContractCall) -> dict[str, Any]:
        """Try a call on the node, and return the transaction but for its nonce."""
        data = HexBytes(evm_contracts.data(call, self._account.address))
        to = {} if call.contract is None else {"to": self.address(call.contract)}
        if to:
            await evm_tokens.require_code(self._eth, to["to"])
        gas = await self._eth.estimate_gas({"from": self._account.address, "data": data, **to})  # pyright: ignore[reportArgumentType]  # a checksummed address
        tip, most = await self._fees()
        tried = {"chainId": self.chain_id, "type": 2, "value": 0, "data": data, **to}
        tried |= {"gas": int(gas * SPARE_GAS), "maxPriorityFeePerGas": tip, "maxFeePerGas": most}
        has, needs = await self._eth.get_balance(self._account.address), int(gas * SPARE_GAS) * most
        if int(has) < needs:
            raise ChainError(
                f"The sender {self.sender} has {has} wei, and this may take {needs} for gas; send "
                "it some of the chain's coin.",
                reason=_TOO_POOR,
                sender=self.sender,
            )
        return tried

    async def _fees(self) -> tuple[int, int]:
        """Return the tip, and the most to pay: room for the base fee to double."""
        latest = await self._eth.get_block("latest")
        tip = await self._eth.max_priority_fee
        return tip, 2 * latest.get("baseFeePerGas", 0) + tip

    def _signed(self, tried: dict[str, Any], nonce: int) -> Signed:
        signed = self._account.sign_transaction({**tried, "nonce": nonce})
        return Signed(signed.hash.to_0x_hex(), signed.raw_transaction.to_0x_hex())

    async def _receipt(self, hash: str) -> Receipt | None:
        try:
            found = await self._eth.get_transaction_receipt(HexBytes(hash))
        except TransactionNotFound:
            return None
        block, succeeded = found["blockNumber"], found["status"] == 1
        made = found.get("contractAddress")
        return Receipt(
            hash,
            block,
            await self._eth.block_number - block + 1,
            succeeded,
            None if succeeded else await self._reason(hash, block),
            str(made) if made else None,
        )

    async def _reason(self, hash: str, block: int) -> str | None:
        """Ask again, as it was before its block, to hear why a transaction reverted."""
        sent: dict[str, Any] = dict(await self._eth.get_transaction(HexBytes(hash)))
        again = {name: sent[name] for name in ("from", "to", "value") if sent.get(name)}
        try:
            await self._eth.call({**again, "data": sent["input"]}, block - 1)  # pyright: ignore[reportArgumentType]  # as the node gave it
        except ContractLogicError as error:
            return evm_node.reason_of(error)
        return None

    async def _is_known(self, hash: str) -> bool:
        try:
            await self._eth.get_transaction(HexBytes(hash))
        except TransactionNotFound:
            return False
        return True


def _preferred(sent: dict[str, Any], tip: int, most: int) -> dict[str, int]:
    """Say what to pay, so that a node takes it in the stead of what was sent."""
    return {
        "maxPriorityFeePerGas": max(tip, _dearer(sent["maxPriorityFeePerGas"])),
        "maxFeePerGas": max(most, _dearer(sent["maxFeePerGas"])),
    }


def _dearer(price: int) -> int:
    return int(price * DEARER) + 1
