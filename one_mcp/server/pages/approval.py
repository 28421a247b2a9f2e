"""The approval page: what a plan would do, and a person's yes or no to it, in a browser.

Whoever has a link proves nothing by it, so the page asks for the person's passphrase.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response

from one_mcp.dimensions.operations import approvers, showing
from one_mcp.dimensions.operations.showing import PlanShown
from one_mcp.errors import OneError
from one_mcp.money_errors import LooksLikeError, PassphraseError
from one_mcp.server.pages import drawing
from one_mcp.server.pages.site import FORBIDDEN, Form
from one_mcp.services import authorizing
from one_mcp.services.authorizing import Seen
from one_mcp.session import Session
from one_mcp.store.work import Work

TRIES = 5  # of a passphrase, before a plan's link is void
ALL_TRIES = 4 * TRIES  # of all plans: else whoever asks for plans has as many as they like
OK, SEE_OTHER, CONFLICT = 200, 303, 409
Door = Callable[[], Session]


@dataclass(slots=True)
class _Offer:
    """A plan that a link leads to, until somebody decides."""

    plan: str
    door: Door
    tries: int = TRIES


class ApprovalPages:
    """The approval pages of one server; `carry_out` begins a plan and says where its end is."""

    path = "/approve/"

    def __init__(self, carry_out: Callable[[str, Door], str]) -> None:
        self._carry_out = carry_out
        self._offers: dict[str, _Offer] = {}
        self._locked: set[str] = set()
        self._wrong_tries = 0  # since the last right one

    @property
    def is_open(self) -> bool:
        return bool(self._offers)

    def offer(self, plan: str, door: Door) -> str | None:
        """Return where a plan's page is; None where too many wrong passphrases were tried."""
        if plan in self._locked or self._wrong_tries >= ALL_TRIES:
            return None
        known = (token for token, it in self._offers.items() if it.plan == plan)
        token = next(known, None) or secrets.token_urlsafe(32)
        self._offers.setdefault(token, _Offer(plan, door))
        return f"{self.path}{token}"

    def knows(self, token: str) -> bool:
        return token in self._offers

    def close(self) -> None:
        self._offers.clear()

    async def show(self, token: str) -> Response | None:
        offer = self._offers.get(token)
        return offer and await self._shown(token, offer)

    async def take(self, token: str, form: Form) -> Response | None:
        """Take a decision; meanwhile the link is void, so that nobody tries two at once."""
        offer = self._offers.pop(token, None)
        return offer and await self._decide(token, offer, form)

    async def _shown(
        self, token: str, offer: _Offer, status: int = OK, problem: str = ""
    ) -> Response:
        try:
            shown, is_ready = await offer.door().read(_shown, offer.plan)
        except OneError as error:
            self._offers.pop(token, None)
            return drawing.message(CONFLICT, "Too late", str(error))
        return drawing.plan(status, shown, problem, is_ready=is_ready)

    async def _decide(self, token: str, offer: _Offer, form: Form) -> Response:
        try:
            if form.get("choice") == "refuse":
                await authorizing.refuse(offer.door(), offer.plan, "page")
                return drawing.message(OK, "Refused", "It will not happen.")
            seen = Seen(offer.plan, form.get("digest", ""), form.get("alike") or None)
            await authorizing.approve(offer.door(), seen, form.get("passphrase", ""), "page")
        except PassphraseError as error:
            return await self._wrong(token, offer, str(error))
        except LooksLikeError as error:
            self._offers[token] = offer
            return await self._shown(token, offer, CONFLICT, str(error))
        except OneError as error:
            return drawing.message(CONFLICT, "Nothing was approved", str(error))
        self._wrong_tries = 0
        return RedirectResponse(self._carry_out(offer.plan, offer.door), SEE_OTHER)

    async def _wrong(self, token: str, offer: _Offer, sentence: str) -> Response:
        offer.tries -= 1
        self._wrong_tries += 1
        if self._wrong_tries >= ALL_TRIES:
            self._locked |= {it.plan for it in self._offers.values()}
            self._offers.clear()
        elif offer.tries:
            self._offers[token] = offer
            return await self._shown(token, offer, FORBIDDEN, sentence)
        self._locked.add(offer.plan)
        return drawing.message(
            FORBIDDEN,
            "Too many tries",
            f"Nothing was approved. In a terminal, one-mcp approve {offer.plan} still can.",
        )


def _shown(work: Work, plan: str) -> tuple[PlanShown, bool]:
    return showing.one(work, plan), approvers.read(work, work.principal.person) is not None
