"""The pages of one server: whoever asks comes by the right name and the right site, with a link.

They run no script, and answer to no other name and no other site than their own.
"""

from typing import Protocol
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from one_mcp.server.pages import drawing

MOST_BYTES = 8_192
FORBIDDEN, NOT_FOUND, NOT_ALLOWED, TOO_LARGE = 403, 404, 405, 413
Form = dict[str, str]


class LinkedPage(Protocol):
    """One kind of page, each behind links of its own; an answer of None says that a link is over.

    `is_open` says that somebody is to come, or waits for an end.
    """

    path: str

    @property
    def is_open(self) -> bool: ...

    def knows(self, token: str) -> bool: ...

    async def show(self, token: str) -> Response | None: ...

    async def take(self, token: str, form: Form) -> Response | None: ...

    def close(self) -> None: ...


class Site:
    """Some pages, as an ASGI application; `origin` is where a browser finds them."""

    def __init__(self, *pages: LinkedPage) -> None:
        self.origin = ""
        self._pages = pages

    @property
    def is_open(self) -> bool:
        """Whether a link leads to a page that somebody is to look at."""
        return any(page.is_open for page in self._pages)

    def close(self) -> None:
        """Void all links."""
        for page in self._pages:
            page.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            response = await self._answer(Request(scope, receive))
            await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if f"http://{request.headers.get('host')}" != self.origin:  # a name that leads here by DNS
            return drawing.message(FORBIDDEN, "Not here", "This page has another address.")
        for page in self._pages:
            token = request.url.path.removeprefix(page.path)
            if request.url.path.startswith(page.path) and page.knows(token):
                return await self._at(page, token, request) or _gone()
        return _gone()

    async def _at(self, page: LinkedPage, token: str, request: Request) -> Response | None:
        if request.method == "GET":
            return await page.show(token)
        if request.method != "POST":
            return drawing.message(NOT_ALLOWED, "Not so", "This page is read, and decided on.")
        if request.headers.get("origin") != self.origin:
            return drawing.message(FORBIDDEN, "Not from there", "Another site sent this.")
        form = await _form(request)
        if form is None:
            return drawing.message(TOO_LARGE, "Too much", "That is more than this page asks for.")
        return await page.take(token, form)


def _gone() -> Response:
    return drawing.message(
        NOT_FOUND,
        "This link is used up",
        "Somebody has decided, or it was never one. Your agent gets a new one by asking again.",
    )


async def _form(request: Request) -> Form | None:
    """Read the fields of a form; None where it is too large."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            return None
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}
