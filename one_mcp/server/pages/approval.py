"""The approval page: what a plan would do, and a person's yes or no to it, in a browser.

Whoever has a link proves nothing by it, so the page asks for the person's passphrase. It runs no
script, and answers to no other name and no other site than its own.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from one_mcp.dimensions.operations import approvers, showing
from one_mcp.dimensions.operations.showing import PlanShown
from one_mcp.errors import OneError
from one_mcp.money_errors import PassphraseError
from one_mcp.server.pages import drawing
from one_mcp.services import authorizing
from one_mcp.session import Session
from one_mcp.store.work import Work

PATH = "/approve/"
TRIES = 5  # of a passphrase, before a plan's link is void
MOST_BYTES = 4_096
OK, FORBIDDEN, NOT_FOUND, NOT_ALLOWED, CONFLICT, TOO_LARGE = 200, 403, 404, 405, 409, 413
Door = Callable[[], Session]


@dataclass(slots=True)
class _Offer:
    """A plan that a link leads to, until somebody decides."""

    plan: str
    door: Door
    tries: int = TRIES


class ApprovalPages:
    """The pages of one server, as an ASGI application; `origin` is where a browser finds them."""

    def __init__(self) -> None:
        self.origin = ""
        self._offers: dict[str, _Offer] = {}
        self._locked: set[str] = set()

    @property
    def is_open(self) -> bool:
        """Whether a link leads to a page."""
        return bool(self._offers)

    def offer(self, plan: str, door: Door) -> str | None:
        """Return a plan's link; None where too many wrong passphrases were tried for it."""
        if plan in self._locked:
            return None
        known = (token for token, it in self._offers.items() if it.plan == plan)
        token = next(known, None) or secrets.token_urlsafe(32)
        self._offers.setdefault(token, _Offer(plan, door))
        return f"{self.origin}{PATH}{token}"

    def close(self) -> None:
        """Void all links."""
        self._offers.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            response = await self._answer(Request(scope, receive))
            await response(scope, receive, send)

    async def _answer(self, request: Request) -> HTMLResponse:
        if f"http://{request.headers.get('host')}" != self.origin:  # a name that leads here by DNS
            return drawing.message(FORBIDDEN, "Not here", "This page has another address.")
        token = request.url.path.removeprefix(PATH)
        offer = self._offers.get(token)
        if offer is None:
            return drawing.message(
                NOT_FOUND,
                "This link is used up",
                "Somebody has decided, or it was never one. Your agent gets a new one by asking "
                "again.",
            )
        if request.method == "POST":
            return await self._posted(request, token, offer)
        if request.method == "GET":
            return await self._show(token, offer)
        return drawing.message(NOT_ALLOWED, "Not so", "This page is read, and decided on.")

    async def _posted(self, request: Request, token: str, offer: _Offer) -> HTMLResponse:
        if request.headers.get("origin") != self.origin:
            return drawing.message(FORBIDDEN, "Not from there", "Another site sent this.")
        form = await _form(request)
        if form is None:
            return drawing.message(TOO_LARGE, "Too much", "That is more than this page asks for.")
        if self._offers.pop(token, None) is None:  # another tab was faster
            return drawing.message(NOT_FOUND, "This link is used up", "Somebody has decided.")
        return await self._decide(token, offer, form)

    async def _show(
        self, token: str, offer: _Offer, status: int = OK, problem: str = ""
    ) -> HTMLResponse:
        try:
            shown, is_ready = await offer.door().read(_shown, offer.plan)
        except OneError as error:
            self._offers.pop(token, None)
            return drawing.message(CONFLICT, "Too late", str(error))
        return drawing.plan(status, shown, problem, is_ready=is_ready)

    async def _decide(self, token: str, offer: _Offer, form: dict[str, str]) -> HTMLResponse:
        """Take a decision; meanwhile the link is void, so that nobody tries two at once."""
        try:
            if form.get("choice") == "refuse":
                await authorizing.refuse(offer.door(), offer.plan, "page")
                return drawing.message(OK, "Refused", "It will not happen.")
            await authorizing.approve(
                *(offer.door(), offer.plan),
                *(form.get("digest", ""), form.get("passphrase", ""), "page"),
            )
        except PassphraseError as error:
            return await self._wrong(token, offer, str(error))
        except OneError as error:
            return drawing.message(CONFLICT, "Nothing was approved", str(error))
        return drawing.message(OK, "Approved", "Your agent can go on now; tell it so.")

    async def _wrong(self, token: str, offer: _Offer, sentence: str) -> HTMLResponse:
        offer.tries -= 1
        if offer.tries:
            self._offers[token] = offer
            return await self._show(token, offer, FORBIDDEN, sentence)
        self._locked.add(offer.plan)
        return drawing.message(
            FORBIDDEN,
            "Too many tries",
            f"Nothing was approved. In a terminal, one-mcp approve {offer.plan} still can.",
        )


def _shown(work: Work, plan: str) -> tuple[PlanShown, bool]:
    return showing.one(work, plan), approvers.read(work, work.principal.person) is not None


async def _form(request: Request) -> dict[str, str] | None:
    """Read the fields of a form; None where it is too large."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            return None
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}
