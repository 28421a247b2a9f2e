"""The page of an end: what came of a plan that a person approved, told anew until it is over."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio
from starlette.responses import Response

from one_mcp.dimensions.operations import approved, showing
from one_mcp.dimensions.operations.operation import OPEN
from one_mcp.dimensions.operations.showing import EndShown
from one_mcp.errors import OneError
from one_mcp.server.pages import drawing
from one_mcp.server.pages.approval import OK, Door
from one_mcp.server.pages.site import Form
from one_mcp.services import carrying

POLL_S = 1.0


@dataclass(slots=True)
class _CarriedPlan:
    """A plan on its way; `problem` says why it could not begin."""

    plan: str
    door: Door
    problem: str = ""
    is_over: bool = False


class EndPages:
    """The ends of the plans that were approved here; `start` runs something beside the pages."""

    path = "/ended/"

    def __init__(
        self, start: Callable[[Callable[..., Awaitable[None]], _CarriedPlan], None]
    ) -> None:
        self._start = start
        self._followed: dict[str, _CarriedPlan] = {}

    @property
    def is_open(self) -> bool:
        return any(not it.is_over for it in self._followed.values())

    def begin(self, plan: str, door: Door) -> str:
        """Have an approved plan carried out, and return where its end can be seen."""
        token, followed = secrets.token_urlsafe(32), _CarriedPlan(plan, door)
        self._followed[token] = followed
        self._start(_follow, followed)
        return f"{self.path}{token}"

    def knows(self, token: str) -> bool:
        return token in self._followed

    def close(self) -> None:
        self._followed.clear()

    async def show(self, token: str) -> Response | None:
        followed = self._followed.get(token)
        return followed and await _shown(followed)

    async def take(self, token: str, form: Form) -> Response | None:
        """Decide nothing: all that there was to decide is decided."""
        _ = form
        return await self.show(token)


async def _follow(followed: _CarriedPlan) -> None:
    """Carry a plan out; what is left for later is waited for."""
    one = followed.door()
    try:
        await carrying.carry_out(one, followed.plan)
    except OneError as error:
        followed.problem = str(error)
    begun = await one.read(approved.begun, followed.plan)
    while begun is not None and begun.state in OPEN:
        await anyio.sleep(POLL_S)
        begun = await one.read(approved.begun, followed.plan)
    followed.is_over = True


async def _shown(followed: _CarriedPlan) -> Response:
    at = await followed.door().read(approved.begun, followed.plan)
    if at is not None:
        return drawing.end(OK, showing.end(at))
    if followed.is_over:
        said = f"{followed.problem} Your agent is told the same when it asks again."
        return drawing.message(OK, "Approved, but not begun", said)
    return drawing.end(OK, EndShown("Approved", "It begins.", is_over=False))
