"""Delivery: what the outbox holds is sent, in whichever process is alive."""

import logging
from collections.abc import Awaitable, Callable

import anyio

from one_mcp.access import Principal, Role
from one_mcp.dimensions.commerce import outbox
from one_mcp.dimensions.commerce.outbox import TakenMail
from one_mcp.dimensions.commerce.unsent import DueMail
from one_mcp.errors import OneError
from one_mcp.money_errors import ProviderError
from one_mcp.providers.ports.mail import Mail, Mailer
from one_mcp.services import failures
from one_mcp.services.rails import SimulatedCabinet
from one_mcp.session import Session

POLL_S = 5.0
AT_ONCE = 4

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
        self._failing = False

    async def run(self) -> None:
        """Look at once, and then every few seconds, for as long as the server runs."""
        while True:
            try:
                await self.work_off()
                self._failing = False
            except OneError as error:
                self._say(error)
            except Exception:  # the server lives on, whatever happens to what it does besides
                log.exception("mails cannot be sent")
            await anyio.sleep(POLL_S)

    async def work_off(self) -> None:
        """Send every mail that is due, or write down why not.

        What is in the way of all, such as a setting, is raised once the others have had their turn.
        """
        limiter = anyio.CapacityLimiter(AT_ONCE)
        problems: list[OneError] = []
        async with anyio.create_task_group() as tasks:
            for each in await self._due():
                tasks.start_soon(self._send, each, limiter, problems)
        for problem in problems:
            raise problem

    async def _send(
        self, each: DueMail, limiter: anyio.CapacityLimiter, problems: list[OneError]
    ) -> None:
        async with limiter:
            try:
                await send(self._open(each), each)
            except OneError as error:
                problems.append(error)

    def _say(self, error: OneError) -> None:
        if not self._failing:
            log.warning("mails wait", extra={"reason": str(error), "code": error.code})
        self._failing = True


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
