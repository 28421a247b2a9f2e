"""Delivery: what the outbox holds is sent, in whichever process is alive."""

import logging
from collections.abc import Awaitable, Callable

from one_mcp.access import Principal, Role
from one_mcp.dimensions.commerce import outbox
from one_mcp.dimensions.commerce.outbox import TakenMail
from one_mcp.dimensions.commerce.unsent import DueMail
from one_mcp.errors import OneError
from one_mcp.money_errors import ProviderError
from one_mcp.providers.ports.mail import Mail, Mailer
from one_mcp.services import failures, rounds
from one_mcp.services.rails import SimulatedCabinet
from one_mcp.session import Session

POLL_S = 5.0

log = logging.getLogger(__name__)


class Delivery:
    """Sends the mails of all organizations while the server runs."""

    def __init__(
        self,
        due: Callable[[], Awaitable[list[DueMail]]],
        open_session: Callable[[DueMail], Session],
    ) -> None:
        self._due = due
        self._open = open_session

    async def run(self) -> None:
        """Look at once, and then every few seconds, for as long as the server runs."""
        await rounds.repeat(self.work_off, POLL_S, "mails")

    async def work_off(self) -> None:
        """Send every mail that is due, or write down why not.

        What is in the way of all, such as a setting, is raised.
        """
        await rounds.each(await self._due(), lambda it: send(self._open(it), it))


def principal(each: DueMail) -> Principal:
    """Stand in for whoever caused a mail."""
    return Principal(each.organization, "outbox", "outbox", Role.PLATFORM_OWNER)


async def send(one: Session, each: DueMail) -> None:
    """Send one mail; a simulated sale's by the simulation, whatever mailer there is (D-83)."""
    mailing = one.providers.mailing
    mailer = mailing.simulated(SimulatedCabinet(one)) if each.simulated else await mailing.live()
    taken = await one.derive(outbox.take, each.operation, mailer.name, mailer.remembers_ms)
    if taken is None:
        return
    try:
        id = await _asked(mailer, taken)
    except ProviderError as error:
        await one.derive(outbox.not_sent, taken, error, failures.told(error))
        log.warning("mail not sent", extra={"operation": taken.operation, "reason": str(error)})
    else:
        await one.derive(outbox.sent, taken, id)


async def _asked(mailer: Mailer, taken: TakenMail) -> str:
    letter = taken.letter
    mail = Mail(letter.recipient, letter.subject, letter.text, letter.html)
    try:
        return await mailer.send(mail, taken.operation)
    except OneError:
        raise
    except Exception as error:
        log.exception("mail failed", extra={"operation": taken.operation})
        raise ProviderError(
            "The mail failed in a way that nobody foresaw.", retryable=True, outcome="unknown"
        ) from error
