"""The simulated Stripe behind HTTP: what another program, or Stripe's SDK, can be pointed at.

An ASGI app, to be served on this machine only; it moves nothing, whoever asks.
"""

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any, TypeAlias

from one_mcp import jsons
from one_mcp.providers.simulated.cabinet import Cabinet, Drawer
from one_mcp.providers.simulated.stripe import api, forms
from one_mcp.providers.simulated.stripe.api import Request
from one_mcp.providers.simulated.stripe.objects import StripeRefusal, StripeReply

LARGEST_BYTES = 256 * 1024
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class StripeApp:
    """Answers over HTTP for one account, whose secret key is known."""

    def __init__(self, cabinet: Cabinet, key: str) -> None:
        self._cabinet = cabinet
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        reply = await self._reply(scope, headers, await _body(receive))
        start = {
            "type": "http.response.start",
            "status": reply.status,
            "headers": [(b"content-type", b"application/json")],
        }
        await send(start)
        await send({"type": "http.response.body", "body": jsons.dumps(reply.body).encode()})

    async def _reply(self, scope: Scope, headers: dict[str, str], body: str | None) -> StripeReply:
        given = headers.get("authorization", "")
        if not secrets.compare_digest(given.encode(), f"Bearer {self._key}".encode()):
            return _refused(HTTPStatus.UNAUTHORIZED, "Invalid API Key provided.")
        if body is None:
            return _refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too large.")
        try:
            parameters = forms.decode(body or scope["query_string"].decode("latin-1"))
        except StripeRefusal as refusal:
            return refusal.reply
        except ValueError:
            return _refused(HTTPStatus.BAD_REQUEST, "The parameters cannot be read.")
        key = headers.get("idempotency-key")
        request = Request(scope["method"], scope["path"], parameters, key)

        def answered(drawer: Drawer) -> StripeReply:
            return api.answer(drawer, request)

        return await self._cabinet.open(answered)


async def _body(receive: Receive) -> str | None:
    """Read a body; None where it is too large."""
    read = bytearray()
    while True:
        message = await receive()
        read += message.get("body", b"")
        if len(read) > LARGEST_BYTES:
            return None
        if not message.get("more_body"):
            return read.decode("utf-8", "replace")


def _refused(status: HTTPStatus, message: str) -> StripeReply:
    return StripeReply(status, {"error": {"type": "invalid_request_error", "message": message}})
