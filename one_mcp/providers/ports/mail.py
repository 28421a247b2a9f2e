"""Mail: whoever brings a message to one address, once."""

from dataclasses import dataclass
from typing import Protocol

from one_mcp.providers.ports.checkup import Checkup


@dataclass(frozen=True, slots=True)
class Mail:
    """A message to one address, as plain text and as HTML."""

    to: str
    subject: str
    text: str
    html: str


class Mailer(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def simulated(self) -> bool: ...

    @property
    def remembers_ms(self) -> int:
        """How long a key sends one mail, however often it is used; 0 where it does not at all."""
        ...

    async def send(self, mail: Mail, key: str) -> str:
        """Send a mail and return the vendor's id of it.

        Raises ProviderError; of unknown outcome where the mail may have gone out all the same.
        """
        ...

    async def check(self) -> Checkup:
        """Ask for something that sends nothing, and say what was heard; raises ProviderError."""
        ...

    async def close(self) -> None:
        """Let connections go; the mailer is not used any more."""
        ...
