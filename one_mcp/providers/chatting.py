"""Who answers in words here: the model of the settings, else a simulation that quotes."""

import anyio
from anyio import to_thread

from one_mcp.model_settings import ModelSettings
from one_mcp.providers import catalog
from one_mcp.providers.ports.chat import Chat
from one_mcp.providers.simulated.chat import SimulatedChat
from one_mcp.settings import EmbeddingSettings


class Chatting:
    """The chat of a server; its library is imported for the first question."""

    def __init__(self, settings: ModelSettings, access: EmbeddingSettings) -> None:
        self._settings = settings
        self._access = access
        self._chat: Chat | None = None
        self._loading = anyio.Lock()

    async def ready(self) -> Chat:
        """Return whoever answers; a model that is named is never simulated in its stead."""
        async with self._loading:
            if self._chat is None:
                model = self._settings.chat_model
                self._chat = (
                    await to_thread.run_sync(catalog.chat, model, self._access)
                    if model
                    else self.simulated()
                )
        return self._chat

    def simulated(self) -> Chat:
        """Return the simulation, which quotes and costs nothing."""
        return SimulatedChat()

    async def close(self) -> None:
        """Close the connections."""
        if self._chat is not None:
            await self._chat.close()
