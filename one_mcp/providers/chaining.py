"""Which chain tokens are on here: the one of the settings' node, else a simulation of one."""

import anyio
from anyio import to_thread

from one_mcp.chain_settings import ChainAccess, ChainSettings
from one_mcp.providers import catalog, keccak
from one_mcp.providers.ports.chain import (
    Chain,
    ChainFee,
    ContractCall,
    Receipt,
    Sign,
    Signed,
    Token,
    TokenTransfer,
)
from one_mcp.providers.ports.checkup import Checkup
from one_mcp.providers.simulated.cabinet import Cabinet
from one_mcp.providers.simulated.chain import SimulatedChain


class _EvmOnDemand:
    """An EVM chain, whose library is imported for the first thing that needs it."""

    name = "base"
    simulated = False

    def __init__(self, access: ChainAccess) -> None:
        self.chain_id = access.chain_id
        self._access = access
        self._chain: Chain | None = None
        self._loading = anyio.Lock()

    @property
    def sender(self) -> str:
        """The address of the key; whoever asks for it first waits while the library is loaded."""
        if self._chain is None:
            self._chain = catalog.evm(self._access)
        return self._chain.sender

    def address(self, text: str) -> str:
        return keccak.address(text)

    async def mined(self) -> int:
        return await (await self._loaded()).mined()

    async def fee(self, call: ContractCall) -> ChainFee:
        return await (await self._loaded()).fee(call)

    async def prepare(self, call: ContractCall) -> Sign:
        return await (await self._loaded()).prepare(call)

    async def dearer(self, raw: str) -> Signed:
        return await (await self._loaded()).dearer(raw)

    async def void(self, raw: str) -> Signed:
        return await (await self._loaded()).void(raw)

    async def broadcast(self, raw: str) -> None:
        await (await self._loaded()).broadcast(raw)

    async def receipt(self, hash: str) -> Receipt | None:
        return await (await self._loaded()).receipt(hash)

    async def balance(self, contract: str, address: str) -> int:
        return await (await self._loaded()).balance(contract, address)

    async def token(self, contract: str) -> Token:
        return await (await self._loaded()).token(contract)

    async def collection(self, contract: str) -> Token:
        return await (await self._loaded()).collection(contract)

    async def owner(self, contract: str, token_id: int) -> str | None:
        return await (await self._loaded()).owner(contract, token_id)

    async def transfers(self, contract: str) -> list[TokenTransfer]:
        return await (await self._loaded()).transfers(contract)

    async def block_at(self, ms: int) -> int:
        return await (await self._loaded()).block_at(ms)

    async def check(self) -> Checkup:
        return await (await self._loaded()).check()

    async def close(self) -> None:
        if self._chain is not None:
            await self._chain.close()

    async def _loaded(self) -> Chain:
        async with self._loading:
            if self._chain is None:
                self._chain = await to_thread.run_sync(catalog.evm, self._access)
        return self._chain


class Chaining:
    """The chain of a server, as the settings say."""

    def __init__(self, settings: ChainSettings, *, live_money: bool = False) -> None:
        self._settings = settings
        self._live_money = live_money
        self._evm: _EvmOnDemand | None = None

    def over(self, cabinet: Cabinet) -> Chain:
        """Return the chain; a simulation remembers in the caller's cabinet.

        Raises SettingsError where a key may not be used: it is never simulated in its stead.
        """
        if self._evm is None:
            access = self._settings.chain_access(live_money=self._live_money)
            if access is None:
                return SimulatedChain(cabinet)
            self._evm = _EvmOnDemand(access)
        return self._evm

    async def close(self) -> None:
        """Close the connections."""
        if self._evm is not None:
            await self._evm.close()
