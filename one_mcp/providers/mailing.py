"""Who sends mails here: Resend or a mail server for what is real, a simulation for the rest."""

import anyio
from anyio import to_thread

from one_mcp.errors import SettingsError
from one_mcp.mail_settings import MailSettings
from one_mcp.providers import catalog
from one_mcp.providers.ports.mail import Mailer
from one_mcp.providers.simulated.cabinet import Cabinet
from one_mcp.providers.simulated.mail import SimulatedMailer


class Mailing:
    """The mailers of a server, as the settings say."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._mailer: Mailer | None = None
        self._loading = anyio.Lock()

    def is_wanted(self) -> bool:
        """Say whether somebody shall send real mails, even if the settings do not work yet."""
        try:
            return self._settings.mail_access() is not None
        except SettingsError:
            return True

    async def live(self) -> Mailer:
        """Return whoever sends real mails.

        Raises SettingsError where nobody does: a real mail is never simulated in their stead.
        """
        async with self._loading:
            if self._mailer is None:
                access = self._settings.mail_access()
                if access is None:
                    raise SettingsError("Nobody sends mails here; set ONE_MCP_RESEND_API_KEY.")
                self._mailer = await to_thread.run_sync(catalog.mailer, access)
        return self._mailer

    def simulated(self, cabinet: Cabinet) -> Mailer:
        """Return the simulation, which remembers in the caller's cabinet."""
        return SimulatedMailer(cabinet)

    async def close(self) -> None:
        """Close the connections."""
        if self._mailer is not None:
            await self._mailer.close()
