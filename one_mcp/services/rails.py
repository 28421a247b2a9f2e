"""Rails: the vendors that an operation runs on, wholly live or wholly simulated."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from one_mcp.dimensions.commerce import simulated
from one_mcp.money_errors import UnsupportedChainError
from one_mcp.providers.ports.chain import Chain
from one_mcp.providers.ports.payments import Payments
from one_mcp.providers.simulated.cabinet import Drawer
from one_mcp.session import Session

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Rails:
    """Whoever moves money and tokens for one caller."""

    payments: Payments
    chain: Chain


class _SimulatedCabinet:
    """Where the simulated vendors of the caller's organization remember."""

    def __init__(self, one: Session) -> None:
        self._one = one

    async def open(self, run: Callable[[Drawer], R]) -> R:
        return await self._one.derive(simulated.run, run)


def of(one: Session) -> Rails:
    """Return the rails of a caller."""
    cabinet = _SimulatedCabinet(one)
    return Rails(one.providers.payments(cabinet), one.providers.chain(cabinet))


def require_chain(rails: Rails, blockchain: str | None) -> None:
    """Raise UnsupportedChainError for a chain that this server does not act on (D-34)."""
    if blockchain is not None and blockchain != rails.chain.name:
        raise UnsupportedChainError(
            f"This server acts on {rails.chain.name}, and the token is on {blockchain}.",
            blockchain=blockchain,
            supported=[rails.chain.name],
        )
