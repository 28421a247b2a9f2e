"""What services ask of vendors: one provider for each port."""

from dataclasses import dataclass

from one_mcp.providers.embedding import Embedding
from one_mcp.settings import EmbeddingSettings


@dataclass(frozen=True, slots=True)
class Providers:
    """The providers of a server; a rule in `dimensions` never sees them."""

    embedding: Embedding

    async def close(self) -> None:
        """Let their connections go."""
        await self.embedding.close()


def choose(settings: EmbeddingSettings) -> Providers:
    """Stand ready with what the settings name; nothing is loaded before somebody needs it."""
    return Providers(Embedding(settings))
