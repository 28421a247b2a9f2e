"""The simulated Stripe behind HTTP: what another program, or Stripe's SDK, can be pointed at.

An ASGI app, to be served on this machine only; it moves nothing, whoever asks. Its pages are for
people, who need no key for them.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeAlias

from one_mcp import jsons
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.providers.simulated.cabinet import Cabinet, Drawer
from one_mcp.providers.simulated.stripe import api, customers, forms, page, sessions
from one_mcp.providers.simulated.stripe.api import Request
from one_mcp.providers.simulated.stripe.objects import StripeRefusal, StripeReply

LARGEST_BYTES = 256 * 1024
HTML = b"text/html; charset=utf-8"
PAYS = "pm_card_visa"  # what a card is whose bank was satisfied when it was kept
POLICY = (
    b"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none';"
    b" base-uri 'none'"
)
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class _HungUpError(Exception):
    """Whoever asked has gone before all was said: nothing is done, and its key is not used."""


@dataclass(frozen=True, slots=True)
class _HttpRequest:
    """A request as HTTP has it; `home` is where this server is."""

    method: str
    path: str
    home: str
    headers: Mapping[str, str]
    parameters: JsonObject


class StripeApp:
    """Answers over HTTP for one account, whose secret key is known."""

    def __init__(self, cabinet: Cabinet, key: str) -> None:
        self._cabinet = cabinet
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            body = await _body(receive)
        except _HungUpError:
            return
        if body is None:
            await _say(send, _refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "It is too large."))
            return
        try:
            asked = _asked(scope, body)
        except StripeRefusal as refusal:
            await _say(send, refusal.reply)
        except ValueError:
            await _say(send, _refused(HTTPStatus.BAD_REQUEST, "The parameters cannot be read."))
        else:
            await self._answer(asked, send)

    async def _answer(self, asked: _HttpRequest, send: Send) -> None:
        if asked.path.startswith(sessions.PAGE):
            await self._show(asked, send)
            return
        given = asked.headers.get("authorization", "").encode()
        if not secrets.compare_digest(given, f"Bearer {self._key}".encode()):
            await _say(send, _refused(HTTPStatus.UNAUTHORIZED, "Invalid API Key provided."))
            return
        key = asked.headers.get("idempotency-key")
        request = Request(asked.method, asked.path, asked.parameters, key)

        def answered(drawer: Drawer) -> StripeReply:
            return api.answer(drawer, request)

        reply = await self._cabinet.open(answered)
        await _say(send, StripeReply(reply.status, _at_home(reply.body, asked.home)))

    async def _show(self, asked: _HttpRequest, send: Send) -> None:
        """Show the page of a checkout, or take what was clicked on it."""
        id = asked.path.removeprefix(sessions.PAGE)
        posted = asked.parameters if asked.method == "POST" else {}
        card, bank = str(posted.get("card")), posted.get("bank")
        if card == page.BANK and bank is None:
            await _send(send, HTTPStatus.OK, HTML, page.ask_bank(card))
            return

        def seen(drawer: Drawer) -> str:
            if card in page.CARDS and bank != "no":
                sessions.complete(drawer, id, PAYS if card == page.BANK else card)
            session = sessions.retrieve(drawer, (id,), {})
            customer = customers.retrieve(drawer, (str(session["customer"]),), {})
            return page.render(session, str(customer["name"] or customer["id"]), notice)

        notice = page.NOT_CONFIRMED if bank == "no" else page.LEFT if "cancel" in posted else ""
        try:
            shown = await self._cabinet.open(seen)
        except StripeRefusal as refusal:
            await _say(send, refusal.reply)
            return
        await _send(send, HTTPStatus.OK, HTML, shown)


def _asked(scope: Scope, body: str) -> _HttpRequest:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    host, port = scope["server"]
    parameters = forms.decode(body or scope["query_string"].decode("latin-1"))
    return _HttpRequest(
        scope["method"], scope["path"], f"http://{host}:{port}", headers, parameters
    )


def _at_home(body: JsonObject, home: str) -> JsonObject:
    """Let the pages that an answer names be this server's."""
    url: JsonValue = body.get("url")
    if not (isinstance(url, str) and url.startswith(sessions.HOME)):
        return body
    return {**body, "url": home + url.removeprefix(sessions.HOME)}


async def _body(receive: Receive) -> str | None:
    """Read a body; None where it is too large. Raises _HungUpError where it is cut short."""
    read = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _HungUpError
        read += message.get("body", b"")
        if len(read) > LARGEST_BYTES:
            return None
        if not message.get("more_body"):
            return read.decode("utf-8", "replace")


async def _say(send: Send, reply: StripeReply) -> None:
    await _send(send, reply.status, b"application/json", jsons.dumps(reply.body))


async def _send(send: Send, status: int, type: bytes, text: str) -> None:
    headers = [
        (b"content-type", type),
        (b"content-security-policy", POLICY),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})


def _refused(status: HTTPStatus, message: str) -> StripeReply:
    return StripeReply(status, {"error": {"type": "invalid_request_error", "message": message}})
