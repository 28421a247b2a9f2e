"""Mails by a mail server (SMTP), encrypted unless it is on this machine.

SMTP knows no keys: a mail whose acceptance was lost may have gone out. Its Message-ID is the same
however often it is sent, by which some mailboxes show it once.
"""

from contextlib import suppress
from email import policy
from email.utils import parseaddr

from aiosmtplib import SMTP, SMTPException
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from one_mcp import vendor_urls
from one_mcp.mail_settings import SmtpAccess
from one_mcp.money_errors import ProviderError
from one_mcp.providers import messages
from one_mcp.providers.ports.checkup import Checkup
from one_mcp.providers.ports.mail import Mail

TRY_S = 40.0
_FOR_GOOD = 500  # and above: what the server will not take another time, either


class Smtp:
    """One connection for each mail: there are few, and servers close what is idle."""

    name = "smtp"
    simulated = False
    remembers_ms = 0

    def __init__(self, access: SmtpAccess, *, try_s: float = TRY_S) -> None:
        self._access = access
        self._try_s = try_s

    async def send(self, mail: Mail, key: str) -> str:
        try:
            message = messages.written(mail, self._access.sender, key)
        except ValueError as error:
            raise ProviderError("The mail has a line end in a header.", retryable=False) from error
        content = message.as_bytes(policy=policy.SMTP)
        server = self._server()
        try:
            await self._begin(server, mail.to)
            await _deliver(server, content)
            with suppress(SMTPException, OSError):  # it was taken, whatever comes of the farewell
                await server.quit()
        finally:
            server.close()
        return str(message["Message-ID"])

    async def check(self) -> Checkup:
        """Sign in and say farewell."""
        server = self._server()
        try:
            await self._enter(server)
            with suppress(SMTPException, OSError):
                await server.quit()
        except (SMTPException, OSError, ValueError) as error:
            raise _unsent(error) from None  # it may have the password in it
        finally:
            server.close()
        signed_in = "takes user and password" if self._access.user else "was given no password"
        return Checkup(f"the mail server {self._access.host} answers, and {signed_in}")

    async def close(self) -> None:
        """Nothing is open."""

    async def _begin(self, server: SMTP, to: str) -> None:
        """Say whose mail it is and for whom; until then nothing is sent."""
        at = self._access
        try:
            await self._enter(server)
            beyond = [] if to.isascii() else ["SMTPUTF8"]
            encoding = "utf-8" if beyond else "ascii"
            await server.mail(parseaddr(at.sender)[1], options=beyond, encoding=encoding)
            await server.rcpt(to, encoding=encoding)
        except (SMTPException, OSError, ValueError) as error:
            raise _unsent(error) from None  # it may have the password in it

    async def _enter(self, server: SMTP) -> None:
        at = self._access
        await server.connect()
        if at.user and at.password:
            await server.login(at.user, at.password.get_secret_value())

    def _server(self) -> SMTP:
        at = self._access
        return SMTP(
            hostname=at.host,
            port=at.port,
            timeout=self._try_s,
            use_tls=at.tls,
            # on this machine a server may well know no STARTTLS, and nobody else reads
            start_tls=False if at.tls else (None if vendor_urls.is_loopback(at.host) else True),
        )


async def _deliver(server: SMTP, content: bytes) -> None:
    try:
        await server.data(content)
    except SMTPResponseException as error:
        raise _unsent(error) from None
    except (SMTPException, OSError) as error:
        raise ProviderError(
            "The mail server did not say whether it took the mail.",
            retryable=True,
            outcome="unknown",
        ) from error


def connect(access: SmtpAccess) -> Smtp:
    """Stand ready to send."""
    return Smtp(access)


def _unsent(error: Exception) -> ProviderError:
    """Say why a mail was not sent; what the server itself says may repeat an address."""
    match error:
        case SMTPAuthenticationError():
            return ProviderError(
                "The mail server refuses user or password; check ONE_MCP_SMTP_URL.", retryable=False
            )
        case SMTPResponseException():
            return ProviderError(
                f"The mail server refuses the mail with status {error.code}.",
                retryable=error.code < _FOR_GOOD,
                status=error.code,
            )
        case SMTPServerDisconnected() | OSError():
            return ProviderError("The mail server cannot be reached.", retryable=True)
        case _:
            return ProviderError(
                f"The mail server does not do what it takes ({type(error).__name__}).",
                retryable=False,
            )
