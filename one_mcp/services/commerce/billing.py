"""Billing: subscriptions are kept as their vendor has them, by looking; nothing is charged here.

An event of the vendor's is a reason to look, and so is the end of a period (D-74, D-80).
"""

from collections.abc import Awaitable, Callable

from one_mcp.dimensions.commerce import billed, subscriptions
from one_mcp.dimensions.commerce.billed import PaidBill, SeenSubscription
from one_mcp.dimensions.commerce.renewals import DueSubscription
from one_mcp.dimensions.commerce.subscriptions import Billed, Standing
from one_mcp.dimensions.operations import homes
from one_mcp.errors import OneError
from one_mcp.jsons import JsonObject
from one_mcp.providers.ports.subscriptions import Billing, BillingState
from one_mcp.services import rails, rounds
from one_mcp.services.rails import Rails
from one_mcp.session import Session
from one_mcp.store.work import Work

POLL_S = 5.0  # how late it is noticed that one is due
_STATES = {
    BillingState.ACTIVE: subscriptions.ACTIVE,
    BillingState.PAST_DUE: subscriptions.PAST_DUE,
    BillingState.CANCELED: subscriptions.CANCELLED,
}


def standing(now: Billing) -> Standing:
    """Read how a subscription stands."""
    return Standing(now.id, _STATES[now.state], now.amount, now.paid_until_ms, now.ends)


async def bills(on: Rails, vendor: str) -> list[JsonObject]:
    """List the bills that were paid, as a step of an operation keeps them."""
    paid = await on.subscriptions.paid(vendor)
    return [
        {"id": it.id, "minor": it.amount, "currency": it.currency, "at": it.at_ms} for it in paid
    ]


async def look(one: Session, id: str) -> SeenSubscription | None:
    """Look how a subscription stands, if it is due and nobody else does, and write it down."""
    one = one.apart()
    held = await one.derive(_taken, id)
    if held is None:
        return None
    on = rails.of(one)
    try:
        if rails.has_changed(on, held.body):
            await one.derive(subscriptions.put_off, held)
            return None
        now = standing(await on.subscriptions.look(held.vendor))
        paid = [
            PaidBill(it.id, it.amount, it.currency, it.at_ms)
            for it in await on.subscriptions.paid(held.vendor)
        ]
    except OneError:
        await one.derive(subscriptions.put_off, held)
        raise
    return await one.write(billed.seen, held, now, paid)


def _taken(work: Work, id: str) -> Billed | None:
    """Take one; a copy of a file leaves live ones to the original (D-76)."""
    known = subscriptions.find(work, id)
    if known is not None and known.body["simulated"] is not True:
        homes.require_free(work)
    return subscriptions.take(work, id)


class Renewals:
    """Looks at the subscriptions of all organizations while the server runs."""

    def __init__(
        self,
        due: Callable[[], Awaitable[list[DueSubscription]]],
        open_session: Callable[[DueSubscription], Session],
    ) -> None:
        self._due = due
        self._open = open_session

    async def run(self) -> None:
        """Look at once, and then every few seconds, for as long as the server runs."""
        await rounds.repeat(self.work_off, POLL_S, "subscriptions")

    async def work_off(self) -> None:
        """Look at every subscription that is due now."""
        await rounds.each(await self._due(), lambda it: look(self._open(it), it.id))
