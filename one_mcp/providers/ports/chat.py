"""Chat: whoever answers a question in words, from passages that come along."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Literal, Protocol

from one_mcp.providers.ports.checkup import Checkup
from one_mcp.providers.ports.metering import TokenMeter


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A turn of a conversation. `passages` are cited by their places, the first as [1]."""

    role: Literal["system", "user", "assistant"]
    text: str
    passages: tuple[str, ...] = ()


class Chat(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def simulated(self) -> bool: ...

    async def answer(self, messages: tuple[ChatMessage, ...], meter: TokenMeter) -> str:
        """Answer the last message; what it takes is counted by `meter`.

        Raises ProviderError; of unknown outcome where tokens may have been used all the same.
        """
        ...

    def stream(self, messages: tuple[ChatMessage, ...], meter: TokenMeter) -> AsyncGenerator[str]:
        """Answer likewise, in parts as they come; a stream that breaks off raises."""
        ...

    async def check(self) -> Checkup:
        """Ask for something that takes no tokens, and say what was heard; raises ProviderError."""
        ...

    async def close(self) -> None:
        """Let connections go; the chat is not used any more."""
        ...
