"""A simulated chain: contracts, balances, nonces, blocks and receipts, without a node or a key.

It says no where an EVM chain would: more than the balance, nobody as the receiver. A nonce that is
taken counts for nobody else. A transaction whose nonce is ahead waits for those before it.
"""

import hashlib
from dataclasses import asdict
from functools import partial

from one_mcp import jsons
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import ChainError
from one_mcp.providers import keccak
from one_mcp.providers.ports.chain import (
    NOBODY,
    ChainFee,
    ContractCall,
    Receipt,
    Sign,
    Signed,
    Token,
    TokenTransfer,
)
from one_mcp.providers.ports.checkup import Checkup
from one_mcp.providers.simulated import contracts
from one_mcp.providers.simulated.cabinet import Cabinet, Drawer
from one_mcp.providers.simulated.contracts import TREASURY

GAS = {"deploy": 1_500_000, "mint": 75_000, "burn": 40_000, "transfer": 55_000}
GAS_PRICE = 10_000_000  # wei: about what Base asks


class SimulatedChain:
    """The chain of the cabinet's organization; everything is signed by its one treasury."""

    simulated = True
    sender = TREASURY

    def __init__(self, cabinet: Cabinet, name: str = "base", chain_id: int = 8453) -> None:
        self._cabinet = cabinet
        self.name = name
        self.chain_id = chain_id

    def address(self, text: str) -> str:
        return keccak.address(text)

    async def mined(self) -> int:
        return await self._cabinet.open(_mined)

    async def fee(self, call: ContractCall) -> ChainFee:
        await self._cabinet.open(lambda drawer: contracts.require_possible(drawer, call))
        return ChainFee(GAS[call.act] * GAS_PRICE)

    async def prepare(self, call: ContractCall) -> Sign:
        await self._cabinet.open(lambda drawer: contracts.require_possible(drawer, call))
        return partial(_signed, self.chain_id, call)

    async def dearer(self, raw: str) -> Signed:
        body = jsons.load_object(bytes.fromhex(raw[2:]))
        return _written(body | _dearer(body))

    async def void(self, raw: str) -> Signed:
        body = jsons.load_object(bytes.fromhex(raw[2:]))
        return _written({**body, "call": None} | _dearer(body))

    async def broadcast(self, raw: str) -> None:
        await self._cabinet.open(lambda drawer: _take(drawer, raw))

    async def receipt(self, hash: str) -> Receipt | None:
        return await self._cabinet.open(lambda drawer: _receipt(drawer, hash))

    async def balance(self, contract: str, address: str) -> int:
        return await self._cabinet.open(lambda drawer: contracts.balance(drawer, contract, address))

    async def token(self, contract: str) -> Token:
        return await self._cabinet.open(lambda drawer: contracts.token(drawer, contract, "ERC20"))

    async def collection(self, contract: str) -> Token:
        return await self._cabinet.open(lambda drawer: contracts.token(drawer, contract, "ERC721"))

    async def owner(self, contract: str, token_id: int) -> str | None:
        return await self._cabinet.open(lambda drawer: contracts.owner(drawer, contract, token_id))

    async def transfers(self, contract: str) -> list[TokenTransfer]:
        return await self._cabinet.open(lambda drawer: _transfers(drawer, contract))

    async def block_at(self, ms: int) -> int:
        return await self._cabinet.open(lambda drawer: _block_at(drawer, ms))

    async def check(self) -> Checkup:
        return Checkup(f"tokens are kept in the database, as if they were on {self.name}")

    async def close(self) -> None:
        """Nothing is open."""


def _signed(chain_id: int, call: ContractCall, nonce: int) -> Signed:
    body: JsonObject = {
        "chain": chain_id,
        "from": TREASURY,
        "nonce": nonce,
        "call": {**asdict(call), "units": str(call.units), "token_id": str(call.token_id)},
    }
    return _written(body)


def _written(body: JsonObject) -> Signed:
    raw = "0x" + jsons.dumps(body).encode().hex()
    return Signed(_hash(raw), raw)


def _dearer(body: JsonObject) -> JsonObject:
    return {"tip": int(str(body.get("tip", 0))) + 1}


def _hash(raw: str) -> str:
    return "0x" + hashlib.sha256(raw.encode()).hexdigest()


def _mined(drawer: Drawer) -> int:
    account = drawer.get("chain_account", TREASURY)
    return int(str(account["nonce"])) if account else 0


def _take(drawer: Drawer, raw: str) -> None:
    hash = _hash(raw)
    if drawer.get("chain_transaction", hash) is not None:
        return
    body = jsons.load_object(bytes.fromhex(raw[2:]))
    nonce = int(str(body["nonce"]))
    if nonce < _mined(drawer):
        return
    drawer.put("chain_transaction", hash, {"hash": hash, "raw": raw}, f"waits:{nonce}")
    while waiting := drawer.find("chain_transaction", f"waits:{_mined(drawer)}"):
        _mine(drawer, waiting[0])


def _mine(drawer: Drawer, waiting: JsonObject) -> None:
    """Put a transaction into the next block, whether it does its work or reverts."""
    body = jsons.load_object(bytes.fromhex(str(waiting["raw"])[2:]))
    call = _call(body)
    head = drawer.get("chain_head", "head")
    block = int(str(head["block"])) + 1 if head else 1
    receipt: JsonObject = {**waiting, "block": block, "at": drawer.now_ms, "succeeded": True}
    try:
        if call is not None:
            contracts.require_possible(drawer, call)
            receipt["contract"] = contracts.do(drawer, call, str(waiting["hash"]))
    except ChainError as error:
        receipt |= {"succeeded": False, "reason": str(error)}
    drawer.put("chain_account", TREASURY, {"nonce": int(str(body["nonce"])) + 1})
    drawer.put("chain_head", "head", {"block": block})
    drawer.put("chain_transaction", str(waiting["hash"]), receipt, "mined")


def _call(body: JsonObject) -> ContractCall | None:
    """Read what a transaction does: nothing, where it only takes a nonce."""
    given = body["call"]
    if not isinstance(given, dict):
        return None
    numbers = {name: int(str(given.get(name, 0))) for name in ("units", "token_id")}
    return ContractCall(**{**given, **numbers})  # pyright: ignore[reportArgumentType]  # asdict made it


def _transfers(drawer: Drawer, contract: str) -> list[TokenTransfer]:
    found: list[TokenTransfer] = []
    for mined in drawer.find("chain_transaction", "mined"):
        call = _call(jsons.load_object(bytes.fromhex(str(mined["raw"])[2:])))
        if call is not None and call.contract == contract and mined["succeeded"]:
            source = NOBODY if call.act == "mint" else TREASURY
            target = NOBODY if call.act == "burn" else call.to or NOBODY
            what = (1, call.token_id) if call.standard == "ERC721" else (call.units, None)
            block = int(str(mined["block"]))
            found.append(TokenTransfer(str(mined["hash"]), block, source, target, *what))
    return sorted(found, key=lambda it: it.block)


def _block_at(drawer: Drawer, ms: int) -> int:
    blocks = [
        int(str(it["block"]))
        for it in drawer.find("chain_transaction", "mined")
        if int(str(it["at"])) >= ms
    ]
    head = drawer.get("chain_head", "head")
    return min(blocks, default=int(str(head["block"])) + 1 if head else 1)


def _receipt(drawer: Drawer, hash: str) -> Receipt | None:
    found = drawer.get("chain_transaction", hash)
    if found is None or "block" not in found:
        return None
    head = drawer.get("chain_head", "head") or {"block": found["block"]}
    block = int(str(found["block"]))
    reason, contract = found.get("reason"), found.get("contract")
    return Receipt(
        hash,
        block,
        int(str(head["block"])) - block + 1,
        bool(found["succeeded"]),
        str(reason) if reason else None,
        str(contract) if contract else None,
    )
