"""Bookkeeping: what models are used for is counted, and told once an hour is over (D-82)."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio

from one_mcp.access import Principal, Role
from one_mcp.dimensions.commerce import model_uses
from one_mcp.dimensions.commerce.model_uses import ModelUse
from one_mcp.errors import OneError
from one_mcp.model_settings import ModelSettings
from one_mcp.services import rounds
from one_mcp.session import Session

POLL_S = 60.0

log = logging.getLogger(__name__)


@dataclass
class Count:
    """What one piece of work has used so far."""

    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def __call__(self, tokens_in: int, tokens_out: int = 0) -> None:
        self.requests += 1
        self.tokens_in += tokens_in
        self.tokens_out += tokens_out


@asynccontextmanager
async def counted(one: Session, model: str, purpose: str) -> AsyncGenerator[Count]:
    """Count what is used of a model, and keep it, also where the work fails or is cancelled."""
    count = Count()
    try:
        yield count
    finally:
        if count.requests and not one.settings.read_only:
            with anyio.CancelScope(shield=True):
                await _keep(one, model, purpose, count)


async def _keep(one: Session, model: str, purpose: str, count: Count) -> None:
    use = ModelUse(model, purpose, count.requests, count.tokens_in, count.tokens_out)
    try:
        await one.derive(model_uses.add, use)
    except OneError as error:  # nobody's answer fails for it
        log.warning("usage not kept", extra={"model": model, "reason": str(error)})


class Bookkeeping:
    """Tells the hours of all organizations that are over, while the server runs."""

    def __init__(
        self, waiting: Callable[[], Awaitable[list[str]]], open_session: Callable[[str], Session]
    ) -> None:
        self._waiting = waiting
        self._open = open_session

    async def run(self) -> None:
        """Look at once, and then every minute, for as long as the server runs."""
        await rounds.repeat(self.work_off, POLL_S, "costs")

    async def work_off(self) -> None:
        """Tell what is over."""
        await rounds.each(await self._waiting(), self._tell)

    async def _tell(self, organization: str) -> None:
        one = self._open(organization)
        await one.write(model_uses.settle, one.settings.only(ModelSettings).prices())


def principal(organization: str) -> Principal:
    """Stand in for whoever used a model."""
    return Principal(organization, "bookkeeper", "bookkeeper", Role.PLATFORM_OWNER)
