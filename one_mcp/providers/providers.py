"""What services ask of vendors: one provider for each port."""

from dataclasses import dataclass

from one_mcp.providers.embedding import Embedding
from one_mcp.providers.ports.chain import Chain
from one_mcp.providers.ports.payments import Payments
from one_mcp.providers.simulated.cabinet import Cabinet
from one_mcp.providers.simulated.chain import SimulatedChain
from one_mcp.providers.simulated.payments import SimulatedPayments
from one_mcp.settings import EmbeddingSettings


@dataclass(frozen=True, slots=True)
class Providers:
    """The providers of a server; a rule in `dimensions` never sees them."""

    embedding: Embedding

    def payments(self, cabinet: Cabinet) -> Payments:
        """Return whoever moves money here; a simulation remembers in the caller's cabinet."""
        return SimulatedPayments(cabinet)

    def chain(self, cabinet: Cabinet) -> Chain:
        """Return the chain that tokens are on here, or a simulation of it."""
        return SimulatedChain(cabinet)

    async def close(self) -> None:
        """Let their connections go."""
        await self.embedding.close()


def choose(settings: EmbeddingSettings) -> Providers:
    """Stand ready with what the settings name; nothing is loaded before somebody needs it."""
    return Providers(Embedding(settings))
