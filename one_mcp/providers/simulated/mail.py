"""Mail without a mail server: it is kept beside the business, for whoever wants to read it."""

from one_mcp.clock import DAY_MS
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import ProviderError
from one_mcp.providers.ports.checkup import Checkup
from one_mcp.providers.ports.mail import Mail
from one_mcp.providers.simulated.cabinet import Cabinet, Drawer

KIND = "mail"


class SimulatedMailer:
    """Takes every mail and brings none anywhere."""

    name = "simulated"
    simulated = True
    remembers_ms = DAY_MS

    def __init__(self, cabinet: Cabinet) -> None:
        self._cabinet = cabinet

    async def send(self, mail: Mail, key: str) -> str:
        body: JsonObject = {
            "to": mail.to,
            "subject": mail.subject,
            "text": mail.text,
            "html": mail.html,
        }

        def taken(drawer: Drawer) -> str:
            known = drawer.get(KIND, key)
            if known is not None and known != body:
                raise ProviderError(
                    "This key came with another mail before.", retryable=False, outcome="unknown"
                )
            drawer.put(KIND, key, body)
            return f"simulated:{key}"

        return await self._cabinet.open(taken)

    async def check(self) -> Checkup:
        return Checkup("mails are kept in the database, and sent to nobody")

    async def close(self) -> None:
        """Nothing is open."""
