"""Carrying out: what a person approved happens, whether or not anybody asks for it again.

A plan has one operation ever, so an agent that asks at the same moment joins it.
"""

import logging
from collections.abc import Awaitable, Callable

import anyio

from one_mcp.dimensions.commerce import spending
from one_mcp.dimensions.operations import plans
from one_mcp.dimensions.operations.approved import Approved
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.errors import OneError
from one_mcp.services import rounds
from one_mcp.services.commerce import planned, refund, selling, spend, subscribe, tokens
from one_mcp.services.commerce.planned import PlannedAct
from one_mcp.session import Session

POLL_S = 5.0  # how late a yes is noticed that another process was given
SOONEST_S = 5.0  # before a plan that could not be begun is tried again, and twice as long each time

log = logging.getLogger(__name__)
Act = Callable[[Session, str], Awaitable[Operation]]


def _of(act: PlannedAct) -> Act:
    async def do(one: Session, plan: str) -> Operation:
        return await planned.do(one, act, plan, again=False)

    return do


ACTS: dict[str, Act] = {
    "sale": selling.purchase,
    "refund": _of(refund.REFUND),
    subscribe.WORKFLOW.kind: subscribe.act,
    spending.SPEND: _of(spend.SPEND),
    spending.GRANT: _of(spend.GRANT),
    **{kind: _of(act) for kind, act in tokens.ACTS.items()},
}


async def carry_out(one: Session, plan: str) -> None:
    """Do what an approved plan says, as far as it goes; raises where it cannot be begun."""
    act = ACTS.get((await one.read(plans.waiting, plan)).kind)
    if act is not None:  # else a newer server made it, and knows what it is
        await act(one, plan)


class Carrier:
    """Carries out what was approved at a terminal, or at a page whose server has ended since."""

    def __init__(
        self,
        due: Callable[[], Awaitable[list[Approved]]],
        open_session: Callable[[Approved], Session],
    ) -> None:
        self._due = due
        self._open = open_session
        self._later: dict[str, tuple[float, float]] = {}  # when it is tried again, and the wait

    async def run(self) -> None:
        """Look at once, and then every few seconds, for as long as the server runs."""
        await rounds.repeat(self.work_off, POLL_S, "approved plans")

    async def work_off(self) -> None:
        """Carry out every plan that waits with a yes, as far as that goes now."""
        waiting = await self._due()
        self._later = {it.plan: self._later[it.plan] for it in waiting if it.plan in self._later}
        await rounds.each(filter(self._is_time, waiting), self._try)

    def _is_time(self, each: Approved) -> bool:
        return anyio.current_time() >= self._later.get(each.plan, (0.0, 0.0))[0]

    async def _try(self, each: Approved) -> None:
        """Try one; what cannot be begun now is tried more and more seldom, while the yes counts."""
        try:
            await carry_out(self._open(each), each.plan)
        except OneError as error:
            _, wait = self._later.get(each.plan, (0.0, SOONEST_S / 2))
            self._later[each.plan] = (anyio.current_time() + wait * 2, wait * 2)
            log.info("plan waits", extra={"plan": each.plan, "code": error.code})
